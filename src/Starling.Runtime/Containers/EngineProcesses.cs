using System;
using System.Text.Json.Nodes;
using Starling.Runtime.Execution;
using Starling.Runtime.Walls;

namespace Starling.Runtime.Containers;

/// <summary>
/// The processes of a container, which on this machine are processes like all others: they are looked at and frozen without asking the engine, which takes tens of milliseconds. They belong to the engine, so each
/// time it is looked whether the number is still theirs. Used under the lock of its owner.
/// </summary>
internal sealed class EngineProcesses
{
    private const int NoSignal = 0;

    private readonly int _pid;
    private readonly long _startTicks;
    private readonly RunProcesses _tree;

    private EngineProcesses(int pid, long startTicks)
    {
        (_pid, _startTicks, _tree) = (pid, startTicks, new RunProcesses(pid, static _ => { }));
        MaySignal = LibC.Kill(pid, NoSignal) == 0;
    }

    /// <summary>Those of a container that was started; null: it has ended, or the engine is on another machine, where the number means nothing here.</summary>
    /// <param name="state">What the engine tells of the container's state.</param>
    /// <param name="notBefore">Ticks since the system's start at which the container was asked for; no process of its is older.</param>
    public static EngineProcesses? Find(JsonNode? state, long notBefore) =>
        state?["Pid"]?.GetValue<int>() is int pid and > 1 && ProcFile.TryReadStat(pid, out ProcFile.ProcessStat stat) && stat.State != 'Z' && stat.StartTicks >= notBefore
            ? new EngineProcesses(pid, stat.StartTicks)
            : null;

    /// <summary>Whether the first of them, with which all end, is still there.</summary>
    public bool AreThere => ProcFile.TryReadStat(_pid, out ProcFile.ProcessStat stat) && stat.StartTicks == _startTicks;

    /// <summary>Whether they can be frozen from here; with user namespaces of the engine's own they are somebody else.</summary>
    public bool MaySignal { get; }

    /// <summary>Processor time of all; zero when they are gone.</summary>
    public TimeSpan ProcessorTime() => AreThere ? _tree.ProcessorTime() : TimeSpan.Zero;

    /// <summary>What they use now; nothing when they are gone.</summary>
    /// <param name="exactFrom">Bytes of memory from which what they share is counted once.</param>
    public ProcessTree.Usage Usage(long exactFrom) => AreThere ? ProcessTree.UsageOf(_pid, exactFrom) : default;

    /// <summary>Freezes them, or lets them go on.</summary>
    public void Freeze(bool frozen)
    {
        if (!AreThere)
        {
            return;
        }

        if (frozen)
        {
            _tree.Stop();
        }
        else
        {
            _tree.GoOn();
        }
    }

    /// <summary>Lets them have only what others leave of the processor.</summary>
    public void BeNice()
    {
        if (AreThere)
        {
            _tree.BeNice();
        }
    }
}
