using System;
using System.Collections.Generic;

namespace Starling.Core.Metainfo;

/// <summary>What the reader of an <c>info</c> dictionary found, checked; see <see cref="TorrentInfo"/> for the meanings.</summary>
internal sealed record TorrentLayout
{
    public required string Name { get; init; }

    public required int PieceLength { get; init; }

    public required long TotalLength { get; init; }

    public required IReadOnlyList<TorrentFileEntry> Files { get; init; }

    public required bool IsFolder { get; init; }

    public required bool IsPrivate { get; init; }

    /// <summary>Whether there are v2 hashes.</summary>
    public required bool IsV2 { get; init; }

    /// <summary>20 bytes a piece; empty without v1.</summary>
    public required ReadOnlyMemory<byte> V1Pieces { get; init; }
}
