using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using Starling.Runtime.Execution;

namespace Starling.Runtime.Walls;

/// <summary>
/// Looks ten times a second at what walled runs use, all processes of each together, and ends those that use too much: the kernel's own limits are of single processes and
/// single files. One thread for all runs; it sleeps while there are none.
/// </summary>
internal sealed class RunWatch : IDisposable
{
    /// <summary>Between two looks: what a run can take beyond its limits is what it gets in this time.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>Bytes that a single file may have beyond the limit: what the kernel stopped there is seen to be too much, also when the command did not mind and ended well.</summary>
    public const ulong Overstep = 4096;

    // A look at a big folder takes long; it is then taken more rarely, so that looking costs at most a twentieth.
    private const int RestPerLook = 20;

    private readonly object _gate = new();
    private readonly List<Watched> _watched = [];
    private bool _started;
    private bool _idle;
    private bool _ending;

    /// <summary>One run that is watched.</summary>
    /// <param name="process">The run.</param>
    /// <param name="innerPid">The first process inside.</param>
    /// <param name="plan">Its limits and folders.</param>
    public sealed class Watched(ShellProcess process, int innerPid, WallPlan plan)
    {
        /// <summary>The run.</summary>
        public ShellProcess Process { get; } = process;

        /// <summary>The first process inside.</summary>
        public int InnerPid { get; } = innerPid;

        /// <summary>Its limits and folders.</summary>
        public WallPlan Plan { get; } = plan;

        /// <summary>Bytes of memory at the last look.</summary>
        public long MemoryBytes { get; set; }

        /// <summary>Most bytes of memory at any look.</summary>
        public long PeakMemoryBytes { get; set; }

        /// <summary>When its folders are measured next (<see cref="Stopwatch"/> ticks).</summary>
        public long NextMeasure { get; set; }
    }

    /// <summary>Begins to watch.</summary>
    public Watched Add(ShellProcess process, int innerPid, WallPlan plan)
    {
        var watched = new Watched(process, innerPid, plan);
        lock (_gate)
        {
            _watched.Add(watched);
            if (!_started)
            {
                _started = true;
                new Thread(Work) { Name = "watch", IsBackground = true }.Start();
            }
            else if (_idle)
            {
                Monitor.Pulse(_gate);
            }
        }

        return watched;
    }

    /// <summary>Ends watching.</summary>
    public void Remove(Watched watched)
    {
        lock (_gate)
        {
            _watched.Remove(watched);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _ending = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Whether there is more in the folders that a run may write to than it may write.</summary>
    /// <param name="plan">What it may write to, and how much.</param>
    /// <param name="elsewhere">Bytes on disk that are in no folder.</param>
    public static bool HasTooMuchOnDisk(WallPlan plan, long elsewhere = 0)
    {
        long bytes = elsewhere;
        long entries = 0;
        foreach (WallMount mount in plan.Mounts)
        {
            if (mount.Writable)
            {
                HostileTree.Size size = HostileTree.Measure(mount.Source, plan.Limits.Files);
                bytes += size.Bytes;
                entries = Math.Max(entries, size.Entries);
            }
        }

        return bytes > plan.Limits.DiskBytes || entries > plan.Limits.Files;
    }

    private void Work()
    {
        while (true)
        {
            Watched[] runs;
            lock (_gate)
            {
                _idle = true;
                while (_watched.Count == 0 && !_ending)
                {
                    Monitor.Wait(_gate);
                }

                _idle = false;
                if (!_ending)
                {
                    Monitor.Wait(_gate, Interval);
                }

                if (_ending)
                {
                    return;
                }

                runs = [.. _watched];
            }

            Watched? largest = null;
            foreach (Watched run in runs)
            {
                Look(run);
                largest = largest is null || run.MemoryBytes > largest.MemoryBytes ? run : largest;
            }

            if (largest is not null && ProcessTree.IsMachineShortOfMemory())
            {
                largest.Process.KillFor(KillCause.Machine);
            }
        }
    }

    private static void Look(Watched run)
    {
        WallLimits limits = run.Plan.Limits;
        ProcessTree.Usage usage = ProcessTree.UsageOf(run.InnerPid, limits.MemoryBytes);
        run.MemoryBytes = usage.MemoryBytes;
        run.PeakMemoryBytes = Math.Max(run.PeakMemoryBytes, usage.MemoryBytes);
        if (usage.MemoryBytes > limits.MemoryBytes)
        {
            run.Process.KillFor(KillCause.Memory);
        }
        else if (limits.Cpu is { } cpu && usage.CpuTime > cpu)
        {
            run.Process.KillFor(KillCause.Cpu);
        }
        else if (Stopwatch.GetTimestamp() >= run.NextMeasure && IsTooMuchOnDisk(run))
        {
            run.Process.KillFor(KillCause.Disk);
        }
    }

    private static bool IsTooMuchOnDisk(Watched run)
    {
        long began = Stopwatch.GetTimestamp();
        bool isTooMuch = HasTooMuchOnDisk(run.Plan, DeletedFiles.BytesOf(run.InnerPid));
        long ended = Stopwatch.GetTimestamp();
        run.NextMeasure = ended + (RestPerLook * (ended - began));
        return isTooMuch;
    }
}
