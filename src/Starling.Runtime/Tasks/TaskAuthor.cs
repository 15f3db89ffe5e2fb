using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using Starling.Core.Crypto;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Kernels;
using Starling.Runtime.Machine;
using Starling.Runtime.Torrents;

namespace Starling.Runtime.Tasks;

/// <summary>Turns what an author wrote into a task file: hashes inputs, counts pieces, checks, signs.</summary>
public static class TaskAuthor
{
    /// <summary>The program's name in <c>created by</c>.</summary>
    public const string CreatedBy = "Starling 0.1";

    /// <summary>
    /// The task of <c>starling run</c> on a file that nobody signed: open, deterministic, <c>replicas: 2</c> unless the draft says otherwise. The same
    /// content makes the same id on every machine.
    /// </summary>
    public static bool TryPrepareOpen(
        TaskDraft draft, FetchMetadata? fetch, [NotNullWhen(true)] out PreparedTask? prepared, [NotNullWhen(false)] out Problem? problem) =>
        TryPrepare(draft, [], author: null, new VerifySpec.Replicas(TaskLimitsOfFormat.MinReplicas), fetch, out prepared, out problem);

    /// <summary>The same with inputs that were read already, before those that the draft names.</summary>
    internal static bool TryPrepareOpen(
        TaskDraft draft, IReadOnlyList<AuthoredInput> inputs, [NotNullWhen(true)] out PreparedTask? prepared, [NotNullWhen(false)] out Problem? problem) =>
        TryPrepare(draft, inputs, author: null, new VerifySpec.Replicas(TaskLimitsOfFormat.MinReplicas), fetch: null, out prepared, out problem);

    /// <summary>The task of <c>starling create</c>: signed; a member swarm with a fresh secret or with named members, or public and verified.</summary>
    /// <param name="draft">What the author wrote.</param>
    /// <param name="author">Who signs.</param>
    /// <param name="isPublic">Leave the secret out and verification on.</param>
    /// <param name="fetch">Gets the metadata of inputs that are magnet links; null: they are refused.</param>
    /// <param name="now">For <c>creation date</c>, which stands outside of the id.</param>
    /// <param name="prepared">The signed task, and its inputs here.</param>
    /// <param name="problem">What is wrong, with the key and the fix.</param>
    public static bool TryCreate(
        TaskDraft draft,
        IIdentity author,
        bool isPublic,
        FetchMetadata? fetch,
        DateTimeOffset now,
        [NotNullWhen(true)] out PreparedTask? prepared,
        [NotNullWhen(false)] out Problem? problem)
    {
        ArgumentNullException.ThrowIfNull(draft);
        ArgumentNullException.ThrowIfNull(author);
        prepared = null;
        if (isPublic && draft.Verify is VerifySpec.Own)
        {
            problem = Wrong("verify: own means nothing in a public task, which has no members", "Leave --public out, or use replicas: 2.");
            return false;
        }

        if (isPublic && draft.Members.Count > 0)
        {
            problem = Wrong("members: a public task is open to anyone", "Leave --public out, or name no members.");
            return false;
        }

        VerifySpec verify = isPublic ? new VerifySpec.Replicas(TaskLimitsOfFormat.MinReplicas) : new VerifySpec.Own();
        if (!TryPrepare(draft, [], author.PublicKey, verify, fetch, out prepared, out problem))
        {
            return false;
        }

        TaskFile task = TaskFileSigner.Sign(prepared.Task, author) with
        {
            CreatedBy = CreatedBy,
            CreationDate = now.ToUnixTimeSeconds(),

            // Members that are named are told by their keys: their link is no secret.
            Secret = isPublic || draft.Members.Count > 0 ? default : RandomNumberGenerator.GetBytes(TaskLimitsOfFormat.SecretSize),
        };
        prepared = prepared with { Task = task };
        return true;
    }

    private static bool TryPrepare(
        TaskDraft draft,
        IReadOnlyList<AuthoredInput> read,
        PublicKey? author,
        VerifySpec verify,
        FetchMetadata? fetch,
        [NotNullWhen(true)] out PreparedTask? prepared,
        [NotNullWhen(false)] out Problem? problem)
    {
        prepared = null;
        var inputs = new List<AuthoredInput>(read);
        RunSpec run = draft.Run;
        NeedsSpec needs = draft.Needs;
        ChunkSpec? chunks = null;
        IReadOnlyList<OutputFile> files = draft.Files;
        problem = CheckContacts(draft) ?? CheckPrograms(draft.Needs) ?? AddInputs(draft, fetch, inputs, ref run, ref needs) ?? CountPieces(draft, inputs, ref chunks, ref files);
        if (problem is not null)
        {
            return false;
        }

        var info = new TaskInfo
        {
            Name = draft.Name,
            Run = run,
            Files = files,
            Merge = draft.Merge,
            PieceLength = draft.PieceLength,
            Inputs = [.. inputs.Select(static input => input.Spec)],
            Chunks = chunks,
            Needs = needs,
            Limits = draft.Limits,
            Members = [.. draft.Members.Order()],
            Verify = draft.Verify ?? (draft.Members.Count > 0 ? new VerifySpec.Own() : verify),
            Until = draft.Until,
            Author = author,
        };
        if (!TaskFileCodec.TryMake(info, out TaskFile? task, out problem)
            || (run is RunSpec.Kernel kernel && !KernelRegistry.TryCreate(kernel, info, out _, out problem)))
        {
            return false;
        }

        task = task with { Trackers = draft.Trackers, Nodes = draft.Nodes, Comment = draft.Comment, InputSources = SourcesOf(inputs) };
        prepared = new PreparedTask(task, [.. inputs.Select(static input => input.Here).OfType<LocalInput>()], []);
        return true;
    }

    private static Problem? CheckPrograms(NeedsSpec needs) => needs.Programs.FirstOrDefault(static program => !ProgramNeed.TryParse(program, out _)) is { } wrong
        ? Wrong($"needs.programs: '{SafePath.Quoted(wrong)}' is no program", "Write its name, and a version if it matters: ffmpeg, or ffmpeg >= 5.")
        : null;

    private static Problem? CheckContacts(TaskDraft draft)
    {
        Problem? problem = null;
        foreach (string url in draft.Trackers.SelectMany(static tier => tier))
        {
            problem ??= TaskContacts.CheckTracker(url, "trackers");
        }

        foreach (string node in draft.Nodes)
        {
            problem ??= TaskContacts.CheckNode(node, "nodes");
        }

        return problem
            ?? (draft.Trackers.Sum(static tier => tier.Count) > TaskLimitsOfFormat.MaxTrackers ? Wrong($"trackers: more than {TaskLimitsOfFormat.MaxTrackers}", "Leave some out.") : null)
            ?? (draft.Nodes.Count > TaskLimitsOfFormat.MaxNodes ? Wrong($"nodes: more than {TaskLimitsOfFormat.MaxNodes}", "Leave some out.") : null)
            ?? (draft.Comment?.Length > TaskLimitsOfFormat.MaxCommentLength ? Wrong($"comment: longer than {TaskLimitsOfFormat.MaxCommentLength}", "Shorten it.") : null);
    }

    private static SortedDictionary<string, InputSource> SourcesOf(List<AuthoredInput> inputs)
    {
        var sources = new SortedDictionary<string, InputSource>(StringComparer.Ordinal);
        int room = InputTorrent.MaxCarriedBytes;
        foreach (AuthoredInput input in inputs)
        {
            if (input.Torrent is { } torrent)
            {
                sources.Add(input.Spec.Name, torrent.ToSource(ref room));
            }
        }

        return sources;
    }

    /// <summary>Hashes the inputs; a WebAssembly module or an image that is no input's name is a path, and becomes an input.</summary>
    private static Problem? AddInputs(TaskDraft draft, FetchMetadata? fetch, List<AuthoredInput> inputs, ref RunSpec run, ref NeedsSpec needs)
    {
        foreach (string entry in draft.InputPaths)
        {
            if (!AuthoredInput.TryRead(entry, draft, fetch, out AuthoredInput? input, out Problem? problem))
            {
                return problem;
            }

            inputs.Add(input);
        }

        if (run is RunSpec.Container container && AuthoredImage.AddTo(inputs, draft, fetch, container, out run, ref needs) is { } unfit)
        {
            return unfit;
        }

        if (run is RunSpec.Wasm wasm && AuthoredModule.AddTo(inputs, draft, fetch, wasm, out run) is { } wrong)
        {
            return wrong;
        }

        return inputs.Count > TaskLimitsOfFormat.MaxInputs
            ? Wrong($"inputs: has {inputs.Count} entries", $"Give at most {TaskLimitsOfFormat.MaxInputs}; a folder counts once.")
            : SafePath.FirstClash([.. inputs.Select(static input => input.Spec.Name)]) is { } clash
            ? Wrong($"inputs: two are called '{SafePath.Quoted(clash)}'", "Rename one of them: they share one folder.")
            : null;
    }

    private static Problem? CountPieces(TaskDraft draft, List<AuthoredInput> inputs, ref ChunkSpec? chunks, ref IReadOnlyList<OutputFile> files)
    {
        long? pieces = draft.Pieces;
        if (draft.Chunks is { } wanted)
        {
            string name = NameOf(wanted.Input);
            AuthoredInput? input = inputs.Find(candidate => candidate.Spec.Name == name);
            string key = wanted.Size == 0 ? "each" : "chunk.input";
            if (input is null)
            {
                return Wrong($"{key}: '{SafePath.Quoted(wanted.Input)}' is not one of the inputs", inputs.Count == 0
                    ? "Add it to inputs."
                    : $"Their names are {string.Join(", ", inputs.Take(8).Select(static each => SafePath.Quoted(each.Spec.Name)))}.");
            }

            chunks = wanted with { Input = name };
            pieces = wanted.Size == 0 ? input.FileCount : (input.Spec.Length / wanted.Size) + (input.Spec.Length % wanted.Size == 0 ? 0 : 1);
            if (wanted.Size > 0 && input.IsFolder)
            {
                return Wrong($"{key}: '{SafePath.Quoted(wanted.Input)}' is a folder", "Cut a single file into chunks, or use each for one piece per file.");
            }

            if (pieces is 0 or > TaskLimitsOfFormat.MaxPieces)
            {
                return Wrong($"{key}: makes {pieces} pieces", $"Choose a size that makes 1 to {TaskLimitsOfFormat.MaxPieces}.");
            }
        }

        if (files.Count == 0)
        {
            files = [new OutputFile(draft.Name, (int)(pieces ?? 0))];
        }
        else if (chunks is not null && files.Sum(static file => (long)file.Pieces) != pieces)
        {
            return Wrong($"files: their pieces are not the {pieces} that the input makes", "Make the numbers equal, or leave files out.");
        }

        return null;
    }

    private static string NameOf(string path) => Path.GetFileName(Path.TrimEndingDirectorySeparator(path));

    private static Problem Wrong(string reason, string hint) => new(TaskInfoValidator.ProblemCode, reason, hint);
}
