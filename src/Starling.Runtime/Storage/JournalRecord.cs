using System;
using System.Buffers.Binary;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Runtime.Storage;

/// <summary>What a record says.</summary>
internal enum JournalRecordKind : byte
{
    /// <summary>A result is held; its content lies among the group's contents.</summary>
    HeldInline = 1,

    /// <summary>A result is held; its content is a file.</summary>
    HeldFile = 2,

    /// <summary>A result is no longer held.</summary>
    Dropped = 3,

    /// <summary>The policy accepts a result.</summary>
    Accepted = 4,

    /// <summary>A signed batch of attestations.</summary>
    Batch = 5,

    /// <summary>The policy accepts a result no more.</summary>
    Unaccepted = 6,

    /// <summary>A result is no longer held, but in the output.</summary>
    Released = 7,
}

/// <summary>
/// One record: <c>u8 kind · u32 piece · u32 length · root (32)</c>, or for a batch <c>u8 kind · u32 length · bytes</c>.
/// </summary>
/// <param name="Kind">What it says.</param>
/// <param name="Key">The result, unless it is a batch.</param>
/// <param name="BatchLength">Bytes of the batch, which end the record.</param>
internal readonly record struct JournalRecord(JournalRecordKind Kind, ResultKey Key, int BatchLength)
{
    /// <summary>Bytes of a record about a result.</summary>
    public const int ResultSize = 1 + 4 + 4 + Hash256.Size;

    /// <summary>Bytes of a batch's record before the batch.</summary>
    public const int BatchHeadSize = 1 + 4;

    /// <summary>Bytes of the whole record.</summary>
    public int Size => Kind == JournalRecordKind.Batch ? BatchHeadSize + BatchLength : ResultSize;

    /// <summary>Bytes that it has among the contents.</summary>
    public int ContentLength => Kind == JournalRecordKind.HeldInline ? Key.Result.Length : 0;

    /// <summary>Writes a record about a result.</summary>
    public static void Encode(JournalRecordKind kind, ResultKey key, Span<byte> record)
    {
        record[0] = (byte)kind;
        BinaryPrimitives.WriteInt32LittleEndian(record[1..], key.Piece);
        BinaryPrimitives.WriteInt32LittleEndian(record[5..], key.Result.Length);
        key.Result.Root.CopyTo(record[9..]);
    }

    /// <summary>Writes a batch's record.</summary>
    public static void EncodeBatch(ReadOnlySpan<byte> batch, Span<byte> record)
    {
        record[0] = (byte)JournalRecordKind.Batch;
        BinaryPrimitives.WriteInt32LittleEndian(record[1..], batch.Length);
        batch.CopyTo(record[BatchHeadSize..]);
    }

    /// <summary>Reads the record at the start of <paramref name="bytes"/>; false when they are not one.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out JournalRecord record)
    {
        record = default;
        if (bytes.Length < BatchHeadSize)
        {
            return false;
        }

        var kind = (JournalRecordKind)bytes[0];
        if (kind == JournalRecordKind.Batch)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(bytes[1..]);
            record = new JournalRecord(kind, default, length);
            return length >= 0 && length <= bytes.Length - BatchHeadSize;
        }

        if (kind is < JournalRecordKind.HeldInline or > JournalRecordKind.Released || bytes.Length < ResultSize)
        {
            return false;
        }

        int piece = BinaryPrimitives.ReadInt32LittleEndian(bytes[1..]);
        int resultLength = BinaryPrimitives.ReadInt32LittleEndian(bytes[5..]);
        record = new JournalRecord(kind, new ResultKey(piece, new ResultId(resultLength, new Hash256(bytes[9..]))), 0);
        return piece >= 0 && resultLength >= 0
            && (kind != JournalRecordKind.HeldInline || resultLength <= PieceStoreOptions.InlineThreshold);
    }
}
