using System;
using System.Collections.Generic;
using Starling.Core.Metainfo;

namespace Starling.Core.Torrents;

/// <summary>How a torrent is cut into pieces and blocks.</summary>
public sealed class PieceLayout
{
    private readonly Dictionary<int, int> _short;
    private readonly bool _hasGaps;

    private PieceLayout(int count, int pieceLength, Dictionary<int, int> shortPieces, long totalLength, bool hasGaps)
    {
        _hasGaps = hasGaps;
        PieceCount = count;
        PieceLength = pieceLength;
        _short = shortPieces;
        TotalLength = totalLength;
    }

    /// <summary>Number of pieces.</summary>
    public int PieceCount { get; }

    /// <summary>Bytes of a piece; the last (v2: of each file) may be shorter.</summary>
    public int PieceLength { get; }

    /// <summary>Bytes of all pieces.</summary>
    public long TotalLength { get; }

    /// <summary>Pieces of <paramref name="pieceLength"/> bytes, the last one shorter (BEP 3, and hybrids, whose padding counts).</summary>
    /// <exception cref="ArgumentOutOfRangeException">A length below 0 or a piece length below 1, or more pieces than an int counts.</exception>
    public static PieceLayout Of(long totalLength, int pieceLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(totalLength);
        ArgumentOutOfRangeException.ThrowIfLessThan(pieceLength, 1);
        int count = checked((int)((totalLength + pieceLength - 1) / pieceLength));
        var tail = new Dictionary<int, int>();
        if (totalLength % pieceLength is > 0 and var last)
        {
            tail.Add(count - 1, (int)last);
        }

        return new PieceLayout(count, pieceLength, tail, totalLength, hasGaps: false);
    }

    /// <summary>Each file from a piece boundary on, its last piece shorter (BEP 52).</summary>
    public static PieceLayout OfAlignedFiles(IEnumerable<long> fileLengths, int pieceLength)
    {
        ArgumentNullException.ThrowIfNull(fileLengths);
        ArgumentOutOfRangeException.ThrowIfLessThan(pieceLength, 1);
        var tails = new Dictionary<int, int>();
        int count = 0;
        long total = 0;
        foreach (long length in fileLengths)
        {
            count = checked((int)(count + ((length + pieceLength - 1) / pieceLength)));
            total = checked(total + length);
            if (length % pieceLength is > 0 and var last)
            {
                tails.Add(count - 1, (int)last);
            }
        }

        return new PieceLayout(count, pieceLength, tails, total, hasGaps: true);
    }

    /// <summary>The pieces of a torrent.</summary>
    public static PieceLayout Of(TorrentInfo info)
    {
        ArgumentNullException.ThrowIfNull(info);
        if (info.HasV1)
        {
            return Of(info.TotalLength, info.PieceLength);
        }

        var lengths = new List<long>();
        foreach (TorrentFileEntry file in info.Files)
        {
            lengths.Add(file.Length);
        }

        return OfAlignedFiles(lengths, info.PieceLength);
    }

    /// <summary>Bytes of a piece.</summary>
    public int LengthOf(int piece) => _short.Count > 0 && _short.TryGetValue(piece, out int length) ? length : PieceLength;

    /// <summary>Blocks of a piece.</summary>
    public int BlocksOf(int piece) => (LengthOf(piece) + BlockBuffer.Capacity - 1) / BlockBuffer.Capacity;

    /// <summary>The range of a block.</summary>
    public BlockRange RangeOf(int piece, int block)
    {
        int begin = block * BlockBuffer.Capacity;
        return new BlockRange(piece, begin, Math.Min(BlockBuffer.Capacity, LengthOf(piece) - begin));
    }

    /// <summary>Whether a range lies within a piece of this torrent.</summary>
    public bool Contains(BlockRange range) =>
        range.Piece >= 0 && range.Piece < PieceCount && range.Begin >= 0 && range.Length > 0
        && range.Begin <= LengthOf(range.Piece) - range.Length;

    /// <summary>
    /// Whether others may ask for a range: one within a piece, or one that runs on into the gap behind a v2 file. Programs that treat the gap as padding (libtorrent 2.0) ask for
    /// whole blocks there; they get zeros, as BEP 47 has it for padding.
    /// </summary>
    public bool Serves(BlockRange range) => Contains(range)
        || (_hasGaps && range.Piece >= 0 && range.Piece < PieceCount && range.Length > 0 && range.Begin >= 0 && range.Begin < LengthOf(range.Piece)
            && range.Begin <= PieceLength - range.Length);
}
