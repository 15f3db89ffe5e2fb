using System;
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

    /// <summary>
    /// Asked once peers have told the metadata of a link: another place where all files of the torrent lie, checked; null: they are fetched into <see cref="Folder"/>.
    /// </summary>
    public Func<TorrentFile, TorrentPlace?>? Locate { get; init; }

    /// <summary>If not null, only the metadata of a link is wanted: it is told here, and no file is made.</summary>
    public Action<TorrentFile>? MetadataOnly { get; init; }

    /// <summary>The 20-byte names of its swarms.</summary>
    public IReadOnlyList<InfoHash> SwarmHashes => File?.Info.SwarmHashes ?? Magnet!.SwarmHashes;
}

/// <summary>Where the files of a torrent lie, all of them checked.</summary>
/// <param name="Torrent">The torrent with all of its v2 hashes.</param>
/// <param name="Folder">Absolute path of the folder that holds its file, or its own folder.</param>
/// <param name="StateFolder">Absolute path of the folder for its state.</param>
public sealed record TorrentPlace(TorrentFile Torrent, string Folder, string StateFolder);
