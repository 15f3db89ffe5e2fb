using System;
using System.Collections.Generic;

namespace Starling.Runtime.Execution;

/// <summary>What the owner of this machine grants to the runs of a task.</summary>
public sealed record RunnerOptions
{
    /// <summary>Cores of one run: <c>SLOTS</c>; null: as many as the task needs.</summary>
    public int? CoresPerRun { get; init; }

    /// <summary>Where each input of the task lies on this machine, by its name.</summary>
    public IReadOnlyDictionary<string, InputPlace> Inputs { get; init; } = new Dictionary<string, InputPlace>();
}

/// <summary>Where an input lies.</summary>
/// <param name="Path">Absolute path of its file or folder.</param>
public sealed record InputPlace(string Path)
{
    /// <summary>
    /// Null: it is here. Otherwise it is being fetched, nothing is run before what it reads is there, and this tells the absolute
    /// paths of its files in the order of the torrent; empty while that is not known.
    /// </summary>
    public Func<IReadOnlyList<string>>? Awaited { get; init; }
}
