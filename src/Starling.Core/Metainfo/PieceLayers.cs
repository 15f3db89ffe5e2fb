using System;
using System.Collections.Generic;
using System.Numerics;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Core.Metainfo;

/// <summary>
/// The v2 hashes of all pieces of one torrent (BEP 52, <c>piece layers</c>): from the .torrent file, or gathered from peers by hash requests. Nothing is taken in
/// that does not lead to a file's root. Mutable, for one thread at a time.
/// </summary>
public sealed class PieceLayers
{
    /// <summary>Hashes that one <c>hash request</c> may ask for (BEP 52).</summary>
    public const int MaxRequestLength = 512;

    private readonly TorrentInfo _info;

    /// <summary>By file; null for files that need none: of at most one piece, or empty.</summary>
    private readonly PieceLayer?[] _layers;

    private readonly Dictionary<Hash256, int> _fileOfRoot = [];
    private int _missing;

    /// <summary>The layers of a torrent with v2 hashes, none known yet.</summary>
    public PieceLayers(TorrentInfo info)
    {
        ArgumentNullException.ThrowIfNull(info);
        _info = info;
        _layers = new PieceLayer?[info.Files.Count];
        Hash256 padding = MerkleTree.ZeroRoot(info.PieceLength / MerkleTree.BlockSize);
        foreach (TorrentFileEntry file in info.Files)
        {
            if (!info.HasV2 || file.PiecesRoot == Hash256.Zero)
            {
                continue;
            }

            _fileOfRoot.TryAdd(file.PiecesRoot, file.Index);
            if (file.Length > info.PieceLength)
            {
                var layer = new PieceLayer(file.PiecesRoot, info.PiecesOf(file.Index).Count, padding);
                _layers[file.Index] = layer;
                _missing += layer.Count;
            }
        }
    }

    /// <summary>Whether the hash of every piece is known.</summary>
    public bool IsComplete => _missing == 0;

    /// <summary>The number of layers between blocks and pieces: the <c>base layer</c> of requests for hashes of pieces.</summary>
    public int BaseLayer => BitOperations.Log2((uint)(_info.PieceLength / MerkleTree.BlockSize));

    /// <summary>The file with that root, as requests name files; -1 when there is none. Of files with equal content the first.</summary>
    public int FileOfRoot(Hash256 root) => _fileOfRoot.GetValueOrDefault(root, -1);

    /// <summary>
    /// The v2 hash of a piece, if it is known: the root of its blocks; in a file longer than a piece with zero leaves up to the length of a piece.
    /// </summary>
    public bool TryGetHash(int piece, out Hash256 hash)
    {
        int file = _info.FileAt(_info.StartOf(piece));
        TorrentFileEntry entry = _info.Files[file];
        if (_layers[file] is { } layer)
        {
            return layer.TryGet((int)((_info.StartOf(piece) - entry.Offset) / _info.PieceLength), out hash);
        }

        hash = entry.PiecesRoot;
        return hash != Hash256.Zero;
    }

    /// <summary>The first missing range of hashes of pieces, as a request asks for it; false when none is missing.</summary>
    /// <param name="from">The file to begin with.</param>
    /// <param name="request">What to ask.</param>
    public bool TryNextRequest(int from, out HashRange request)
    {
        for (int file = Math.Max(from, 0); file < _layers.Length; file++)
        {
            if (_layers[file] is { } layer && layer.FirstMissing() is var first and >= 0)
            {
                request = layer.RangeAround(first, BaseLayer);
                return true;
            }
        }

        request = default;
        return false;
    }

    /// <summary>All missing ranges of hashes of pieces, as requests ask for them; files with equal content are named once each.</summary>
    public IEnumerable<HashRange> MissingRanges()
    {
        foreach (PieceLayer? layer in _layers)
        {
            for (int index = layer?.NextMissing(0) ?? -1; index >= 0;)
            {
                HashRange range = layer!.RangeAround(index, BaseLayer);
                yield return range;
                index = layer.NextMissing(range.Index + range.Length);
            }
        }
    }

    /// <summary>The range that would tell the hash of a piece; false when it is known or its file needs none.</summary>
    public bool TryRequestFor(int piece, out HashRange request)
    {
        int file = _info.FileAt(_info.StartOf(piece));
        int index = (int)((_info.StartOf(piece) - _info.Files[file].Offset) / _info.PieceLength);
        if (_layers[file] is { } layer && !layer.TryGet(index, out _))
        {
            request = layer.RangeAround(index, BaseLayer);
            return true;
        }

        request = default;
        return false;
    }

    /// <summary>Takes the whole layer of a file; false, with nothing changed, when it does not lead to the file's root.</summary>
    /// <param name="file">Index of the file.</param>
    /// <param name="hashes">32 bytes a piece; kept, not copied.</param>
    public bool TryAddLayer(int file, ReadOnlyMemory<byte> hashes)
    {
        if (_layers[file] is not { } layer)
        {
            return false;
        }

        int before = layer.Missing;
        bool added = layer.TrySet(hashes);
        _missing -= before - layer.Missing;
        return added;
    }

    /// <summary>Takes the answer to a hash request for pieces (BEP 52, <c>hashes</c>); false, with nothing changed, when it does not lead to the root.</summary>
    /// <param name="range">What was asked.</param>
    /// <param name="hashes">All hashes of the answer: those asked for, then one uncle for each layer above.</param>
    public bool TryAdd(HashRange range, ReadOnlySpan<byte> hashes)
    {
        bool added = false;
        foreach (TorrentFileEntry file in _info.Files)
        {
            // Files with equal content share one answer.
            if (file.PiecesRoot == range.Root && range.BaseLayer == BaseLayer && _layers[file.Index] is { } layer)
            {
                int before = layer.Missing;
                added |= layer.TryAdd(range, hashes);
                _missing -= before - layer.Missing;
            }
        }

        return added;
    }

    /// <summary>Answers a hash request for pieces: the hashes asked for, then the uncles; null where it cannot be answered (a <c>hash reject</c>).</summary>
    public byte[]? Answer(HashRange range)
    {
        int file = FileOfRoot(range.Root);
        return file >= 0 && range.BaseLayer == BaseLayer && _layers[file] is { Missing: 0 } layer ? layer.Answer(range) : null;
    }

    /// <summary>A file's hashes of pieces, when it has some and all are known; null: it has one piece, or not all are known.</summary>
    internal PieceLayer? WholeLayer(int file) => _layers[file] is { Missing: 0 } layer ? layer : null;

    /// <summary>The whole layer of a file, 32 bytes a piece, where it is known and the file has one.</summary>
    public bool TryGetLayer(int file, out ReadOnlyMemory<byte> hashes)
    {
        hashes = default;
        return _layers[file] is { Missing: 0 } layer && layer.TryGetAll(out hashes);
    }
}

/// <summary>What a hash request asks for (BEP 52).</summary>
/// <param name="Root">The root of the file.</param>
/// <param name="BaseLayer">Layers between the blocks and the hashes asked for.</param>
/// <param name="Index">The first hash; a multiple of <paramref name="Length"/>.</param>
/// <param name="Length">Number of hashes, a power of two from 2.</param>
/// <param name="ProofLayers">Layers above them of which an uncle is wanted, counted from the base layer.</param>
public readonly record struct HashRange(Hash256 Root, int BaseLayer, int Index, int Length, int ProofLayers);
