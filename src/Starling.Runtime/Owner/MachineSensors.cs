using System;
using System.Collections.Generic;
using Starling.Core.Owner;

namespace Starling.Runtime.Owner;

/// <summary>Where sensors are read; tests have trees of their own.</summary>
public sealed record SensorRoots
{
    /// <summary>Processes, load and interrupts.</summary>
    public string Proc { get; init; } = "/proc";

    /// <summary>Batteries and temperatures.</summary>
    public string Sys { get; init; } = "/sys";

    /// <summary>Terminals.</summary>
    public string Dev { get; init; } = "/dev";

    /// <summary>How long the desktop has been idle; null: <c>xprintidle</c> is asked.</summary>
    public Func<TimeSpan?>? Desktop { get; init; }

    /// <summary>The clock on the wall, and in it the time zone of the machine.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>Reads what the rules ask for, and nothing else. Used by one thread.</summary>
public sealed class MachineSensors
{
    /// <summary>Longer names are cut by the system.</summary>
    private const int MaxNameLength = 15;

    private readonly SensorRoots _roots;
    private readonly LoadSensor _load;
    private readonly InputSensor _input;
    private bool _wasHot;

    /// <param name="roots">Where they are.</param>
    public MachineSensors(SensorRoots roots)
    {
        ArgumentNullException.ThrowIfNull(roots);
        _roots = roots;
        _load = new LoadSensor(roots.Proc);
        _input = new InputSensor(roots.Proc, roots.Dev, roots.Desktop);
    }

    /// <summary>What they say now.</summary>
    /// <param name="rules">The rules that will be held against it.</param>
    /// <param name="ours">Processes of this program: they and what descends from them are nobody else's.</param>
    public MachineState Read(OwnerRules rules, IReadOnlyCollection<int> ours)
    {
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentNullException.ThrowIfNull(ours);
        TimeSpan now = _roots.Time.GetElapsedTime(0);
        DateTimeOffset local = _roots.Time.GetLocalNow();
        var state = new MachineState { MinuteOfWeek = MinuteOf(local.DateTime), WasHot = _wasHot };
        if (rules.IdleLoadPercent is not null || rules.ExclusivePrograms.Count > 0)
        {
            ProcessTable processes = ProcessTable.Read(_roots.Proc);
            HashSet<int> family = processes.FamilyOf(ours);
            state = state with
            {
                OtherLoadPercent = rules.IdleLoadPercent is null ? null : _load.Read(processes, family, now),
                RunningPrograms = Running(rules.ExclusivePrograms, processes, family),
            };
        }

        if (rules.IdleInput is not null)
        {
            state = state with { InputIdle = _input.Read(local.UtcDateTime, now) };
        }

        if (rules.BatteryFromPercent > 0)
        {
            (bool isOnBattery, double? percent) = PowerSensor.Read(_roots.Sys);
            state = state with { IsOnBattery = isOnBattery, BatteryPercent = percent };
        }

        if (rules.MaxTemperature is not null)
        {
            state = state with { Temperature = TemperatureSensor.Read(_roots.Sys) };
            _wasHot = OwnerPolicy.IsHot(rules, state);
        }

        return state;
    }

    /// <summary>Minute of the week, from Monday 00:00.</summary>
    public static int MinuteOf(DateTime local) => ((((int)local.DayOfWeek + 6) % 7) * WeekHours.Day) + (local.Hour * 60) + local.Minute;

    private static List<string> Running(IReadOnlyList<string> programs, ProcessTable processes, HashSet<int> family)
    {
        var running = new List<string>();
        foreach (string program in programs)
        {
            string name = program.Length > MaxNameLength ? program[..MaxNameLength] : program;
            foreach (ProcessEntry entry in processes.Entries)
            {
                if (entry.Name == name && !family.Contains(entry.Pid))
                {
                    running.Add(program);
                    break;
                }
            }
        }

        return running;
    }
}
