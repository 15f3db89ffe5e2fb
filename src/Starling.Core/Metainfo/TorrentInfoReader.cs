using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Security.Cryptography;
using Starling.Core.Bencode;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Core.Metainfo;

/// <summary>
/// Reads <c>info</c> dictionaries that anybody may have made (BEP 3, 27, 47, 52). Sums are checked before anything of their size is made;
/// the two file lists of a hybrid torrent must describe the same bytes.
/// </summary>
internal static class TorrentInfoReader
{
    private const int MetaVersion = 2;

    /// <summary>How the bytes are read: keys in any order, because the info-hash is over the bytes as they are.</summary>
    private static readonly BReaderOptions Options = BReaderOptions.ForeignFile with
    {
        MaxSize = TorrentLimits.MaxInfoSize,
        MaxTokens = TorrentLimits.MaxTokens,
    };

    public static bool TryRead(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out TorrentInfo? info, [NotNullWhen(false)] out Problem? problem)
    {
        info = null;
        if (!BReader.TryReadDictionary(bytes, Options, out BDictionary? dictionary, out problem))
        {
            return false;
        }

        if (!TryReadLayout(dictionary, bytes, out TorrentLayout? layout, out string? fault))
        {
            problem = new Problem(TorrentInfo.ProblemCode, $"torrent: {fault}", "Get the torrent again, or another one.");
            return false;
        }

        info = new TorrentInfo(bytes, layout);
        return true;
    }

    private static bool TryReadLayout(BDictionary info, ReadOnlyMemory<byte> bytes, out TorrentLayout layout, [NotNullWhen(false)] out string? fault)
    {
        layout = null!;

        // BEP 52: the version is looked at first.
        bool isV2 = info["meta version"u8] is not null;
        if (isV2 && !info.TryGetInteger("meta version"u8, MetaVersion, MetaVersion, out _))
        {
            fault = "'meta version' is not 2: it is of a version that this program does not know";
            return false;
        }

        bool isV1 = info["pieces"u8] is not null;
        if (!isV1 && !isV2)
        {
            fault = "'pieces' is missing, and it is no v2 torrent";
            return false;
        }

        if (!info.TryGetInteger("piece length"u8, 1, TorrentLimits.MaxPieceLength, out long pieceLength)
            || (isV2 && (pieceLength < MerkleTree.BlockSize || !BitOperations.IsPow2(pieceLength))))
        {
            fault = $"'piece length' is missing or none that is possible (1 to {TorrentLimits.MaxPieceLength}; with v2 a power of two from {MerkleTree.BlockSize})";
            return false;
        }

        FileList? v1 = null;
        FileList? v2 = null;
        if (isV1 && !TryReadV1(info, out v1, out fault))
        {
            return false;
        }

        if (isV2 && !FileTreeReader.TryRead(info, out v2, out fault))
        {
            return false;
        }

        if (v1 is not null && v2 is not null && !TryMatch(v1, v2, pieceLength, out fault))
        {
            return false;
        }

        FileList files = v1 ?? v2!;
        if (!TryPlace(files, pieceLength, aligned: v1 is null, out long[] offsets, out long total, out fault))
        {
            return false;
        }

        ReadOnlyMemory<byte> hashes = default;
        long pieces = (total + pieceLength - 1) / pieceLength;
        if (isV1 && (!info.TryGetBytes("pieces"u8, TorrentLimits.MaxPieces * InfoHash.Size, out hashes) || hashes.Length != pieces * InfoHash.Size))
        {
            fault = $"'pieces' does not hold {InfoHash.Size} bytes for each of {pieces} pieces";
            return false;
        }

        ReadOnlyMemory<byte> rawName = ((info["name.utf-8"u8] ?? info["name"u8]) as BString)?.Bytes ?? default;
        string name = TorrentPaths.PartOf(rawName) ?? Convert.ToHexStringLower(SHA1.HashData(bytes.Span));
        if (!TorrentPaths.TryName(files, name, rawName, out string[] paths, out string?[] rawPaths, out fault))
        {
            return false;
        }

        var entries = new TorrentFileEntry[files.Items.Count];
        for (int i = 0; i < entries.Length; i++)
        {
            RawFile file = files.Items[i];
            entries[i] = new TorrentFileEntry(i, paths[i], offsets[i], file.Length, file.Kind, file.PiecesRoot) { RawUrlPath = rawPaths[i] };
        }

        layout = new TorrentLayout
        {
            Name = name,
            PieceLength = (int)pieceLength,
            TotalLength = total,
            Files = entries,
            IsFolder = files.IsFolder,
            IsPrivate = info.TryGetInteger("private"u8, 1, 1, out _),
            IsV2 = isV2,
            V1Pieces = hashes,
        };
        return true;
    }

    private static bool TryReadV1(BDictionary info, [NotNullWhen(true)] out FileList? files, [NotNullWhen(false)] out string? fault)
    {
        files = null;
        fault = null;
        if (info["files"u8] is null)
        {
            if (!info.TryGetInteger("length"u8, 0, TorrentLimits.MaxTotalLength, out long length))
            {
                fault = $"'length' is missing or not from 0 to {TorrentLimits.MaxTotalLength}";
                return false;
            }

            files = new FileList([new RawFile([], length, TorrentFileKind.Content, Hash256.Zero)], IsFolder: false);
            return true;
        }

        if (!info.TryGetList("files"u8, out BList? list) || list.Items.Count is 0 or > TorrentLimits.MaxFiles)
        {
            fault = $"'files' is no list of 1 to {TorrentLimits.MaxFiles} files";
            return false;
        }

        var items = new List<RawFile>(list.Items.Count);
        foreach (BValue item in list.Items)
        {
            if (item is not BDictionary file || !TryReadV1File(file, items.Count, out RawFile read, out fault))
            {
                fault ??= $"'files' has {item.Kind} where a dictionary is due";
                return false;
            }

            items.Add(read);
        }

        files = new FileList(items, IsFolder: true);
        return true;
    }

    private static bool TryReadV1File(BDictionary file, int index, out RawFile read, [NotNullWhen(false)] out string? fault)
    {
        read = default;
        fault = null;
        TorrentFileKind kind = KindOf(file);

        // A link may leave its length out, and has none (BEP 47).
        if (!file.TryGetInteger("length"u8, 0, TorrentLimits.MaxTotalLength, out long length) && (kind != TorrentFileKind.Symlink || file["length"u8] is not null))
        {
            fault = $"file {index} has no 'length' from 0 to {TorrentLimits.MaxTotalLength}";
        }
        else if (kind == TorrentFileKind.Symlink && length != 0)
        {
            fault = $"file {index} is a symbolic link with a length";
        }

        BList? list = file["path.utf-8"u8] as BList ?? file["path"u8] as BList;
        if (fault is null && kind != TorrentFileKind.Padding && (list is null || list.Items.Count is 0 or > TaskLimitsOfFormat.MaxPathDepth))
        {
            fault = $"file {index} has no 'path' of 1 to {TaskLimitsOfFormat.MaxPathDepth} parts";
        }

        var parts = new ReadOnlyMemory<byte>[kind == TorrentFileKind.Padding || list is null || fault is not null ? 0 : list.Items.Count];
        for (int i = 0; i < parts.Length; i++)
        {
            if (list!.Items[i] is not BString part)
            {
                fault = $"'path' of file {index} has {list.Items[i].Kind} where a text is due";
                return false;
            }

            parts[i] = part.Bytes;
        }

        read = new RawFile(parts, length, kind, Hash256.Zero);
        return fault is null;
    }

    /// <summary>What the letters of <c>attr</c> say (BEP 47); those that are not known do not matter.</summary>
    internal static TorrentFileKind KindOf(BDictionary file)
    {
        ReadOnlySpan<byte> letters = file["attr"u8] is BString attributes ? attributes.Bytes.Span : default;
        return letters.Contains((byte)'l') ? TorrentFileKind.Symlink
            : letters.Contains((byte)'p') ? TorrentFileKind.Padding
            : TorrentFileKind.Content;
    }

    /// <summary>
    /// Checks that both lists of a hybrid torrent describe the same files at the same places (BEP 52, Upgrade Path), and puts the v2 roots into the v1 list.
    /// </summary>
    private static bool TryMatch(FileList v1, FileList v2, long pieceLength, [NotNullWhen(false)] out string? fault)
    {
        int next = 0;
        long offset = 0;
        for (int i = 0; i < v1.Items.Count; i++)
        {
            RawFile file = v1.Items[i];
            if (file.Kind == TorrentFileKind.Padding)
            {
                offset += file.Length;
                continue;
            }

            bool same = next < v2.Items.Count && v2.Items[next] is var other && other.Length == file.Length && other.Kind == file.Kind
                && (file.Length == 0 || offset % pieceLength == 0) && (!v1.IsFolder || HaveSamePath(file, other));
            if (!same)
            {
                fault = $"its v1 and v2 parts disagree at file {i}";
                return false;
            }

            v1.Items[i] = file with { PiecesRoot = v2.Items[next++].PiecesRoot };
            offset += file.Length;
            if (offset > TorrentLimits.MaxTotalLength)
            {
                break;
            }
        }

        fault = next == v2.Items.Count ? null : "its v1 part has fewer files than its v2 part";
        return fault is null;
    }

    private static bool HaveSamePath(RawFile left, RawFile right)
    {
        bool same = left.Path.Count == right.Path.Count;
        for (int i = 0; same && i < left.Path.Count; i++)
        {
            same = left.Path[i].Span.SequenceEqual(right.Path[i].Span);
        }

        return same;
    }

    /// <summary>Where each file begins in the space of pieces, and where the last one ends.</summary>
    private static bool TryPlace(FileList files, long pieceLength, bool aligned, out long[] offsets, out long total, [NotNullWhen(false)] out string? fault)
    {
        offsets = new long[files.Items.Count];
        total = 0;
        bool hasContent = false;
        for (int i = 0; i < offsets.Length; i++)
        {
            RawFile file = files.Items[i];
            bool occupies = file.Length > 0;
            hasContent |= occupies && file.Kind == TorrentFileKind.Content;
            offsets[i] = aligned && occupies ? (total + pieceLength - 1) / pieceLength * pieceLength : total;
            total = occupies ? offsets[i] + file.Length : total;
            if (total > TorrentLimits.MaxTotalLength || total > pieceLength * TorrentLimits.MaxPieces)
            {
                fault = $"it is larger than {TorrentLimits.MaxTotalLength} bytes or has more than {TorrentLimits.MaxPieces} pieces";
                return false;
            }
        }

        fault = hasContent ? null : "its files are all empty";
        return hasContent;
    }
}

/// <summary>A file as the torrent tells it, before names are made safe.</summary>
/// <param name="Path">The raw parts of its path, without the torrent's name; empty for padding, and for the only file of a v1 torrent.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Kind">What it is.</param>
/// <param name="PiecesRoot">See <see cref="TorrentFileEntry"/>.</param>
internal readonly record struct RawFile(IReadOnlyList<ReadOnlyMemory<byte>> Path, long Length, TorrentFileKind Kind, Hash256 PiecesRoot);

/// <summary>One file list of a torrent.</summary>
internal sealed record FileList(List<RawFile> Items, bool IsFolder);
