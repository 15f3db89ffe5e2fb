using System;
using System.Collections.Generic;

namespace Starling.Core.Owner;

/// <summary>
/// When and how much tasks may use this machine, as its owner wrote it down (docs/owner.md). Nothing of it is part of a task. The defaults forbid nothing.
/// </summary>
public sealed record OwnerRules
{
    /// <summary>Runs at once that <see cref="Slots"/> may name: what the wire's <c>cores</c> can say.</summary>
    public const int MaxSlots = 256;

    /// <summary>Tasks that have rules of their own.</summary>
    public const int MaxTasks = 1_000;

    /// <summary>Programs in whose company nothing runs.</summary>
    public const int MaxExclusivePrograms = 256;

    /// <summary><see cref="BatteryFromPercent"/> of who never wants to run on battery.</summary>
    public const int NeverOnBattery = 101;

    /// <summary>Bytes in the path of a socket: what <c>sockaddr_un</c> holds, without its end.</summary>
    public const int MaxSocketPath = 107;

    /// <summary>The longest <see cref="Grace"/>.</summary>
    public static TimeSpan MaxGrace { get; } = TimeSpan.FromMinutes(5);

    /// <summary>Runs at once of all tasks together; null: as many as each command asks for.</summary>
    public int? Slots { get; init; }

    /// <summary>Share of all processor cores that runs may use together, in percent, 1 to 100.</summary>
    public int CpuPercent { get; init; } = 100;

    /// <summary>Memory in bytes that the limits of all runs may add up to; null: no limit.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Bytes that the folders of running tasks may take together; null: no limit.</summary>
    public long? DiskBytes { get; init; }

    /// <summary>Bytes a second of all tasks together that go out; null: no limit.</summary>
    public long? UploadBytesPerSecond { get; init; }

    /// <summary>Bytes a second of all tasks together that come in; null: no limit.</summary>
    public long? DownloadBytesPerSecond { get; init; }

    /// <summary>The minutes of the week, in local time, at which tasks may run.</summary>
    public WeekHours Hours { get; init; } = WeekHours.Always;

    /// <summary>Run only when nobody has touched keyboard, mouse or terminal for so long; null: always.</summary>
    public TimeSpan? IdleInput { get; init; }

    /// <summary>Run only while other programs use at most this share of all cores, in percent; null: always.</summary>
    public int? IdleLoadPercent { get; init; }

    /// <summary>On battery, run only while it is charged to so many percent; 0: always; <see cref="NeverOnBattery"/>: never.</summary>
    public int BatteryFromPercent { get; init; }

    /// <summary>Above so many degrees Celsius nothing runs until it is <see cref="OwnerPolicy.CoolingDegrees"/> cooler; null: no limit.</summary>
    public int? MaxTemperature { get; init; }

    /// <summary>While one of these programs runs, tasks do not. Names as the system shows them, without a path.</summary>
    public IReadOnlyList<string> ExclusivePrograms { get; init; } = [];

    /// <summary>What becomes of runs that may go on no longer.</summary>
    public HaltKind Halt { get; init; } = HaltKind.Pause;

    /// <summary>How long a run that is stopped may take to save its state after it was told to end.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether runs get only what other programs leave of the processor.</summary>
    public bool IsNice { get; init; }

    /// <summary>Whether the owner's own tasks may run when those of others may not.</summary>
    public bool OwnTasksAreFree { get; init; }

    /// <summary>Absolute path of the socket of Podman or Docker, by which container tasks run that begin from now on; null: they run within the program's own walls.</summary>
    public string? ContainerEngine { get; init; }

    /// <summary>The switch for moments when the machine is needed, and what is left to tasks then.</summary>
    public TurtleRules Turtle { get; init; } = new();

    /// <summary>What single tasks get.</summary>
    public IReadOnlyList<TaskRule> Tasks { get; init; } = [];

    /// <summary>The rule of a task; the default one when none names it.</summary>
    /// <param name="id">Its id in hexadecimal.</param>
    /// <param name="name">Its name.</param>
    public TaskRule RuleOf(string id, string name)
    {
        TaskRule? named = null;
        foreach (TaskRule rule in Tasks)
        {
            if (rule.IsById(id))
            {
                return rule;
            }

            named ??= rule.Task == name ? rule : null;
        }

        return named ?? new TaskRule { Task = name };
    }
}

/// <summary>What becomes of runs that may go on no longer.</summary>
public enum HaltKind
{
    /// <summary>They are frozen where they are, and go on later.</summary>
    Pause,

    /// <summary>They are told to end, then killed; what they saved in <c>STATE</c> is there for the next attempt.</summary>
    Stop,
}

/// <summary>What tasks get while the turtle switch is on; a stricter rule beside it still counts.</summary>
public sealed record TurtleRules
{
    /// <summary>Whether the switch is on.</summary>
    public bool IsOn { get; init; }

    /// <summary>Runs at once; 0: none.</summary>
    public int Slots { get; init; } = 1;

    /// <summary>Share of all cores in percent.</summary>
    public int CpuPercent { get; init; } = 25;

    /// <summary>Bytes a second that go out.</summary>
    public long UploadBytesPerSecond { get; init; } = 50_000;

    /// <summary>Bytes a second that come in.</summary>
    public long DownloadBytesPerSecond { get; init; } = 200_000;
}

/// <summary>What one task gets.</summary>
public sealed record TaskRule
{
    /// <summary>Digits of an id that name a task, at least.</summary>
    public const int MinIdDigits = 8;

    /// <summary>The largest <see cref="Weight"/>.</summary>
    public const int MaxWeight = 1_000;

    /// <summary>Its name, or the first 8 or more digits of its id.</summary>
    public required string Task { get; init; }

    /// <summary>Its part of what is divided, beside the weights of others; 1 to <see cref="MaxWeight"/>.</summary>
    public int Weight { get; init; } = 10;

    /// <summary>Tasks of a lower class get what those of higher ones leave.</summary>
    public TaskPriority Priority { get; init; } = TaskPriority.Normal;

    /// <summary>Runs at once at most; null: as many as there are.</summary>
    public int? Slots { get; init; }

    /// <summary>Whether it may compute here at all; else it only exchanges results.</summary>
    public bool MayRun { get; init; } = true;

    /// <summary>Whether this rule names the task by the beginning of its id.</summary>
    internal bool IsById(string id)
    {
        if (Task.Length < MinIdDigits)
        {
            return false;
        }

        foreach (char digit in Task)
        {
            if (!char.IsAsciiHexDigit(digit))
            {
                return false;
            }
        }

        return id.StartsWith(Task, StringComparison.OrdinalIgnoreCase);
    }
}

/// <summary>Classes of tasks: a lower one gets what the higher ones leave.</summary>
public enum TaskPriority
{
    /// <summary>After all others.</summary>
    Low,

    /// <summary>The default.</summary>
    Normal,

    /// <summary>Before all others.</summary>
    High,
}
