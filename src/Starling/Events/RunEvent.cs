using System.Collections.Generic;
using System.Text.Json.Serialization;

namespace Starling.Events;

/// <summary>
/// One line of <c>run --json</c> (DESIGN section 11). Flat: each kind of event sets the fields it has, the others are left out. The display and
/// the supervisor of local peers read the same record, so that everything a person sees is in it.
/// </summary>
internal sealed record RunEvent
{
    public required string Event { get; init; }

    /// <summary>Seconds since the process that the user started.</summary>
    public double At { get; init; }

    /// <summary>Unix seconds.</summary>
    public double Time { get; init; }

    /// <summary>Number of the local peer, 0..N-1; null without <c>--local-peers</c>.</summary>
    public int? Peer { get; init; }

    public string? Task { get; init; }

    public string? Name { get; init; }

    public string? Identity { get; init; }

    public string? Listen { get; init; }

    public string? Dir { get; init; }

    public int? Slots { get; init; }

    public int? Resumed { get; init; }

    public string? Magnet { get; init; }

    public int? Connected { get; init; }

    public int? Piece { get; init; }

    public int? Slot { get; init; }

    public int? Attempt { get; init; }

    public string? Source { get; init; }

    public int? Bytes { get; init; }

    public string? Root { get; init; }

    public int? Pieces { get; init; }

    public int? Computed { get; init; }

    public int? Downloaded { get; init; }

    public int? Aborted { get; init; }

    public double? Seconds { get; init; }

    /// <summary>Fuel that a run of a WebAssembly module used.</summary>
    public long? Fuel { get; init; }

    /// <summary>Processor time of a run here, in seconds.</summary>
    public double? Cpu { get; init; }

    /// <summary>Most bytes of memory that a walled run here had.</summary>
    public long? Memory { get; init; }

    /// <summary>Absolute paths.</summary>
    public IReadOnlyList<string>? Output { get; init; }

    /// <summary>Absolute path.</summary>
    public string? File { get; init; }

    public string? Code { get; init; }

    public string? Reason { get; init; }

    public string? Hint { get; init; }

    /// <summary>The end of what a failed run wrote to its standard error.</summary>
    public string? Stderr { get; init; }
}

/// <summary>The values of <see cref="RunEvent.Event"/>.</summary>
internal static class EventName
{
    public const string Started = "started";
    public const string Opened = "opened";
    public const string Swarm = "swarm";
    public const string Computing = "computing";
    public const string Aborted = "aborted";
    public const string Failed = "failed";
    public const string Paused = "paused";
    public const string Resumed = "resumed";
    public const string Checkpointed = "checkpointed";
    public const string Owner = "owner";
    public const string Piece = "piece";
    public const string Checked = "checked";
    public const string Reopened = "reopened";
    public const string Refused = "refused";
    public const string Complete = "complete";
    public const string Merged = "merged";
    public const string Mapped = "mapped";
    public const string Published = "published";
    public const string Stopped = "stopped";
    public const string Error = "error";
}

/// <summary>Reads and writes events without reflection: 16 processes that start on two cores feel every millisecond.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RunEvent))]
internal sealed partial class RunEventJson : JsonSerializerContext;
