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
    private const int UserTimeField = 11;
    private const int FieldsOfTime = 4;
    private const int LeastFreeBytes = 64 * 1024 * 1024;
    private const int LeastFreeShare = 20;

    private static readonly long _pageBytes = Environment.SystemPageSize;

    /// <summary>What is used now.</summary>
    /// <param name="Processes">Processes.</param>
    /// <param name="CpuTime">CPU time, with that of ended children that were waited for.</param>
    /// <param name="MemoryBytes">Resident memory; what is shared among its processes counts once where that matters.</param>
    public readonly record struct Usage(int Processes, TimeSpan CpuTime, long MemoryBytes);

    /// <summary>Adds up a tree.</summary>
    /// <param name="root">Its first process.</param>
    /// <param name="exactFrom">Above this many bytes the memory is looked at again, pages that several of its processes share counted once; that takes longer.</param>
    public static Usage UsageOf(int root, long exactFrom)
    {
        List<int> processes = Of(root);
        long ticks = 0;
        long resident = 0;
        foreach (int pid in processes)
        {
            ticks += TicksOf(pid);
            resident += PagesOf(pid) * _pageBytes;
        }

        long memory = resident > exactFrom ? ProportionalOf(processes) : resident;
        return new Usage(processes.Count, TimeOf(ticks), memory);
    }

    /// <summary>A process and its descendants, parents first.</summary>
    public static List<int> Of(int root)
    {
        var found = new List<int> { root };
        for (int i = 0; i < found.Count && found.Count < MaxProcesses; i++)
        {
            AddChildren(found[i], found);
        }

        return found;
    }

    /// <summary>Whether so little memory is left that the whole machine suffers: under 5 %, or 64 MiB.</summary>
    public static bool IsMachineShortOfMemory()
    {
        string? text = TryRead("/proc/meminfo");
        return text is not null
            && KiB(text, "MemTotal:") is long total
            && KiB(text, "MemAvailable:") is long available
            && available * 1024 < Math.Max(LeastFreeBytes, total * 1024 / LeastFreeShare);
    }

    /// <summary>Time of the ticks in which the kernel tells it.</summary>
    public static TimeSpan TimeOf(long ticks) => TimeSpan.FromSeconds((double)ticks / TicksPerSecond);

    /// <summary>Appends the children of all threads of a process; none when it has ended.</summary>
    public static void AddChildren(int pid, List<int> children)
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

    /// <summary>CPU time of a process in ticks, with that of its ended children that were waited for; 0 when it has ended.</summary>
    public static long TicksOf(int pid)
    {
        // The name, in brackets, may hold anything; the fields behind it are numbers.
        string? text = TryRead(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
        if (text is null || text.LastIndexOf(')') is not (var end and >= 0))
        {
            return 0;
        }

        string[] fields = text[(end + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        long ticks = 0;
        for (int i = UserTimeField; i < Math.Min(fields.Length, UserTimeField + FieldsOfTime); i++)
        {
            ticks += long.TryParse(fields[i], CultureInfo.InvariantCulture, out long number) ? number : 0;
        }

        return ticks;
    }

    /// <summary>Whether a process still has memory: one that is ending has none.</summary>
    public static bool HasMemory(int pid) => PagesOf(pid) > 0;

    private static long PagesOf(int pid)
    {
        string[]? fields = TryRead(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/statm"))?.Split(' ');
        return fields is { Length: > 1 } && long.TryParse(fields[1], CultureInfo.InvariantCulture, out long pages) ? pages : 0;
    }

    private static long ProportionalOf(List<int> processes)
    {
        long bytes = 0;
        foreach (int pid in processes)
        {
            string? text = TryRead(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/smaps_rollup"));
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

    private static string? TryRead(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            return null;
        }
    }
}
