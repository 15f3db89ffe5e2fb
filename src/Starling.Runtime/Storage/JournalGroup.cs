using System;
using System.Buffers.Binary;
using System.Security.Cryptography;
using Starling.Core.Primitives;

namespace Starling.Runtime.Storage;

/// <summary>
/// The frame of what one commit writes: all of it counts, or nothing. Before the records and the contents stand 72 bytes:
/// <c>u32 magic · u32 length of the records · u32 length of the contents · u32 0 · i64 synced · check of records (16) · check of contents (16)
/// · check of the 56 bytes before (16)</c>. A check is the start of SHA-256 over the salt, the group's offset in the file, and the bytes.
/// </summary>
/// <param name="Offset">Where in the file the frame starts.</param>
/// <param name="RecordsLength">Bytes of the records.</param>
/// <param name="ContentsLength">Bytes of the inline contents, in the order of their records.</param>
/// <param name="Synced">How much of the file was known to be durable when this was written: tells a torn tail from damage.</param>
internal readonly record struct JournalGroup(long Offset, int RecordsLength, int ContentsLength, long Synced)
{
    /// <summary>Bytes of the frame's head.</summary>
    public const int HeadSize = 72;

    /// <summary>Bytes of a check value.</summary>
    public const int CheckSize = 16;

    /// <summary>Bytes of records, and of contents, in one group at most.</summary>
    public const int MaxLength = 16 * 1024 * 1024;

    private const uint Magic = 0x50524753;

    /// <summary>The bytes with which every group starts.</summary>
    public static ReadOnlySpan<byte> Start => "SGRP"u8;

    /// <summary>Where the records start.</summary>
    public long RecordsOffset => Offset + HeadSize;

    /// <summary>Where the contents start.</summary>
    public long ContentsOffset => RecordsOffset + RecordsLength;

    /// <summary>The first byte after the group.</summary>
    public long End => ContentsOffset + ContentsLength;

    /// <summary>Writes the head.</summary>
    public void EncodeHead(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> records, ReadOnlySpan<byte> contents, Span<byte> head)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(head, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(head[4..], RecordsLength);
        BinaryPrimitives.WriteInt32LittleEndian(head[8..], ContentsLength);
        BinaryPrimitives.WriteInt32LittleEndian(head[12..], 0);
        BinaryPrimitives.WriteInt64LittleEndian(head[16..], Synced);
        Check(salt, Offset, records, head.Slice(24, CheckSize));
        Check(salt, Offset, contents, head.Slice(40, CheckSize));
        Check(salt, Offset, head[..56], head.Slice(56, CheckSize));
    }

    /// <summary>Reads a head that lies at <paramref name="offset"/>; false when it is none.</summary>
    public static bool TryDecodeHead(ReadOnlySpan<byte> head, ReadOnlySpan<byte> salt, long offset, out JournalGroup group)
    {
        group = default;
        if (head.Length < HeadSize || !head.StartsWith(Start) || !Matches(salt, offset, head[..56], head.Slice(56, CheckSize)))
        {
            return false;
        }

        int records = BinaryPrimitives.ReadInt32LittleEndian(head[4..]);
        int contents = BinaryPrimitives.ReadInt32LittleEndian(head[8..]);
        group = new JournalGroup(offset, records, contents, BinaryPrimitives.ReadInt64LittleEndian(head[16..]));
        return records is >= 0 and <= MaxLength && contents is >= 0 and <= MaxLength;
    }

    /// <summary>The check value of the records in <paramref name="head"/>.</summary>
    public static ReadOnlySpan<byte> RecordsCheck(ReadOnlySpan<byte> head) => head.Slice(24, CheckSize);

    /// <summary>The check value of the contents in <paramref name="head"/>.</summary>
    public static ReadOnlySpan<byte> ContentsCheck(ReadOnlySpan<byte> head) => head.Slice(40, CheckSize);

    /// <summary>Whether <paramref name="bytes"/> of the group at <paramref name="offset"/> have this check value.</summary>
    public static bool Matches(ReadOnlySpan<byte> salt, long offset, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> expected)
    {
        Span<byte> check = stackalloc byte[CheckSize];
        Check(salt, offset, bytes, check);
        return check.SequenceEqual(expected);
    }

    private static void Check(ReadOnlySpan<byte> salt, long offset, ReadOnlySpan<byte> bytes, Span<byte> check)
    {
        // Two plain hashes cost less than an incremental one, and the inner one needs no copy.
        Span<byte> outer = stackalloc byte[JournalHeader.SaltSize + sizeof(long) + Hash256.Size];
        salt.CopyTo(outer);
        BinaryPrimitives.WriteInt64LittleEndian(outer[JournalHeader.SaltSize..], offset);
        SHA256.HashData(bytes, outer[(JournalHeader.SaltSize + sizeof(long))..]);
        Span<byte> digest = stackalloc byte[Hash256.Size];
        SHA256.HashData(outer, digest);
        digest[..CheckSize].CopyTo(check);
    }
}
