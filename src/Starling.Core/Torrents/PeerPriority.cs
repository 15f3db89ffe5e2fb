using System;
using System.Buffers.Binary;
using System.Numerics;
using Starling.Core.Primitives;

namespace Starling.Core.Torrents;

/// <summary>Canonical peer priority (BEP 40): both ends of a connection come to the same number; the higher, the rather it is kept.</summary>
public static class PeerPriority
{
    private const int V4Size = 4;
    private const int V6Size = 16;

    /// <summary>The priority of a connection between two addresses.</summary>
    public static uint Of(PeerAddress one, PeerAddress other)
    {
        if (one.Ip == other.Ip)
        {
            Span<byte> ports = stackalloc byte[2 * sizeof(ushort)];
            BinaryPrimitives.WriteUInt16BigEndian(ports, Math.Min(one.Port, other.Port));
            BinaryPrimitives.WriteUInt16BigEndian(ports[sizeof(ushort)..], Math.Max(one.Port, other.Port));
            return Crc32C(ports);
        }

        bool v4 = one.IsV4 && other.IsV4;
        int size = v4 ? V4Size : V6Size;
        Span<byte> left = stackalloc byte[V6Size];
        Span<byte> right = stackalloc byte[V6Size];
        BinaryPrimitives.WriteUInt128BigEndian(left, one.Ip);
        BinaryPrimitives.WriteUInt128BigEndian(right, other.Ip);
        left = left[^size..];
        right = right[^size..];

        // Whole bytes as far as both agree, and one further; at least FF.FF (v4) or FFFF:FFFF:FFFF (v6).
        int same = left.CommonPrefixLength(right);
        int atLeast = v4 ? 2 : 6;
        int whole = same < atLeast ? atLeast : same + 1;
        for (int i = whole; i < size; i++)
        {
            left[i] &= 0x55;
            right[i] &= 0x55;
        }

        Span<byte> both = stackalloc byte[2 * V6Size];
        both = both[..(2 * size)];
        bool inOrder = left.SequenceCompareTo(right) <= 0;
        (inOrder ? left : right).CopyTo(both);
        (inOrder ? right : left).CopyTo(both[size..]);
        return Crc32C(both);
    }

    private static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return ~crc;
    }
}
