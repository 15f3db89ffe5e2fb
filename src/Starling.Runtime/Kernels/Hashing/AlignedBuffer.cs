using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Starling.Runtime.Kernels.Hashing;

/// <summary>
/// Zeroed memory for vectors that starts on a cache line: the stack only promises 16 bytes, and a 64-byte load that crosses a line costs
/// two. Belongs to one run.
/// </summary>
internal sealed unsafe class AlignedBuffer<TVector> : IDisposable
    where TVector : unmanaged
{
    private const int CacheLine = 64;

    private void* _memory;

    public AlignedBuffer(int length)
    {
        nuint size = (nuint)length * (nuint)sizeof(TVector);
        Length = length;
        _memory = NativeMemory.AlignedAlloc(size, CacheLine);
        NativeMemory.Clear(_memory, size);
    }

    ~AlignedBuffer() => Free();

    /// <summary>Number of vectors.</summary>
    public int Length { get; }

    /// <summary>The first vector; the others follow it.</summary>
    public ref TVector First => ref Unsafe.AsRef<TVector>(_memory);

    /// <summary>The lanes of vector <paramref name="index"/> as words.</summary>
    public Span<TWord> Lanes<TWord>(int index)
        where TWord : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Length);
        return new Span<TWord>((TVector*)_memory + index, sizeof(TVector) / sizeof(TWord));
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }
}
