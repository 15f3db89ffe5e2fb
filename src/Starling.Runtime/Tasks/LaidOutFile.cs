using System.Collections.Generic;
using System.IO;
using System.Linq;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Tasks;

/// <summary>A file of an input that lies elsewhere, or nowhere yet.</summary>
/// <param name="Path">Its safe path in the input.</param>
/// <param name="Source">Absolute path of where it lies; null: it is <paramref name="Content"/>.</param>
/// <param name="Content">Its bytes; null: they lie at <paramref name="Source"/>.</param>
internal sealed record LaidOutFile(string Path, string? Source, byte[]? Content)
{
    /// <summary>Bytes.</summary>
    public long Length => Content?.Length ?? new FileInfo(Source!).Length;

    /// <summary>Reads it.</summary>
    public Stream Open() => Content is null ? File.OpenRead(Source!) : new MemoryStream(Content, writable: false);

    /// <summary>
    /// Brings files together in the folder <paramref name="root"/>, by hard links where the disk can, else as copies. What lies there already is kept: whoever reads it
    /// afterwards sees whether it is right. A folder that holds anything else is left alone, and is a problem.
    /// </summary>
    public static Problem? WriteAll(IReadOnlyList<LaidOutFile> files, string root)
    {
        HashSet<string> wanted = [.. files.Select(file => System.IO.Path.Combine(root, file.Path))];
        if (File.Exists(root) || (Directory.Exists(root) && Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).FirstOrDefault(path => !wanted.Contains(path)) is not null))
        {
            return new Problem(CompTorrentTask.ProblemCode, $"'{SafePath.Quoted(root)}' is there and holds something else", "Move it away: the inputs of the task are laid out there.");
        }

        foreach (LaidOutFile file in files)
        {
            string target = System.IO.Path.Combine(root, file.Path);
            if (!File.Exists(target))
            {
                Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
                file.WriteTo(target, $"{root}.partly");
            }
        }

        return null;
    }

    /// <summary>Whole or not at all: a kill half way leaves a name that nobody looks at. What a symbolic link leads to is copied: the link itself may lead elsewhere later.</summary>
    private void WriteTo(string target, string partly)
    {
        if (Source is not null && new FileInfo(Source).LinkTarget is null && NativeFiles.TryLink(Source, target))
        {
            return;
        }

        using (Stream from = Open())
        using (FileStream to = File.Create(partly))
        {
            from.CopyTo(to);
        }

        File.Move(partly, target, overwrite: true);
    }
}
