using System;
using System.Security.Cryptography;
using Org.BouncyCastle.Math.EC.Rfc8032;
using Starling.Core.Crypto;
using Starling.Core.Primitives;

namespace Starling.Runtime.Identity;

/// <summary>An Ed25519 key pair (RFC 8032) over Portable.BouncyCastle. Safe from every thread.</summary>
public sealed class Ed25519Identity : IIdentity
{
    /// <summary>Length of the secret half, RFC 8032's private key, in bytes.</summary>
    public const int SeedSize = 32;

    private readonly byte[] _seed;
    private readonly byte[] _publicKey = new byte[Core.Primitives.PublicKey.Size];

    private Ed25519Identity(byte[] seed)
    {
        _seed = seed;
        Ed25519.GeneratePublicKey(_seed, 0, _publicKey, 0);
        PublicKey = new PublicKey(_publicKey);
    }

    /// <inheritdoc/>
    public PublicKey PublicKey { get; }

    /// <summary>A fresh key pair from the operating system's randomness.</summary>
    public static Ed25519Identity Create() => new(RandomNumberGenerator.GetBytes(SeedSize));

    /// <summary>The key pair that follows from a secret of <see cref="SeedSize"/> bytes.</summary>
    /// <exception cref="ArgumentException">Another length: a caller's bug, lengths are checked before.</exception>
    public static Ed25519Identity FromSeed(ReadOnlySpan<byte> seed) => seed.Length == SeedSize
        ? new Ed25519Identity(seed.ToArray())
        : throw new ArgumentException("A seed has 32 bytes.", nameof(seed));

    /// <inheritdoc/>
    public byte[] Sign(ReadOnlySpan<byte> message)
    {
        var signature = new byte[ISignatureVerifier.SignatureSize];
        Ed25519.Sign(_seed, 0, _publicKey, 0, message.ToArray(), 0, message.Length, signature, 0);
        return signature;
    }

    /// <summary>Hands the secret to its file, and to nothing else.</summary>
    internal ReadOnlySpan<byte> Seed => _seed;

    /// <summary>The public half; the secret has no text.</summary>
    public override string ToString() => PublicKey.ToString();
}
