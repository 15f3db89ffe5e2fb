using System;
using System.Collections.Generic;
using System.Globalization;
using Starling.Core.Primitives;

namespace Starling.Core.Owner;

/// <summary>The choice: rules × what the sensors say × the tasks that are open → what each task gets, and why not more.</summary>
public static class OwnerPolicy
{
    /// <summary>What was too hot runs again once it is so much cooler: else it would begin and stop every few seconds.</summary>
    public const int CoolingDegrees = 5;

    /// <summary>Whether the machine is too hot, or was and has not cooled down yet.</summary>
    public static bool IsHot(OwnerRules rules, MachineState state)
    {
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentNullException.ThrowIfNull(state);
        return rules.MaxTemperature is { } most && state.Temperature is { } now && now > (state.WasHot ? most - CoolingDegrees : most);
    }

    /// <summary>What each task gets, in their order.</summary>
    /// <param name="rules">The owner's rules.</param>
    /// <param name="state">What the sensors say.</param>
    /// <param name="tasks">All tasks of this owner that are open. The same tasks in the same order give the same answer in each process.</param>
    public static IReadOnlyList<Grant> Decide(OwnerRules rules, MachineState state, IReadOnlyList<TaskDemand> tasks)
    {
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(tasks);
        IReadOnlyList<Problem> machine = OfTheMachine(rules, state);
        Problem? disk = OfTheDisk(rules, tasks);
        var shares = new SlotShare[tasks.Count];
        var reasons = new List<Problem>[tasks.Count];
        var isForbidden = new bool[tasks.Count];
        for (int i = 0; i < tasks.Count; i++)
        {
            TaskDemand task = tasks[i];
            TaskRule rule = rules.RuleOf(task.Id, task.Name);
            reasons[i] = Forbidding(rules, state, machine, disk, task, rule);
            isForbidden[i] = reasons[i].Count > 0;
            int wanted = isForbidden[i] || !task.HasWork ? 0 : Math.Min(task.Slots, rule.Slots ?? int.MaxValue);
            shares[i] = new SlotShare(wanted, rule.Weight, (int)rule.Priority);
        }

        bool isTurtle = rules.Turtle.IsOn;
        int? slots = isTurtle ? Math.Min(rules.Slots ?? int.MaxValue, rules.Turtle.Slots) : rules.Slots;
        IReadOnlyList<int> given = FitMemory(rules, tasks, SlotDivision.Divide(slots, shares), reasons);
        int percent = isTurtle ? Math.Min(rules.CpuPercent, rules.Turtle.CpuPercent) : rules.CpuPercent;
        long? upload = Least(rules.UploadBytesPerSecond, isTurtle ? rules.Turtle.UploadBytesPerSecond : null);
        long? download = Least(rules.DownloadBytesPerSecond, isTurtle ? rules.Turtle.DownloadBytesPerSecond : null);
        double running = 0;
        double weights = 0;
        for (int i = 0; i < tasks.Count; i++)
        {
            running += given[i];
            weights += shares[i].Weight;
        }

        var grants = new Grant[tasks.Count];
        for (int i = 0; i < tasks.Count; i++)
        {
            Note(rules, tasks[i], shares[i], slots, percent, given[i], reasons[i]);
            reasons[i].AddRange(Unreadable(rules, state));
            bool isIdle = !tasks[i].HasWork && !isForbidden[i];
            grants[i] = new Grant
            {
                Slots = isIdle ? Math.Min(tasks[i].Slots, Math.Max(1, (slots ?? int.MaxValue) - (int)running)) : given[i],
                Halt = rules.Halt,
                IsHalted = isForbidden[i] || (shares[i].Wanted > 0 && given[i] == 0),
                CpuShare = percent == 100 || given[i] == 0 ? percent / 100.0 : percent / 100.0 * given[i] / running,
                MemoryOfRun = rules.MemoryBytes is { } memory && tasks[i].MemoryOfRun is null ? memory / Math.Max(1, (long)running) : null,
                UploadBytesPerSecond = PartOf(upload, shares[i].Weight / weights),
                DownloadBytesPerSecond = disk is not null ? 1 : PartOf(download, shares[i].Weight / weights),
                Restrictions = reasons[i],
            };
        }

        return grants;
    }

    private static long? Least(long? left, long? right) => left is null ? right : right is null ? left : Math.Min(left.Value, right.Value);

    private static long? PartOf(long? rate, double part) => rate is { } bytes ? Math.Max(1, (long)(bytes * part)) : null;

    /// <summary>What forbids the tasks of others to run on this machine now.</summary>
    private static List<Problem> OfTheMachine(OwnerRules rules, MachineState state)
    {
        var found = new List<Problem>();
        if (!rules.Hours[state.MinuteOfWeek])
        {
            string until = rules.Hours.NextChange(state.MinuteOfWeek) is { } next ? $"It goes on at {WeekHours.Show(next)}" : "There is no hour at which it may";
            found.Add(new Problem(OwnerCode.Hours, $"tasks do not run at {WeekHours.Show(state.MinuteOfWeek)}", $"{until}; or change 'hours'"));
        }

        if (rules.ExclusivePrograms.Count > 0 && state.RunningPrograms.Count > 0)
        {
            found.Add(new Problem(
                OwnerCode.Exclusive, $"{string.Join(", ", state.RunningPrograms)} runs, beside which tasks do not", "It goes on when that ends; or change 'exclusive'"));
        }

        if (rules.IdleInput is { } input && !(state.InputIdle >= input))
        {
            found.Add(state.InputIdle is { } idle
                ? new Problem(
                    OwnerCode.Idle,
                    $"somebody was at this machine {Seconds(idle)} ago, and tasks run after {Seconds(input)} without input",
                    $"It goes on in {Seconds(input - idle)} if nobody comes; or change 'idle.input'")
                : new Problem(
                    OwnerCode.Idle,
                    "when keyboard, mouse and terminals were last used can't be read here, so nobody knows whether this machine is idle",
                    "Install xprintidle for a desktop under X, or set idle.input to none"));
        }

        if (rules.IdleLoadPercent is { } most && state.OtherLoadPercent > most)
        {
            found.Add(new Problem(
                OwnerCode.Load,
                $"other programs use {Percent(state.OtherLoadPercent.Value)} of the processor, and tasks run while that is {most} % or less",
                "It goes on when they need less; or change 'idle.load'"));
        }

        if (state.IsOnBattery && rules.BatteryFromPercent > (state.BatteryPercent ?? 0) && rules.BatteryFromPercent > 0)
        {
            found.Add(new Problem(
                OwnerCode.Battery,
                rules.BatteryFromPercent >= OwnerRules.NeverOnBattery ? "this machine runs on battery"
                    : $"this machine runs on battery, charged to {(state.BatteryPercent is { } charge ? Percent(charge) : "nobody knows what")}; tasks run from {rules.BatteryFromPercent} % on",
                "It goes on when it is plugged in; or change 'battery'"));
        }

        return found;
    }

    private static Problem? OfTheDisk(OwnerRules rules, IReadOnlyList<TaskDemand> tasks)
    {
        long used = 0;
        foreach (TaskDemand task in tasks)
        {
            used += task.DiskBytes;
        }

        return rules.DiskBytes is { } most && used > most
            ? new Problem(OwnerCode.Disk, $"the folders of running tasks take {Size(used)}, and may take {Size(most)}", "Delete folders of tasks that are done, let --keep keep less, or raise 'disk'")
            : null;
    }

    /// <summary>All that keeps this task from running at all.</summary>
    private static List<Problem> Forbidding(
        OwnerRules rules, MachineState state, IReadOnlyList<Problem> machine, Problem? disk, TaskDemand task, TaskRule rule)
    {
        List<Problem> found = [];
        if (!rule.MayRun)
        {
            found.Add(new Problem(OwnerCode.Task, $"task '{task.Name}' is not to be computed here", "Results are exchanged all the same; or change its 'run' below 'tasks'"));
        }

        if (rules.Turtle is { IsOn: true, Slots: 0 })
        {
            found.Add(new Problem(OwnerCode.Turtle, "the turtle switch is on", "starling config turtle off"));
        }

        if (IsHot(rules, state))
        {
            found.Add(new Problem(
                OwnerCode.Temperature,
                string.Create(CultureInfo.InvariantCulture, $"this machine is {state.Temperature:0} °C hot, and may be {rules.MaxTemperature} °C"),
                $"It goes on at {rules.MaxTemperature - CoolingDegrees} °C; or change 'temperature'"));
        }

        if (disk is not null)
        {
            found.Add(disk);
        }

        if (!(task.IsOwn && rules.OwnTasksAreFree))
        {
            found.AddRange(machine);
        }

        if (rules.MemoryBytes is { } memory && task.MemoryOfRun > memory)
        {
            found.Add(new Problem(
                OwnerCode.Memory, $"a run of '{task.Name}' may take {Size(task.MemoryOfRun.Value)}, and all runs together {Size(memory)}", "Raise 'memory'; or leave the task to others"));
        }

        return found;
    }

    /// <summary>Takes slots away until the memory of all runs fits, from the last tasks first.</summary>
    private static IReadOnlyList<int> FitMemory(OwnerRules rules, IReadOnlyList<TaskDemand> tasks, int[] given, List<Problem>[] reasons)
    {
        if (rules.MemoryBytes is not { } memory)
        {
            return given;
        }

        long left = memory;
        for (int i = 0; i < given.Length; i++)
        {
            if (tasks[i].MemoryOfRun is { } each and > 0 && given[i] > 0)
            {
                int fitting = (int)Math.Min(given[i], left / each);
                if (fitting < given[i])
                {
                    reasons[i].Add(new Problem(
                        OwnerCode.Memory,
                        $"{given[i]} runs of {Size(each)} each do not fit in what is left of {Size(memory)}",
                        "Raise 'memory', or wait for other tasks"));
                }

                given[i] = fitting;
                left -= fitting * each;
            }
        }

        return given;
    }

    /// <summary>Why it gets less than it asked for.</summary>
    private static void Note(OwnerRules rules, TaskDemand task, SlotShare share, int? slots, int percent, int given, List<Problem> reasons)
    {
        bool isTurtle = rules.Turtle.IsOn;
        if (isTurtle && rules.Turtle.Slots > 0)
        {
            reasons.Add(new Problem(
                OwnerCode.Turtle,
                $"the turtle switch is on: tasks get {(rules.Turtle.Slots == 1 ? "1 slot" : $"{rules.Turtle.Slots} slots")} and {percent} % of the processor",
                "starling config turtle off"));
        }
        else if (percent < 100 && !isTurtle)
        {
            reasons.Add(new Problem(OwnerCode.Cpu, $"tasks get {percent} % of the processor", "Raise 'cpu'"));
        }

        bool isShort = given < share.Wanted && !reasons.Exists(reason => reason.Code == OwnerCode.Memory);
        if (isShort && slots is { } all)
        {
            reasons.Add(new Problem(
                OwnerCode.Slots,
                $"'{task.Name}' would run {share.Wanted} pieces at once and has {given} of the {all} slots of all tasks",
                given == 0 ? "It goes on when another task ends; or raise 'slots', or its weight or priority" : "Raise 'slots', or its weight or priority"));
        }
        else if (share.Wanted > 0 && given < task.Slots && rules.RuleOf(task.Id, task.Name).Slots is { } own && given == own)
        {
            reasons.Add(new Problem(OwnerCode.Task, $"'{task.Name}' may run {own} pieces at once", "Raise its 'slots' below 'tasks'"));
        }
    }

    /// <summary>Rules that are let go because their sensor can't be read; that of input holds all the same.</summary>
    private static IEnumerable<Problem> Unreadable(OwnerRules rules, MachineState state)
    {
        if (rules.MaxTemperature is not null && state.Temperature is null)
        {
            yield return new Problem(OwnerCode.Unreadable, "this machine does not tell its temperature, so that the rule about it does nothing", "Set temperature to none");
        }

        if (rules.IdleLoadPercent is not null && state.OtherLoadPercent is null)
        {
            yield return new Problem(OwnerCode.Unreadable, "this machine does not tell how busy it is, so that the rule about it does nothing", "Set idle.load to none");
        }
    }

    private static string Percent(double percent) => string.Create(CultureInfo.InvariantCulture, $"{percent:0} %");

    private static string Seconds(TimeSpan span) => string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(span.TotalSeconds):0} s");

    private static string Size(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024.0 * 1024):0.#} MiB");
}
