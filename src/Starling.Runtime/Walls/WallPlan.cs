using System;
using System.Collections.Generic;

namespace Starling.Runtime.Walls;

/// <summary>What one walled run sees of this machine besides the system's programs, under which names; all else is not there.</summary>
public sealed record WallPlan
{
    /// <summary>Where a run begins, and its <c>HOME</c>.</summary>
    public const string WorkFolder = "/work";

    /// <summary>Files and folders of the host, in the order in which they are mounted.</summary>
    public IReadOnlyList<WallMount> Mounts { get; init; } = [];

    /// <summary>A folder with a whole system (an unpacked image) to run in; null: the programs of this machine.</summary>
    public string? Root { get; init; }

    /// <summary>Who the run is on the host, where <see cref="MachineWalls.ChangesUser"/>.</summary>
    public int User { get; init; }

    /// <summary>Whether it may use the host's network.</summary>
    public bool Network { get; init; }

    /// <summary>Its hard bounds.</summary>
    public required WallLimits Limits { get; init; }
}

/// <summary>A file or folder of the host that a walled run sees.</summary>
/// <param name="Source">Absolute path on the host.</param>
/// <param name="Target">Absolute path inside.</param>
/// <param name="Writable">Whether the run may change it.</param>
public sealed record WallMount(string Source, string Target, bool Writable);

/// <summary>Hard bounds of one walled run.</summary>
public sealed record WallLimits
{
    /// <summary>CPU time of all its processes together.</summary>
    public TimeSpan? Cpu { get; init; }

    /// <summary>Bytes of memory of all its processes together; each one alone can't have more private memory either (RLIMIT_DATA).</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Bytes on disk, in all writable mounts together; also the longest file.</summary>
    public required long DiskBytes { get; init; }

    /// <summary>Processes and threads at once.</summary>
    public required int Processes { get; init; }

    /// <summary>Files and folders that it may make.</summary>
    public int Files { get; init; } = 100_000;

    /// <summary>Open descriptors of one process (RLIMIT_NOFILE).</summary>
    public int Descriptors { get; init; } = 1024;
}
