using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Unicode;
using Starling.Core.Crypto;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Yaml;
using Starling.Runtime.Identity;
using Starling.Runtime.Torrents;

namespace Starling.Runtime.Tasks;

/// <summary>
/// Opens the TASK of a command line: a task file, YAML, BitWorker's or CompTorrent's file, or a magnet link. YAML and the files of others become the same open
/// task on every machine.
/// </summary>
/// <param name="verifier">Checks signatures.</param>
/// <param name="fetch">Gets the metadata of inputs that are magnet links; null: they are refused.</param>
/// <param name="data">The chunks of a CompTorrent file; null: the owner named none.</param>
public sealed class TaskLoader(ISignatureVerifier verifier, FetchMetadata? fetch = null, DataFolder? data = null)
{
    private const string CompTorrent = ".comptorrent";
    private const string KnownKinds = "A task is a .starling, .yaml, .yml, .rbw or .comptorrent file, or a magnet link.";

    /// <summary>Opens <paramref name="argument"/>; the problem names the file and what to do.</summary>
    public bool TryLoad(string argument, [NotNullWhen(true)] out LoadedTask? loaded, [NotNullWhen(false)] out Problem? problem)
    {
        ArgumentNullException.ThrowIfNull(argument);
        loaded = null;
        if (data is not null && KindOf(argument) != CompTorrent)
        {
            return Refuse(argument, "--data names the chunks of a .comptorrent file, and this is none", "Leave --data out.", out problem);
        }

        if (MagnetLink.IsMagnet(argument))
        {
            loaded = MagnetLink.TryParse(argument, out MagnetLink? link, out problem) ? new LoadedTask.Linked(link) : null;
            return loaded is not null;
        }

        if (!TryReadFile(argument, TaskLimitsOfFormat.MaxTaskFileSize, out byte[]? bytes, out problem))
        {
            return false;
        }

        string folder = FolderOf(argument);
        bool isOpened = KindOf(argument) switch
        {
            ".yaml" or ".yml" => TryLoadYaml(bytes, argument, folder, out loaded, out problem),
            ".starling" => TryLoadTaskFile(bytes, argument, folder, out loaded, out problem),
            ".rbw" => TryLoadRbw(bytes, argument, out loaded, out problem),
            CompTorrent => TryLoadCompTorrent(bytes, argument, out loaded, out problem),
            ".torrent" => Refuse(argument, "this is an ordinary torrent, not a task", KnownKinds, out problem),
            _ => Refuse(argument, "the end of the file's name says nothing known", KnownKinds, out problem),
        };
        return isOpened;
    }

    /// <summary>Reads the YAML of <c>starling create</c>, without making a task of it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="draft">What the author wrote.</param>
    /// <param name="locate">Puts file and line before a problem that <see cref="TaskAuthor"/> finds in the draft.</param>
    /// <param name="problem">What is wrong with the file.</param>
    public static bool TryReadDraft(
        string path,
        [NotNullWhen(true)] out TaskDraft? draft,
        [NotNullWhen(true)] out Func<Problem, Problem>? locate,
        [NotNullWhen(false)] out Problem? problem)
    {
        draft = null;
        locate = null;
        return TryReadFile(path, YamlTree.MaxLength, out byte[]? bytes, out problem)
            && TryReadDraft(bytes, path, FolderOf(path), out draft, out locate, out problem);
    }

    /// <summary>Reads the file of another program into the task that <c>run</c> would make of it, for <c>starling import</c>.</summary>
    /// <param name="path">BitWorker's or CompTorrent's file.</param>
    /// <param name="data">The chunks of a CompTorrent file; null: the owner named none.</param>
    /// <param name="prepared">The task, and its inputs.</param>
    /// <param name="problem">What is wrong.</param>
    public static bool TryImport(string path, DataFolder? data, [NotNullWhen(true)] out PreparedTask? prepared, [NotNullWhen(false)] out Problem? problem)
    {
        ArgumentNullException.ThrowIfNull(path);
        prepared = null;
        if (KindOf(path) is not (".rbw" or CompTorrent))
        {
            return Refuse(path, "this is neither a .rbw nor a .comptorrent file", "Import takes the files of BitWorker and of CompTorrent.", out problem);
        }

        if (!new TaskLoader(new Ed25519Verifier(), null, data).TryLoad(path, out LoadedTask? loaded, out problem))
        {
            return false;
        }

        prepared = ((LoadedTask.Here)loaded).Prepared;
        return true;
    }

    private static string KindOf(string path) => Path.GetExtension(path).ToLowerInvariant();

    private static string FolderOf(string path) => Path.GetDirectoryName(Path.GetFullPath(path)) ?? Path.GetFullPath(".");

    private static bool TryReadDraft(
        byte[] bytes,
        string path,
        string folder,
        [NotNullWhen(true)] out TaskDraft? draft,
        [NotNullWhen(true)] out Func<Problem, Problem>? locate,
        [NotNullWhen(false)] out Problem? problem)
    {
        draft = null;
        locate = null;
        if (bytes.Length > YamlTree.MaxLength || !Utf8.IsValid(bytes))
        {
            string reason = bytes.Length > YamlTree.MaxLength ? $"it is longer than {YamlTree.MaxLength} bytes" : "it is not UTF-8";
            return Refuse(path, reason, "Save the file as text in UTF-8.", out problem);
        }

        string text = Encoding.UTF8.GetString(bytes).TrimStart('\uFEFF');
        return YamlTaskReader.TryRead(text, path, folder, out draft, out locate, out problem);
    }

    private bool TryLoadYaml(byte[] bytes, string path, string folder, out LoadedTask? loaded, [NotNullWhen(false)] out Problem? problem)
    {
        loaded = null;
        if (!TryReadDraft(bytes, path, folder, out TaskDraft? draft, out Func<Problem, Problem>? locate, out problem))
        {
            return false;
        }

        if (!TaskAuthor.TryPrepareOpen(draft, fetch, out PreparedTask? prepared, out problem))
        {
            problem = locate(problem);
            return false;
        }

        // The author of a torrent need not have its data; whoever has finds it as anybody does.
        PreparedTask sought = Find(prepared.Task, folder, isSought: prepared.Task.InputSources.ContainsKey);
        prepared = sought with { Inputs = [.. prepared.Inputs, .. sought.Inputs] };
        loaded = new LoadedTask.Here(prepared, TaskSignature.None);
        return true;
    }

    private bool TryLoadTaskFile(byte[] bytes, string path, string folder, out LoadedTask? loaded, [NotNullWhen(false)] out Problem? problem)
    {
        loaded = null;
        if (!TaskFileCodec.TryDecode(bytes, out TaskFile? task, out problem))
        {
            problem = InFile(path, problem);
            return false;
        }

        TaskSignature signature = TaskFileSigner.Check(task, verifier);
        if (signature == TaskSignature.Wrong)
        {
            return Refuse(path, "the signature is wrong: the file is not what its author signed", "Get it again from its author.", out problem);
        }

        loaded = new LoadedTask.Here(Find(task, folder, isSought: static _ => true), signature);
        return true;
    }

    /// <summary>Looks for inputs beside the task file, and in the working folder.</summary>
    private static PreparedTask Find(TaskFile task, string folder, Func<string, bool> isSought)
    {
        string[] folders = [.. ((string[])[folder, Environment.CurrentDirectory]).Distinct()];
        InputSpec[] sought = [.. task.Info.Inputs.Where(input => isSought(input.Name))];
        (IReadOnlyList<LocalInput> here, IReadOnlyList<MissingInput> missing) = InputFinder.Find(sought, folders, InputTorrent.Of(task, null));
        return new PreparedTask(task, here, missing);
    }

    private static bool TryLoadRbw(byte[] bytes, string path, out LoadedTask? loaded, [NotNullWhen(false)] out Problem? problem)
    {
        loaded = null;
        if (!RbwFile.TryImport(bytes, out TaskFile? task, out problem))
        {
            problem = InFile(path, problem);
            return false;
        }

        loaded = new LoadedTask.Here(new PreparedTask(task, [], []), TaskSignature.None);
        return true;
    }

    private bool TryLoadCompTorrent(byte[] bytes, string path, out LoadedTask? loaded, [NotNullWhen(false)] out Problem? problem)
    {
        loaded = null;
        PreparedTask? prepared = null;
        if (!CompTorrentReader.TryRead(bytes, out CompTorrentFile? file, out problem)
            || !CompTorrentTask.TryPrepare(file, data?.Path, data?.LayoutOf(file.Name, Hash256.Of(bytes)), out prepared, out problem))
        {
            problem = InFile(path, problem);
            return false;
        }

        loaded = new LoadedTask.Here(prepared, TaskSignature.None);
        return true;
    }

    private static bool TryReadFile(string path, int maxLength, [NotNullWhen(true)] out byte[]? bytes, [NotNullWhen(false)] out Problem? problem)
    {
        bytes = null;
        problem = null;
        try
        {
            if (Directory.Exists(path))
            {
                return Refuse(path, "this is a folder", KnownKinds, out problem);
            }

            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            if (!stream.CanSeek || stream.Length > maxLength)
            {
                return Refuse(path, stream.CanSeek ? $"it is longer than {maxLength} bytes" : "it is not a regular file", KnownKinds, out problem);
            }

            bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return true;
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            return Refuse(path, "there is no such file", KnownKinds, out problem);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            bytes = null;
            return Refuse(path, $"it cannot be read: {failure.Message}", "Check the path and the rights to read it.", out problem);
        }
    }

    private static Problem InFile(string path, Problem problem) => problem with
    {
        Reason = $"{SafePath.Quoted(path)}: {problem.Reason}",
        Hint = problem.Hint.Length > 0 ? problem.Hint : "The file is damaged, or no task file: get it again, or make it anew.",
    };

    private static bool Refuse(string path, string reason, string hint, out Problem problem)
    {
        problem = new Problem(TaskInfoValidator.ProblemCode, $"{SafePath.Quoted(path)}: {reason}", hint);
        return false;
    }
}
