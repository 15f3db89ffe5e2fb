using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Text;
using System.Threading;

namespace Starling.Runtime.Execution;

/// <summary>
/// Knows which processes came from runs, also those whose parent has ended: this process is their subreaper, so they become its children.
/// A run is a session of its own and carries a marker in its environment. An orphan belongs to a run by its session, else by the
/// marker, else (new session, cleared environment) by having started when no other run was there to start it.
/// </summary>
internal sealed class Descendants
{
    /// <summary>Prefix of the environment variable that marks runs: token, dot, number, semicolon; an inherited value stays in front.</summary>
    public const string MarkerName = "STARLING_RUN";

    /// <summary>In the environment of death guards, so that nobody takes one for an orphan.</summary>
    public const string GuardName = "STARLING_GUARD";

    private const int MaxRounds = 1_000;
    private static readonly TimeSpan _deathPatience = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly List<Member> _active = [];
    private readonly byte[] _childrenPath = Encoding.ASCII.GetBytes($"/proc/self/task/{Environment.ProcessId}/children\0");
    private readonly int _ownSession = LibC.SessionOf(0);
    private readonly string _token;
    private readonly Dictionary<int, LibC.ResourceUsage> _usages = [];
    private int _starting;

    /// <param name="token">Names this launcher among all programs of the machine.</param>
    public Descendants(string token) => _token = token;

    /// <summary>What identifies a run's processes. <paramref name="Pid"/> is also its session.</summary>
    public readonly record struct Member(int Pid, long Number, long StartTicks);

    /// <summary>The marker of one run.</summary>
    public string MarkerOf(long number) => $"{_token}.{number};";

    /// <summary>Ticks of 10 ms since boot, the unit in which the kernel dates processes.</summary>
    public static unsafe long NowTicks()
    {
        LibC.TimeSpec time = default;
        _ = LibC.ClockGetTime(LibC.ClockBootTime, &time);
        return (time.Seconds * 100) + (time.Nanoseconds / 10_000_000);
    }

    /// <summary>Announces that a process is about to start, which until it is added (or <see cref="EndStart"/>) looks like an orphan.</summary>
    public void BeginStart()
    {
        lock (_gate)
        {
            _starting++;
        }
    }

    /// <summary>The start announced by <see cref="BeginStart"/> is over; <paramref name="started"/> is the run, if it made one.</summary>
    public void EndStart(Member? started)
    {
        lock (_gate)
        {
            _starting--;
            if (started is { } member)
            {
                _active.Add(member);
            }
        }
    }

    /// <summary>Remembers what a process that will become an orphan has used, whoever reaps it, until <see cref="TakeUsage"/>.</summary>
    public void KeepUsageOf(int pid)
    {
        lock (_gate)
        {
            _usages[pid] = default;
        }
    }

    /// <summary>What an ended orphan and all that it waited for had used; nothing when it was not told of, or not reaped here.</summary>
    public LibC.ResourceUsage TakeUsage(int pid)
    {
        lock (_gate)
        {
            _usages.Remove(pid, out LibC.ResourceUsage usage);
            return usage;
        }
    }

    /// <summary>Kills and reaps what an ended run (its main process reaped) left behind.</summary>
    public void Finish(Member member)
    {
        lock (_gate)
        {
            _active.Remove(member);
        }

        Sweep(member);
    }

    /// <summary>Appends what a run that goes on left to this process to look after: its orphans.</summary>
    public void AppendOrphans(Member member, List<int> orphans)
    {
        int from = orphans.Count;
        if (!ProcFile.TryReadChildren(_childrenPath, orphans))
        {
            ProcFile.FindChildren(Environment.ProcessId, orphans);
        }

        for (int i = orphans.Count - 1; i >= from; i--)
        {
            int pid = orphans[i];
            if (MayBeMain(pid) || !ProcFile.TryReadStat(pid, out ProcFile.ProcessStat stat) || stat.Session == _ownSession || stat.State == 'Z' || !Belongs(pid, stat, member))
            {
                orphans.RemoveAt(i);
            }
        }
    }

    /// <summary>Reaps orphans that ended while their run goes on; kills nothing.</summary>
    public void ReapEnded() => Sweep(null);

    /// <summary>Kills and reaps every orphan that carries this launcher's token; for the end, when no run is active.</summary>
    public void FinishAll() => Sweep(new Member(-1, -1, 0));

    private void Sweep(Member? ended)
    {
        var orphans = new List<int>();
        var killed = new List<int>();
        for (int round = 0; round < MaxRounds; round++)
        {
            orphans.Clear();
            killed.Clear();
            if (!ProcFile.TryReadChildren(_childrenPath, orphans))
            {
                ProcFile.FindChildren(Environment.ProcessId, orphans);
            }

            foreach (int pid in orphans)
            {
                // A child in our own session is none of a run's: a run can't enter it again.
                if (!ProcFile.TryReadStat(pid, out ProcFile.ProcessStat stat) || stat.Session == _ownSession)
                {
                    continue;
                }

                if (stat.State == 'Z')
                {
                    if (!MayBeMain(pid))
                    {
                        Reap(pid);
                    }
                }
                else if (ended is Member member && Belongs(pid, stat, member) && LibC.Kill(pid, LibC.SignalKill) == 0)
                {
                    killed.Add(pid);
                }
            }

            if (killed.Count == 0)
            {
                return;
            }

            // The children of those that die become ours in the next round.
            foreach (int pid in killed)
            {
                AwaitDeath(pid);
            }
        }
    }

    /// <summary>Whether this is, or may be, the main process of a run: those are reaped by the thread that waits for them.</summary>
    private bool MayBeMain(int pid)
    {
        lock (_gate)
        {
            return _starting > 0 || _active.Exists(member => member.Pid == pid);
        }
    }

    private bool Belongs(int pid, ProcFile.ProcessStat stat, Member ended)
    {
        if (stat.Session == ended.Pid)
        {
            return true;
        }

        ReadOnlySpan<byte> environment = ProcFile.ReadEnvironment(pid);
        string mine = ended.Pid < 0 ? _token : MarkerOf(ended.Number);
        if (environment.IndexOf(Encoding.ASCII.GetBytes(mine)) >= 0)
        {
            return true;
        }

        if (environment.IndexOf(Encoding.ASCII.GetBytes(MarkerName + "=")) >= 0 || environment.IndexOf(Encoding.ASCII.GetBytes(GuardName + "=")) >= 0)
        {
            return false;
        }

        lock (_gate)
        {
            if (_starting > 0)
            {
                return false;
            }

            foreach (Member other in _active)
            {
                if (pid == other.Pid || stat.Session == other.Pid || stat.StartTicks >= other.StartTicks)
                {
                    return false;
                }
            }
        }

        return stat.StartTicks >= ended.StartTicks;
    }

    private unsafe void AwaitDeath(int pid)
    {
        long start = Stopwatch.GetTimestamp();
        int descriptor = LibC.OpenProcess(pid);
        while (!Reap(pid) && Stopwatch.GetElapsedTime(start) < _deathPatience)
        {
            var entry = new LibC.PollEntry { Descriptor = descriptor, Events = LibC.PollIn };
            _ = LibC.Poll(&entry, 1, descriptor < 0 ? 1 : (int)_deathPatience.TotalMilliseconds);
        }

        LibC.CloseIfOpen(descriptor);
    }

    /// <summary>Takes the exit status of an ended child; false while it lives.</summary>
    private unsafe bool Reap(int pid)
    {
        int status;
        LibC.ResourceUsage usage = default;
        int result = LibC.WaitPid(pid, &status, LibC.WaitNoHang, &usage);
        if (result == pid)
        {
            lock (_gate)
            {
                if (_usages.ContainsKey(pid))
                {
                    _usages[pid] = usage;
                }
            }
        }

        return result != 0;
    }
}
