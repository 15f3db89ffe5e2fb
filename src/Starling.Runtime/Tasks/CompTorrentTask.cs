using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Tasks;

/// <summary>
/// A <c>.comptorrent</c> file and its chunks as a task: open, unsigned, one piece for each chunk, <c>replicas: 2</c> (the paper's two-fold computing and
/// comparison). The same file and chunks make the same task on every machine.
/// </summary>
/// <remarks>
/// The chunks become one input, <c>NAME.chunks</c>, in which chunk i lies in a folder of its own called by its number: files of a torrent are ordered by their
/// paths, and this way they stay in the order of the file. A Java class becomes the input <c>NAME.classes</c>.
/// </remarks>
public static class CompTorrentTask
{
    /// <summary>Code of the problems with the folder of the chunks.</summary>
    public const string ProblemCode = "data";

    private const int BufferSize = 1024 * 1024;
    private const int MostNamed = 8;

    /// <summary>Makes the task.</summary>
    /// <param name="file">What the <c>.comptorrent</c> says.</param>
    /// <param name="dataFolder">The folder that holds the chunks; null: the owner named none.</param>
    /// <param name="layout">Absolute path of the folder that gets the inputs as they are shared, by links to the chunks or copies of them; null: nothing is written, the
    /// task is only looked at.</param>
    /// <param name="prepared">The task, and its inputs in <paramref name="layout"/>; of a task that is only looked at, the chunks where they are, not to be shared.</param>
    /// <param name="problem">What is wrong with the file, or with the chunks.</param>
    public static bool TryPrepare(
        CompTorrentFile file, string? dataFolder, string? layout, [NotNullWhen(true)] out PreparedTask? prepared, [NotNullWhen(false)] out Problem? problem)
    {
        ArgumentNullException.ThrowIfNull(file);
        prepared = null;
        if (dataFolder is null)
        {
            problem = new Problem(
                ProblemCode,
                $"the chunks of '{file.Name}' are not here: the file names them by MD5, the task by SHA-256, which only the chunks themselves tell",
                "Give the folder that holds them with --data DIR, or run the link or .starling file of a machine that has them.");
            return false;
        }

        try
        {
            if (!TryReadInputs(file, Path.GetFullPath(dataFolder), layout, out List<AuthoredInput> inputs, out problem))
            {
                return false;
            }

            var draft = new TaskDraft
            {
                Name = file.Name,
                Run = new RunSpec.Shell(CommandOf(file)),
                Chunks = new ChunkSpec(inputs[0].Spec.Name, 0),
                Needs = new NeedsSpec { Programs = file.ClassName is null ? [] : [ProgramOf(file)] },
                Trackers = file.Tracker is null ? [] : [[file.Tracker]],
            };
            return TaskAuthor.TryPrepareOpen(draft, inputs, out prepared, out problem);
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure) || failure is ArgumentException)
        {
            problem = Wrong($"the chunks cannot be read or laid out: {failure.Message}", "Check the folder and the rights to read it.");
            return false;
        }
    }

    /// <summary>
    /// What computes a chunk, which it gets on its standard input and in <c>CHUNK</c>. A class is started by <c>execution</c>, else by <c>java</c>, with the chunk's
    /// path as its argument; an <c>execution</c> that names the class itself is taken as it is.
    /// </summary>
    public static string CommandOf(CompTorrentFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (file.ClassName is null)
        {
            return $"{{ {file.Execution}\n}} < \"$CHUNK\"";
        }

        string launcher = file.Execution ?? "java";
        string started = launcher.Contains(file.ClassName, StringComparison.Ordinal) ? launcher : $"{launcher} '{file.ClassName}' \"$CHUNK\"";
        return $"export CLASSPATH=\"$INPUTS\"/{Quoted(ClassesName(file))}\n{{ {started}\n}} < \"$CHUNK\"";
    }

    private static string ClassesName(CompTorrentFile file) => $"{file.Name}.classes";

    private static string Quoted(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>The first word of the launcher.</summary>
    private static string ProgramOf(CompTorrentFile file) => file.Execution?.Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries)[0] ?? "java";

    private static bool TryReadInputs(CompTorrentFile file, string dataFolder, string? layout, out List<AuthoredInput> inputs, [NotNullWhen(false)] out Problem? problem)
    {
        inputs = [];
        List<LaidOutFile> chunks = LayOut(file, dataFolder);
        problem = CheckSizes(file, dataFolder, chunks);
        if (problem is not null)
        {
            return false;
        }

        List<LaidOutFile> classes = file.ClassName is null ? [] : [new LaidOutFile(file.ClassName.Replace('.', '/') + ".class", null, file.JavaBytecode)];
        if (!TryHash($"{file.Name}.chunks", chunks, file, layout, out AuthoredInput? data, out problem))
        {
            return false;
        }

        // Who only looks is told where the chunks are.
        inputs.Add(layout is null ? data with { Here = new LocalInput(data.Spec, dataFolder, [.. chunks.Select(static chunk => chunk.Source!)], NotLaidOut) } : data);
        if (classes.Count > 0)
        {
            if (!TryHash(ClassesName(file), classes, null, layout, out AuthoredInput? program, out problem))
            {
                return false;
            }

            inputs.Add(program);
        }

        return true;
    }

    /// <summary>Chunk i of n in folder i, written with as many digits as n − 1 has.</summary>
    private static List<LaidOutFile> LayOut(CompTorrentFile file, string dataFolder)
    {
        int digits = (file.Chunks.Count - 1).ToString(CultureInfo.InvariantCulture).Length;
        return [.. file.Chunks.Select((chunk, i) => new LaidOutFile(
            $"{i.ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0')}/{chunk.Name}", Path.Combine(dataFolder, chunk.Name), null))];
    }

    /// <summary>What can be said before anything is read.</summary>
    private static Problem? CheckSizes(CompTorrentFile file, string dataFolder, List<LaidOutFile> chunks)
    {
        if (!Directory.Exists(dataFolder))
        {
            return Wrong($"'{SafePath.Quoted(dataFolder)}': there is no such folder", "--data names the folder that holds the chunks.");
        }

        string[] missing = [.. file.Chunks.Where((_, i) => !File.Exists(chunks[i].Source)).Select(static chunk => $"'{SafePath.Quoted(chunk.Name)}'")];
        if (missing.Length > 0)
        {
            string more = missing.Length > MostNamed ? $" and {missing.Length - MostNamed} more" : "";
            return Wrong(
                $"{missing.Length} of {file.Chunks.Count} chunks are not in {SafePath.Quoted(dataFolder)}: {string.Join(", ", missing.Take(MostNamed))}{more}",
                "Copy them there, or name another folder with --data.");
        }

        for (int i = 0; i < chunks.Count; i++)
        {
            CompTorrentChunk chunk = file.Chunks[i];
            long length = new FileInfo(chunks[i].Source!).Length;
            if (length != chunk.Size)
            {
                return Wrong($"chunk '{SafePath.Quoted(chunk.Name)}' has {length} bytes, the file says {chunk.Size}", "Get the chunk again.");
            }
        }

        long total = file.Chunks.Sum(static chunk => chunk.Size);
        return file.Size is { } size && size != total
            ? Wrong($"the chunks have {total} bytes together, the file says {size}", "The file contradicts itself: get it again.")
            : null;
    }

    /// <summary>Lays the input out, then reads what lies there once: for MD5, and for the torrent.</summary>
    /// <param name="name">Name of the input.</param>
    /// <param name="files">Its files in the order of their paths.</param>
    /// <param name="expected">Says what the MD5 of each file is; null: they are what they are.</param>
    /// <param name="layout">Where it is laid out; null: nowhere.</param>
    /// <param name="input">The input.</param>
    /// <param name="problem">What is wrong with its files.</param>
    private static bool TryHash(
        string name, List<LaidOutFile> files, CompTorrentFile? expected, string? layout, [NotNullWhen(true)] out AuthoredInput? input, [NotNullWhen(false)] out Problem? problem)
    {
        input = null;
        string path = Path.Combine(layout ?? "/", name);
        string[] paths = [.. files.Select(file => Path.Combine(path, file.Path))];
        problem = files.Select(static file => SafePath.IsSafe(file.Path, out string? fault) ? null : fault).FirstOrDefault(static fault => fault is not null) is { } wrong
            ? Wrong($"a path in '{SafePath.Quoted(name)}' {wrong}", "Use shorter names.")
            : layout is null ? null : LaidOutFile.WriteAll(files, path);
        if (problem is not null)
        {
            return false;
        }

        int pieceLength = CreatedTorrent.PieceLengthFor(files.Sum(static file => file.Length));
        var hashed = new List<HashedFile>(files.Count);
        using var hasher = new FileHasher(pieceLength);
        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        var buffer = new byte[BufferSize];
        for (int i = 0; i < files.Count; i++)
        {
            using (Stream stream = layout is null ? files[i].Open() : File.OpenRead(paths[i]))
            {
                for (int count; (count = stream.Read(buffer)) > 0;)
                {
                    Span<byte> read = buffer.AsSpan(0, count);
                    hasher.Append(read);
                    md5.AppendData(read);
                    whole.AppendData(read);
                }
            }

            hashed.Add(hasher.Complete(files[i].Path, isLast: i == files.Count - 1));
            string found = Convert.ToHexStringLower(md5.GetHashAndReset());
            if (expected is not null && found != expected.Chunks[i].Md5)
            {
                if (layout is not null)
                {
                    // The right one takes its place the next time.
                    File.Delete(paths[i]);
                }

                problem = Wrong($"chunk '{SafePath.Quoted(expected.Chunks[i].Name)}' has the MD5 {found}, the file says {expected.Chunks[i].Md5}", "Get the chunk again.");
                return false;
            }
        }

        if (expected?.Md5 is { } md5OfAll && Convert.ToHexStringLower(whole.GetHashAndReset()) is var foundOfAll && foundOfAll != md5OfAll)
        {
            problem = Wrong($"the chunks one after the other have the MD5 {foundOfAll}, the file says {md5OfAll}", "The file contradicts itself: get it again.");
            return false;
        }

        CreatedTorrent torrent = CreatedTorrent.OfFolder(name, pieceLength, hashed);
        if (!torrent.TryToFile(out _, out problem))
        {
            return false;
        }

        var spec = new InputSpec(name, new TorrentId(torrent.InfoHash), torrent.Length);
        input = new AuthoredInput(spec, files.Count, IsFolder: true, layout is null ? null : LocalInput.Of(spec, path, paths, torrent), null);
        return true;
    }

    private static TorrentFile NotLaidOut() => throw new InvalidOperationException("The inputs of a task that is only looked at are not shared.");

    private static Problem Wrong(string reason, string hint) => new(ProblemCode, reason, hint);
}
