using System;
using System.Collections.Generic;
using System.Numerics;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Core.Metainfo;

/// <summary>
/// The hashes of blocks below the hashes of pieces (BEP 52, base layer 0): what answers to requests for them are made of, and how they are asked for and checked
/// piece by piece. Keeps none itself: they are 1/512 of the content.
/// </summary>
public sealed class BlockTree
{
    private readonly TorrentInfo _info;
    private readonly PieceLayers _layers;

    /// <summary>The tree of a torrent with v2 hashes.</summary>
    public BlockTree(TorrentInfo info, PieceLayers layers)
    {
        ArgumentNullException.ThrowIfNull(info);
        ArgumentNullException.ThrowIfNull(layers);
        (_info, _layers) = (info, layers);
    }

    /// <summary>
    /// The v2 hash of a piece over the hashes of its blocks; in a file longer than a piece with zero leaves up to the length of a piece.
    /// </summary>
    public static Hash256 RootOf(TorrentInfo info, int piece, IReadOnlyList<Hash256> leaves)
    {
        ArgumentNullException.ThrowIfNull(info);
        TorrentFileEntry file = info.Files[info.FileAt(info.StartOf(piece))];
        return file.Length > info.PieceLength ? MerkleTree.Root(leaves, info.PieceLength / MerkleTree.BlockSize) : MerkleTree.Root(leaves);
    }

    /// <summary>Whether these are the hashes of all blocks of a piece; false also while the hash of the piece is not known.</summary>
    public bool IsRight(int piece, IReadOnlyList<Hash256> leaves)
    {
        ArgumentNullException.ThrowIfNull(leaves);
        return leaves.Count == BlocksOf(piece) && _layers.TryGetHash(piece, out Hash256 hash) && RootOf(_info, piece, leaves) == hash;
    }

    /// <summary>Bytes of a piece that the hashes of its blocks are over.</summary>
    public int ContentSize(int piece) => _info.ContentSize(piece);

    /// <summary>Blocks of a piece that have a hash: padding and gaps have none.</summary>
    public int BlocksOf(int piece) => BlockCount(_info.ContentSize(piece));

    /// <summary>Blocks, from the first on, whose hash is over just what peers exchange: a last block that ends in padding is not one.</summary>
    public int WholeBlocksOf(int piece) =>
        _info.ContentSize(piece) == _info.PieceSize(piece) ? BlocksOf(piece) : _info.ContentSize(piece) / MerkleTree.BlockSize;

    /// <summary>
    /// Whether a request asks for hashes of blocks that can be told, and of which pieces the hashes of all blocks are needed for it; the hash of every piece
    /// of the file must be known.
    /// </summary>
    public bool TryPiecesOf(HashRange range, out int first, out int count)
    {
        (first, count) = (0, 0);
        int file = _layers.FileOfRoot(range.Root);
        if (file < 0 || range.BaseLayer != 0 || range.ProofLayers < 0 || range.Length is < 2 or > PieceLayers.MaxRequestLength
            || !BitOperations.IsPow2(range.Length) || range.Index < 0 || range.Index % range.Length != 0)
        {
            return false;
        }

        int width = WidthOf(file);
        (int firstOfFile, int pieces) = _info.PiecesOf(file);
        int from = range.Index / width;
        bool isWholeFile = pieces == 1;
        if (from >= pieces || (isWholeFile && range.Length > width) || (!isWholeFile && _layers.WholeLayer(file) is null))
        {
            return false;
        }

        first = firstOfFile + from;
        count = Math.Min(Math.Max(1, range.Length / width), pieces - from);
        return true;
    }

    /// <summary>The hashes asked for, then the uncles.</summary>
    /// <param name="range">A request for which <see cref="TryPiecesOf"/> holds.</param>
    /// <param name="leaves">The hashes of all blocks of one of the pieces that it names.</param>
    public byte[] Answer(HashRange range, Func<int, IReadOnlyList<Hash256>> leaves)
    {
        ArgumentNullException.ThrowIfNull(leaves);
        int file = _layers.FileOfRoot(range.Root);
        int width = WidthOf(file);
        int firstOfFile = _info.PiecesOf(file).First;
        PieceLayer? layer = _layers.WholeLayer(file);
        int pieceLevel = BitOperations.Log2((uint)width);
        int height = pieceLevel + (layer?.Height ?? 0);
        int first = BitOperations.Log2((uint)range.Length);
        int uncles = Math.Max(0, Math.Min(range.ProofLayers, height - 1) - first + 1);
        var answer = new byte[(range.Length + uncles) * Hash256.Size];
        Copy(range.Index, range.Length, answer);
        for (int i = 0; i < uncles; i++)
        {
            int level = first + i;
            int index = (range.Index >> level) ^ 1;
            Hash256 uncle;
            if (level < pieceLevel)
            {
                var nodes = new byte[Hash256.Size << level];
                Copy(index << level, 1 << level, nodes);
                uncle = MerkleTree.Fold(nodes);
            }
            else
            {
                uncle = layer!.Node(level - pieceLevel, index);
            }

            uncle.CopyTo(answer.AsSpan((range.Length + i) * Hash256.Size));
        }

        return answer;

        // Blocks behind the end of the file, and of its last piece, have zeros for a hash.
        void Copy(int index, int length, Span<byte> destination)
        {
            for (int i = index; i < index + length;)
            {
                int inPiece = i % width;
                int taken = Math.Min(width - inPiece, index + length - i);
                IReadOnlyList<Hash256> known = i / width < _info.PiecesOf(file).Count ? leaves(firstOfFile + (i / width)) : [];
                for (int j = inPiece; j < Math.Min(inPiece + taken, known.Count); j++)
                {
                    known[j].CopyTo(destination[((i + j - inPiece - index) * Hash256.Size)..]);
                }

                i += taken;
            }
        }
    }

    /// <summary>The requests whose answers are the hashes of all blocks of a piece; none where the piece is one block.</summary>
    public IReadOnlyList<HashRange> RequestsFor(int piece)
    {
        int file = _info.FileAt(_info.StartOf(piece));
        int width = WidthOf(file);
        var requests = new List<HashRange>();
        if (width >= 2)
        {
            int length = Math.Min(width, PieceLayers.MaxRequestLength);
            int first = (piece - _info.PiecesOf(file).First) * width;
            for (int index = 0; index < BlocksOf(piece); index += length)
            {
                requests.Add(new HashRange(_info.Files[file].PiecesRoot, 0, first + index, length, BitOperations.Log2((uint)width) - 1));
            }
        }

        return requests;
    }

    /// <summary>Takes the answer to one of <see cref="RequestsFor"/>; false, with nothing changed, when it does not lead to the hash of the piece.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="range">What was asked.</param>
    /// <param name="answer">All hashes of the answer.</param>
    /// <param name="leaves">Gets the hashes; one for each block of the piece.</param>
    public bool TryTake(int piece, HashRange range, ReadOnlySpan<byte> answer, Span<Hash256> leaves)
    {
        int width = WidthOf(_info.FileAt(_info.StartOf(piece)));
        int begin = range.Index % width;
        int there = Math.Min(range.Length, leaves.Length - begin);
        int uncles = BitOperations.Log2((uint)(width / range.Length));
        int sent = (answer.Length / Hash256.Size) - uncles;
        if (answer.Length % Hash256.Size != 0 || (sent != there && sent != range.Length) || !_layers.TryGetHash(piece, out Hash256 hash))
        {
            return false;
        }

        var nodes = new byte[range.Length * Hash256.Size];
        answer[..(sent * Hash256.Size)].CopyTo(nodes);
        if (MerkleTree.Climb(MerkleTree.Fold(nodes), begin / range.Length, answer[(sent * Hash256.Size)..]) != hash)
        {
            return false;
        }

        for (int i = 0; i < there; i++)
        {
            leaves[begin + i] = new Hash256(answer[(i * Hash256.Size)..]);
        }

        return true;
    }

    private static int BlockCount(long bytes) => (int)((bytes + MerkleTree.BlockSize - 1) / MerkleTree.BlockSize);

    /// <summary>Leaves below the hash of a piece of this file: a piece's worth, or all of a file that is not longer, with zeros up to a power of two.</summary>
    private int WidthOf(int file) => _info.Files[file].Length > _info.PieceLength
        ? _info.PieceLength / MerkleTree.BlockSize
        : (int)BitOperations.RoundUpToPowerOf2((uint)BlockCount(_info.Files[file].Length));
}
