using System.Collections.Generic;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;

namespace Starling.Runtime.Torrents;

/// <summary>A torrent to fetch and to share.</summary>
public sealed record TorrentRequest
{
    /// <summary>The torrent; null: <see cref="Magnet"/> names it, and peers tell the rest. With both, the link only adds whom to ask.</summary>
    public TorrentFile? File { get; init; }

    /// <summary>The link; null: <see cref="File"/> is known.</summary>
    public TorrentMagnet? Magnet { get; init; }

    /// <summary>The download folder; a torrent of many files makes its own folder in it.</summary>
    public required string Folder { get; init; }

    /// <summary>The files that are wanted; null: all.</summary>
    public FileSelection? Selection { get; init; }

    /// <summary>Whether pieces are fetched in order.</summary>
    public bool Sequential { get; init; }

    /// <summary>Bytes a second fetched at most; 0: no limit.</summary>
    public long DownRate { get; init; }

    /// <summary>Bytes a second sent at most; 0: no limit.</summary>
    public long UpRate { get; init; }

    /// <summary>Where the state of the torrent is kept; null: in the download folder (<see cref="TorrentStorageOptions.StateFolder"/>).</summary>
    public string? StateFolder { get; init; }

    /// <summary>Whether all files are there and were checked before (<see cref="TorrentStorageOptions.IsChecked"/>).</summary>
    public bool IsChecked { get; init; }

    /// <summary>The 20-byte names of its swarms.</summary>
    public IReadOnlyList<InfoHash> SwarmHashes => File?.Info.SwarmHashes ?? Magnet!.SwarmHashes;
}
