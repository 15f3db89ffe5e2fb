using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Threading;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Runtime.Torrents;

/// <summary>
/// Makes the torrent of a file or a folder on disk. The same name and content give the same torrent on every machine; dates, owners and
/// modes do not count. Symbolic links are refused: what they lead to differs between machines.
/// </summary>
public static class ContentHasher
{
    /// <summary>Code of the problems with what is to be hashed.</summary>
    public const string ProblemCode = "content";

    /// <summary>Files of one folder.</summary>
    public const int MaxFiles = TaskLimitsOfFormat.MaxFiles;

    private const int BufferSize = 1024 * 1024;

    /// <summary>Hashes the file or folder at <paramref name="path"/>.</summary>
    /// <param name="path">A path on this machine.</param>
    /// <param name="torrent">Its torrent, named after it.</param>
    /// <param name="paths">Absolute paths of its files, in the torrent's order.</param>
    /// <param name="problem">Code <c>content</c>; names the path.</param>
    /// <param name="cancel">Ends it by <see cref="OperationCanceledException"/>.</param>
    public static bool TryHash(
        string path,
        [NotNullWhen(true)] out CreatedTorrent? torrent,
        out IReadOnlyList<string> paths,
        [NotNullWhen(false)] out Problem? problem,
        CancellationToken cancel = default) => TryHash(path, new TorrentRecipe(), out torrent, out paths, out problem, cancel);

    /// <summary>Hashes the file or folder at <paramref name="path"/>.</summary>
    /// <param name="path">A path on this machine.</param>
    /// <param name="recipe">What kind of torrent it becomes.</param>
    /// <param name="torrent">Its torrent, named after it.</param>
    /// <param name="paths">Absolute paths of its files, in the torrent's order.</param>
    /// <param name="problem">Code <c>content</c>; names the path.</param>
    /// <param name="cancel">Ends it by <see cref="OperationCanceledException"/>.</param>
    public static bool TryHash(
        string path,
        TorrentRecipe recipe,
        [NotNullWhen(true)] out CreatedTorrent? torrent,
        out IReadOnlyList<string> paths,
        [NotNullWhen(false)] out Problem? problem,
        CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        torrent = null;
        paths = [];
        try
        {
            string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
            string name = Path.GetFileName(full);
            if (!SafePath.IsSafeName(name, out string? fault))
            {
                problem = Wrong(path, $"its name {fault}", "Rename it.");
                return false;
            }

            bool isFolder = Directory.Exists(full);
            if (!isFolder && !File.Exists(full))
            {
                problem = Wrong(path, "there is no such file or folder", "Check the path.");
                return false;
            }

            var files = new List<(string Relative, FileInfo File)>();
            problem = isFolder ? Collect(new DirectoryInfo(full), "", files) : CheckKind(new FileInfo(full), name, files);
            problem ??= files.Count == 0 ? Wrong(path, "the folder holds no files", "Put some into it.") : null;
            problem ??= SafePath.FirstClash(files.ConvertAll(static file => file.Relative)) is { } clash
                ? Wrong(path, $"'{SafePath.Quoted(clash)}' clashes with another file (upper and lower case count as equal)", "Rename one of them.")
                : null;
            if (problem is not null)
            {
                return false;
            }

            files.Sort(static (left, right) => CreatedTorrent.ComparePaths(left.Relative, right.Relative));
            paths = files.ConvertAll(static file => file.File.FullName);
            torrent = Hash(name, files, isFolder, recipe, cancel);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            problem = Wrong(path, $"cannot be read: {failure.Message}", "Check the path and the rights to read it.");
            return false;
        }
    }

    private static Problem? Collect(DirectoryInfo folder, string prefix, List<(string Relative, FileInfo File)> files)
    {
        foreach (FileSystemInfo entry in folder.EnumerateFileSystemInfos())
        {
            string relative = prefix + entry.Name;
            Problem? problem = !SafePath.IsSafe(relative, out string? fault)
                ? Wrong(entry.FullName, $"its path {fault}", "Rename it, or move it out of the folder.")
                : entry is DirectoryInfo { LinkTarget: null } inner ? Collect(inner, relative + "/", files) : CheckKind(entry, relative, files);
            if (problem is not null)
            {
                return problem;
            }
        }

        return null;
    }

    private static Problem? CheckKind(FileSystemInfo entry, string relative, List<(string Relative, FileInfo File)> files)
    {
        if (files.Count == MaxFiles)
        {
            return Wrong(entry.FullName, $"the folder holds more than {MaxFiles} files", "Pack them into an archive.");
        }

        if (entry is not FileInfo file || entry.LinkTarget is not null || (entry.Attributes & (FileAttributes.ReparsePoint | FileAttributes.Device)) != 0)
        {
            return Wrong(entry.FullName, "is a link or a device", "Replace it by the file itself.");
        }

        files.Add((relative, file));
        return null;
    }

    private static CreatedTorrent Hash(
        string name, List<(string Relative, FileInfo File)> files, bool isFolder, TorrentRecipe recipe, CancellationToken cancel)
    {
        long total = 0;
        foreach ((string _, FileInfo file) in files)
        {
            total = checked(total + file.Length);
        }

        int pieceLength = recipe.PieceLength ?? CreatedTorrent.PieceLengthFor(total);
        var hashed = new List<HashedFile>(files.Count);
        var buffer = new byte[BufferSize];
        using var hasher = new FileHasher(pieceLength, recipe.Version);
        for (int i = 0; i < files.Count; i++)
        {
            using var stream = new FileStream(files[i].File.FullName, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            if (!stream.CanSeek)
            {
                throw new IOException("not a regular file");
            }

            long read = 0;
            for (int count; (count = stream.Read(buffer)) > 0; read += count)
            {
                cancel.ThrowIfCancellationRequested();
                hasher.Append(buffer.AsSpan(0, count));
            }

            if (read != files[i].File.Length)
            {
                throw new IOException($"{files[i].File.FullName} changed while it was read");
            }

            hashed.Add(hasher.Complete(files[i].Relative, isLast: i == files.Count - 1));
        }

        return isFolder
            ? CreatedTorrent.OfFolder(name, pieceLength, hashed, recipe.Version, recipe.IsPrivate)
            : CreatedTorrent.OfFile(hashed[0], pieceLength, recipe.Version, recipe.IsPrivate);
    }

    private static Problem Wrong(string path, string reason, string hint) =>
        new(ProblemCode, $"'{SafePath.Quoted(path)}': {reason}", hint);
}
