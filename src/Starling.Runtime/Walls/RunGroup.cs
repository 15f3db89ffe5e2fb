using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Threading;
using Starling.Runtime.Execution;

namespace Starling.Runtime.Walls;

/// <summary>The control group of one walled run.</summary>
internal sealed class RunGroup
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(2);

    private readonly string _path;

    /// <param name="path">Its folder.</param>
    public RunGroup(string path) => _path = path;

    /// <summary>What a run had used at its end.</summary>
    /// <param name="CpuTime">Processor time of all its processes; null: not told.</param>
    /// <param name="PeakMemoryBytes">Most memory of all of them together; null: not told.</param>
    /// <param name="RanOutOfMemory">Whether the kernel ended it for want of memory.</param>
    public readonly record struct Used(TimeSpan? CpuTime, long? PeakMemoryBytes, bool RanOutOfMemory);

    /// <summary>Puts a process into it, before it has made others.</summary>
    public bool TryAdd(int pid) => ControlGroups.TryWrite(Path.Combine(_path, "cgroup.procs"), pid.ToString(CultureInfo.InvariantCulture));

    /// <summary>Ends whatever is in it, and removes it; what had been used.</summary>
    public Used End()
    {
        ControlGroups.TryWrite(Path.Combine(_path, "cgroup.kill"), "1");
        long? microseconds = Number(ProcFile.TryReadText(Path.Combine(_path, "cpu.stat")), "usage_usec ");
        long? peak = Number(ProcFile.TryReadText(Path.Combine(_path, "memory.peak")), "");
        long? kills = Number(ProcFile.TryReadText(Path.Combine(_path, "memory.events")), "oom_kill ");

        // What was killed leaves the group a moment later.
        long start = Stopwatch.GetTimestamp();
        while (Directory.Exists(_path))
        {
            ControlGroups.TryRemove(_path);
            if (!Directory.Exists(_path) || Stopwatch.GetElapsedTime(start) > _patience)
            {
                break;
            }

            Thread.Sleep(2);
        }

        return new Used(microseconds is { } used ? TimeSpan.FromMicroseconds(used) : null, peak, kills > 0);
    }

    private static long? Number(string? text, string key)
    {
        foreach (string line in (text ?? "").Split('\n'))
        {
            if (line.StartsWith(key, StringComparison.Ordinal) && long.TryParse(line.AsSpan(key.Length), CultureInfo.InvariantCulture, out long number))
            {
                return number;
            }
        }

        return null;
    }
}
