using System;
using System.Runtime.InteropServices;
using Starling.Core.Wasm;

namespace Starling.Runtime.Wasm;

/// <summary>A memory: its base never moves, it only grows.</summary>
internal sealed unsafe class LinearMemory : IDisposable
{
    private const ulong UnguardedSize = 4UL << 30;

    private readonly MemoryState* _state;
    private readonly GuardArena? _arena;

    private LinearMemory(nint start, uint maximum, GuardArena? arena)
    {
        _arena = arena;
        _state = (MemoryState*)NativeMemory.AllocZeroed((nuint)sizeof(MemoryState));
        _state->Base = start;
        _state->Maximum = maximum;
    }

    /// <summary>Address of its <see cref="MemoryState"/>.</summary>
    public nint State => (nint)_state;

    /// <summary>Its present pages.</summary>
    public uint Pages => _state->Pages;

    /// <summary>The most pages that it declares; null: it declares none.</summary>
    public uint? Declared { get; private init; }

    /// <summary>All of it.</summary>
    public Span<byte> Bytes(ulong start, ulong length) => new((byte*)_state->Base + start, checked((int)length));

    /// <summary>True when a range lies in it.</summary>
    public bool Holds(uint start, ulong length) => start + length <= _state->Length;

    /// <summary>Makes a memory; null when the machine gives none.</summary>
    /// <param name="limits">What the module asks for.</param>
    /// <param name="most">Pages that the owner or task allows.</param>
    /// <param name="arena">Where it lies; null: its accesses are checked by code.</param>
    public static LinearMemory? TryCreate(PageLimits limits, uint most, GuardArena? arena)
    {
        nint start = arena is null ? MemoryPages.Reserve(UnguardedSize) : arena.Rent() ?? 0;
        if (start == 0)
        {
            return null;
        }

        var memory = new LinearMemory(start, Math.Min(limits.Maximum ?? WasmLimits.MaxPages, most), arena) { Declared = limits.Maximum };
        if (memory.Grow(limits.Minimum) < 0)
        {
            memory.Dispose();
            return null;
        }

        return memory;
    }

    /// <summary>Adds pages, all zero; returns how many there were, or -1 when there can't be as many.</summary>
    public int Grow(uint pages)
    {
        uint before = _state->Pages;
        if (pages > _state->Maximum - before || _state->Maximum < before)
        {
            return -1;
        }

        if (!MemoryPages.Protect(_state->Base + (nint)_state->Length, (ulong)pages * WasmLimits.PageSize, MemoryPages.ReadWrite))
        {
            return -1;
        }

        _state->Pages = before + pages;
        _state->Length += (ulong)pages * WasmLimits.PageSize;
        return (int)before;
    }

    public void Dispose()
    {
        if (_arena is null)
        {
            MemoryPages.Release(_state->Base, UnguardedSize);
        }
        else
        {
            MemoryPages.Clear(_state->Base, _state->Length);
            _arena.Return(_state->Base);
        }

        NativeMemory.Free(_state);
    }
}
