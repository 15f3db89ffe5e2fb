using System;

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
    /// <summary>Checks a whole piece in memory.</summary>
    /// <param name="info">The torrent.</param>
    /// <param name="layers">Its v2 hashes; null for v1-only torrents.</param>
    /// <param name="piece">Number of the piece.</param>
    /// <param name="content">Its <see cref="TorrentInfo.PieceSize"/> bytes, padding included.</param>
    public static PieceVerdict Check(TorrentInfo info, PieceLayers? layers, int piece, ReadOnlySpan<byte> content)
    {
        using var hasher = new PieceHasher(info, piece);
        hasher.Append(content);
        return hasher.Verdict(layers);
    }
}
