using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Serialization;
using Starling.Core.Crypto;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Machine;
using Starling.Runtime.Tasks;
using Starling.Runtime.Walls;

namespace Starling.Inspect;

/// <summary>Everything that <c>inspect</c> tells about a task; as JSON it is this record, as text it is <see cref="DescriptionText"/>.</summary>
internal sealed record TaskDescription
{
    public required string Name { get; init; }

    public required string Task { get; init; }

    public required string Magnet { get; init; }

    public required RunDescription Run { get; init; }

    public required int Pieces { get; init; }

    public required int PieceLength { get; init; }

    public required IReadOnlyList<FileDescription> Files { get; init; }

    /// <summary>The command; null: by the kernel, or joined in order.</summary>
    public string? Merge { get; init; }

    public required IReadOnlyList<InputDescription> Inputs { get; init; }

    /// <summary>How pieces are cut from an input; null: they are only numbered.</summary>
    public string? Chunks { get; init; }

    public required IReadOnlyList<NeedFinding> Needs { get; init; }

    public required LimitDescription Limits { get; init; }

    public required string Verification { get; init; }

    public required string Until { get; init; }

    /// <summary><c>none</c>, <c>right</c> or <c>wrong</c>.</summary>
    public required string Signature { get; init; }

    public string? Author { get; init; }

    /// <summary>Keys of those who may take part besides the author; null: keys do not decide it.</summary>
    public IReadOnlyList<string>? Members { get; init; }

    /// <summary>Whether this machine's owner is one of them, or the author; null: keys do not decide it.</summary>
    public bool? IsMember { get; init; }

    /// <summary>Whether only members take part.</summary>
    public required bool MemberSwarm { get; init; }

    public required IReadOnlyList<IReadOnlyList<string>> Trackers { get; init; }

    public string? Comment { get; init; }

    public string? CreatedBy { get; init; }

    /// <summary>Unix seconds.</summary>
    public long? CreationDate { get; init; }

    /// <summary>Whether this machine would compute it.</summary>
    public required bool WouldCompute { get; init; }

    /// <summary>Whether it would do so within walls: the task is not the owner's.</summary>
    public bool Walled { get; init; }

    /// <summary>Why it would not.</summary>
    public string? WhyNot { get; init; }

    public static TaskDescription Of(
        TaskFile task, IReadOnlyList<LocalInput> inputs, IReadOnlyList<PublicKey> authors, ISignatureVerifier verifier)
    {
        TaskInfo info = task.Info;
        TaskSignature signature = TaskFileSigner.Check(task, verifier);
        PublicKey mine = authors.Count > 0 ? authors[0] : default;
        Problem? foreign = TrustRule.Check(task, signature, mine, authors, trust: false);
        Problem? refusal = foreign is null ? null : ForeignTask.Refusal(foreign, info, allowNetwork: false, WallsProbe.Missing());
        IReadOnlyList<NeedFinding> needs = NeedsCheck.Check(info.Needs, ".", info.Run is RunSpec.Container ? null : new HostPrograms(mayAsk: foreign is null));
        string? whyNot = refusal?.ToString()
            ?? (info.Admits(mine) ? null : "its key is none of the members'")
            ?? (NeedsCheck.Unmet(needs) is { } unmet ? $"it needs {unmet}" : null);
        return new TaskDescription
        {
            Name = info.Name,
            Task = task.Id.ToString(),
            Magnet = MagnetLink.Of(task, []).ToUri(),
            Run = RunDescription.Of(info.Run),
            Pieces = info.PieceCount,
            PieceLength = info.PieceLength,
            Files = [.. info.Files.Select(file => new FileDescription(file.Path, file.Pieces))],
            Merge = info.Merge,
            Inputs = [.. info.Inputs.Select(input => new InputDescription(
                input.Name, input.Torrent.ToString(), input.Length, inputs.FirstOrDefault(here => here.Input.Name == input.Name)?.Path))],
            Chunks = info.Chunks is not { } chunks ? null
                : chunks.Size == 0 ? $"one piece for each file of {chunks.Input}" : $"{chunks.Input} in pieces of {chunks.Size} bytes",
            Needs = needs,
            Limits = LimitDescription.Of(info.Limits),
            Verification = VerificationText.Of(info.Verify, task.IsMemberSwarm),
            Until = info.Until == Core.Tasks.Until.First ? "first" : "all",
            Signature = signature switch
            {
                TaskSignature.None => "none",
                TaskSignature.Right => "right",
                _ => "wrong",
            },
            Author = info.Author?.ToString(),
            Members = info.Members.Count == 0 ? null : [.. info.Members.Select(member => member.ToString())],
            IsMember = info.Members.Count == 0 ? null : info.Admits(mine),
            MemberSwarm = task.IsMemberSwarm,
            Trackers = task.Trackers,
            Comment = task.Comment,
            CreatedBy = task.CreatedBy,
            CreationDate = task.CreationDate,
            WouldCompute = whyNot is null,
            Walled = foreign is not null && whyNot is null,
            WhyNot = whyNot,
        };
    }

    public string ToJson() => JsonSerializer.Serialize(this, DescriptionJson.Readable.TaskDescription);
}

/// <summary>How a piece is computed, in full: nothing of a command may be hidden from who decides about it.</summary>
internal sealed record RunDescription(string Kind, string? Command, string? Name, IReadOnlyDictionary<string, string>? Parameters)
{
    public static RunDescription Of(RunSpec run) => run switch
    {
        RunSpec.Shell shell => new RunDescription("shell", shell.Command, null, null),
        RunSpec.Kernel kernel => new RunDescription(
            "kernel", null, kernel.Name, kernel.Parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Value)),
        RunSpec.Wasm wasm => new RunDescription("wasm", string.Join(' ', wasm.Arguments), wasm.Module, null),
        RunSpec.Container container => new RunDescription("container", container.Command, container.Input, new Dictionary<string, string> { ["digest"] = container.Digest.ToString()! }),
        _ => throw new NotSupportedException($"No words for {run.GetType().Name}."),
    };
}

internal sealed record FileDescription(string Path, int Pieces);

internal sealed record InputDescription(string Name, string InfoHash, long Length, string? Path);

internal sealed record LimitDescription(double WallSeconds, double? CpuSeconds, long? Fuel, long? MemoryBytes, long? DiskBytes, int? Processes, string Network)
{
    public static LimitDescription Of(RunLimits limits) => new(
        limits.Wall.TotalSeconds, limits.Cpu?.TotalSeconds, limits.Fuel, limits.MemoryBytes, limits.DiskBytes, limits.Processes, limits.Network);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    WriteIndented = true)]
[JsonSerializable(typeof(TaskDescription))]
internal sealed partial class DescriptionJson : JsonSerializerContext
{
    /// <summary>Commands stay readable: quotes and signs of the shell are not escaped.</summary>
    public static DescriptionJson Readable => new(
        new JsonSerializerOptions(Default.Options) { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
