using System;
using System.Diagnostics.CodeAnalysis;

namespace Starling.Core.Primitives;

/// <summary>An Ed25519 public key of 32 bytes: the name of a worker or an author (DESIGN section 1, identity).</summary>
public readonly struct PublicKey : IEquatable<PublicKey>, IComparable<PublicKey>
{
    /// <summary>Length in bytes.</summary>
    public const int Size = 32;

    private readonly Hash256 _bytes;

    /// <summary>Reads the first 32 bytes of <paramref name="bytes"/>.</summary>
    public PublicKey(ReadOnlySpan<byte> bytes) => _bytes = new Hash256(bytes);

    /// <summary>Parses 64 hexadecimal digits.</summary>
    public static bool TryParse([NotNullWhen(true)] string? hex, out PublicKey key)
    {
        bool parsed = Hash256.TryParse(hex, out Hash256 bytes);
        key = parsed ? new PublicKey(bytes.ToArray()) : default;
        return parsed;
    }

    /// <summary>Writes the 32 bytes to the start of <paramref name="destination"/>.</summary>
    public void CopyTo(Span<byte> destination) => _bytes.CopyTo(destination);

    /// <summary>A fresh array of the 32 bytes.</summary>
    public byte[] ToArray() => _bytes.ToArray();

    /// <inheritdoc/>
    public bool Equals(PublicKey other) => _bytes.Equals(other._bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is PublicKey other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _bytes.GetHashCode();

    /// <inheritdoc/>
    public int CompareTo(PublicKey other) => _bytes.CompareTo(other._bytes);

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public override string ToString() => _bytes.ToString();

    /// <summary>Equality of all 32 bytes.</summary>
    public static bool operator ==(PublicKey left, PublicKey right) => left.Equals(right);

    /// <summary>Inequality in any of the 32 bytes.</summary>
    public static bool operator !=(PublicKey left, PublicKey right) => !left.Equals(right);
}
