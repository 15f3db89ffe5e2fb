using System;
using System.Buffers.Binary;
using System.Numerics;
using Starling.Core.Primitives;

namespace Starling.Core.Dht;

/// <summary>
/// A point of the DHT's key space of 160 bits (BEP 5): the id of a node, or what is looked for. Distance is XOR, read as a big-endian number.
/// </summary>
public readonly struct NodeId : IEquatable<NodeId>, IComparable<NodeId>
{
    /// <summary>Length in bytes.</summary>
    public const int Size = 20;

    /// <summary>Length in bits.</summary>
    public const int Bits = 160;

    private readonly ulong _a;
    private readonly ulong _b;
    private readonly uint _c;

    /// <summary>Reads the first 20 bytes of <paramref name="bytes"/>.</summary>
    /// <exception cref="ArgumentException">Fewer than 20 bytes: a caller's bug, lengths are checked before.</exception>
    public NodeId(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Size)
        {
            throw new ArgumentException("A node id needs 20 bytes.", nameof(bytes));
        }

        _a = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _b = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _c = BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]);
    }

    /// <summary>Where the peers of a swarm are kept.</summary>
    public static NodeId Of(InfoHash infoHash)
    {
        Span<byte> bytes = stackalloc byte[Size];
        infoHash.CopyTo(bytes);
        return new NodeId(bytes);
    }

    /// <summary>The same 20 bytes as an info-hash.</summary>
    public InfoHash ToInfoHash()
    {
        Span<byte> bytes = stackalloc byte[Size];
        CopyTo(bytes);
        return new InfoHash(bytes);
    }

    /// <summary>A uniformly random point.</summary>
    public static NodeId Random(DeterministicRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        Span<byte> bytes = stackalloc byte[Size];
        random.Fill(bytes);
        return new NodeId(bytes);
    }

    /// <summary>A random point that has exactly <paramref name="bits"/> leading bits in common with this one.</summary>
    public NodeId RandomAt(int bits, DeterministicRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        Span<byte> own = stackalloc byte[Size];
        Span<byte> bytes = stackalloc byte[Size];
        CopyTo(own);
        random.Fill(bytes);
        for (int bit = 0; bit <= bits && bit < Bits; bit++)
        {
            int mask = 0x80 >> (bit & 7);
            bool set = (own[bit >> 3] & mask) != 0 ^ bit == bits;
            bytes[bit >> 3] = (byte)(set ? bytes[bit >> 3] | mask : bytes[bit >> 3] & ~mask);
        }

        return new NodeId(bytes);
    }

    /// <summary>Leading bits that both have in common, 0..160.</summary>
    public int CommonBits(NodeId other) =>
        _a != other._a ? BitOperations.LeadingZeroCount(_a ^ other._a)
        : _b != other._b ? 64 + BitOperations.LeadingZeroCount(_b ^ other._b)
        : 128 + BitOperations.LeadingZeroCount(_c ^ other._c);

    /// <summary>Negative when <paramref name="left"/> is closer to this point than <paramref name="right"/>, 0 when they are equal.</summary>
    public int CompareDistance(NodeId left, NodeId right)
    {
        int order = (_a ^ left._a).CompareTo(_a ^ right._a);
        order = order != 0 ? order : (_b ^ left._b).CompareTo(_b ^ right._b);
        return order != 0 ? order : (_c ^ left._c).CompareTo(_c ^ right._c);
    }

    /// <summary>Writes the 20 bytes to the start of <paramref name="destination"/>.</summary>
    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _a);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _b);
        BinaryPrimitives.WriteUInt32BigEndian(destination[16..], _c);
    }

    /// <summary>A fresh array of the 20 bytes.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    /// <inheritdoc/>
    public bool Equals(NodeId other) => _a == other._a && _b == other._b && _c == other._c;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is NodeId other && Equals(other);

    /// <summary>The same in every process.</summary>
    public override int GetHashCode() => (int)(_a ^ (_a >> 32) ^ _c);

    /// <summary>In the order of the numbers.</summary>
    public int CompareTo(NodeId other) => default(NodeId).CompareDistance(this, other);

    /// <summary>40 lower-case hexadecimal digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(ToArray());

    /// <summary>Equality of all 20 bytes.</summary>
    public static bool operator ==(NodeId left, NodeId right) => left.Equals(right);

    /// <summary>Inequality in any of the 20 bytes.</summary>
    public static bool operator !=(NodeId left, NodeId right) => !left.Equals(right);
}
