using System;
using System.Buffers.Binary;

namespace Starling.Core.Primitives;

/// <summary>
/// The 20 bytes that name a swarm on the wire, in trackers and in the DHT: the SHA-1 info-hash of BEP 3, or the first 20 bytes of
/// the SHA-256 one (BEP 52), as for task ids. Ordered as big-endian bytes.
/// </summary>
public readonly struct InfoHash : IEquatable<InfoHash>, IComparable<InfoHash>
{
    /// <summary>Length in bytes.</summary>
    public const int Size = 20;

    private readonly ulong _a;
    private readonly ulong _b;
    private readonly uint _c;

    /// <summary>Reads the first 20 bytes of <paramref name="bytes"/>.</summary>
    /// <exception cref="ArgumentException">Fewer than 20 bytes: a caller's bug, lengths are checked before.</exception>
    public InfoHash(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Size)
        {
            throw new ArgumentException("An info-hash needs 20 bytes.", nameof(bytes));
        }

        _a = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _b = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _c = BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]);
    }

    /// <summary>The short form of a task id or v2 info-hash: its first 20 bytes (BEP 52).</summary>
    public static InfoHash Of(Hash256 v2)
    {
        Span<byte> bytes = stackalloc byte[Hash256.Size];
        v2.CopyTo(bytes);
        return new InfoHash(bytes);
    }

    /// <summary>Parses 40 hexadecimal digits of either case.</summary>
    public static bool TryParse(ReadOnlySpan<char> hex, out InfoHash hash)
    {
        Span<byte> bytes = stackalloc byte[Size];
        hash = default;
        if (hex.Length != 2 * Size || Convert.FromHexString(hex, bytes, out _, out _) != System.Buffers.OperationStatus.Done)
        {
            return false;
        }

        hash = new InfoHash(bytes);
        return true;
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
    public bool Equals(InfoHash other) => _a == other._a && _b == other._b && _c == other._c;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is InfoHash other && Equals(other);

    /// <summary>The leading bits; the same in every process.</summary>
    public override int GetHashCode() => (int)(_a ^ (_a >> 32) ^ _c);

    /// <inheritdoc/>
    public int CompareTo(InfoHash other)
    {
        int order = _a.CompareTo(other._a);
        order = order != 0 ? order : _b.CompareTo(other._b);
        return order != 0 ? order : _c.CompareTo(other._c);
    }

    /// <summary>40 lower-case hexadecimal digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(ToArray());

    /// <summary>Equality of all 20 bytes.</summary>
    public static bool operator ==(InfoHash left, InfoHash right) => left.Equals(right);

    /// <summary>Inequality in any of the 20 bytes.</summary>
    public static bool operator !=(InfoHash left, InfoHash right) => !left.Equals(right);
}
