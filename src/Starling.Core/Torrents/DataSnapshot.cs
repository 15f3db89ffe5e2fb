using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Torrents;

/// <summary>An immutable view of a <see cref="DataSwarm"/>.</summary>
public sealed record DataSnapshot
{
    /// <summary>Pieces of the torrent; 0 while the metadata is not known.</summary>
    public int Pieces { get; init; }

    /// <summary>Pieces that are here.</summary>
    public int Have { get; init; }

    /// <summary>Pieces that are wanted.</summary>
    public int Wanted { get; init; }

    /// <summary>Pieces that are wanted and here.</summary>
    public int WantedHave { get; init; }

    /// <summary>Peers with a finished handshake.</summary>
    public int Connected { get; init; }

    /// <summary>Bytes of blocks that came in since the start, also those that were not needed.</summary>
    public long DownloadedBytes { get; init; }

    /// <summary>Bytes of blocks sent since the start.</summary>
    public long UploadedBytes { get; init; }

    /// <summary>Bytes of blocks that came in and were not needed or wrong.</summary>
    public long WastedBytes { get; init; }

    /// <summary>Bytes a second that come in.</summary>
    public double DownRate { get; init; }

    /// <summary>Bytes a second that go out.</summary>
    public double UpRate { get; init; }

    /// <summary>The connected peers.</summary>
    public IReadOnlyList<DataPeerView> Peers { get; init; } = [];
}

/// <summary>One peer of a <see cref="DataSnapshot"/>.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="Client">What it calls itself; a text of strangers.</param>
/// <param name="Pieces">Pieces that it has.</param>
/// <param name="DownRate">Bytes a second from it.</param>
/// <param name="UpRate">Bytes a second to it.</param>
/// <param name="Outstanding">Requests that it has not answered.</param>
public sealed record DataPeerView(PeerAddress Address, string? Client, int Pieces, double DownRate, double UpRate, int Outstanding);
