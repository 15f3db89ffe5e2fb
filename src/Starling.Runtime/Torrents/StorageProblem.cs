using System;
using System.IO;
using Starling.Core.Primitives;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Torrents;

/// <summary>What can go wrong with the files of a torrent, with the file and what to do.</summary>
public static class StorageProblem
{
    /// <summary>Something that should be there is not: a file of the torrent is absent or ends too early. Downloading or a recheck repairs it.</summary>
    public const string MissingCode = "file-missing";

    /// <summary>A path that leads through a symbolic link, or is one.</summary>
    public const string UnsafeCode = "unsafe-path";

    internal static Problem Missing(string path) =>
        new(MissingCode, $"{path} is missing or too short", "Check the torrent's files again: what is missing is downloaded.");

    internal static Problem Link(string path) =>
        new(UnsafeCode, $"{path} is a symbolic link, and the torrent's bytes would land elsewhere", "Remove the link, or choose another folder with --dir.");

    internal static Problem OfWrite(Exception failure, string path, long bytes)
    {
        if (StoreProblem.IsDiskFull(failure))
        {
            return StoreProblem.OfWrite(failure, Path.GetDirectoryName(path) ?? path, bytes);
        }

        return Of(failure, path, "written");
    }

    internal static Problem OfRead(Exception failure, string path) =>
        failure is FileNotFoundException or DirectoryNotFoundException ? Missing(path) : Of(failure, path, "read");

    private static Problem Of(Exception failure, string path, string verb)
    {
        const int readOnlyFileSystem = 30;
        if (Directory.Exists(path))
        {
            return new Problem("is-folder", $"{path} can't be {verb}: it is a folder, and the torrent has a file of that name", "Move the folder away, or choose another with --dir.");
        }

        for (string? parent = Path.GetDirectoryName(path); parent is not null; parent = Path.GetDirectoryName(parent))
        {
            if (File.Exists(parent))
            {
                return new Problem("is-file", $"{parent} is a file, and the torrent has a folder of that name", "Move the file away, or choose another folder with --dir.");
            }
        }

        return failure switch
        {
            UnauthorizedAccessException => new Problem(
                "folder-denied", $"{path} can't be {verb}: permission denied", "Give this user access to it, or choose another folder with --dir."),
            NotSupportedException => new Problem("disk-error", $"{path} can't be {verb}: it is no regular file", "Move it away, or choose another folder with --dir."),
            IOException { HResult: readOnlyFileSystem } when !OperatingSystem.IsWindows() => new Problem(
                "read-only", $"{path} can't be {verb}: the file system is read-only", "Mount it for writing, or choose another folder with --dir."),
            _ => new Problem("disk-error", $"{path} can't be {verb}: {failure.Message}", "Check the disk, or choose another folder with --dir."),
        };
    }

    internal static bool IsOfTheWorld(Exception failure) => StoreProblem.IsOfTheWorld(failure) || failure is NotSupportedException;
}
