using System;
using System.Security.Cryptography;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Core.Metainfo;

/// <summary>What a check of a piece found.</summary>
public enum PieceVerdict
{
    /// <summary>All hashes of the torrent that are known match.</summary>
    Right,

    /// <summary>A hash does not match.</summary>
    Wrong,

    /// <summary>There is nothing to compare with: a v2-only torrent whose layer is not here yet (<see cref="PieceLayers.TryRequestFor"/>).</summary>
    Unknown,
}

/// <summary>Checks pieces: SHA-1 over all of a piece (BEP 3), the Merkle root over the part of its file (BEP 52), both for hybrid torrents.</summary>
public static class PieceCheck
{
    /// <summary>Checks a whole piece.</summary>
    /// <param name="info">The torrent.</param>
    /// <param name="layers">Its v2 hashes; null for v1-only torrents.</param>
    /// <param name="piece">Number of the piece.</param>
    /// <param name="content">Its <see cref="TorrentInfo.PieceSize"/> bytes, padding included.</param>
    public static PieceVerdict Check(TorrentInfo info, PieceLayers? layers, int piece, ReadOnlySpan<byte> content)
    {
        ArgumentNullException.ThrowIfNull(info);
        ArgumentOutOfRangeException.ThrowIfNotEqual(content.Length, info.PieceSize(piece), nameof(content));
        var verdict = PieceVerdict.Unknown;
        if (info.HasV1)
        {
            Span<byte> digest = stackalloc byte[InfoHash.Size];
            SHA1.HashData(content, digest);
            if (!digest.SequenceEqual(info.PieceHashV1(piece)))
            {
                return PieceVerdict.Wrong;
            }

            verdict = PieceVerdict.Right;
        }

        if (info.HasV2 && layers is not null && layers.TryGetHash(piece, out Hash256 expected))
        {
            return RootV2(info, piece, content[..info.ContentSize(piece)]) == expected ? PieceVerdict.Right : PieceVerdict.Wrong;
        }

        return verdict;
    }

    /// <summary>The v2 hash of a piece from its content, without padding.</summary>
    public static Hash256 RootV2(TorrentInfo info, int piece, ReadOnlySpan<byte> content)
    {
        ArgumentNullException.ThrowIfNull(info);
        Hash256[] leaves = MerkleTree.Leaves(content);
        TorrentFileEntry file = info.Files[info.FileAt(info.StartOf(piece))];
        return file.Length > info.PieceLength ? MerkleTree.Root(leaves, info.PieceLength / MerkleTree.BlockSize) : MerkleTree.Root(leaves);
    }
}
