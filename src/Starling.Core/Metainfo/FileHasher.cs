using System;
using System.Collections.Generic;
using System.Numerics;
using System.Security.Cryptography;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Core.Metainfo;

/// <summary>
/// Hashes the files of a torrent while they stream by, one after the other: SHA-256 of blocks up to a layer of pieces (BEP 52), and SHA-1 of pieces
/// (BEP 3), as the version asks. Keeps 52 bytes a piece and the block hashes of the current piece, whatever the file's length.
/// </summary>
public sealed class FileHasher : IDisposable
{
    private readonly int _pieceLength;
    private readonly TorrentVersion _version;
    private readonly IncrementalHash _v1 = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
    private readonly List<byte> _v1Pieces = [];
    private readonly List<Hash256> _layer = [];
    private readonly List<Hash256> _leaves = [];
    private readonly byte[] _block = new byte[MerkleTree.BlockSize];
    private int _blockFill;
    private int _pieceFill;
    private long _length;

    /// <summary>A hasher of all files of one torrent in order.</summary>
    /// <param name="pieceLength">A power of two, 16 KiB or more.</param>
    /// <param name="version">Which hashes are wanted.</param>
    public FileHasher(int pieceLength, TorrentVersion version = TorrentVersion.Hybrid)
    {
        if (pieceLength < MerkleTree.BlockSize || !BitOperations.IsPow2(pieceLength))
        {
            throw new ArgumentOutOfRangeException(nameof(pieceLength), pieceLength, "not a power of two from 16 KiB");
        }

        _pieceLength = pieceLength;
        _version = version;
    }

    /// <summary>Takes the next bytes of the file.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        _length += bytes.Length;
        while (!bytes.IsEmpty)
        {
            // v1 pieces run on from file to file, so the block may be cut by the end of one.
            int room = Math.Min(MerkleTree.BlockSize - _blockFill, _pieceLength - _pieceFill - _blockFill);
            int taken = Math.Min(bytes.Length, room);
            bytes[..taken].CopyTo(_block.AsSpan(_blockFill));
            bytes = bytes[taken..];
            _blockFill += taken;
            if (taken == room)
            {
                EndBlock();
            }
        }
    }

    /// <summary>Ends the file; the next bytes are those of the next one.</summary>
    /// <param name="path">See <see cref="HashedFile.Path"/>.</param>
    /// <param name="isLast">Whether no file follows in the torrent: then the last v1 piece ends here.</param>
    public HashedFile Complete(string path, bool isLast)
    {
        EndBlock();
        bool single = _layer.Count == 0;
        if (_pieceFill > 0 && (isLast || _version != TorrentVersion.V1))
        {
            PadV1(isLast ? 0 : _pieceLength - _pieceFill);
            EndPiece();
        }

        Hash256 root = _layer.Count == 0 ? Hash256.Zero : single ? _layer[0] : RootOf(_layer);
        var file = new HashedFile(path, _length, root, _layer.Count < 2 ? [] : [.. _layer], [.. _v1Pieces]);
        _layer.Clear();
        _v1Pieces.Clear();
        _length = 0;
        return file;
    }

    /// <inheritdoc/>
    public void Dispose() => _v1.Dispose();

    private void PadV1(int padding)
    {
        if (_version != TorrentVersion.Hybrid)
        {
            return;
        }

        var zeros = new byte[Math.Min(padding, MerkleTree.BlockSize)];
        for (int rest = padding; rest > 0; rest -= zeros.Length)
        {
            _v1.AppendData(zeros, 0, Math.Min(rest, zeros.Length));
        }
    }

    private void EndBlock()
    {
        if (_blockFill == 0)
        {
            return;
        }

        ReadOnlySpan<byte> block = _block.AsSpan(0, _blockFill);
        if (_version != TorrentVersion.V1)
        {
            _leaves.Add(Hash256.Of(block));
        }

        if (_version != TorrentVersion.V2)
        {
            _v1.AppendData(block);
        }

        _pieceFill += _blockFill;
        _blockFill = 0;
        if (_pieceFill == _pieceLength)
        {
            EndPiece();
        }
    }

    private void EndPiece()
    {
        if (_version != TorrentVersion.V2)
        {
            _v1Pieces.AddRange(_v1.GetHashAndReset());
        }

        _pieceFill = 0;
        if (_version == TorrentVersion.V1)
        {
            return;
        }

        // A file within one piece has the root of its own blocks; otherwise the last piece's subtree is filled up to a whole piece.
        _layer.Add(_layer.Count > 0 ? MerkleTree.Root(_leaves, _pieceLength / MerkleTree.BlockSize) : MerkleTree.Root(_leaves));
        _leaves.Clear();
    }

    /// <summary>The root above the layer of pieces; pieces that are missing up to a power of two are subtrees of zero leaves (BEP 52).</summary>
    private Hash256 RootOf(IReadOnlyList<Hash256> layer)
    {
        var padded = new List<Hash256>(layer);
        Hash256 zeroPiece = MerkleTree.ZeroRoot(_pieceLength / MerkleTree.BlockSize);
        while (!BitOperations.IsPow2(padded.Count))
        {
            padded.Add(zeroPiece);
        }

        return MerkleTree.Root(padded);
    }
}
