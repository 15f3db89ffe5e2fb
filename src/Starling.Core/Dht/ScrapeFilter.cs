using System;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Security.Cryptography;
using Starling.Core.Primitives;

namespace Starling.Core.Dht;

/// <summary>The Bloom filter of BEP 33: counts addresses over many nodes without naming them.</summary>
internal sealed class ScrapeFilter
{
    /// <summary>Length in bytes.</summary>
    public const int Size = 256;

    private const int Bits = Size * 8;
    private readonly byte[] _bits = new byte[Size];

    /// <summary>Unites it with a filter of another node, <see cref="Size"/> bytes.</summary>
    public void Unite(ReadOnlySpan<byte> other)
    {
        for (int i = 0; i < Size; i++)
        {
            _bits[i] |= other[i];
        }
    }

    /// <summary>A fresh array of the bits.</summary>
    public byte[] ToArray() => (byte[])_bits.Clone();

    /// <summary>Adds an address; its port does not count.</summary>
    [SuppressMessage("Security", "CA5350", Justification = "SHA-1 is what BEP 33 says; nothing rests on it.")]
    public void Add(PeerAddress address)
    {
        Span<byte> compact = stackalloc byte[PeerAddress.CompactSizeV6];
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
        int length = address.WriteCompact(compact) - sizeof(ushort);
        SHA1.HashData(compact[..length], hash);
        Set(BinaryPrimitives.ReadUInt16LittleEndian(hash) % Bits);
        Set(BinaryPrimitives.ReadUInt16LittleEndian(hash[2..]) % Bits);
    }

    /// <summary>How many addresses were added to filters whose union this is, about.</summary>
    public static double Estimate(ReadOnlySpan<byte> filter)
    {
        int ones = 0;
        foreach (byte part in filter)
        {
            ones += BitOperations.PopCount(part);
        }

        // A full filter, which only a liar makes, says "more than can be counted" and not "for ever".
        double zeros = Math.Clamp(Bits - ones, 1, Bits);
        return ones == 0 ? 0 : Math.Log(zeros / Bits) / (2 * Math.Log(1 - 1.0 / Bits));
    }

    private void Set(int bit) => _bits[bit >> 3] |= (byte)(1 << (bit & 7));
}
