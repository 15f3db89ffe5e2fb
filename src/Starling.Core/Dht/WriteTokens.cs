using System;
using System.Buffers.Binary;
using System.Security.Cryptography;
using Starling.Core.Primitives;

namespace Starling.Core.Dht;

/// <summary>
/// Tokens that allow to store here (BEP 5): they show that the asker really is at its address. Two secrets, changed every five minutes, so a token lasts
/// five to ten minutes.
/// </summary>
/// <param name="secret">Random bytes that nobody else knows.</param>
internal sealed class WriteTokens(ReadOnlyMemory<byte> secret)
{
    /// <summary>Bytes of a token.</summary>
    public const int Size = 8;

    /// <summary>How long a secret is used for new tokens; those of the one before are still good.</summary>
    public static readonly TimeSpan Rotation = TimeSpan.FromMinutes(5);

    /// <summary>The token of this asker for now.</summary>
    public byte[] Make(PeerAddress asker, Instant now) => Make(asker, Epoch(now));

    /// <summary>Whether this asker was given the token lately.</summary>
    public bool IsValid(PeerAddress asker, ReadOnlySpan<byte> token, Instant now)
    {
        long epoch = Epoch(now);
        return CryptographicOperations.FixedTimeEquals(token, Make(asker, epoch)) || CryptographicOperations.FixedTimeEquals(token, Make(asker, epoch - 1));
    }

    private static long Epoch(Instant now) => now.Ticks / Rotation.Ticks;

    /// <summary>The port does not count: a NAT may change it between two datagrams.</summary>
    private byte[] Make(PeerAddress asker, long epoch)
    {
        Span<byte> message = stackalloc byte[sizeof(long) + 16];
        BinaryPrimitives.WriteInt64BigEndian(message, epoch);
        BinaryPrimitives.WriteUInt128BigEndian(message[sizeof(long)..], asker.Ip);
        return HMACSHA256.HashData(secret.Span, message)[..Size];
    }
}
