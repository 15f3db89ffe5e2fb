using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Linq;
using System.Runtime.InteropServices;
using Starling.Core.Primitives;
using Starling.Core.Wasm;

namespace Starling.Runtime.Wasm;

/// <summary>What an instance may use.</summary>
/// <param name="Fuel">Units of fuel.</param>
/// <param name="Pages">Pages of memory.</param>
internal readonly record struct InstanceLimits(long Fuel, uint Pages)
{
    /// <summary>As much as there is.</summary>
    public static InstanceLimits None { get; } = new(long.MaxValue, WasmLimits.MaxPages);
}

/// <summary>A module with memory, tables and globals of its own.</summary>
internal sealed unsafe class WasmInstance : IDisposable
{
    private readonly nint _block;
    private readonly List<IDisposable> _owned = [];
    private readonly List<nint> _hostEntries = [];
    private readonly long[]?[] _elements;
    private readonly bool[] _droppedData;
    private GCHandle _self;

    private WasmInstance(CompiledModule module)
    {
        Module = module;
        _block = (nint)NativeMemory.AllocZeroed((nuint)module.Layout.Size);
        _self = GCHandle.Alloc(this);
        _elements = new long[]?[module.Module.Elements.Count];
        _droppedData = new bool[module.Module.Data.Count];
        *(nint*)(_block + InstanceLayout.Owner) = GCHandle.ToIntPtr(_self);
    }

    /// <summary>Its module.</summary>
    public CompiledModule Module { get; }

    /// <summary>Its memory; null: it has none.</summary>
    public LinearMemory? Memory { get; private set; }

    /// <summary>Its tables.</summary>
    public List<WasmTable> Tables { get; } = [];

    /// <summary>What the functions of this program need that it imports.</summary>
    public object? Host { get; set; }

    /// <summary>Fuel that is left; below 0 it is used up.</summary>
    public long Fuel
    {
        get => *(long*)(_block + InstanceLayout.Fuel);
        set => *(long*)(_block + InstanceLayout.Fuel) = value;
    }

    /// <summary>Address of its block.</summary>
    public nint Block => _block;

    /// <summary>An import that nothing here gives.</summary>
    public static Problem NotOffered(WasmImport import) => new(
        "wasm:import", $"the WebAssembly module needs {import.Kind.ToString().ToLowerInvariant()} '{import.Module}.{import.Name}', which is not offered here",
        "Build it for WASI preview 1 without sockets, threads and files to write: docs/wasm.md lists what there is.");

    /// <summary>An import of another type than what is here.</summary>
    public static Problem OfAnotherType(WasmImport import) =>
        new("wasm:import", $"the WebAssembly module takes '{import.Module}.{import.Name}' for something of another type");

    /// <summary>The instance that a block belongs to.</summary>
    public static WasmInstance Of(nint block) => (WasmInstance)GCHandle.FromIntPtr(*(nint*)(block + InstanceLayout.Owner)).Target!;

    /// <summary>Makes an instance. Its segments are not copied and its start function is not called yet (<see cref="Start"/>).</summary>
    public static bool TryCreate(
        CompiledModule module, IWasmImports imports, InstanceLimits limits, [NotNullWhen(true)] out WasmInstance? instance, [NotNullWhen(false)] out Problem? problem)
    {
        instance = new WasmInstance(module) { Fuel = limits.Fuel };
        problem = instance.Link(imports) ?? instance.MakeOwn(limits);
        if (problem is not null)
        {
            instance.Dispose();
            instance = null;
            return false;
        }

        return true;
    }

    /// <summary>Copies active segments and calls the start function.</summary>
    public WasmTrap Start() => WasmRun.Guarded(() =>
    {
        CopySegments();
        if (Module.Module.Start is int start)
        {
            FunctionEntry* entry = EntryOf(start);
            Module.Engine.Call(Module.Module.Functions[start], *entry, [], []);
        }
    });

    /// <summary>Calls a function of any type.</summary>
    public WasmTrap Call(int function, long[] arguments, long[] results) =>
        WasmRun.Guarded(() => Module.Engine.Call(Module.Module.Functions[function], *EntryOf(function), arguments, results));

    /// <summary>What it exports under a name; null: nothing.</summary>
    public WasmExternal? Export(string name)
    {
        WasmExport? export = Module.Module.Exports.FirstOrDefault(export => export.Name == name);
        return export?.Kind switch
        {
            null => null,
            WasmEntity.Function => new WasmExternal.Function(Module.Module.Functions[export.Index], (nint)EntryOf(export.Index)),
            WasmEntity.Table => new WasmExternal.Table(Tables[export.Index]),
            WasmEntity.Memory => new WasmExternal.Memory(Memory!),
            _ => new WasmExternal.Global(Module.Module.Globals[export.Index], GlobalAddress(export.Index)),
        };
    }

    /// <summary>Bytes of a data segment; none after it was dropped.</summary>
    public ReadOnlySpan<byte> DataOf(int segment)
    {
        DataSegment data = Module.Module.Data[segment];
        return _droppedData[segment] ? [] : Module.Module.Bytes.Span.Slice(data.Start, data.Length);
    }

    /// <summary>Drops a data segment.</summary>
    public void DropData(int segment) => _droppedData[segment] = true;

    /// <summary>References of an element segment; none after it was dropped.</summary>
    public long[] ElementsOf(int segment) => _elements[segment] ??= [.. Module.Module.Elements[segment].Items.Select(Evaluate)];

    /// <summary>Drops an element segment.</summary>
    public void DropElements(int segment) => _elements[segment] = [];

    public void Dispose()
    {
        foreach (IDisposable owned in _owned)
        {
            owned.Dispose();
        }

        foreach (nint entry in _hostEntries)
        {
            NativeMemory.Free((void*)entry);
        }

        _self.Free();
        NativeMemory.Free((void*)_block);
    }

    private FunctionEntry* EntryOf(int function)
    {
        WasmModule module = Module.Module;
        if (function < module.ImportedFunctions)
        {
            return *(FunctionEntry**)(_block + Module.Layout.Imports + (8 * function));
        }

        var entry = (FunctionEntry*)(_block + Module.Layout.Functions + (FunctionEntry.Size * (function - module.ImportedFunctions)));
        if (entry->Code == 0)
        {
            entry->Code = Module.CodeOf(function);
            entry->Instance = _block;
            entry->Type = Module.Engine.NumberOf(module.Functions[function]);
        }

        return entry;
    }

    private nint GlobalAddress(int global)
    {
        nint place = _block + Module.Layout.Globals + (8 * global);
        return global < Module.Module.ImportedGlobals ? *(nint*)place : place;
    }

    private long Evaluate(ConstantExpression value) => value.Kind switch
    {
        ConstantKind.Number => (long)value.Bits,
        ConstantKind.Global => *(long*)GlobalAddress((int)value.Bits),
        ConstantKind.Function => (nint)EntryOf((int)value.Bits),
        _ => 0,
    };

    private Problem? Link(IWasmImports imports)
    {
        foreach (WasmImport import in Module.Module.Imports)
        {
            if (!imports.TryFind(import, out WasmExternal? external))
            {
                return NotOffered(import);
            }

            if (!Take(import, external))
            {
                return OfAnotherType(import);
            }
        }

        return null;
    }

    private bool Take(WasmImport import, WasmExternal external)
    {
        WasmModule module = Module.Module;
        switch (import.Kind, external)
        {
            case (WasmEntity.Function, WasmExternal.Function function) when function.Type.Equals(module.Functions[import.Index]):
                *(nint*)(_block + Module.Layout.Imports + (8 * import.Index)) = function.Entry;
                return true;
            case (WasmEntity.Function, WasmExternal.Host host) when host.Type.Equals(module.Functions[import.Index]):
                var entry = (FunctionEntry*)NativeMemory.AllocZeroed(FunctionEntry.Size);
                *entry = new FunctionEntry { Code = host.Code, Instance = _block, Type = Module.Engine.NumberOf(host.Type) };
                _hostEntries.Add((nint)entry);
                *(nint*)(_block + Module.Layout.Imports + (8 * import.Index)) = (nint)entry;
                return true;
            case (WasmEntity.Table, WasmExternal.Table table) when table.Value.Type.Element == module.Tables[import.Index].Element
                    && Fits((uint)table.Value.Elements.Length, table.Value.Type.Limits.Maximum, module.Tables[import.Index].Limits):
                Tables.Add(table.Value);
                *(nint*)(_block + Module.Layout.Tables + (8 * import.Index)) = table.Value.State;
                return true;
            case (WasmEntity.Memory, WasmExternal.Memory memory) when Fits(memory.Value.Pages, memory.Value.Declared, module.Memories[0]):
                UseMemory(memory.Value);
                return true;
            case (WasmEntity.Global, WasmExternal.Global global) when global.Type == module.Globals[import.Index]:
                *(nint*)(_block + Module.Layout.Globals + (8 * import.Index)) = global.Address;
                return true;
            default:
                return false;
        }
    }

    private static bool Fits(uint size, uint? maximum, PageLimits due) => size >= due.Minimum && (due.Maximum is null || maximum <= due.Maximum);

    private Problem? MakeOwn(InstanceLimits limits)
    {
        WasmModule module = Module.Module;
        foreach (TableType type in module.Tables.Skip(module.ImportedTables))
        {
            var table = new WasmTable(type);
            _owned.Add(table);
            *(nint*)(_block + Module.Layout.Tables + (8 * Tables.Count)) = table.State;
            Tables.Add(table);
        }

        if (module.Memories.Count > 0 && !module.ImportsMemory)
        {
            if (LinearMemory.TryCreate(module.Memories[0], limits.Pages, Module.Engine.Arena) is not { } memory)
            {
                return new Problem(
                    "limit:memory", FormattableString.Invariant($"the WebAssembly module begins with {(long)module.Memories[0].Minimum * WasmLimits.PageSize} bytes of memory, more than it may use"),
                    "Raise 'limits.memory', or link it with less memory.");
            }

            _owned.Add(memory);
            UseMemory(memory);
        }

        for (int i = 0; i < module.GlobalValues.Count; i++)
        {
            *(long*)GlobalAddress(module.ImportedGlobals + i) = Evaluate(module.GlobalValues[i]);
        }

        // References that code makes are addresses of these entries.
        foreach (int function in module.References)
        {
            EntryOf(function);
        }

        return null;
    }

    private void UseMemory(LinearMemory memory)
    {
        Memory = memory;
        *(nint*)(_block + InstanceLayout.Memory) = memory.State;
        *(nint*)(_block + InstanceLayout.MemoryBase) = ((MemoryState*)memory.State)->Base;
    }

    private void CopySegments()
    {
        IReadOnlyList<ElementSegment> elements = Module.Module.Elements;
        for (int i = 0; i < elements.Count; i++)
        {
            if (elements[i].Mode == SegmentMode.Active)
            {
                WasmOperations.TableInit((int)Evaluate(elements[i].Offset), 0, elements[i].Items.Count, _block, i, elements[i].Table);
            }

            if (elements[i].Mode != SegmentMode.Passive)
            {
                DropElements(i);
            }
        }

        IReadOnlyList<DataSegment> data = Module.Module.Data;
        for (int i = 0; i < data.Count; i++)
        {
            if (data[i].Mode == SegmentMode.Active)
            {
                WasmOperations.MemoryInit((int)Evaluate(data[i].Offset), 0, data[i].Length, _block, i);
                DropData(i);
            }
        }
    }
}
