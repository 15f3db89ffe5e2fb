using System;

namespace Starling.Fuzz.Engine;

/// <summary>A fast generator (xorshift64*): the same seed gives the same inputs for ever. Of the fuzzer's own, so that it leaves no trace in what is instrumented.</summary>
internal sealed class FuzzRandom(ulong seed)
{
    private ulong _state = (seed * 0x9E3779B97F4A7C15) | 1;

    public ulong Next()
    {
        _state ^= _state >> 12;
        _state ^= _state << 25;
        _state ^= _state >> 27;
        return _state * 0x2545F4914F6CDD1D;
    }

    /// <summary>0 to <paramref name="bound"/> - 1.</summary>
    public int Next(int bound) => (int)(((Next() >> 32) * (ulong)bound) >> 32);

    /// <summary>True once in <paramref name="times"/>.</summary>
    public bool OneIn(int times) => Next(times) == 0;

    public byte NextByte() => (byte)(Next() >> 56);

    /// <summary>0 to <paramref name="bound"/> - 1, small ones more often.</summary>
    public int NextSmall(int bound) => bound <= 0 ? 0 : Next(1 + Next(bound));

    public T Of<T>(T[] items) => items[Next(items.Length)];

    public void Fill(Span<byte> bytes)
    {
        foreach (ref byte each in bytes)
        {
            each = NextByte();
        }
    }
}
