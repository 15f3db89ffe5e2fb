using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Starling.Core.Primitives;

namespace Starling.Core.Tasks;

/// <summary>
/// The one place that knows which values a task may have (<see cref="TaskLimitsOfFormat"/>, DESIGN section 3). Every task passes it, whether
/// it was read from a file, came over the wire or is about to be made.
/// </summary>
public static class TaskInfoValidator
{
    /// <summary>Code of the problems of a task file.</summary>
    public const string ProblemCode = "task-file";

    private static readonly string[] KnownOs = ["linux", "macos", "windows"];
    private static readonly string[] KnownArch = ["x64", "arm64"];
    private static readonly string[] KnownNetwork = ["none", "full"];

    /// <summary>The keys of <c>run</c> that say of which form it is.</summary>
    public static IReadOnlyList<string> RunForms { get; } = ["container", "kernel", "shell", "wasm"];

    /// <summary>The one value of the modifier <c>class</c>.</summary>
    public const string EnvironmentClass = "env";

    /// <summary>The first value that is not allowed, with its key and the fix; null when there is none.</summary>
    public static Problem? Check(TaskInfo info)
    {
        ArgumentNullException.ThrowIfNull(info);
        return CheckName(info.Name)
            ?? CheckRun(info.Run, info.Inputs)
            ?? CheckFiles(info.Files, info.Name)
            ?? (info.Merge is null ? null : CheckCommand("merge", info.Merge))
            ?? CheckRange("piece length", info.PieceLength, 1, TaskLimitsOfFormat.MaxPieceLength)
            ?? CheckInputs(info.Inputs)
            ?? CheckChunks(info)
            ?? CheckNeeds(info.Needs)
            ?? CheckLimits(info.Limits)
            ?? CheckMembers(info.Members)
            ?? CheckVerify(info.Verify, info.Author is not null)
            ?? CheckSealed(info)
            ?? (info.Verify.Compare is { } compare ? CheckCommand("verify.compare", compare) : null);
    }

    private static Problem? CheckName(string name) => SafePath.IsSafeName(name, out string? fault)
        ? null
        : Wrong("name", $"'{SafePath.Quoted(name)}' {fault}", "Use a plain name: it becomes a folder and a file.");

    private static Problem? CheckRun(RunSpec run, IReadOnlyList<InputSpec> inputs) => run switch
    {
        RunSpec.Shell shell => CheckCommand("run", shell.Command),
        RunSpec.Kernel kernel => CheckKernel(kernel),
        RunSpec.Wasm wasm => CheckIsInput("run.wasm", wasm.Module, inputs) ?? CheckTexts(
            "run.args", wasm.Arguments, TaskLimitsOfFormat.MaxArguments, TaskLimitsOfFormat.MaxCommandLength),
        RunSpec.Container container => CheckIsInput("run.container", container.Input, inputs) ?? CheckCommand("run.command", container.Command)
            ?? (container.Digest is null ? Wrong("run.digest", "is missing", "It names the image: sha256: and 64 hexadecimal digits.") : null),
        _ => Wrong("run", "is missing", "Add a command, or a map with shell, kernel, wasm or container."),
    };

    private static Problem? CheckKernel(RunSpec.Kernel kernel)
    {
        if (kernel.Name.Length is 0 or > 64)
        {
            return Wrong("run.kernel", "needs a name of 1 to 64 characters", "");
        }

        if (kernel.Parameters.Count > TaskLimitsOfFormat.MaxKernelParameters)
        {
            return Wrong("run", $"has more than {TaskLimitsOfFormat.MaxKernelParameters} parameters", "Leave some out.");
        }

        for (int i = 0; i < kernel.Parameters.Count; i++)
        {
            KernelParameter parameter = kernel.Parameters[i];
            if (parameter.Name.Length is 0 or > 64 || RunForms.Contains(parameter.Name))
            {
                return Wrong("run", $"'{SafePath.Quoted(parameter.Name)}' cannot name a parameter", "Use the names that the kernel knows.");
            }

            if (i > 0 && CompareUtf8(kernel.Parameters[i - 1].Name, parameter.Name) >= 0)
            {
                return Wrong($"run.{SafePath.Quoted(parameter.Name)}", "stands twice or out of order", "Give each parameter once, sorted by name.");
            }

            if (CheckText($"run.{SafePath.Quoted(parameter.Name)}", parameter.Value, 0, TaskLimitsOfFormat.MaxCommandLength) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    private static Problem? CheckFiles(IReadOnlyList<OutputFile> files, string name)
    {
        if (files.Count is 0 or > TaskLimitsOfFormat.MaxFiles)
        {
            return Wrong("files", $"has {files.Count} entries", $"Give 1 to {TaskLimitsOfFormat.MaxFiles} files.");
        }

        long pieces = 0;
        for (int i = 0; i < files.Count; i++)
        {
            if (!SafePath.IsSafe(files[i].Path, out string? fault))
            {
                return Wrong($"files[{i}].path", $"'{SafePath.Quoted(files[i].Path)}' {fault}", "Use a relative path with / that stays in the folder.");
            }

            // A task of one file called like itself is written with the key pieces.
            string key = files.Count == 1 && files[0].Path == name ? "pieces" : $"files[{i}].pieces";
            if (CheckRange(key, files[i].Pieces, 1, TaskLimitsOfFormat.MaxPieces) is { } problem)
            {
                return problem;
            }

            pieces += files[i].Pieces;
        }

        if (pieces > TaskLimitsOfFormat.MaxPieces)
        {
            return Wrong("pieces", $"{pieces} in all are more than {TaskLimitsOfFormat.MaxPieces}", "Let each piece do more.");
        }

        return SafePath.FirstClash(files.Select(static file => file.Path).ToArray()) is { } clash
            ? Wrong("files", $"'{SafePath.Quoted(clash)}' clashes with another path (upper and lower case count as equal)", "Rename one of them.")
            : null;
    }

    private static Problem? CheckInputs(IReadOnlyList<InputSpec> inputs)
    {
        if (inputs.Count > TaskLimitsOfFormat.MaxInputs)
        {
            return Wrong("inputs", $"has {inputs.Count} entries", $"Give at most {TaskLimitsOfFormat.MaxInputs}; a folder counts once.");
        }

        for (int i = 0; i < inputs.Count; i++)
        {
            if (!SafePath.IsSafeName(inputs[i].Name, out string? fault))
            {
                return Wrong($"inputs[{i}].name", $"'{SafePath.Quoted(inputs[i].Name)}' {fault}", "Rename the input.");
            }

            if (inputs[i].Length == 0)
            {
                return Wrong($"inputs[{i}]", $"'{SafePath.Quoted(inputs[i].Name)}' is empty", "Leave it out, or put something into it: a torrent has at least one byte.");
            }

            if (CheckRange($"inputs[{i}].length", inputs[i].Length, 1, TaskLimitsOfFormat.MaxBytes) is { } problem)
            {
                return problem;
            }
        }

        return SafePath.FirstClash(inputs.Select(static input => input.Name).ToArray()) is { } clash
            ? Wrong("inputs", $"two are called '{SafePath.Quoted(clash)}'", "Rename one of them: they share one folder.")
            : null;
    }

    private static Problem? CheckChunks(TaskInfo info)
    {
        if (info.Chunks is not { } chunks)
        {
            return null;
        }

        string key = chunks.Size == 0 ? "each" : "chunk.input";
        if (CheckIsInput(key, chunks.Input, info.Inputs) is { } problem)
        {
            return problem;
        }

        if (chunks.Size == 0)
        {
            return null;
        }

        if (CheckRange("chunk.size", chunks.Size, 1, TaskLimitsOfFormat.MaxBytes) is { } outside)
        {
            return outside;
        }

        long length = info.Inputs.First(input => input.Name == chunks.Input).Length;
        long due = (length / chunks.Size) + (length % chunks.Size == 0 ? 0 : 1);
        return due == info.PieceCount
            ? null
            : Wrong("chunk", $"{length} bytes in chunks of {chunks.Size} make {due} pieces, not {info.PieceCount}", "Make the number of pieces equal.");
    }

    private static Problem? CheckNeeds(NeedsSpec needs) =>
        CheckTexts("needs.programs", needs.Programs, TaskLimitsOfFormat.MaxPrograms, TaskLimitsOfFormat.MaxProgramLength)
        ?? CheckRange("needs.cores", needs.Cores, 1, TaskLimitsOfFormat.MaxCores)
        ?? CheckRange("needs.memory", needs.MemoryBytes, 1, TaskLimitsOfFormat.MaxBytes)
        ?? CheckRange("needs.disk", needs.DiskBytes, 1, TaskLimitsOfFormat.MaxBytes)
        ?? CheckWord("needs.os", needs.Os, KnownOs)
        ?? CheckWord("needs.arch", needs.Arch, KnownArch);

    private static Problem? CheckLimits(RunLimits limits) =>
        CheckTime("limits.wall", limits.Wall)
        ?? (limits.Cpu is { } cpu ? CheckTime("limits.cpu", cpu) : null)
        ?? CheckRange("limits.fuel", limits.Fuel, 1, TaskLimitsOfFormat.MaxFuel)
        ?? CheckRange("limits.memory", limits.MemoryBytes, TaskLimitsOfFormat.MinMemoryLimit, TaskLimitsOfFormat.MaxBytes)
        ?? CheckRange("limits.disk", limits.DiskBytes, 0, TaskLimitsOfFormat.MaxBytes)
        ?? CheckRange("limits.processes", limits.Processes, 1, TaskLimitsOfFormat.MaxProcesses)
        ?? CheckWord("limits.network", limits.Network, KnownNetwork);

    private static Problem? CheckMembers(IReadOnlyList<PublicKey> members)
    {
        if (members.Count > TaskLimitsOfFormat.MaxMembers)
        {
            return Wrong("members", $"has {members.Count} entries", $"Name at most {TaskLimitsOfFormat.MaxMembers}; a larger group shares a secret.");
        }

        for (int i = 1; i < members.Count; i++)
        {
            if (members[i - 1].CompareTo(members[i]) >= 0)
            {
                return Wrong("members", $"{members[i]} stands twice or out of order", "Give each key once.");
            }
        }

        return null;
    }

    private static Problem? CheckVerify(VerifySpec verify, bool hasAuthor) => verify switch
    {
        not (VerifySpec.Replicas or VerifySpec.Trust) when verify.WithinClass || verify.Compare is not null => Wrong(
            verify.WithinClass ? "verify.class" : "verify.compare", "compares results, which this mode does not", "Leave it out, or use replicas or trust."),
        VerifySpec.Own => null,
        VerifySpec.Replicas { Count: 1 } => Wrong(
            "verify.replicas", "1 confirms nothing: every result would be believed", "Ask for 2 or more, or use own, which believes this machine and members."),
        VerifySpec.Replicas replicas =>
            CheckRange("verify.replicas", replicas.Count, TaskLimitsOfFormat.MinReplicas, TaskLimitsOfFormat.MaxReplicas),
        VerifySpec.Trust trust =>
            CheckRange("verify.trust", trust.Threshold, TaskLimitsOfFormat.MinTrust, TaskLimitsOfFormat.MaxTrust),
        VerifySpec.Arbiter when !hasAuthor => Wrong(
            "verify", "is arbiter, but nobody signed the task", "Make a task file with 'starling create': its signer is the arbiter."),
        VerifySpec.Arbiter => null,
        VerifySpec.Checker checker => CheckCommand("verify.checker", checker.Command),
        _ => Wrong("verify", "is missing", "Use own, arbiter, replicas: 2, trust: 20 or checker: COMMAND."),
    };

    private static Problem? CheckSealed(TaskInfo info) => info.Verify.Sealed switch
    {
        null => null,
        _ when info.Verify is not VerifySpec.Replicas => Wrong("verify.sealed", "waits for a number of results, which this mode does not ask for", "Leave it out, or use replicas."),
        _ when info.Verify is VerifySpec.Replicas { Count: > TaskLimitsOfFormat.MaxSealedReplicas } =>
            Wrong("verify.replicas", $"is more than {TaskLimitsOfFormat.MaxSealedReplicas} beside sealed", "Ask for fewer, or leave sealed out."),
        _ when info.Until == Until.First => Wrong("verify.sealed", "would hold back the hit of a search", "Leave it out, or leave until: first out."),
        { } time when time < TaskLimitsOfFormat.MinSealed || time > TaskLimitsOfFormat.MaxSealed || time.Ticks % TimeSpan.TicksPerSecond != 0 =>
            Wrong("verify.sealed", $"is {time.TotalSeconds} s", "Give whole seconds, 1s to 1h."),
        _ => null,
    };

    private static Problem? CheckIsInput(string key, string name, IReadOnlyList<InputSpec> inputs) =>
        inputs.Any(input => input.Name == name)
            ? null
            : Wrong(key, $"'{SafePath.Quoted(name)}' is not one of the inputs", "Name an input, or add it to inputs.");

    private static Problem? CheckCommand(string key, string command)
    {
        if (string.IsNullOrWhiteSpace(command))
        {
            return Wrong(key, "is empty", "Write the command to run.");
        }

        return CheckText(key, command, 1, TaskLimitsOfFormat.MaxCommandLength);
    }

    private static Problem? CheckTexts(string key, IReadOnlyList<string> texts, int maxCount, int maxLength)
    {
        if (texts.Count > maxCount)
        {
            return Wrong(key, $"has {texts.Count} entries", $"Give at most {maxCount}.");
        }

        for (int i = 0; i < texts.Count; i++)
        {
            if (CheckText($"{key}[{i}]", texts[i], 1, maxLength) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    private static Problem? CheckText(string key, string text, int min, int max)
    {
        if (text.Length < min || text.Length > max || Encoding.UTF8.GetByteCount(text) > max)
        {
            return Wrong(key, text.Length < min ? "is empty" : $"is longer than {max} bytes", $"Keep it within {min} to {max} bytes.");
        }

        return text.Contains('\0', StringComparison.Ordinal) ? Wrong(key, "holds a zero byte", "Take it out.") : null;
    }

    private static Problem? CheckTime(string key, TimeSpan time)
    {
        if (time < TaskLimitsOfFormat.MinTimeLimit || time > TaskLimitsOfFormat.MaxTimeLimit || time.Ticks % TimeSpan.TicksPerSecond != 0)
        {
            return Wrong(key, "is not in whole seconds between 1 second and 365 days", "Write it like 90s, 10m, 2h or 1d.");
        }

        return null;
    }

    private static Problem? CheckRange(string key, long? value, long min, long max) => value is not { } number || (number >= min && number <= max)
        ? null
        : Wrong(key, $"{number} is {(number < min ? $"below {min}" : $"above {max}")}", $"Use {min} to {max}.");

    private static Problem? CheckWord(string key, string? word, string[] known) => word is null || Array.IndexOf(known, word) >= 0
        ? null
        : Wrong(key, $"'{SafePath.Quoted(word)}' is not known", $"Use one of: {string.Join(", ", known)}.");

    private static int CompareUtf8(string left, string right) => Encoding.UTF8.GetBytes(left).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right));

    private static Problem Wrong(string key, string reason, string hint) => new(ProblemCode, $"{key}: {reason}", hint);
}
