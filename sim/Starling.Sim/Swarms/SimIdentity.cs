using System;
using System.Buffers.Binary;
using System.Security.Cryptography;
using Starling.Core.Crypto;
using Starling.Core.Primitives;

namespace Starling.Sim.Swarms;

/// <summary>
/// A stand-in for Ed25519 that costs next to nothing: the "signature" is a checksum over key and message. Nobody in the simulator forges one but
/// by writing that he does, so nothing is lost, and a thousand nodes can check theirs.
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
        Span<byte> name = stackalloc byte[PublicKey.Size];
        key.CopyTo(name);
        ulong state = Mix(Mix(0x243F6A8885A308D3, name), message);
        for (int i = 0; i < signature.Length; i += sizeof(ulong))
        {
            state = (state ^ (state >> 32)) * 0xD6E8FEB86659FD93;
            BinaryPrimitives.WriteUInt64LittleEndian(signature[i..], state);
        }
    }

    private static ulong Mix(ulong state, ReadOnlySpan<byte> bytes)
    {
        state ^= (ulong)bytes.Length;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            state = Mix(state, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        foreach (byte rest in bytes)
        {
            state = Mix(state, rest);
        }

        return state;
    }

    private static ulong Mix(ulong state, ulong word)
    {
        state = (state ^ word) * 0x9E3779B97F4A7C15;
        return state ^ (state >> 29);
    }
}
