namespace Starling.Core.Metainfo;

/// <summary>What kind of torrent is made of files.</summary>
public sealed record TorrentRecipe
{
    /// <summary>Which hashes it has.</summary>
    public TorrentVersion Version { get; init; } = TorrentVersion.Hybrid;

    /// <summary>Bytes of a piece, a power of two from <see cref="CreatedTorrent.MinPieceLength"/>; null: chosen by the size of the files.</summary>
    public int? PieceLength { get; init; }

    /// <summary>Whether peers may come from trackers alone (BEP 27).</summary>
    public bool IsPrivate { get; init; }
}
