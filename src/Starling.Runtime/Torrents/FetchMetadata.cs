using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;

namespace Starling.Runtime.Torrents;

/// <summary>Gets the metadata that a magnet link names (BEP 9); false: why not.</summary>
/// <param name="link">The link.</param>
/// <param name="nodes">Nodes of the DHT to begin with, as <c>HOST:PORT</c>.</param>
/// <param name="torrent">The torrent, with the link's trackers and web seeds.</param>
/// <param name="problem">Code <c>metadata</c>.</param>
public delegate bool FetchMetadata(
    TorrentMagnet link, IReadOnlyList<string> nodes, [NotNullWhen(true)] out TorrentFile? torrent, [NotNullWhen(false)] out Problem? problem);
