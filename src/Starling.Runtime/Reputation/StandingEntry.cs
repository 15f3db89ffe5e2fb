using System;
using System.Buffers.Binary;
using System.Security.Cryptography;
using Starling.Core.Primitives;
using Starling.Core.Verification;

namespace Starling.Runtime.Reputation;

/// <summary>
/// One entry of the file of standings, 64 bytes, numbers little-endian: key (32), kind (1), probation (1), two zeros, confirmed (4), refuted (4), Unix seconds (4),
/// score (8), and the first 8 bytes of SHA-256 over all of that. A change or a decision uses key, kind and time alone.
/// </summary>
internal readonly record struct StandingEntry(PublicKey Worker, StandingEntryKind Kind, StandingRecord Record, uint UnixSeconds)
{
    public const int Size = 64;

    private const int CheckedSize = 56;

    public static StandingEntry Of(PublicKey worker, StandingEntryKind kind, uint unixSeconds) => new(worker, kind, default, unixSeconds);

    /// <summary>Null: damaged, or of a kind that this version does not know.</summary>
    public static StandingEntry? TryRead(ReadOnlySpan<byte> bytes)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes[..CheckedSize], digest);
        var kind = (StandingEntryKind)bytes[32];
        double score = BinaryPrimitives.ReadDoubleLittleEndian(bytes[48..]);
        if (!digest[..(Size - CheckedSize)].SequenceEqual(bytes[CheckedSize..Size]) || !Enum.IsDefined(kind) || !(score >= 0 && double.IsFinite(score)))
        {
            return null;
        }

        var record = new StandingRecord(
            Math.Max(0, BinaryPrimitives.ReadInt32LittleEndian(bytes[36..])),
            Math.Max(0, BinaryPrimitives.ReadInt32LittleEndian(bytes[40..])),
            score,
            bytes[33],
            StandingOverride.None);
        return new StandingEntry(new PublicKey(bytes[..32]), kind, record, BinaryPrimitives.ReadUInt32LittleEndian(bytes[44..]));
    }

    public void Write(Span<byte> bytes)
    {
        bytes[..Size].Clear();
        Worker.CopyTo(bytes);
        bytes[32] = (byte)Kind;
        bytes[33] = (byte)Math.Min(byte.MaxValue, Record.Probation);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[36..], Record.Confirmed);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[40..], Record.Refuted);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[44..], UnixSeconds);
        BinaryPrimitives.WriteDoubleLittleEndian(bytes[48..], Record.Score);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes[..CheckedSize], digest);
        digest[..(Size - CheckedSize)].CopyTo(bytes[CheckedSize..]);
    }
}

/// <summary>What an entry of the file of standings says.</summary>
internal enum StandingEntryKind : byte
{
    /// <summary>See <see cref="StandingChange.Confirmed"/>.</summary>
    Confirmed = 1,

    /// <summary>See <see cref="StandingChange.Refuted"/>.</summary>
    Refuted = 2,

    /// <summary>See <see cref="StandingChange.Absolved"/>.</summary>
    Absolved = 3,

    /// <summary>See <see cref="StandingChange.Retracted"/>.</summary>
    Retracted = 4,

    /// <summary>The owner: its word is enough.</summary>
    Allow = 5,

    /// <summary>The owner: its word counts for nothing.</summary>
    Deny = 6,

    /// <summary>The owner: its results decide again.</summary>
    NoOverride = 7,

    /// <summary>Everything that was known of it, in place of its entries so far.</summary>
    Whole = 8,
}
