using System;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Linq;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Torrents;

/// <summary>
/// Where one torrent lives: its files in <c>DIR</c>, everything else in <c>DIR/.starling/torrents/HASH/</c>. Holding one is holding its lock: no second
/// process works on the same torrent there. Nothing outside of <c>DIR</c> is ever opened: paths of the torrent are safe by their text, and a
/// symbolic link on the way refuses them.
/// </summary>
public sealed class TorrentFolder : IDisposable
{
    /// <summary>Torrents of one folder that are looked at for one that a link names by its other hash.</summary>
    private const int MaxLookedAt = 256;

    private readonly FolderLock _lock;

    private TorrentFolder(string root, string inner, FolderLock folderLock)
    {
        Root = root;
        Private = inner;
        _lock = folderLock;
    }

    /// <summary>Absolute path of <c>DIR</c>.</summary>
    public string Root { get; }

    /// <summary>The folder for everything that is no file of the torrent.</summary>
    public string Private { get; }

    /// <summary>The saved state.</summary>
    public string Resume => Path.Combine(Private, "resume");

    /// <summary>Parts of files that are not wanted.</summary>
    public string Parts => Path.Combine(Private, "parts");

    /// <summary>Opens or makes the folder of a torrent.</summary>
    /// <param name="directory"><c>DIR</c>; it may be a link, for the user named it.</param>
    /// <param name="info">The torrent.</param>
    /// <param name="stateFolder">Where <c>HASH/</c> lies instead, if not null.</param>
    /// <param name="folder">The folder, locked.</param>
    /// <param name="problem">Why not.</param>
    public static bool TryOpen(
        string directory, TorrentInfo info, string? stateFolder, [NotNullWhen(true)] out TorrentFolder? folder, [NotNullWhen(false)] out Problem? problem)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(info);
        folder = null;
        string root = Path.GetFullPath(directory);
        string inner = stateFolder is null ? PrivateOf(root, info.SwarmHashes[0]) : Path.Combine(stateFolder, info.SwarmHashes[0].ToString());
        try
        {
            Directory.CreateDirectory(root);
            if (stateFolder is null && LinkBetween(root, Path.GetRelativePath(root, inner)) is { } link)
            {
                problem = StorageProblem.Link(link);
                return false;
            }

            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(inner);
            }
            else
            {
                Directory.CreateDirectory(inner, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            if (!FolderLock.TryTake(inner, root, out FolderLock? taken, out problem))
            {
                return false;
            }

            folder = new TorrentFolder(root, inner, taken);
            return true;
        }
        catch (Exception failure) when (StorageProblem.IsOfTheWorld(failure))
        {
            problem = StorageProblem.OfWrite(failure, inner, 4096);
            return false;
        }
    }

    /// <summary>
    /// The .torrent file that an earlier start saved in <paramref name="directory"/>, so that a magnet link need not fetch it again; null when there is none that fits the hash.
    /// </summary>
    /// <param name="directory"><c>DIR</c>.</param>
    /// <param name="hash">Any of the torrent's <see cref="TorrentInfo.SwarmHashes"/>: a link may name another one than the folder is called by.</param>
    public static TorrentFile? ReadTorrent(string directory, InfoHash hash)
    {
        string own = PrivateOf(Path.GetFullPath(directory), hash);
        return ReadTorrentBelow(Path.GetDirectoryName(own)!, hash);
    }

    /// <summary>As <see cref="ReadTorrent"/>, where the state of torrents is kept in a folder of its own (<see cref="TorrentStorageOptions.StateFolder"/>).</summary>
    public static TorrentFile? ReadTorrentBelow(string stateFolder, InfoHash hash)
    {
        ArgumentNullException.ThrowIfNull(stateFolder);
        if (Read(TorrentOf(Path.Combine(stateFolder, hash.ToString())), hash) is { } torrent)
        {
            return torrent;
        }

        try
        {
            foreach (string other in Directory.EnumerateDirectories(stateFolder).Take(MaxLookedAt))
            {
                if (Read(TorrentOf(other), hash) is { } found)
                {
                    return found;
                }
            }
        }
        catch (Exception failure) when (StorageProblem.IsOfTheWorld(failure))
        {
            // No torrent was ever here.
        }

        return null;
    }

    /// <summary>Saves the .torrent file, whole or not at all; null, or what prevented it.</summary>
    public Problem? SaveTorrent(TorrentFile torrent)
    {
        ArgumentNullException.ThrowIfNull(torrent);
        return Save(TorrentOf(Private), torrent.ToBytes());
    }

    /// <summary>Absolute path of a file of the torrent; a problem when a symbolic link lies on the way.</summary>
    public bool TryPathOf(TorrentFileEntry file, out string path, [NotNullWhen(false)] out Problem? problem)
    {
        ArgumentNullException.ThrowIfNull(file);
        path = Path.Combine(Root, file.Path);
        problem = LinkBetween(Root, file.Path) is { } link ? StorageProblem.Link(link) : null;
        return problem is null;
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    /// <summary>Replaces a file of the private folder by new content: after a crash it is the old or the new one.</summary>
    internal Problem? Save(string path, ReadOnlySpan<byte> bytes)
    {
        string fresh = path + ".new";
        try
        {
            using (FileStream file = new(fresh, TaskFolder.PrivateFile(FileMode.Create)))
            {
                file.Write(bytes);
                file.Flush(flushToDisk: true);
            }

            File.Move(fresh, path, overwrite: true);
            NativeFiles.FlushFolder(Private);
            return null;
        }
        catch (Exception failure) when (StorageProblem.IsOfTheWorld(failure))
        {
            return StorageProblem.OfWrite(failure, path, bytes.Length);
        }
    }

    private static TorrentFile? Read(string path, InfoHash hash)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
            if (file.Length > TorrentLimits.MaxTorrentFileSize)
            {
                return null;
            }

            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return TorrentFile.TryRead(bytes, out TorrentFile? torrent, out _) && torrent.Info.SwarmHashes.Contains(hash) ? torrent : null;
        }
        catch (Exception failure) when (StorageProblem.IsOfTheWorld(failure))
        {
            return null;
        }
    }

    private static string PrivateOf(string root, InfoHash hash) => Path.Combine(root, TaskFolder.PrivateName, "torrents", hash.ToString());

    private static string TorrentOf(string inner) => Path.Combine(inner, "torrent");

    /// <summary>The first symbolic link on the way from <paramref name="root"/>; null: none.</summary>
    private static string? LinkBetween(string root, string relative)
    {
        string current = root;
        foreach (string part in relative.Split('/', Path.DirectorySeparatorChar))
        {
            current = Path.Combine(current, part);
            if (new FileInfo(current).LinkTarget is not null)
            {
                return current;
            }
        }

        return null;
    }
}
