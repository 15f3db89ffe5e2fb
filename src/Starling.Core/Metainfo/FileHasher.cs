using System;
using System.Collections.Generic;
using System.Numerics;
using System.Security.Cryptography;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Core.Metainfo;

/// <summary>
/// Hashes one file of a hybrid torrent while it streams by: SHA-256 of blocks up to a layer of pieces (BEP 52), and SHA-1 of pieces
/// (BEP 3). Keeps 52 bytes a piece and the block hashes of the current piece, whatever the file's length.
/// </summary>
public sealed class FileHasher : IDisposable
{
    private readonly int _pieceLength;
    private readonly IncrementalHash _v1 = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
    private readonly List<byte> _v1Pieces = [];
    private readonly List<Hash256> _layer = [];
    private readonly List<Hash256> _leaves = [];
    private readonly byte[] _block = new byte[MerkleTree.BlockSize];
    private int _blockFill;
    private int _pieceFill;
    private long _length;

    /// <summary>A hasher of one file.</summary>
    /// <param name="pieceLength">A power of two, 16 KiB or more.</param>
    public FileHasher(int pieceLength)
    {
        if (pieceLength < MerkleTree.BlockSize || !BitOperations.IsPow2(pieceLength))
        {
            throw new ArgumentOutOfRangeException(nameof(pieceLength), pieceLength, "not a power of two from 16 KiB");
        }

        _pieceLength = pieceLength;
    }

    /// <summary>Takes the next bytes of the file.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        _length += bytes.Length;
        while (!bytes.IsEmpty)
        {
            int taken = Math.Min(bytes.Length, MerkleTree.BlockSize - _blockFill);
            bytes[..taken].CopyTo(_block.AsSpan(_blockFill));
            bytes = bytes[taken..];
            _blockFill += taken;
            if (_blockFill == MerkleTree.BlockSize)
            {
                EndBlock();
            }
        }
    }

    /// <summary>Ends the file.</summary>
    /// <param name="path">See <see cref="HashedFile.Path"/>.</param>
    /// <param name="isLast">Whether no file follows in the torrent: then the last v1 piece is not padded.</param>
    public HashedFile Complete(string path, bool isLast)
    {
        EndBlock();
        bool single = _layer.Count == 0;
        if (_pieceFill > 0)
        {
            int padding = isLast ? 0 : _pieceLength - _pieceFill;
            var zeros = new byte[Math.Min(padding, MerkleTree.BlockSize)];
            for (int rest = padding; rest > 0; rest -= zeros.Length)
            {
                _v1.AppendData(zeros, 0, Math.Min(rest, zeros.Length));
            }

            EndPiece();
        }

        return single
            ? new HashedFile(path, _length, _layer.Count == 0 ? Hash256.Zero : _layer[0], [], [.. _v1Pieces])
            : new HashedFile(path, _length, RootOf(_layer), _layer.Count == 1 ? [] : [.. _layer], [.. _v1Pieces]);
    }

    /// <inheritdoc/>
    public void Dispose() => _v1.Dispose();

    private void EndBlock()
    {
        if (_blockFill == 0)
        {
            return;
        }

        ReadOnlySpan<byte> block = _block.AsSpan(0, _blockFill);
        _leaves.Add(Hash256.Of(block));
        _v1.AppendData(block);
        _pieceFill += _blockFill;
        _blockFill = 0;
        if (_pieceFill == _pieceLength)
        {
            EndPiece();
        }
    }

    private void EndPiece()
    {
        _v1Pieces.AddRange(_v1.GetHashAndReset());

        // A file within one piece has the root of its own blocks; otherwise the last piece's subtree is filled up to a whole piece.
        if (_layer.Count > 0)
        {
            while (_leaves.Count < _pieceLength / MerkleTree.BlockSize)
            {
                _leaves.Add(Hash256.Zero);
            }
        }

        _layer.Add(MerkleTree.Root(_leaves));
        _leaves.Clear();
        _pieceFill = 0;
    }

    /// <summary>The root above the layer of pieces; pieces that are missing up to a power of two are subtrees of zero leaves (BEP 52).</summary>
    private Hash256 RootOf(IReadOnlyList<Hash256> layer)
    {
        var padded = new List<Hash256>(layer);
        var zeroLeaves = new Hash256[_pieceLength / MerkleTree.BlockSize];
        Hash256 zeroPiece = MerkleTree.Root(zeroLeaves);
        while (!BitOperations.IsPow2(padded.Count))
        {
            padded.Add(zeroPiece);
        }

        return MerkleTree.Root(padded);
    }
}
