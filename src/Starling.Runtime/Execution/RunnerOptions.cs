using System.Collections.Generic;

namespace Starling.Runtime.Execution;

/// <summary>What the owner of this machine grants to the runs of a task.</summary>
public sealed record RunnerOptions
{
    /// <summary>Cores of one run: <c>SLOTS</c>; null: as many as the task needs.</summary>
    public int? CoresPerRun { get; init; }

    /// <summary>Where each input of the task lies on this machine: its name, and the absolute path of its file or folder.</summary>
    public IReadOnlyDictionary<string, string> Inputs { get; init; } = new Dictionary<string, string>();
}
