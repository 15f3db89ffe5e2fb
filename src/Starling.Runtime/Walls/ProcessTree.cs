using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using Starling.Runtime.Execution;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Walls;

/// <summary>What a process and all that came from it use, read from <c>/proc</c>. What ends meanwhile counts as nothing.</summary>
internal static class ProcessTree
{
    private const int MaxProcesses = 100_000;
    private const int TicksPerSecond = 100;
    private const int LeastFreeBytes = 64 * 1024 * 1024;
    private const int LeastFreeShare = 20;

    private static readonly long _pageBytes = Environment.SystemPageSize;

    /// <summary>What is used now.</summary>
    /// <param name="CpuTime">CPU time, with that of ended children that were waited for.</param>
    /// <param name="MemoryBytes">Resident memory; what is shared among its processes counts once where that matters.</param>
    public readonly record struct Usage(TimeSpan CpuTime, long MemoryBytes);

    /// <summary>Adds up a tree.</summary>
    /// <param name="root">Its first process.</param>
    /// <param name="exactFrom">Above this many bytes the memory is looked at again, pages that several of its processes share counted once; that takes longer.</param>
    public static Usage UsageOf(int root, long exactFrom)
    {
        List<int> processes = Of(root);
        long resident = 0;
        foreach (int pid in processes)
        {
            resident += PagesOf(pid) * _pageBytes;
        }

        return new Usage(CpuTimeOf(processes), resident > exactFrom ? ProportionalOf(processes) : resident);
    }

    /// <summary>CPU time of processes, with that of their ended children that were waited for.</summary>
    public static TimeSpan CpuTimeOf(List<int> processes)
    {
        long ticks = 0;
        foreach (int pid in processes)
        {
            ticks += ProcFile.TryReadStat(pid, out ProcFile.ProcessStat stat) ? stat.CpuTicks : 0;
        }

        return TimeSpan.FromSeconds((double)ticks / TicksPerSecond);
    }

    /// <summary>A process and its descendants, parents first.</summary>
    public static List<int> Of(int root)
    {
        var found = new List<int> { root };
        AddDescendants(found, MaxProcesses);
        return found;
    }

    /// <summary>Appends what descends from these, each once, until there are about <paramref name="most"/>.</summary>
    public static void AddDescendants(List<int> found, int most)
    {
        var seen = new HashSet<int>(found);
        for (int i = 0; i < found.Count && found.Count < most; i++)
        {
            int before = found.Count;
            AddChildren(found[i], found);
            for (int j = found.Count - 1; j >= before; j--)
            {
                if (!seen.Add(found[j]))
                {
                    found.RemoveAt(j);
                }
            }
        }
    }

    /// <summary>Whether so little memory is left that the whole machine suffers: under 5 %, or 64 MiB.</summary>
    public static bool IsMachineShortOfMemory()
    {
        string? text = ProcFile.TryReadText("/proc/meminfo");
        return text is not null
            && KiB(text, "MemTotal:") is long total
            && KiB(text, "MemAvailable:") is long available
            && available * 1024 < Math.Max(LeastFreeBytes, total * 1024 / LeastFreeShare);
    }

    /// <summary>Whether a process still has memory: one that is ending has none.</summary>
    public static bool HasMemory(int pid) => PagesOf(pid) > 0;

    private static void AddChildren(int pid, List<int> children)
    {
        string threads = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/task");
        try
        {
            foreach (string thread in Directory.EnumerateDirectories(threads))
            {
                ProcFile.TryReadChildren(Encoding.ASCII.GetBytes(thread + "/children\0"), children);
            }
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            // It has ended.
        }
    }

    private static long PagesOf(int pid)
    {
        string[]? fields = ProcFile.TryReadText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/statm"))?.Split(' ');
        return fields is { Length: > 1 } && long.TryParse(fields[1], CultureInfo.InvariantCulture, out long pages) ? pages : 0;
    }

    private static long ProportionalOf(List<int> processes)
    {
        long bytes = 0;
        foreach (int pid in processes)
        {
            string? text = ProcFile.TryReadText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/smaps_rollup"));
            bytes += text is not null && KiB(text, "\nPss:") is long shared ? shared * 1024 : PagesOf(pid) * _pageBytes;
        }

        return bytes;
    }

    private static long? KiB(string text, string key)
    {
        int at = text.IndexOf(key, StringComparison.Ordinal);
        if (at < 0)
        {
            return null;
        }

        ReadOnlySpan<char> rest = text.AsSpan(at + key.Length).TrimStart(' ');
        int end = rest.IndexOf(' ');
        return end > 0 && long.TryParse(rest[..end], CultureInfo.InvariantCulture, out long number) ? number : null;
    }
}
