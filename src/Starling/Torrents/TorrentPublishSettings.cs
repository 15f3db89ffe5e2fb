using System;
using System.Collections.Generic;
using System.Net;

namespace Starling.Torrents;

/// <summary>The command line of <c>starling torrent publish</c>.</summary>
internal sealed record TorrentPublishSettings
{
    /// <summary>A .torrent file or a magnet link.</summary>
    public required string Torrent { get; init; }

    public ReadOnlyMemory<byte> Salt { get; init; }

    public IPEndPoint? Listen { get; init; }

    public IReadOnlyList<string> DhtRouters { get; init; } = [];

    public bool Once { get; init; }

    public bool Json { get; init; }
}
