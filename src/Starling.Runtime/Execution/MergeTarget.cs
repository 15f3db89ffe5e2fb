using System;
using System.Globalization;
using System.IO;
using Starling.Core.Primitives;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Execution;

/// <summary>
/// Where a merge writes before its file gets its place: a folder of its own, and in it the file under its final name, because programs
/// choose formats by the ending. A merge that fails leaves an earlier output as it was.
/// </summary>
internal sealed class MergeTarget : IDisposable
{
    private readonly string _folder;
    private readonly string _final;

    /// <exception cref="IOException">The folder can't be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be made.</exception>
    public MergeTarget(string privateFolder, int file, string final)
    {
        _final = final;
        _folder = System.IO.Path.Combine(privateFolder, string.Create(CultureInfo.InvariantCulture, $"output-{file}"));
        Path = System.IO.Path.Combine(_folder, System.IO.Path.GetFileName(final));
        SlotFolder.Remove(_folder);
        Directory.CreateDirectory(_folder);
    }

    /// <summary>Where to write.</summary>
    public string Path { get; }

    /// <summary>
    /// Moves what was written into place in one step; null, or why there is nothing to move. What takes the place of an earlier output
    /// is durable before; else <see cref="Flush"/> makes it so, for nobody has to wait for the disk to see an output that was not there.
    /// </summary>
    /// <exception cref="IOException">It can't be flushed or moved.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be moved there.</exception>
    public Problem? Publish()
    {
        // A pipe would keep its reader waiting for ever.
        var written = new FileInfo(Path);
        if (!written.Exists
            || written.LinkTarget is not null
            || written.Attributes.HasFlag(FileAttributes.Directory)
            || (OperatingSystem.IsLinux() && !HostileTree.IsFile(Path)))
        {
            return new Problem(
                Merger.Code,
                $"the merge of {System.IO.Path.GetFileName(_final)} ended well but wrote no file to \"$FILE\"",
                "Let the 'merge' command of the task write its output there.");
        }

        if (File.Exists(_final))
        {
            FlushFile(Path);
        }

        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(_final)!);
        File.Move(Path, _final, overwrite: true);
        return null;
    }

    /// <summary>Makes a published output durable.</summary>
    /// <exception cref="IOException">It can't be flushed.</exception>
    public static void Flush(string final)
    {
        FlushFile(final);
        NativeFiles.FlushFolder(System.IO.Path.GetDirectoryName(final)!);
    }

    /// <inheritdoc/>
    public void Dispose() => SlotFolder.TryRemove(_folder); // else the next merge of this file tries again

    private static void FlushFile(string path)
    {
        using FileStream file = File.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        file.Flush(flushToDisk: true);
    }
}
