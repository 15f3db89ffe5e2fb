using System;
using System.Linq;
using Starling.Core.Wasm;

namespace Starling.Runtime.Wasm;

/// <summary>
/// Where compiled code finds what belongs to an instance: one block of unmanaged memory, whose address every function gets. All parts are of
/// 8 bytes.
/// </summary>
internal sealed class InstanceLayout
{
    /// <summary>Fuel that is left.</summary>
    public const int Fuel = 0;

    /// <summary>Address of the memory's first byte; it never changes.</summary>
    public const int MemoryBase = 8;

    /// <summary>Address of the <see cref="MemoryState"/>.</summary>
    public const int Memory = 16;

    /// <summary>Handle of the <see cref="WasmInstance"/>.</summary>
    public const int Owner = 24;

    /// <summary>Second and further results of the function that returned last.</summary>
    public const int Results = 32;

    public InstanceLayout(WasmModule module)
    {
        int results = module.Types.Count == 0 ? 0 : module.Types.Max(type => type.Results.Count);
        Imports = Results + (8 * Math.Max(results - 1, 0));
        Globals = Imports + (8 * module.ImportedFunctions);
        Tables = Globals + (8 * module.Globals.Count);
        Functions = Tables + (8 * module.Tables.Count);
        Size = Functions + (FunctionEntry.Size * (module.Functions.Count - module.ImportedFunctions));
    }

    /// <summary>Addresses of the <see cref="FunctionEntry"/> of imported functions.</summary>
    public int Imports { get; }

    /// <summary>Values of globals; of imported ones the address of the value.</summary>
    public int Globals { get; }

    /// <summary>Addresses of the <see cref="TableState"/> of tables.</summary>
    public int Tables { get; }

    /// <summary>The <see cref="FunctionEntry"/> of the module's own functions.</summary>
    public int Functions { get; }

    /// <summary>Bytes of all.</summary>
    public int Size { get; }
}

/// <summary>A function as references and tables hold it: their values are addresses of these, or 0.</summary>
internal struct FunctionEntry
{
    public const int Size = 24;
    public const int CodeOffset = 0;
    public const int InstanceOffset = 8;
    public const int TypeOffset = 16;

    /// <summary>Address of its code.</summary>
    public nint Code;

    /// <summary>The block of its instance.</summary>
    public nint Instance;

    /// <summary>Number of its type in the engine.</summary>
    public long Type;
}

/// <summary>A memory.</summary>
internal struct MemoryState
{
    public const int LengthOffset = 8;
    public const int PagesOffset = 16;

    /// <summary>Address of its first byte.</summary>
    public nint Base;

    /// <summary>Bytes that may be used.</summary>
    public ulong Length;

    /// <summary>The same in pages.</summary>
    public uint Pages;

    /// <summary>The most pages that it may have.</summary>
    public uint Maximum;
}

/// <summary>A table.</summary>
internal struct TableState
{
    public const int CountOffset = 8;

    /// <summary>Address of its first element.</summary>
    public nint Elements;

    /// <summary>Elements.</summary>
    public uint Count;

    /// <summary>The most elements that it may have.</summary>
    public uint Maximum;
}
