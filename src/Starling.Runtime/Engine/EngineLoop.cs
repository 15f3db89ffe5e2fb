using System;
using System.Collections.Generic;
using System.Threading;
using Starling.Core.Engine;
using Starling.Core.Primitives;

namespace Starling.Runtime.Engine;

/// <summary>
/// Drives one <see cref="Node"/> on one thread of its own: takes what came in, steps, carries the effects out, sleeps until the node's
/// next wake-up or the next input. Never polls.
/// </summary>
public sealed class EngineLoop
{
    // Monitor.Wait takes whole milliseconds up to an int; a longer sleep just wakes once in between.
    private static readonly TimeSpan LongestSleep = TimeSpan.FromHours(1);

    // A display that asks more often than this is served the view it had.
    private static readonly TimeSpan SnapshotInterval = TimeSpan.FromMilliseconds(50);

    // Inputs that wait together are settled together, but not more than this.
    private const int MostAtOnce = 64;

    private readonly Func<NodeInput, Instant, bool, IReadOnlyList<NodeEffect>> _step;
    private readonly Func<Instant> _nextWake;
    private readonly Func<Instant, NodeSnapshot> _view;
    private readonly IEngineHost _host;
    private readonly EngineClock _clock;
    private readonly InputQueue _queue;
    private readonly Thread _thread;
    private IReadOnlyList<NodeInput> _first = [];
    private volatile NodeSnapshot _snapshot = new();
    private volatile bool _snapshotWanted;
    private Instant _snapshotAt = new(long.MinValue / 2);
    private bool _left;

    /// <summary>A loop for this node; it does nothing before <see cref="Start"/>. The queue may have been filled before.</summary>
    public EngineLoop(Node node, InputQueue queue, IEngineHost host, EngineClock clock)
        : this(node.Step, () => node.NextWake, now => node.Snapshot(now), queue, host, clock)
    {
        ArgumentNullException.ThrowIfNull(node);
    }

    internal EngineLoop(
        Func<NodeInput, Instant, bool, IReadOnlyList<NodeEffect>> step,
        Func<Instant> nextWake,
        Func<Instant, NodeSnapshot> view,
        InputQueue queue,
        IEngineHost host,
        EngineClock clock)
    {
        ArgumentNullException.ThrowIfNull(queue);
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(clock);
        _step = step;
        _nextWake = nextWake;
        _view = view;
        _queue = queue;
        _host = host;
        _clock = clock;
        _thread = new Thread(Run) { Name = "engine", IsBackground = true };
    }

    /// <summary>Starts the thread. It steps <paramref name="first"/> before anything that waits in the queue.</summary>
    public void Start(params IReadOnlyList<NodeInput> first)
    {
        _first = first;
        _thread.Start();
    }

    /// <summary>Hands in an input; safe from every thread, never blocks; dropped once the node left.</summary>
    public void Post(NodeInput input) => _queue.Add(input);

    /// <summary>Inputs that wait for the loop.</summary>
    public int Backlog => _queue.Count;

    /// <summary>The latest view; asks the loop for a fresher one, which a later call returns. Safe from every thread.</summary>
    public NodeSnapshot Snapshot()
    {
        NodeSnapshot latest = _snapshot;
        if (!_snapshotWanted)
        {
            _snapshotWanted = true;
            _queue.Nudge();
        }

        return latest;
    }

    /// <summary>Waits until the loop has ended (the node left, or crashed).</summary>
    public void Join() => _thread.Join();

    private void Run()
    {
        NodeInput? current = null;
        try
        {
            for (int i = 0; i < _first.Count && !_left; i++)
            {
                current = _first[i];
                Step(current);
            }

            while (!_left)
            {
                IReadOnlyList<NodeInput> inputs = _queue.Take(Patience());
                for (int i = 0; i < inputs.Count && !_left; i++)
                {
                    current = inputs[i];
                    Step(current, more: i + 1 < inputs.Count && (i + 1) % MostAtOnce != 0);
                }

                current = null;
                if (!_left && _nextWake() <= _clock.Now)
                {
                    Step(new NodeInput.Tick());
                }

                PublishSnapshot();
            }

            _snapshot = _view(_clock.Now);
        }
#pragma warning disable CA1031 // Whatever it is, it is a bug, and the host ends the process.
        catch (Exception bug)
#pragma warning restore CA1031
        {
            _queue.Close();
            _host.Crashed(bug, current);
            return;
        }

        _queue.Close();
    }

    private TimeSpan Patience()
    {
        Instant now = _clock.Now;
        Instant wake = _nextWake();
        if (_snapshotWanted)
        {
            wake = Instant.Min(wake, _snapshotAt + SnapshotInterval);
        }

        if (wake <= now)
        {
            return TimeSpan.Zero;
        }

        TimeSpan sleep = wake - now;
        return sleep > LongestSleep ? LongestSleep : TimeSpan.FromMilliseconds(Math.Ceiling(sleep.TotalMilliseconds));
    }

    private void PublishSnapshot()
    {
        Instant now = _clock.Now;
        if (_snapshotWanted && now - _snapshotAt >= SnapshotInterval)
        {
            _snapshotWanted = false;
            _snapshotAt = now;
            _snapshot = _view(now);
        }
    }

    private void Step(NodeInput input, bool more = false)
    {
        Instant now = _clock.Now;
        IReadOnlyList<NodeEffect> effects = _step(input, now, more);
        for (int i = 0; i < effects.Count; i++)
        {
            Execute(effects[i], now);
        }
    }

    private void Execute(NodeEffect effect, Instant now)
    {
        switch (effect)
        {
            case NodeEffect.Send send: _host.Transport.Send(send.Link, send.Bytes); break;
            case NodeEffect.SendBlock send: _host.Transport.SendBlock(send.Link, send.Piece, send.Result, send.Begin, send.Length); break;
            case NodeEffect.Connect connect: _host.Transport.Connect(connect.Address); break;
            case NodeEffect.CloseLink close: _host.Transport.Close(close.Link, close.Reason); break;
            case NodeEffect.WriteBlock write: Store.WriteBlock(write.Piece, write.Result, write.Block, write.Data, write.Leaf); break;
            case NodeEffect.CommitDownload commit: Store.CommitDownload(commit.Piece, commit.Result); break;
            case NodeEffect.AbandonDownload abandon: Store.AbandonDownload(abandon.Piece, abandon.Result); break;
            case NodeEffect.KeepOutputs keep: Store.KeepOutputs(keep.Outputs, keep.Batch); break;
            case NodeEffect.DiscardOutput discard: Store.DiscardOutput(discard.Job); break;
            case NodeEffect.DropResult drop: Store.DropResult(drop.Piece, drop.Result); break;
            case NodeEffect.ReleaseResult release: Store.ReleaseResult(release.Piece, release.Result); break;
            case NodeEffect.SaveBatch save: Store.SaveBatch(save.Batch); break;
            case NodeEffect.SaveAccepted save: Store.SaveAccepted(save.Piece, save.Result, save.Accepted); break;
            case NodeEffect.LoadLeaves load: Store.LoadLeaves(load.Piece, load.Result); break;
            case NodeEffect.LoadContent load: Store.LoadContent(load.Piece, load.Result); break;
            case NodeEffect.StartJob start: _host.Parts.Runner.Start(start.Job, start.Slot, start.Piece, start.Attempt); break;
            case NodeEffect.KillJob kill: _host.Parts.Runner.Kill(kill.Job, kill.Reason); break;
            case NodeEffect.PauseJob pause: _host.Parts.Runner.Pause(pause.Job, pause.Paused); break;
            case NodeEffect.StartTrial trial: _host.Parts.Trials.Start(trial.Piece, trial.Result, trial.Other); break;
            case NodeEffect.StartMerge merge: _host.Parts.Merger.Start(merge.File, merge.Parts); break;
            case NodeEffect.SaveDelegation save: _host.SaveDelegation(save.Notice); break;
            case NodeEffect.SaveStanding save: _host.SaveStanding(save.Worker, save.Change); break;
            case NodeEffect.PeerListens peer: _host.PeerListens(peer.Address); break;
            case NodeEffect.PeerHasNode peer: _host.PeerHasNode(peer.Address); break;
            case NodeEffect.Report report: _host.Report(report.Event, now); break;
            case NodeEffect.OpenTask open: _host.OpenTask(open.Task); break;
            case NodeEffect.Leave leave:
                _left = true;
                _host.Left(leave.Reason, leave.Problem);
                break;
            default: throw new NotSupportedException($"No way to carry out {effect.GetType().Name}.");
        }
    }

    private IPieceStore Store => _host.Parts.Store;
}
