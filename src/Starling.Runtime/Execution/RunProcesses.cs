using System;
using System.Collections.Generic;
using Starling.Runtime.Walls;

namespace Starling.Runtime.Execution;

/// <summary>
/// All processes of one run, found anew each time: its main process, what descends from it, and orphans of it that this process adopted. Used under the lock of its
/// owner. Where a run has a control group of its own, that can freeze it in one write; this works for every user on every Linux.
/// </summary>
internal sealed class RunProcesses
{
    /// <summary>Rounds in which new children may appear before they are left alone: each round stops those that it found, so that only what is not stopped yet can fork.</summary>
    private const int MaxRounds = 32;

    /// <summary>Processes of one run that are looked at.</summary>
    private const int MaxProcesses = 65_536;

    private readonly int _pid;
    private readonly Action<List<int>> _adopted;
    private readonly HashSet<int> _stopped = [];
    private readonly List<int> _found = [];

    /// <param name="pid">The main process; also its process group.</param>
    /// <param name="adopted">Appends the orphans of the run.</param>
    public RunProcesses(int pid, Action<List<int>> adopted)
    {
        _pid = pid;
        _adopted = adopted;
    }

    /// <summary>Stops every process, round by round until no new one is found: a child that was made during a round is found in the next.</summary>
    public void Stop()
    {
        for (int round = 0; round < MaxRounds; round++)
        {
            bool isQuiet = true;
            foreach (int pid in Find())
            {
                if (!ProcFile.TryReadStat(pid, out ProcFile.ProcessStat stat) || stat.State is 'Z' or 'X' or 't')
                {
                    continue;
                }

                if (stat.State != 'T')
                {
                    isQuiet &= _stopped.Contains(pid);
                    if (LibC.Kill(pid, LibC.SignalStop) == 0)
                    {
                        _stopped.Add(pid);
                    }
                }
            }

            if (isQuiet)
            {
                return;
            }
        }
    }

    /// <summary>Lets go on what was stopped here; what a run stopped of itself stays so.</summary>
    public void GoOn()
    {
        // Only while they are still members of the tree: a number may belong to somebody else by now.
        foreach (int pid in Find())
        {
            if (_stopped.Contains(pid))
            {
                _ = LibC.Kill(pid, LibC.SignalContinue);
            }
        }

        _stopped.Clear();
    }

    /// <summary>Sends a signal to every process but those that only hold the walls of the run, whose end would be that of all at once.</summary>
    public void Signal(int signal)
    {
        foreach (int pid in Find())
        {
            if (!ProcFile.IsNamed(pid, "bwrap"u8))
            {
                _ = LibC.Kill(pid, signal);
            }
        }
    }

    /// <summary>Processor time of all of them and of their children that ended and were waited for.</summary>
    public TimeSpan ProcessorTime() => ProcessTree.CpuTimeOf(Find());

    /// <summary>Gives them the lowest priority, and the scheduling class of what runs when nothing else wants to.</summary>
    public void BeNice()
    {
        foreach (int pid in Find())
        {
            LibC.BeNice(pid);
        }
    }

    private List<int> Find()
    {
        _found.Clear();
        _found.Add(_pid);
        _adopted(_found);
        ProcessTree.AddDescendants(_found, MaxProcesses);
        return _found;
    }
}
