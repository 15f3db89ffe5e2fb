using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using Starling.Core.Metainfo;
using Starling.Core.Wire.Mse;
using Starling.Runtime.Torrents;

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

    /// <summary>The wait between two looks at what an author names.</summary>
    public TimeSpan FeedPoll { get; init; } = TorrentFeed.PollInterval;

    private string Folder => Path.GetFullPath(Dir ?? ".");

    /// <summary>What is asked of a torrent that is known.</summary>
    public TorrentRequest RequestOf(TorrentFile file) => new() { Folder = Folder, DownRate = Down, UpRate = Up, File = file, Selection = Select };

    /// <summary>What is asked of a torrent that a link names; an earlier start may have its metadata already.</summary>
    public TorrentRequest RequestOf(TorrentMagnet magnet)
    {
        TorrentFile? known = TorrentFolder.ReadTorrent(Folder, magnet.SwarmHashes[0]);
        return new TorrentRequest
        {
            Folder = Folder,
            DownRate = Down,
            UpRate = Up,
            File = known is not null && magnet.Names(known.Info) ? known : null,
            Magnet = magnet,
            Selection = Select ?? magnet.Selection,
        };
    }
}
