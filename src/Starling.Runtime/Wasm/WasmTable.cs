using System;
using System.Runtime.InteropServices;
using Starling.Core.Wasm;

namespace Starling.Runtime.Wasm;

/// <summary>A table of references: addresses of <see cref="FunctionEntry"/>, or what the host gave; 0 is null.</summary>
internal sealed unsafe class WasmTable : IDisposable
{
    private readonly TableState* _state;

    public WasmTable(TableType type)
    {
        Type = type;
        _state = (TableState*)NativeMemory.AllocZeroed((nuint)sizeof(TableState));
        _state->Maximum = Math.Min(type.Limits.Maximum ?? WasmLimits.MaxTableElements, WasmLimits.MaxTableElements);
        Grow(type.Limits.Minimum, 0);
    }

    /// <summary>What it was declared as.</summary>
    public TableType Type { get; }

    /// <summary>Address of its <see cref="TableState"/>.</summary>
    public nint State => (nint)_state;

    /// <summary>Its elements.</summary>
    public Span<long> Elements => new((void*)_state->Elements, (int)_state->Count);

    /// <summary>Adds elements; returns how many there were, or -1 when there can't be as many.</summary>
    public int Grow(uint count, long value)
    {
        uint before = _state->Count;
        if (count > _state->Maximum - before)
        {
            return -1;
        }

        _state->Elements = (nint)NativeMemory.Realloc((void*)_state->Elements, (nuint)Math.Max(8, 8 * (before + count)));
        _state->Count = before + count;
        Elements[(int)before..].Fill(value);
        return (int)before;
    }

    public void Dispose()
    {
        NativeMemory.Free((void*)_state->Elements);
        NativeMemory.Free(_state);
    }
}
