using System;
using System.Security.Cryptography;
using Starling.Core.Crypto;
using Starling.Core.Primitives;

namespace Starling.Tests.Core.Crypto;

/// <summary>
/// A cheap identity for tests: the "signature" is SHA-512 over public key and message. Anyone could make it, but it binds every bit
/// of both, which is what the tests of codecs need; the real one is tested with Runtime.
/// </summary>
public sealed class StandInIdentity(string name) : IIdentity
{
    public PublicKey PublicKey { get; } = new(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name)));

    public byte[] Sign(ReadOnlySpan<byte> message) => StandInVerifier.SignatureOf(PublicKey, message);
}

/// <summary>Checks what <see cref="StandInIdentity"/> signs, and counts how often it was asked.</summary>
public sealed class StandInVerifier : ISignatureVerifier
{
    public int Calls { get; private set; }

    public static byte[] SignatureOf(in PublicKey key, ReadOnlySpan<byte> message) => SHA512.HashData([.. key.ToArray(), .. message]);

    public bool Verify(in PublicKey key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        Calls++;
        return signature.SequenceEqual(SignatureOf(key, message));
    }
}
