using System;

namespace Starling.Runtime.Execution;

/// <summary>How a command ended.</summary>
/// <param name="Signal">The signal that ended it; 0: it exited.</param>
/// <param name="ExitCode">Its exit status; meaningless when a signal ended it.</param>
/// <param name="Cause">Why it was killed from here, if it was.</param>
/// <param name="Elapsed">Wall time from start to end of the main process.</param>
public readonly record struct ProcessEnd(int Signal, int ExitCode, KillCause Cause, TimeSpan Elapsed)
{
    /// <summary>CPU time of all its processes that were waited for.</summary>
    public TimeSpan CpuTime { get; init; }

    /// <summary>
    /// The most memory that a walled command had at once: its largest process, and all of them together where they were looked at. 0: not known, for what the kernel tells of a process that
    /// this one started itself includes this one's memory (execve(2) keeps the mark of what vfork shared).
    /// </summary>
    public long PeakMemoryBytes { get; init; }

    /// <summary>Exit 0, with all of its output taken.</summary>
    public bool IsSuccess => Signal == 0 && ExitCode == 0 && Cause == KillCause.None;
}

/// <summary>Why a command was killed from here.</summary>
public enum KillCause
{
    /// <summary>It was not; or it had ended before the kill arrived.</summary>
    None,

    /// <summary>Somebody called <see cref="ShellProcess.Kill"/>.</summary>
    Asked,

    /// <summary>It ran longer than allowed.</summary>
    Wall,

    /// <summary>The receiver of its standard output refused more.</summary>
    Output,

    /// <summary>Its processes together used more CPU time than allowed.</summary>
    Cpu,

    /// <summary>Its processes together had more memory than allowed.</summary>
    Memory,

    /// <summary>It wrote more to disk, or made more files, than allowed.</summary>
    Disk,

    /// <summary>The machine ran short of memory, or the disk of space, while it ran.</summary>
    Machine,

    /// <summary>It never began: the walls around it could not be put up.</summary>
    Walls,
}

/// <summary>Takes standard output as it comes; false refuses it and the command is killed.</summary>
public delegate bool OutputReceiver(ReadOnlySpan<byte> bytes);
