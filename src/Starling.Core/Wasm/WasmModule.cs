using System;
using System.Collections.Generic;

namespace Starling.Core.Wasm;

/// <summary>A module that was decoded and validated (<see cref="ModuleDecoder"/>). Indices count imports first, as in the format.</summary>
public sealed record WasmModule
{
    /// <summary>The module's bytes; bodies and data refer to them.</summary>
    public required ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>Function types.</summary>
    public required IReadOnlyList<FunctionType> Types { get; init; }

    /// <summary>Imports in their order.</summary>
    public required IReadOnlyList<WasmImport> Imports { get; init; }

    /// <summary>Type of each function.</summary>
    public required IReadOnlyList<FunctionType> Functions { get; init; }

    /// <summary>How many of <see cref="Functions"/> are imported.</summary>
    public required int ImportedFunctions { get; init; }

    /// <summary>Tables.</summary>
    public required IReadOnlyList<TableType> Tables { get; init; }

    /// <summary>How many of <see cref="Tables"/> are imported.</summary>
    public required int ImportedTables { get; init; }

    /// <summary>Memories: none or one.</summary>
    public required IReadOnlyList<PageLimits> Memories { get; init; }

    /// <summary>True when the memory is imported.</summary>
    public required bool ImportsMemory { get; init; }

    /// <summary>Globals.</summary>
    public required IReadOnlyList<GlobalType> Globals { get; init; }

    /// <summary>How many of <see cref="Globals"/> are imported.</summary>
    public required int ImportedGlobals { get; init; }

    /// <summary>First values of the globals that are not imported.</summary>
    public required IReadOnlyList<ConstantExpression> GlobalValues { get; init; }

    /// <summary>Exports by name, in their order.</summary>
    public required IReadOnlyList<WasmExport> Exports { get; init; }

    /// <summary>The function that instantiation calls; null: none.</summary>
    public required int? Start { get; init; }

    /// <summary>Element segments.</summary>
    public required IReadOnlyList<ElementSegment> Elements { get; init; }

    /// <summary>Data segments.</summary>
    public required IReadOnlyList<DataSegment> Data { get; init; }

    /// <summary>Bodies of the functions that are not imported.</summary>
    public required IReadOnlyList<FunctionBody> Bodies { get; init; }

    /// <summary>Functions that code may make references of: those named outside of bodies.</summary>
    public required IReadOnlySet<int> References { get; init; }
}

/// <summary>What a module names of others or lends to them.</summary>
public enum WasmEntity
{
    /// <summary>A function.</summary>
    Function,

    /// <summary>A table.</summary>
    Table,

    /// <summary>A memory.</summary>
    Memory,

    /// <summary>A global.</summary>
    Global,
}

/// <summary>Least and most pages or elements.</summary>
/// <param name="Minimum">At the start.</param>
/// <param name="Maximum">Null: the format's.</param>
public readonly record struct PageLimits(uint Minimum, uint? Maximum);

/// <summary>A table of references.</summary>
public readonly record struct TableType(WasmType Element, PageLimits Limits);

/// <summary>A global's type.</summary>
public readonly record struct GlobalType(WasmType Type, bool IsMutable);

/// <summary>An import.</summary>
/// <param name="Module">Name of the module.</param>
/// <param name="Name">Name in it.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Index">Its index among those of its kind.</param>
public sealed record WasmImport(string Module, string Name, WasmEntity Kind, int Index);

/// <summary>An export.</summary>
public sealed record WasmExport(string Name, WasmEntity Kind, int Index);

/// <summary>What a constant expression does.</summary>
public enum ConstantKind
{
    /// <summary>A number; its bits are given.</summary>
    Number,

    /// <summary>The value of a global.</summary>
    Global,

    /// <summary>A reference to a function.</summary>
    Function,

    /// <summary>A reference to nothing.</summary>
    Null,
}

/// <summary>The value of a global, an element or an offset.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Type">The value's type; of a global as the module declares it.</param>
/// <param name="Bits">Bits of the number, or the index.</param>
public readonly record struct ConstantExpression(ConstantKind Kind, WasmType Type, ulong Bits);

/// <summary>How a segment comes into its table or memory.</summary>
public enum SegmentMode
{
    /// <summary>Copied at instantiation.</summary>
    Active,

    /// <summary>Copied by instructions.</summary>
    Passive,

    /// <summary>Only declares references.</summary>
    Declarative,
}

/// <summary>References for a table.</summary>
public sealed record ElementSegment(SegmentMode Mode, int Table, ConstantExpression Offset, WasmType Type, IReadOnlyList<ConstantExpression> Items);

/// <summary>Bytes for a memory.</summary>
/// <param name="Mode">When they are copied.</param>
/// <param name="Offset">Where to, of an active segment.</param>
/// <param name="Start">Where they lie in the module.</param>
/// <param name="Length">How many.</param>
public sealed record DataSegment(SegmentMode Mode, ConstantExpression Offset, int Start, int Length);

/// <summary>Locals of one type in a row.</summary>
public readonly record struct LocalGroup(int Count, WasmType Type);

/// <summary>A function's code.</summary>
/// <param name="Start">Offset of its first instruction in the module.</param>
/// <param name="End">Offset after its last.</param>
/// <param name="Locals">Locals after the parameters, in groups as the module has them, so that few bytes never become many objects.</param>
public sealed record FunctionBody(int Start, int End, IReadOnlyList<LocalGroup> Locals)
{
    /// <summary>The most operands that are on its stack at once.</summary>
    public int MaxOperands { get; init; }

    /// <summary>True when it calls functions.</summary>
    public bool HasCalls { get; init; }

    /// <summary>Type of each local after the parameters.</summary>
    public IEnumerable<WasmType> AllLocals()
    {
        foreach (LocalGroup group in Locals)
        {
            for (int i = 0; i < group.Count; i++)
            {
                yield return group.Type;
            }
        }
    }
}
