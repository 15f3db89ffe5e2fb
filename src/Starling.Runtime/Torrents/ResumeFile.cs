using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using Starling.Core.Bencode;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Torrents;

namespace Starling.Runtime.Torrents;

/// <summary>Size and date of a file when the state was saved.</summary>
/// <param name="Size">Bytes; -1: there was no file.</param>
/// <param name="Ticks">Date of the last change, UTC, 100 ns.</param>
internal readonly record struct FileStamp(long Size, long Ticks)
{
    public static FileStamp Absent => new(-1, 0);

    public bool IsThere => Size >= 0;
}

/// <summary>
/// The saved state of a torrent: 32 bytes of SHA-256 over the rest, then a bencoded dictionary. A file that is damaged, of another version or of another
/// torrent counts as none: then everything that is there is checked again.
/// </summary>
internal sealed record ResumeFile
{
    private const int Version = 1;
    private const int StampSize = 16;

    /// <summary>Bytes of a saved state: 200,000 files, 2^21 pieces and all unfinished ones fit.</summary>
    private const int MaxSize = 64 * 1024 * 1024;

    /// <summary>Whether the torrent was closed after it: then every later change of a file was made by somebody else.</summary>
    public required bool IsClean { get; init; }

    /// <summary>When it was saved, UTC, 100 ns.</summary>
    public required long SavedTicks { get; init; }

    public required byte[] Pieces { get; init; }

    public required IReadOnlyList<PartialPiece> Partial { get; init; }

    /// <summary>By file.</summary>
    public required FileStamp[] Stamps { get; init; }

    /// <summary>Pieces and slots of <see cref="PartsFile"/>.</summary>
    public required byte[] Parts { get; init; }

    public byte[] Encode(InfoHash hash)
    {
        var stamps = new byte[Stamps.Length * StampSize];
        for (int i = 0; i < Stamps.Length; i++)
        {
            BinaryPrimitives.WriteInt64BigEndian(stamps.AsSpan(i * StampSize), Stamps[i].Size);
            BinaryPrimitives.WriteInt64BigEndian(stamps.AsSpan((i * StampSize) + sizeof(long)), Stamps[i].Ticks);
        }

        var writer = new BencodeWriter(Pieces.Length + stamps.Length + Parts.Length + 4096);
        writer.BeginDictionary();
        writer.Integer("clean"u8, IsClean ? 1 : 0);
        writer.Bytes("files"u8, stamps);
        writer.Bytes("hash"u8, hash.ToArray());
        writer.Key("partial"u8);
        writer.BeginList();
        foreach (PartialPiece piece in Partial)
        {
            writer.BeginList();
            writer.Integer(piece.Piece);
            writer.Bytes(piece.Blocks);
            writer.End();
        }

        writer.End();
        writer.Bytes("parts"u8, Parts);
        writer.Bytes("pieces"u8, Pieces);
        writer.Integer("saved"u8, SavedTicks);
        writer.Integer("v"u8, Version);
        writer.End();
        var bytes = new byte[Hash256.Size + writer.Length];
        writer.Written.CopyTo(bytes.AsSpan(Hash256.Size));
        Hash256.Of(writer.Written).CopyTo(bytes);
        return bytes;
    }

    public static ResumeFile? Read(string path, TorrentInfo info)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
            if (file.Length is < Hash256.Size or > MaxSize)
            {
                return null;
            }

            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return Decode(bytes, info);
        }
        catch (Exception failure) when (StorageProblem.IsOfTheWorld(failure))
        {
            return null;
        }
    }

    /// <summary>Reads what <see cref="Encode"/> gave; null when it is none of that, damaged, or of another torrent.</summary>
    internal static ResumeFile? Decode(byte[] bytes, TorrentInfo info)
    {
        ReadOnlyMemory<byte> body = bytes.AsMemory(Hash256.Size);
        BReaderOptions options = BReaderOptions.File with { MaxSize = MaxSize };
        if (Hash256.Of(body.Span) != new Hash256(bytes) || !BReader.TryReadDictionary(body, options, out BDictionary? root, out _)
            || !root.TryGetInteger("v"u8, Version, Version, out _)
            || !root.TryGetBytes("hash"u8, InfoHash.Size, out ReadOnlyMemory<byte> hash) || hash.Length != InfoHash.Size
            || new InfoHash(hash.Span) != info.SwarmHashes[0])
        {
            return null;
        }

        int bits = TorrentResume.SizeOf(info.PieceCount);
        int stampBytes = info.Files.Count * StampSize;
        if (!root.TryGetBytes("pieces"u8, bits, out ReadOnlyMemory<byte> pieces) || pieces.Length != bits
            || !root.TryGetBytes("files"u8, stampBytes, out ReadOnlyMemory<byte> files) || files.Length != stampBytes
            || !root.TryGetBytes("parts"u8, MaxSize, out ReadOnlyMemory<byte> parts)
            || !root.TryGetInteger("clean"u8, 0, 1, out long clean) || !root.TryGetInteger("saved"u8, 0, DateTime.MaxValue.Ticks, out long saved)
            || !root.TryGetList("partial"u8, out BList? list))
        {
            return null;
        }

        var partial = new List<PartialPiece>();
        foreach (BValue item in list.Items)
        {
            if (partial.Count < TorrentResume.MaxPartial && item is BList { Items: [BInteger { Value: var piece }, BString blocks] }
                && piece >= 0 && piece < info.PieceCount && blocks.Bytes.Length == TorrentResume.SizeOf(TorrentStorage.BlockCount(info, (int)piece)))
            {
                partial.Add(new PartialPiece((int)piece, blocks.Bytes.ToArray()));
            }
        }

        var stamps = new FileStamp[info.Files.Count];
        for (int i = 0; i < stamps.Length; i++)
        {
            ReadOnlySpan<byte> stamp = files.Span.Slice(i * StampSize, StampSize);
            stamps[i] = new FileStamp(BinaryPrimitives.ReadInt64BigEndian(stamp), BinaryPrimitives.ReadInt64BigEndian(stamp[sizeof(long)..]));
        }

        return new ResumeFile
        {
            IsClean = clean == 1,
            SavedTicks = saved,
            Pieces = pieces.ToArray(),
            Partial = partial,
            Stamps = stamps,
            Parts = parts.ToArray(),
        };
    }
}
