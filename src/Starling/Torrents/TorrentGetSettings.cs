using System.Collections.Generic;
using System.Net;
using Starling.Core.Metainfo;
using Starling.Core.Wire.Mse;

namespace Starling.Torrents;

/// <summary>The command line of <c>starling torrent get</c>.</summary>
internal sealed record TorrentGetSettings
{
    /// <summary>A .torrent file or a magnet link.</summary>
    public required string Torrent { get; init; }

    public string? Dir { get; init; }

    public IPEndPoint? Listen { get; init; }

    public IReadOnlyList<string> Peers { get; init; } = [];

    /// <summary>Share after it is complete, until stopped.</summary>
    public bool Seed { get; init; }

    /// <summary>Leave when it is complete, even when it was so from the start.</summary>
    public bool Exit { get; init; }

    public MsePolicy Encryption { get; init; } = MsePolicy.Prefer;

    /// <summary>The files that are wanted; null: all, or those that the link names.</summary>
    public FileSelection? Select { get; init; }

    /// <summary>Bytes a second; 0: no limit.</summary>
    public long Down { get; init; }

    /// <summary>Bytes a second; 0: no limit.</summary>
    public long Up { get; init; }

    public bool UseDht { get; init; } = true;

    /// <summary>Nodes of the DHT to begin with, as <c>host:port</c>.</summary>
    public IReadOnlyList<string> DhtRouters { get; init; } = [];

    public bool Json { get; init; }
}
