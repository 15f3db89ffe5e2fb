using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Starling.Core.Primitives;

namespace Starling.Core.Metainfo;

/// <summary>
/// What the <c>info</c> dictionary of a torrent says: v1 (BEP 3), v2 or both (BEP 52), with padding (BEP 47) and <c>private</c> (BEP 27).
/// Immutable; refers to the bytes that it was read from.
/// </summary>
/// <remarks>
/// Pieces are numbered in one space of bytes. In v1 and hybrid torrents files follow each other in it, padding included. In v2-only
/// torrents each non-empty file begins at a piece, and what lies between two files belongs to nobody: the last piece of a file is short.
/// </remarks>
public sealed class TorrentInfo
{
    /// <summary>Code of the problems with torrents.</summary>
    public const string ProblemCode = "torrent";

    private readonly ReadOnlyMemory<byte> _v1Pieces;
    private readonly int[] _occupied;

    internal TorrentInfo(ReadOnlyMemory<byte> bytes, TorrentLayout layout)
    {
        Bytes = bytes;
        Name = layout.Name;
        PieceLength = layout.PieceLength;
        TotalLength = layout.TotalLength;
        PieceCount = (int)((layout.TotalLength + layout.PieceLength - 1) / layout.PieceLength);
        Files = layout.Files;
        IsFolder = layout.IsFolder;
        IsPrivate = layout.IsPrivate;
        _v1Pieces = layout.V1Pieces;
        var occupied = new List<int>();
        foreach (TorrentFileEntry file in layout.Files)
        {
            if (file.Length > 0)
            {
                occupied.Add(file.Index);
                ContentLength += file.IsPadding ? 0 : file.Length;
            }
        }

        _occupied = [.. occupied];
        InfoHashV1 = layout.V1Pieces.IsEmpty ? null : new InfoHash(SHA1.HashData(bytes.Span));
        InfoHashV2 = layout.IsV2 ? Hash256.Of(bytes.Span) : null;
    }

    /// <summary>The <c>info</c> dictionary as it was found: what the info-hashes are over.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>Name of the file or folder, safe by <see cref="Tasks.SafePath"/>; the info-hash where the torrent gives none that is usable.</summary>
    public string Name { get; }

    /// <summary>Bytes of a piece; with v2 a power of two, 16 KiB or more; with v1 alone any number from 1.</summary>
    public int PieceLength { get; }

    /// <summary>Pieces, at least one.</summary>
    public int PieceCount { get; }

    /// <summary>Bytes of the space of pieces: up to the end of the last file, padding and gaps included.</summary>
    public long TotalLength { get; }

    /// <summary>Bytes of all files, without padding.</summary>
    public long ContentLength { get; }

    /// <summary>All entries, padding and symbolic links included, in the order of their offsets.</summary>
    public IReadOnlyList<TorrentFileEntry> Files { get; }

    /// <summary>Whether the torrent has a folder of its own; otherwise it is a single file.</summary>
    public bool IsFolder { get; }

    /// <summary>Whether peers come from trackers alone (BEP 27): no DHT, no PEX, no local discovery.</summary>
    public bool IsPrivate { get; }

    /// <summary>Whether there are v1 hashes.</summary>
    public bool HasV1 => InfoHashV1 is not null;

    /// <summary>Whether there are v2 hashes.</summary>
    public bool HasV2 => InfoHashV2 is not null;

    /// <summary>SHA-1 of <see cref="Bytes"/>; null for v2-only torrents.</summary>
    public InfoHash? InfoHashV1 { get; }

    /// <summary>SHA-256 of <see cref="Bytes"/>; null for v1-only torrents.</summary>
    public Hash256? InfoHashV2 { get; }

    /// <summary>What names it for good.</summary>
    public TorrentId Id => InfoHashV2 is { } v2 ? new TorrentId(v2) : new TorrentId(InfoHashV1!.Value);

    /// <summary>The 20-byte names of its swarms in handshakes, trackers and the DHT: v1, and the start of v2 (BEP 52); one or two.</summary>
    public IReadOnlyList<InfoHash> SwarmHashes => (InfoHashV1, InfoHashV2) switch
    {
        ({ } v1, { } v2) => [v1, InfoHash.Of(v2)],
        ({ } v1, null) => [v1],
        (null, { } v2) => [InfoHash.Of(v2)],
        _ => [],
    };

    /// <summary>Reads an <c>info</c> dictionary.</summary>
    /// <param name="bytes">Kept, not copied; its length is to be checked against the bound of where it came from before.</param>
    /// <param name="info">What it says.</param>
    /// <param name="problem">Code <c>torrent</c> or <c>bencode</c>.</param>
    public static bool TryRead(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out TorrentInfo? info, [NotNullWhen(false)] out Problem? problem) =>
        TorrentInfoReader.TryRead(bytes, out info, out problem);

    /// <summary>
    /// Bytes of a piece as peers exchange it (BEP 3): shorter only at the end of the torrent, or for v2-only torrents at the end of its file.
    /// </summary>
    public int PieceSize(int piece) => HasV1
        ? (int)Math.Min(PieceLength, TotalLength - StartOf(piece))
        : ContentSize(piece);

    /// <summary>Bytes of a piece without the padding or the next files behind its first file: what the v2 hash of the piece is over.</summary>
    public int ContentSize(int piece)
    {
        TorrentFileEntry file = Files[FileAt(StartOf(piece))];
        return (int)Math.Min(PieceLength, file.End - StartOf(piece));
    }

    /// <summary>The SHA-1 of a piece, 20 bytes; only where <see cref="HasV1"/>.</summary>
    public ReadOnlySpan<byte> PieceHashV1(int piece) => _v1Pieces.Span.Slice(piece * InfoHash.Size, InfoHash.Size);

    /// <summary>The first byte of a piece in the space of pieces.</summary>
    public long StartOf(int piece)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(piece);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(piece, PieceCount);
        return (long)piece * PieceLength;
    }

    /// <summary>The parts of files that <paramref name="length"/> bytes from <paramref name="begin"/> of a piece cover.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the piece: a caller's bug, messages are checked before.</exception>
    public FileSlices Slices(int piece, int begin, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(begin);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)begin + length, PieceSize(piece), nameof(length));
        return new FileSlices(this, StartOf(piece) + begin, length);
    }

    /// <summary>The index of the file, or padding, that holds a byte of the space of pieces; in a gap of a v2 torrent the file before it.</summary>
    public int FileAt(long offset)
    {
        int low = 0;
        int high = _occupied.Length - 1;
        while (low < high)
        {
            int middle = (low + high + 1) >>> 1;
            (low, high) = Files[_occupied[middle]].Offset <= offset ? (middle, high) : (low, middle - 1);
        }

        return _occupied[low];
    }

    /// <summary>The first piece of a file and the number of pieces that it lies in; none for an empty one.</summary>
    public (int First, int Count) PiecesOf(int file)
    {
        TorrentFileEntry entry = Files[file];
        if (entry.Length == 0)
        {
            return (0, 0);
        }

        int first = (int)(entry.Offset / PieceLength);
        return (first, (int)((entry.End - 1) / PieceLength) - first + 1);
    }
}
