using System;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Starling.Core.Bencode;
using Starling.Core.Crypto;
using Starling.Core.Primitives;

namespace Starling.Core.Dht;

/// <summary>
/// An item that the DHT keeps (BEP 44): immutable under the hash of its value, or mutable under the key of who signs it and a salt.
/// </summary>
public sealed record DhtItem
{
    /// <summary>Bytes of the largest bencoded value.</summary>
    public const int MaxValueSize = 1000;

    /// <summary>Bytes of the longest salt.</summary>
    public const int MaxSaltSize = 64;

    private static readonly BReaderOptions ValueOptions = new() { MaxSize = MaxValueSize, MaxTokens = MaxValueSize, MaxDepth = 32, Canonical = false };

    /// <summary>One bencoded value of any kind.</summary>
    public required ReadOnlyMemory<byte> Value { get; init; }

    /// <summary>Whose item it is; null: an immutable one.</summary>
    public PublicKey? Key { get; init; }

    /// <summary>Tells the items of one key apart; at most <see cref="MaxSaltSize"/> bytes.</summary>
    public ReadOnlyMemory<byte> Salt { get; init; }

    /// <summary>The version; higher replaces lower.</summary>
    public long Sequence { get; init; }

    /// <summary>64 bytes over salt, version and value.</summary>
    public ReadOnlyMemory<byte> Signature { get; init; }

    /// <summary>Under which id it is kept.</summary>
    public NodeId Target => Key is { } key ? TargetOf(key, Salt.Span) : TargetOf(Value.Span);

    /// <summary>An immutable item.</summary>
    /// <exception cref="ArgumentException">Not one bencoded value within the bounds: a caller's bug.</exception>
    public static DhtItem Immutable(ReadOnlyMemory<byte> value) => new() { Value = Checked(value) };

    /// <summary>A signed version of a mutable item.</summary>
    /// <exception cref="ArgumentException">Not one bencoded value within the bounds, or the salt too long: a caller's bug.</exception>
    public static DhtItem Mutable(IIdentity identity, ReadOnlyMemory<byte> salt, long sequence, ReadOnlyMemory<byte> value)
    {
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentOutOfRangeException.ThrowIfNegative(sequence);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(salt.Length, MaxSaltSize, nameof(salt));
        return new DhtItem
        {
            Value = Checked(value),
            Key = identity.PublicKey,
            Salt = salt,
            Sequence = sequence,
            Signature = identity.Sign(SignedBytes(salt.Span, sequence, value.Span)),
        };
    }

    /// <summary>Where an immutable item with this value is kept.</summary>
    [SuppressMessage("Security", "CA5350", Justification = "SHA-1 is what BEP 44 says; mutable items are signed.")]
    public static NodeId TargetOf(ReadOnlySpan<byte> value)
    {
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
        SHA1.HashData(value, hash);
        return new NodeId(hash);
    }

    /// <summary>Where a mutable item of this key and salt is kept.</summary>
    public static NodeId TargetOf(PublicKey key, ReadOnlySpan<byte> salt)
    {
        var bytes = new byte[PublicKey.Size + salt.Length];
        key.CopyTo(bytes);
        salt.CopyTo(bytes.AsSpan(PublicKey.Size));
        return TargetOf(bytes);
    }

    /// <summary>Whether the signature of a mutable item is its key's. Immutable ones have none, so they are always genuine.</summary>
    public bool IsGenuine(ISignatureVerifier verifier)
    {
        ArgumentNullException.ThrowIfNull(verifier);
        return Key is not { } key || verifier.Verify(key, SignedBytes(Salt.Span, Sequence, Value.Span), Signature.Span);
    }

    /// <summary>What is signed: <c>4:salt…3:seqi…e1:v…</c>, the salt only when there is one (BEP 44, signature verification).</summary>
    internal static byte[] SignedBytes(ReadOnlySpan<byte> salt, long sequence, ReadOnlySpan<byte> value)
    {
        // The entries of a dictionary without its marks.
        var writer = new BencodeWriter(salt.Length + value.Length + 64);
        writer.BeginDictionary();
        if (!salt.IsEmpty)
        {
            writer.Bytes("salt"u8, salt);
        }

        writer.Integer("seq"u8, sequence);
        writer.Key("v"u8);
        writer.Raw(value);
        writer.End();
        return writer.Written[1..^1].ToArray();
    }

    private static ReadOnlyMemory<byte> Checked(ReadOnlyMemory<byte> value) =>
        BReader.TryRead(value, ValueOptions, out _, out Problem? problem) ? value : throw new ArgumentException(problem.Reason, nameof(value));
}
