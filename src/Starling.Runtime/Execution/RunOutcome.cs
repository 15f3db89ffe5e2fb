using System;
using System.Globalization;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Walls;

namespace Starling.Runtime.Execution;

/// <summary>Says how a run ended, in the words of DESIGN sections 3 and 11.</summary>
internal static class RunOutcome
{
    /// <summary>Code of the problem that a run took too much of the disk.</summary>
    public const string DiskCode = "limit:disk";

    /// <summary>Exit status of a run that saved its state and wants to be run again.</summary>
    private const int CheckpointStatus = 85;

    private const int StatusCannotRun = 126;
    private const int StatusNotFound = 127;

    /// <summary>Shells report a child that a signal ended as 128 + signal.</summary>
    private const int SignalStatusBase = 128;

    /// <summary>A shell command that ended.</summary>
    /// <param name="task">Its task.</param>
    /// <param name="piece">Its piece.</param>
    /// <param name="end">How the process ended.</param>
    /// <param name="complete">Ends the output of a success.</param>
    /// <param name="errors">Its standard error.</param>
    /// <param name="errorFile">Where that is kept; null: nowhere.</param>
    public static JobOutcome Of(TaskInfo task, int piece, ProcessEnd end, Func<ResultId> complete, StderrTail errors, string? errorFile)
    {
        // Of a run without walls only the processor time is known.
        var usage = new RunUsage { CpuTime = end.CpuTime, PeakMemoryBytes = end.PeakMemoryBytes > 0 ? end.PeakMemoryBytes : null };
        switch (end)
        {
            case { Cause: KillCause.Asked }:
                return new JobOutcome.Killed { Elapsed = end.Elapsed };
            case { IsSuccess: true }:
                return new JobOutcome.Succeeded(complete()) { Elapsed = end.Elapsed, Usage = usage };
            case { Cause: KillCause.None, Signal: 0, ExitCode: CheckpointStatus }:
                return new JobOutcome.Checkpointed { Elapsed = end.Elapsed, Usage = usage };
            default:
                return new JobOutcome.Failed(ProblemOf(task, $"the run of piece {piece}", end, errorFile), errors.ToText()) { Elapsed = end.Elapsed, Usage = usage };
        }
    }

    /// <summary>A run or merge that did not end well.</summary>
    public static Problem ProblemOf(TaskInfo task, string what, ProcessEnd end, string? errorFile)
    {
        string see = errorFile is null ? "" : $"Its standard error is in {errorFile}.";
        if (end.Cause == KillCause.Output)
        {
            return TooLong(task, what);
        }

        if (end.Cause == KillCause.Wall)
        {
            return TooSlow(task, what);
        }

        if (ProblemOfWalls(task, what, end, see) is { } walled)
        {
            return walled;
        }

        bool cpu = task.Limits.Cpu is not null
            && (end.Signal == LibC.SignalCpuLimit || (end.Signal == 0 && end.ExitCode == SignalStatusBase + LibC.SignalCpuLimit));
        if (cpu)
        {
            return TooMuchCpu(task, what);
        }

        if (end.Signal != 0)
        {
            return new Problem(Code("signal", end.Signal), $"{what} was ended by signal {end.Signal} ({NameOf(end.Signal)})", see);
        }

        string hint = end.ExitCode switch
        {
            StatusNotFound => $"A program that the command names is not installed here. {see}".TrimEnd(),
            StatusCannotRun => $"A program that the command names may not be run here. {see}".TrimEnd(),
            _ => $"{HintOf(task.Limits)} {see}".Trim(),
        };
        return new Problem(Code("exit", end.ExitCode), $"{what} ended with exit status {end.ExitCode}", hint);
    }

    /// <summary>Limits that the kernel holds by refusing: the command says so in its own words, if at all.</summary>
    private static string HintOf(RunLimits limits) => (limits.MemoryBytes, limits.Processes) switch
    {
        (long bytes, int processes) => $"It may use {bytes} bytes of memory ('limits.memory') and {processes} processes ('limits.processes').",
        (long bytes, null) => $"It may use {bytes} bytes of memory ('limits.memory').",
        (null, int processes) => $"It may have {processes} processes ('limits.processes').",
        _ => "",
    };

    /// <summary>What only happens to walled commands.</summary>
    private static Problem? ProblemOfWalls(TaskInfo task, string what, ProcessEnd end, string see)
    {
        WallLimits limits = DefaultLimits.Of(task.Limits);
        return end.Cause switch
        {
            KillCause.Cpu => TooMuchCpu(task, what),
            KillCause.Memory => new Problem(
                "limit:memory",
                $"{what} had more memory than {Allowed("memory", task.Limits.MemoryBytes is not null)}, {limits.MemoryBytes} bytes",
                "Raise 'limits.memory' of the task, or make the pieces smaller."),
            KillCause.Disk => new Problem(
                DiskCode,
                $"{what} wrote more to disk than {Allowed("disk", task.Limits.DiskBytes is not null)}, {limits.DiskBytes} bytes and {limits.Files} files",
                "Raise 'limits.disk' of the task, or make the pieces smaller."),
            KillCause.Machine => new Problem("machine", $"{what} was ended because this machine was nearly out of memory", "It is tried again later; fewer --slots need less."),
            KillCause.Walls => new Problem(TrustRule.Code, $"{what} could not begin: its walls could not be put up", see),
            _ => null,
        };
    }

    private static string Allowed(string key, bool isNamed) => isNamed ? $"'limits.{key}' of the task allows" : $"a task gets that names no 'limits.{key}'";

    /// <summary>More processor time than the task allows.</summary>
    public static Problem TooMuchCpu(TaskInfo task, string what) => new(
        "limit:cpu",
        $"{what} used more CPU time than 'limits.cpu' of the task allows, {Text(task.Limits.Cpu!.Value)}",
        "Raise it, or make the pieces smaller.");

    /// <summary>The same problem under another code, with the end of what the command wrote to standard error, <paramref name="most"/> characters of it.</summary>
    public static Problem WithErrors(Problem cause, string code, string errors, int most)
    {
        string told = errors.Length > most ? "…" + errors[^most..] : errors;
        return cause with { Code = code, Reason = told.Length == 0 ? cause.Reason : $"{cause.Reason}: {told}" };
    }

    /// <summary>More output than the task allows.</summary>
    public static Problem TooLong(TaskInfo task, string what) => new(
        "limit:output",
        $"{what} wrote more than 'piece length' of the task allows, {task.PieceLength} bytes",
        "Raise 'piece length', or make the pieces smaller.");

    /// <summary>More wall time than the task allows.</summary>
    public static Problem TooSlow(TaskInfo task, string what) => new(
        "limit:wall",
        $"{what} took longer than 'limits.wall' of the task allows, {Text(task.Limits.Wall)}",
        "Raise it, or make the pieces smaller.");

    private static string Code(string kind, int number) => string.Create(CultureInfo.InvariantCulture, $"{kind}:{number}");

    private static string Text(TimeSpan span) => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.###} s");

    private static string NameOf(int signal) => signal switch
    {
        2 => "SIGINT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL: the system may have been out of memory",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        _ => "see signal(7)",
    };
}
