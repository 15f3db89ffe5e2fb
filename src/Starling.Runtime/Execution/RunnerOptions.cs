using System;
using System.Collections.Generic;
using Starling.Runtime.Containers;

namespace Starling.Runtime.Execution;

/// <summary>What the owner of this machine grants to the runs of a task.</summary>
public sealed record RunnerOptions
{
    /// <summary>Cores of one run: <c>SLOTS</c>; null: as many as the task needs.</summary>
    public int? CoresPerRun { get; init; }

    /// <summary>Absolute path of the folder of unpacked images; null: the task keeps its own.</summary>
    public string? ImageFolder { get; init; }

    /// <summary>Absolute path of the socket of a container engine that runs container tasks; null: this program does, within its walls.</summary>
    public string? ContainerEngine { get; init; }

    /// <summary>What images may take.</summary>
    public ImageOptions Images { get; init; } = new();

    /// <summary>Where each input of the task lies on this machine, by its name.</summary>
    public IReadOnlyDictionary<string, InputPlace> Inputs { get; init; } = new Dictionary<string, InputPlace>();
}

/// <summary>Where an input lies.</summary>
/// <param name="Path">Absolute path of its file or folder.</param>
/// <param name="Files">Tells the absolute paths of its files in the order of the torrent; empty while that is not known.</param>
public sealed record InputPlace(string Path, Func<IReadOnlyList<string>> Files)
{
    /// <summary>Whether it is still being fetched; nothing is run before what it reads is there.</summary>
    public bool IsAwaited { get; init; }
}
