using System;
using System.Collections.Generic;

namespace Starling.Runtime.Execution;

/// <summary>What <see cref="ProcessLauncher"/> starts: a command for the shell, in a session of its own.</summary>
public sealed record ShellCommand
{
    /// <summary>The text for <c>bash -c</c> (or <c>sh -c</c> where there is no bash).</summary>
    public required string Text { get; init; }

    /// <summary>Working directory; it must exist.</summary>
    public required string Folder { get; init; }

    /// <summary>Variables on top of this program's own environment; null removes an inherited one.</summary>
    public IReadOnlyList<KeyValuePair<string, string?>> Variables { get; init; } = [];

    /// <summary>CPU time of each process of the run, rounded up to seconds; null: no limit.</summary>
    public TimeSpan? CpuLimit { get; init; }

    /// <summary>Private memory (RLIMIT_DATA) of each process of the run in bytes, rounded down to KiB; null: no limit.</summary>
    public long? MemoryLimitBytes { get; init; }
}
