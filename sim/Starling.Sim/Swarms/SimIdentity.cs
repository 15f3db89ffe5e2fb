using System;
using System.Security.Cryptography;
using Starling.Core.Crypto;
using Starling.Core.Primitives;

namespace Starling.Sim.Swarms;

/// <summary>
/// A stand-in for Ed25519 that costs a hash: the "signature" is SHA-256 over key and message. Nobody in the simulator forges one but by
/// writing that he does, so nothing is lost, and a thousand nodes fit into a minute.
/// </summary>
internal sealed class SimIdentity : IIdentity, ISignatureVerifier
{
    public SimIdentity(int number, ulong seed)
    {
        Span<byte> text = stackalloc byte[12];
        BitConverter.TryWriteBytes(text, seed);
        BitConverter.TryWriteBytes(text[8..], number);
        SecretKey = SHA256.HashData(text);
        PublicKey = new PublicKey(SHA256.HashData(SecretKey));
    }

    public PublicKey PublicKey { get; }

    /// <summary>Bytes that must never be seen on the wire.</summary>
    public byte[] SecretKey { get; }

    public byte[] Sign(ReadOnlySpan<byte> message)
    {
        var signature = new byte[ISignatureVerifier.SignatureSize];
        Seal(PublicKey, message, signature);
        return signature;
    }

    public bool Verify(in PublicKey key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        Span<byte> expected = stackalloc byte[ISignatureVerifier.SignatureSize];
        Seal(key, message, expected);
        return signature.SequenceEqual(expected);
    }

    private static void Seal(in PublicKey key, ReadOnlySpan<byte> message, Span<byte> signature)
    {
        signature.Clear();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> bytes = stackalloc byte[PublicKey.Size];
        key.CopyTo(bytes);
        hash.AppendData(bytes);
        hash.AppendData(message);
        hash.GetHashAndReset(signature);
    }
}
