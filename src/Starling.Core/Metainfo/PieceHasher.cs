using System;
using System.Collections.Generic;
using System.Security.Cryptography;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Core.Metainfo;

/// <summary>Checks a piece while it streams by: keeps 32 bytes a block of 16 KiB, and one block.</summary>
public sealed class PieceHasher : IDisposable
{
    private readonly TorrentInfo _info;
    private readonly int _piece;
    private readonly int _contentSize;
    private readonly IncrementalHash? _v1;
    private readonly List<Hash256> _leaves = [];
    private readonly byte[] _block;
    private int _blockFill;
    private int _length;

    /// <summary>A hasher of one piece.</summary>
    public PieceHasher(TorrentInfo info, int piece)
    {
        ArgumentNullException.ThrowIfNull(info);
        _info = info;
        _piece = piece;
        _contentSize = info.HasV2 ? info.ContentSize(piece) : 0;
        _v1 = info.HasV1 ? IncrementalHash.CreateHash(HashAlgorithmName.SHA1) : null;
        _block = new byte[info.HasV2 ? MerkleTree.BlockSize : 0];
    }

    /// <summary>Takes the next bytes of the piece, padding included.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        _v1?.AppendData(bytes);

        // The v2 hash ends with the file.
        ReadOnlySpan<byte> content = bytes[..Math.Clamp(_contentSize - _length, 0, bytes.Length)];
        _length += bytes.Length;
        while (!content.IsEmpty)
        {
            int taken = Math.Min(content.Length, MerkleTree.BlockSize - _blockFill);
            if (taken == MerkleTree.BlockSize)
            {
                _leaves.Add(Hash256.Of(content[..taken]));
            }
            else
            {
                content[..taken].CopyTo(_block.AsSpan(_blockFill));
                _blockFill += taken;
                if (_blockFill == MerkleTree.BlockSize)
                {
                    EndBlock();
                }
            }

            content = content[taken..];
        }
    }

    /// <summary>Ends the piece and compares it with the torrent. The whole piece must have been appended.</summary>
    /// <param name="layers">The v2 hashes; null for v1-only torrents.</param>
    public PieceVerdict Verdict(PieceLayers? layers)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(_length, _info.PieceSize(_piece), nameof(layers));
        EndBlock();
        var verdict = PieceVerdict.Unknown;
        if (_v1 is not null)
        {
            Span<byte> digest = stackalloc byte[InfoHash.Size];
            _v1.GetHashAndReset(digest);
            if (!digest.SequenceEqual(_info.PieceHashV1(_piece)))
            {
                return PieceVerdict.Wrong;
            }

            verdict = PieceVerdict.Right;
        }

        return _info.HasV2 && layers is not null && layers.TryGetHash(_piece, out Hash256 expected)
            ? BlockTree.RootOf(_info, _piece, _leaves) == expected ? PieceVerdict.Right : PieceVerdict.Wrong
            : verdict;
    }

    /// <inheritdoc/>
    public void Dispose() => _v1?.Dispose();

    private void EndBlock()
    {
        if (_blockFill > 0)
        {
            _leaves.Add(Hash256.Of(_block.AsSpan(0, _blockFill)));
            _blockFill = 0;
        }
    }
}
