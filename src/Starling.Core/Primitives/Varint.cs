using System;

namespace Starling.Core.Primitives;

/// <summary>
/// Unsigned integers of 1 to 9 bytes: seven bits a byte, least significant first, the high bit set on all but the last byte. Values
/// reach 2^63 − 1, and each has exactly one accepted form (the shortest), so that signed bytes cannot be written in two ways.
/// </summary>
public static class Varint
{
    /// <summary>Bytes of the largest value.</summary>
    public const int MaxSize = 9;

    /// <summary>Bytes that <paramref name="value"/> (0 or more) takes.</summary>
    public static int SizeOf(long value)
    {
        int size = 1;
        while ((value >>>= 7) != 0)
        {
            size++;
        }

        return size;
    }

    /// <summary>Writes <paramref name="value"/> to the start of <paramref name="destination"/> and returns the number of bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public static int Write(Span<byte> destination, long value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        int size = 0;
        while (value >= 0x80)
        {
            destination[size++] = (byte)(value | 0x80);
            value >>= 7;
        }

        destination[size++] = (byte)value;
        return size;
    }

    /// <summary>
    /// Reads one value from the start of <paramref name="source"/> and moves it past the value. False, with the source left anywhere,
    /// when it is cut off, longer than needed, or above <paramref name="max"/>.
    /// </summary>
    public static bool TryRead(ref ReadOnlySpan<byte> source, long max, out long value)
    {
        value = 0;
        for (int i = 0; i < MaxSize && i < source.Length; i++)
        {
            byte part = source[i];
            value |= (long)(part & 0x7F) << (7 * i);
            if (part < 0x80)
            {
                source = source[(i + 1)..];
                return (part != 0 || i == 0) && value <= max;
            }
        }

        return false;
    }
}
