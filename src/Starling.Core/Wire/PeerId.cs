using System;
using Starling.Core.Primitives;

namespace Starling.Core.Wire;

/// <summary>The 20 bytes by which a process names itself in one BitTorrent handshake (BEP 3, BEP 20); random, not an identity.</summary>
public readonly struct PeerId : IEquatable<PeerId>
{
    /// <summary>Length in bytes.</summary>
    public const int Size = 20;

    private readonly InfoHash _bytes;

    /// <summary>Reads the first 20 bytes of <paramref name="bytes"/>.</summary>
    /// <exception cref="ArgumentException">Fewer than 20 bytes: a caller's bug, lengths are checked before.</exception>
    public PeerId(ReadOnlySpan<byte> bytes) => _bytes = new InfoHash(bytes);

    /// <summary>A fresh id: <c>-ST0100-</c> (BEP 20) and 12 random bytes.</summary>
    public static PeerId Create(DeterministicRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        Span<byte> bytes = stackalloc byte[Size];
        "-ST0100-"u8.CopyTo(bytes);
        random.Fill(bytes[8..]);
        return new PeerId(bytes);
    }

    /// <summary>Writes the 20 bytes to the start of <paramref name="destination"/>.</summary>
    public void CopyTo(Span<byte> destination) => _bytes.CopyTo(destination);

    /// <summary>A fresh array of the 20 bytes.</summary>
    public byte[] ToArray() => _bytes.ToArray();

    /// <inheritdoc/>
    public bool Equals(PeerId other) => _bytes.Equals(other._bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is PeerId other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _bytes.GetHashCode();

    /// <summary>40 lower-case hexadecimal digits.</summary>
    public override string ToString() => _bytes.ToString();

    /// <summary>Equality of all 20 bytes.</summary>
    public static bool operator ==(PeerId left, PeerId right) => left.Equals(right);

    /// <summary>Inequality in any of the 20 bytes.</summary>
    public static bool operator !=(PeerId left, PeerId right) => !left.Equals(right);
}
