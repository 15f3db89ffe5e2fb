using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.IO;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Runtime.Storage;

/// <summary>
/// The folder of one task on this machine (DESIGN section 11, Files): <c>DIR</c> gets exactly the task's files, <c>DIR/.starling/</c>
/// everything else. Holding one is holding its lock: no second process works in it.
/// </summary>
public sealed class TaskFolder : IDisposable
{
    /// <summary>Name of the folder for everything that is not output.</summary>
    public const string PrivateName = ".starling";

    private readonly IReadOnlyList<OutputFile> _files;
    private readonly FolderLock _lock;

    private TaskFolder(string root, Hash256 taskId, TaskInfo info, FolderLock folderLock)
    {
        Root = root;
        TaskId = taskId;
        PieceCount = info.PieceCount;
        PieceLength = info.PieceLength;
        _files = info.Files;
        _lock = folderLock;
    }

    /// <summary>Absolute path of <c>DIR</c>.</summary>
    public string Root { get; }

    /// <summary>The task that lives here.</summary>
    public Hash256 TaskId { get; }

    /// <summary>Pieces of the task.</summary>
    public int PieceCount { get; }

    /// <summary>The largest result in bytes.</summary>
    public int PieceLength { get; }

    /// <summary><c>DIR/.starling</c>.</summary>
    public string Private => Path.Combine(Root, PrivateName);

    /// <summary>The results that are too large for the journal.</summary>
    public string Pieces => Path.Combine(Private, "pieces");

    /// <summary>Unfinished outputs and downloads; emptied at start.</summary>
    public string Temporary => Path.Combine(Private, "tmp");

    /// <summary>The journal.</summary>
    public string Journal => Path.Combine(Private, "journal");

    /// <summary>The copy of the task file. Only its owner may read it: it holds the secret of a member swarm.</summary>
    public string TaskFile => Path.Combine(Private, "task.starling");

    /// <summary>Opens or makes the folder of a task; on false, <paramref name="problem"/> says why not.</summary>
    public static bool TryOpen(
        string directory,
        TaskInfo info,
        Hash256 taskId,
        [NotNullWhen(true)] out TaskFolder? folder,
        [NotNullWhen(false)] out Problem? problem)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(info);
        folder = null;
        string root = Path.GetFullPath(directory);
        string inner = Path.Combine(root, PrivateName);
        FolderLock? taken = null;
        try
        {
            Directory.CreateDirectory(root);
            MakePrivate(inner);
            if (!FolderLock.TryTake(inner, root, out taken, out problem))
            {
                return false;
            }

            Directory.CreateDirectory(Path.Combine(inner, "pieces"));
            Directory.CreateDirectory(Path.Combine(inner, "tmp"));
            NativeFiles.FlushFolder(inner);
            NativeFiles.FlushFolder(root);
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            taken?.Dispose();
            problem = StoreProblem.IsDiskFull(failure)
                ? StoreProblem.OfWrite(failure, root, 4096)
                : StoreProblem.OfAccess(failure, "folder-unusable", $"cannot use {root} as the task's folder");
            return false;
        }

        folder = new TaskFolder(root, taskId, info, taken);
        for (int file = 0; file < info.Files.Count; file++)
        {
            if (!folder.TryPathOf(file, out _, out problem))
            {
                folder.Dispose();
                folder = null;
                return false;
            }
        }

        problem = null;
        return true;
    }

    /// <summary>
    /// Absolute path of an output file. Refused are paths that leave the folder, by their text or through a symbolic link that lies in
    /// it, and those that lead into <c>.starling</c>; the task's validator has seen the text before, links only this machine can see.
    /// </summary>
    public bool TryPathOf(int file, [NotNullWhen(true)] out string? path, [NotNullWhen(false)] out Problem? problem)
    {
        string relative = _files[file].Path;
        path = null;
        string[] segments = relative.Split('/');
        string current = Root;
        for (int i = 0; i < segments.Length; i++)
        {
            string segment = segments[i];
            bool unsafeText = segment.Length == 0 || segment is "." or ".." || segment.AsSpan().IndexOfAny('\\', '\0', ':') >= 0
                || (i == 0 && segment.Equals(PrivateName, StringComparison.OrdinalIgnoreCase));
            if (unsafeText)
            {
                problem = new Problem("unsafe-path", $"output path '{relative}' of the task leads out of its folder", "Do not run this task.");
                return false;
            }

            current = Path.Combine(current, segment);
            if (new FileInfo(current).LinkTarget is not null)
            {
                problem = new Problem(
                    "unsafe-path", $"{current} is a symbolic link, so output would be written elsewhere", "Remove the link, or choose another --dir.");
                return false;
            }
        }

        path = current;
        problem = null;
        return true;
    }

    /// <summary>Where commands work; emptied at every start.</summary>
    public string Scratch => Path.Combine(Private, "scratch");

    /// <summary>The folder in which the pieces of one file are laid out for its merge.</summary>
    public string MergeFolderOf(int file) => Path.Combine(Private, string.Create(CultureInfo.InvariantCulture, $"merge-{file}"));

    /// <summary>What a run of this piece keeps between its attempts on this machine (<c>STATE</c>); made by who needs it.</summary>
    public string StateFolderOf(int piece) => Path.Combine(Private, "state", string.Create(CultureInfo.InvariantCulture, $"{piece:D6}"));

    /// <summary>Saves the copy of the task file, whole or not at all.</summary>
    /// <returns>Null, or what prevented it.</returns>
    public Problem? SaveTaskFile(ReadOnlySpan<byte> bytes)
    {
        string fresh = TaskFile + ".new";
        try
        {
            using (FileStream file = new(fresh, PrivateFile(FileMode.Create)))
            {
                file.Write(bytes);
                file.Flush(flushToDisk: true);
            }

            File.Move(fresh, TaskFile, overwrite: true);
            NativeFiles.FlushFolder(Private);
            return null;
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            return StoreProblem.OfWrite(failure, Private, bytes.Length);
        }
    }

    /// <summary>Reads the task file that an earlier process left in <paramref name="directory"/>; null when there is none that can be read.</summary>
    public static byte[]? ReadTaskFile(string directory)
    {
        try
        {
            using FileStream file = new(
                Path.Combine(directory, PrivateName, "task.starling"), FileMode.Open, FileAccess.Read, FileShare.Read, 1);
            if (file.Length > TaskLimitsOfFormat.MaxTaskFileSize)
            {
                return null;
            }

            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            return null;
        }
    }

    /// <summary>Gives the folder back to other processes.</summary>
    public void Dispose() => _lock.Dispose();

    /// <summary>How a new file below <c>.starling</c> is opened: nobody else may read it.</summary>
    internal static FileStreamOptions PrivateFile(FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.Read, BufferSize = 1 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return options;
    }

    private static void MakePrivate(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
