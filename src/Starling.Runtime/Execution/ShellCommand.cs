using System;
using System.Collections.Generic;
using Starling.Runtime.Walls;

namespace Starling.Runtime.Execution;

/// <summary>What <see cref="ProcessLauncher"/> starts in a session of its own: a command for the shell, or a program.</summary>
public sealed record ShellCommand
{
    /// <summary>The text for <c>bash -c</c> (or <c>sh -c</c> where there is no bash).</summary>
    public required string Text { get; init; }

    /// <summary>A program and its arguments to start instead of the shell; <see cref="Text"/> is then only its name in messages.</summary>
    public IReadOnlyList<string>? Program { get; init; }

    /// <summary>Working directory of the host; it must exist. A walled command begins in <see cref="WallPlan.WorkFolder"/>.</summary>
    public required string Folder { get; init; }

    /// <summary>What it sees of this machine and may use; null: everything that this program may.</summary>
    public WallPlan? Walls { get; init; }

    /// <summary>Whether <see cref="ShellProcess.Input"/> is its standard input; else that is empty.</summary>
    public bool TakesInput { get; init; }

    /// <summary>Variables on top of this program's own environment; null removes an inherited one. A walled command gets these alone.</summary>
    public IReadOnlyList<KeyValuePair<string, string?>> Variables { get; init; } = [];

    /// <summary>CPU time of each process of the run, rounded up to seconds; null: no limit. Walls have limits of their own.</summary>
    public TimeSpan? CpuLimit { get; init; }

    /// <summary>Private memory (RLIMIT_DATA) of each process of the run in bytes, rounded down to KiB; null: no limit. Walls have limits of their own.</summary>
    public long? MemoryLimitBytes { get; init; }
}
