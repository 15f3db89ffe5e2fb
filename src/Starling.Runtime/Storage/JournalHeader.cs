using System;
using System.Buffers.Binary;
using System.Security.Cryptography;
using Starling.Core.Primitives;

namespace Starling.Runtime.Storage;

/// <summary>
/// What a journal starts with, twice over so that one bad sector does not make all of it unreadable (docs/state.md):
/// <c>"STARLJNL" · u32 version · u32 0 · task id (32) · salt (16) · i64 log · 24 zero bytes · SHA-256 of the 96 bytes before</c>; numbers little-endian.
/// </summary>
/// <param name="TaskId">The task whose results these are.</param>
/// <param name="Salt">16 random bytes that key every check value, so that no content from outside can pass for records.</param>
/// <param name="Log">The number of the log of attestations that is written here, see <c>AttestationBatch.Log</c>.</param>
internal sealed record JournalHeader(Hash256 TaskId, ReadOnlyMemory<byte> Salt, long Log)
{
    /// <summary>Version of the format.</summary>
    public const int Version = 1;

    /// <summary>Bytes of one copy.</summary>
    public const int CopySize = 128;

    /// <summary>Bytes before the first group.</summary>
    public const int Size = 2 * CopySize;

    /// <summary>Bytes of the salt.</summary>
    public const int SaltSize = 16;

    private const int HashedSize = CopySize - Hash256.Size;

    private static ReadOnlySpan<byte> Magic => "STARLJNL"u8;

    /// <summary>A header with a fresh salt.</summary>
    public static JournalHeader Create(Hash256 taskId, long log) => new(taskId, RandomNumberGenerator.GetBytes(SaltSize), log);

    /// <summary>Both copies.</summary>
    public byte[] Encode()
    {
        var bytes = new byte[Size];
        Span<byte> copy = bytes.AsSpan(0, CopySize);
        Magic.CopyTo(copy);
        BinaryPrimitives.WriteInt32LittleEndian(copy[8..], Version);
        TaskId.CopyTo(copy[16..]);
        Salt.Span.CopyTo(copy[48..]);
        BinaryPrimitives.WriteInt64LittleEndian(copy[64..], Log);
        Hash256.Of(copy[..HashedSize]).CopyTo(copy[HashedSize..]);
        copy.CopyTo(bytes.AsSpan(CopySize));
        return bytes;
    }

    /// <summary>Reads the first sound copy.</summary>
    /// <param name="bytes">The first <see cref="Size"/> bytes of the file, or fewer if it has fewer.</param>
    /// <param name="header">What was read.</param>
    /// <param name="version">The version that a sound copy names, known or not; 0 when no copy is sound.</param>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out JournalHeader? header, out int version)
    {
        header = null;
        version = 0;
        for (int start = 0; start + CopySize <= bytes.Length; start += CopySize)
        {
            ReadOnlySpan<byte> copy = bytes.Slice(start, CopySize);
            if (!copy.StartsWith(Magic) || new Hash256(copy[HashedSize..]) != Hash256.Of(copy[..HashedSize]))
            {
                continue;
            }

            version = BinaryPrimitives.ReadInt32LittleEndian(copy[8..]);
            if (version == Version)
            {
                header = new JournalHeader(
                    new Hash256(copy[16..]), copy.Slice(48, SaltSize).ToArray(), BinaryPrimitives.ReadInt64LittleEndian(copy[64..]));
            }

            return header is not null;
        }

        return false;
    }
}
