using System;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using Starling.Core.Primitives;

namespace Starling.Core.Wire.Mse;

/// <summary>
/// Diffie–Hellman over MSE's prime of 768 bits with generator 2, and the hashes made of the shared secret S. About a millisecond of arithmetic for a
/// connection, so whoever accepts them bounds how many are in their handshake. Not in constant time: MSE hides a protocol, it keeps no secret.
/// </summary>
internal static class MseKeyExchange
{
    /// <summary>Bytes of a public value and of S, big-endian, zeros in front.</summary>
    public const int ValueSize = 96;

    /// <summary>Bytes of SHA-1.</summary>
    public const int HashSize = 20;

    private static readonly BigInteger Prime = BigInteger.Parse(
        "0FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
        + "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A63A36210000000000090563",
        NumberStyles.AllowHexSpecifier,
        CultureInfo.InvariantCulture);

    private static readonly BigInteger Generator = 2;

    /// <summary>2 to the power of <paramref name="exponent"/>.</summary>
    public static byte[] PublicValue(ReadOnlySpan<byte> exponent) => Bytes(BigInteger.ModPow(Generator, Number(exponent), Prime));

    /// <summary>
    /// S. False for a peer's value of 0, 1, p-1 or above: with those S does not depend on the exponent, so anybody on the way would know it.
    /// </summary>
    public static bool TryAgree(ReadOnlySpan<byte> exponent, ReadOnlySpan<byte> peerValue, [NotNullWhen(true)] out byte[]? secret)
    {
        secret = null;
        BigInteger value = Number(peerValue);
        if (value <= BigInteger.One || value >= Prime - BigInteger.One)
        {
            return false;
        }

        secret = Bytes(BigInteger.ModPow(value, Number(exponent), Prime));
        return true;
    }

    /// <summary>SHA-1 of a word and S: what a responder searches for.</summary>
    public static byte[] Req1(ReadOnlySpan<byte> secret) => Hash("req1"u8, secret, default);

    /// <summary>SHA-1 of a word and the info-hash.</summary>
    public static InfoHash Req2(InfoHash infoHash) => new(Hash("req2"u8, infoHash.ToArray(), default));

    /// <summary>SHA-1 of a word and S: what hides <see cref="Req2"/> on the wire.</summary>
    public static byte[] Req3(ReadOnlySpan<byte> secret) => Hash("req3"u8, secret, default);

    /// <summary>The key stream from the initiator to the responder.</summary>
    public static Rc4 FromInitiator(ReadOnlySpan<byte> secret, InfoHash infoHash) => new(Hash("keyA"u8, secret, infoHash.ToArray()));

    /// <summary>The key stream from the responder to the initiator.</summary>
    public static Rc4 FromResponder(ReadOnlySpan<byte> secret, InfoHash infoHash) => new(Hash("keyB"u8, secret, infoHash.ToArray()));

    private static BigInteger Number(ReadOnlySpan<byte> bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    private static byte[] Bytes(BigInteger value)
    {
        var bytes = new byte[ValueSize];
        value.TryWriteBytes(bytes.AsSpan(ValueSize - value.GetByteCount(isUnsigned: true)), out _, isUnsigned: true, isBigEndian: true);
        return bytes;
    }

    [SuppressMessage("Security", "CA5350", Justification = "MSE is defined with SHA-1.")]
    private static byte[] Hash(ReadOnlySpan<byte> word, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        Span<byte> input = stackalloc byte[4 + ValueSize + HashSize];
        word.CopyTo(input);
        first.CopyTo(input[word.Length..]);
        second.CopyTo(input[(word.Length + first.Length)..]);
        return SHA1.HashData(input[..(word.Length + first.Length + second.Length)]);
    }
}
