using System;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace Starling.Core.Torrents;

/// <summary>A set of pieces as the <c>bitfield</c> message holds it (BEP 3): piece 0 in the high bit of the first byte.</summary>
public sealed class PieceBits
{
    private readonly byte[] _bits;

    /// <summary>The empty set over <paramref name="length"/> pieces.</summary>
    public PieceBits(int length)
    {
        Length = length;
        _bits = new byte[(length + 7) / 8];
    }

    /// <summary>Pieces of the torrent.</summary>
    public int Length { get; }

    /// <summary>Members.</summary>
    public int Count { get; private set; }

    /// <summary>Whether all are members.</summary>
    public bool IsFull => Count == Length;

    /// <summary>The bits as they go over the wire.</summary>
    public ReadOnlyMemory<byte> Bytes => _bits;

    /// <summary>Whether a piece is a member.</summary>
    public bool this[int piece] => (_bits[piece >> 3] & (0x80 >> (piece & 7))) != 0;

    /// <summary>Reads a <c>bitfield</c>: exactly ⌈n/8⌉ bytes with no spare bit set.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, int length, [NotNullWhen(true)] out PieceBits? bits)
    {
        bits = null;
        if (bytes.Length != (length + 7) / 8 || ((length & 7) != 0 && (bytes[^1] & (0xFF >> (length & 7))) != 0))
        {
            return false;
        }

        bits = new PieceBits(length);
        bytes.CopyTo(bits._bits);
        foreach (byte part in bytes)
        {
            bits.Count += BitOperations.PopCount(part);
        }

        return true;
    }

    /// <summary>Adds a piece; false when it is a member already.</summary>
    public bool Add(int piece)
    {
        if (this[piece])
        {
            return false;
        }

        _bits[piece >> 3] |= (byte)(0x80 >> (piece & 7));
        Count++;
        return true;
    }

    /// <summary>Removes a piece; false when it is no member.</summary>
    public bool Remove(int piece)
    {
        if (!this[piece])
        {
            return false;
        }

        _bits[piece >> 3] &= (byte)~(0x80 >> (piece & 7));
        Count--;
        return true;
    }

    /// <summary>Makes all pieces members.</summary>
    public void Fill()
    {
        Array.Fill(_bits, (byte)0xFF);
        if ((Length & 7) != 0)
        {
            _bits[^1] = (byte)(0xFF << (8 - (Length & 7)));
        }

        Count = Length;
    }
}
