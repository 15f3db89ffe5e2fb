using System;
using System.Globalization;
using System.IO;
using System.Linq;
using Starling.Runtime.Execution;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Walls;

/// <summary>
/// Control groups (version 2, cgroups(7)) of walled runs, where somebody has given this program a part of the tree: a systemd user service or scope with <c>Delegate=yes</c>. The kernel then counts
/// all processes of a run together, and ends them together. Elsewhere there are none, and limits of processes and the watch do what they can.
/// </summary>
internal sealed class ControlGroups
{
    private const string Root = "/sys/fs/cgroup";
    private const string OwnName = "starling-self";
    private const string RunPrefix = "starling-run-";

    // Without these two a group limits nothing that matters; processor time is shared where the third is there too.
    private static readonly string[] _needed = ["memory", "pids"];
    private static readonly string[] _wanted = ["memory", "pids", "cpu"];

    private readonly string _base;
    private int _lastNumber;

    private ControlGroups(string @base) => _base = @base;

    /// <summary>Looks at this machine; null, and why, where there are none for us.</summary>
    public static ControlGroups? TryOpen(out string missing)
    {
        string? own = ProcFile.TryReadText("/proc/self/cgroup")?.Split('\n').FirstOrDefault(line => line.StartsWith("0::", StringComparison.Ordinal))?[3..].Trim();
        if (own is null || !File.Exists($"{Root}/cgroup.controllers"))
        {
            missing = $"version 2 is not mounted at {Root}";
            return null;
        }

        return TryOpen($"{Root}{own}", Environment.ProcessId, out missing);
    }

    /// <summary>The same for a folder of the tree in which this process is.</summary>
    /// <param name="own">The folder.</param>
    /// <param name="pid">This process.</param>
    /// <param name="missing">Why there are none.</param>
    internal static ControlGroups? TryOpen(string own, int pid, out string missing)
    {
        // A group with processes in it can't have groups with limits below it, so this process steps down into one beside those of the runs.
        bool isBelow = Path.GetFileName(own) == OwnName;
        string @base = isBelow ? Path.GetDirectoryName(own)! : own;
        try
        {
            string[] offered = File.ReadAllText(Path.Combine(@base, "cgroup.controllers")).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
            string[] lacking = [.. _needed.Except(offered)];
            if (lacking.Length > 0)
            {
                missing = $"{string.Join(" and ", lacking)} not given to {@base}";
                return null;
            }

            if (!isBelow)
            {
                string self = Directory.CreateDirectory(Path.Combine(@base, OwnName)).FullName;
                File.WriteAllText(Path.Combine(self, "cgroup.procs"), Text(pid));
            }

            File.WriteAllText(Path.Combine(@base, "cgroup.subtree_control"), string.Join(' ', _wanted.Intersect(offered).Select(name => "+" + name)));
            var groups = new ControlGroups(@base);
            groups.Sweep();
            missing = "";
            return groups;
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            missing = $"{@base} is not this program's to divide: {failure.Message}";
            return null;
        }
    }

    /// <summary>A group for one run; null when it can't be made, and the run does without.</summary>
    public RunGroup? TryMake(WallLimits limits)
    {
        string path = Path.Combine(_base, string.Create(CultureInfo.InvariantCulture, $"{RunPrefix}{Environment.ProcessId}-{System.Threading.Interlocked.Increment(ref _lastNumber)}"));
        try
        {
            Directory.CreateDirectory(path);
            File.WriteAllText(Path.Combine(path, "memory.max"), Text(limits.MemoryBytes));
            File.WriteAllText(Path.Combine(path, "pids.max"), Text(limits.Processes + 2));

            // Not on every kernel; without them the limits above still hold.
            TryWrite(Path.Combine(path, "memory.swap.max"), "0");
            TryWrite(Path.Combine(path, "memory.oom.group"), "1");
            return new RunGroup(path);
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            TryRemove(path);
            return null;
        }
    }

    /// <summary>Ends and removes what earlier processes of this program left.</summary>
    private void Sweep()
    {
        foreach (string path in Directory.GetDirectories(_base, RunPrefix + "*"))
        {
            string owner = Path.GetFileName(path)[RunPrefix.Length..].Split('-')[0];
            if (!Directory.Exists($"/proc/{owner}"))
            {
                new RunGroup(path).End();
            }
        }
    }

    internal static void TryRemove(string path)
    {
        try
        {
            Directory.Delete(path);
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            // The next start removes it.
        }
    }

    internal static bool TryWrite(string path, string text)
    {
        try
        {
            File.WriteAllText(path, text);
            return true;
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            return false;
        }
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
