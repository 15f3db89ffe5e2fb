using System;
using System.Collections.Generic;

namespace Starling.Runtime.Torrents;

/// <summary>How the files of a torrent are kept on this machine.</summary>
public sealed record TorrentStorageOptions
{
    /// <summary>Files that are open at a time, where nothing else is said.</summary>
    public const int DefaultMaxOpenFiles = 64;

    /// <summary>Files that are open at a time; more only while as many are in use by threads at once.</summary>
    public int MaxOpenFiles { get; init; } = DefaultMaxOpenFiles;

    /// <summary>Whether a new file gets its whole place on the disk at once; otherwise it grows as pieces come (sparse).</summary>
    public bool Preallocate { get; init; }

    /// <summary>
    /// By file: whether it is wanted; null: all are. Of files that are not wanted and not there, the parts that wanted pieces bring along are kept below
    /// <c>.starling</c>.
    /// </summary>
    public IReadOnlyList<bool>? Wanted { get; init; }

    /// <summary>Absolute path of the folder for state and lock, where files are shared that lie in somebody else's folder; null: below the download folder.</summary>
    public string? StateFolder { get; init; }

    /// <summary>Whether the caller has just read all files and found them right: those of the right length are not looked at again.</summary>
    public bool IsChecked { get; init; }

    /// <summary>The clock that the saved state is dated by.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
