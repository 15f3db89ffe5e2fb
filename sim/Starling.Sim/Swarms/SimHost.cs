using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Owner;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Scheduling;
using Starling.Core.Wire;

namespace Starling.Sim.Swarms;

/// <summary>One machine: a real <see cref="Node"/>, a disk that outlives it, and runs that take virtual time.</summary>
internal class SimHost
{
    private static readonly TimeSpan DiskDelay = TimeSpan.FromMilliseconds(1);

    private readonly double _speed;
    private readonly bool _isBroken;
    private readonly bool _fromMagnet;
    private readonly Dictionary<JobId, RunningJob> _jobs = [];
    private readonly SortedDictionary<int, Queue<NodeEffect.StartJob>> _slots = [];
    private readonly List<ReadOnlyMemory<byte>> _delegations = [];
    private readonly Dictionary<JobId, byte[]> _outputs = [];
    private readonly Dictionary<(int Piece, ResultId Result), byte[]> _downloads = [];
    private readonly HashSet<LinkId> _greeted = [];
    private readonly SortedSet<long> _open = [];
    private Instant _plannedWake = Instant.Never;
    private int _ticksInARow;
    private Grant _grant = Grant.Everything;
    private Node? _node;

    public SimHost(SimWorld world, int number, SimHostTraits traits, ulong seed)
    {
        World = world;
        Number = number;
        _speed = traits.Speed;
        _isBroken = traits.IsBroken;
        _fromMagnet = traits.FromMagnet;
        Random = new DeterministicRandom(seed);
        Identity = new SimIdentity(number, world.Options.Seed);
        Address = new PeerAddress(new UInt128(0, 0x0000FFFF_0A000000UL + (ulong)number + 1), 6881);
        Disk = NewDisk();
        Standings = new SimStandings(world.Options.Known);
        Finished = new PieceSet(world.Options.Pieces);
        Evidence = new Evidence(world);
    }

    public int Number { get; }

    public SimIdentity Identity { get; private set; }

    public PeerAddress Address { get; }

    public SimDisk Disk { get; private set; }

    /// <summary>What this machine's owner knows of others.</summary>
    public SimStandings Standings { get; private set; }

    /// <summary>Counts starts: what was meant for an earlier life is not heard.</summary>
    public int Life { get; private set; }

    public virtual bool IsUp => _node is not null;

    public virtual bool IsHonest => true;

    /// <summary>It left for good: nobody waits for it.</summary>
    public bool IsGone { get; set; }

    public double Speed => _isBroken ? 0 : _speed;

    /// <summary>Seconds of a run here, give or take the jitter.</summary>
    public double UsualRun => World.Options.PieceSeconds / _speed;

    public Instant UploadFreeAt { get; set; }

    /// <summary>When its one thread is through with all frames that are under way (kept by <see cref="SimNetwork"/>).</summary>
    public Instant LooksFreeAt { get; set; }

    /// <summary>What is on its way here, by the time at which it arrives (kept by <see cref="SimNetwork"/>).</summary>
    public Dictionary<Instant, SimNetwork.Delivery> Deliveries { get; } = [];

    public Instant StartedAt { get; private set; } = Instant.Never;

    public Instant CompleteAt { get; private set; } = Instant.Never;

    /// <summary>Why the last life ended by itself; null: it did not.</summary>
    public LeaveReason? LeftWith { get; private set; }

    /// <summary>Has everything, or had it when it left.</summary>
    public bool IsDone => LeftWith == LeaveReason.Done || (IsUp && CompleteAt != Instant.Never);

    /// <summary>Pieces that the node says are finished.</summary>
    public PieceSet Finished { get; private set; }

    /// <summary>What the node knows of others' and its own attestations, in this life.</summary>
    public Evidence Evidence { get; private set; }

    /// <summary>Seconds of runs here, by how they ended.</summary>
    public double UsefulSeconds { get; private set; }

    public double WastedSeconds { get; private set; }

    public int Runs { get; private set; }

    /// <summary>Runs that were killed.</summary>
    public int Aborts { get; private set; }

    public Node? Node => _node;

    protected SimWorld World { get; }

    protected DeterministicRandom Random { get; }

    protected IEnumerable<long> OpenLinks => _open;

    protected virtual bool MayCompute => true;

    protected virtual int Slots => World.Options.Slots;

    public NodeSnapshot? Snapshot => _node?.Snapshot(World.Events.Now);

    public virtual void Start(IReadOnlyList<PeerAddress> known)
    {
        Life++;
        LeftWith = null;
        SimOptions options = World.Options;
        _node = new Node(
            new NodeOptions
            {
                TaskId = World.Task.Id,
                Secret = World.Task.Secret,
                Incarnation = 1_000_000L + (Life * 1_000_000L),
                Slots = Slots,
                MaxLinks = options.MaxLinks,
                ExitWhenDone = options.ExitWhenDone && IsHonest,
                Keep = IsHonest ? options.Keep : KeepRule.All,
                Delegations = [.. World.DelegationsBy(Number), .. _delegations],
                Standings = Standings,
                GossipDelay = options.GossipDelay > 0 ? TimeSpan.FromSeconds(options.GossipDelay) : NodeOptions.DefaultGossipDelay,
            },
            Identity,
            Identity,
            Random.NextUInt64(),
            World.Batches);
        bool first = StartedAt == Instant.Never;
        StartedAt = Instant.Min(StartedAt, World.Events.Now);
        Take(Life, new NodeInput.Listening([Address]));
        if (_grant != Grant.Everything)
        {
            Take(Life, new NodeInput.GrantChanged(_grant));
        }

        Take(Life, new NodeInput.PeersFound(known, PeerSource.Owner));
        if (!_fromMagnet || !first)
        {
            OpenTask();
        }
    }

    /// <summary>What its owner's rules grant from now on, over restarts too.</summary>
    public void Give(Grant grant)
    {
        _grant = grant;
        Take(Life, new NodeInput.GrantChanged(grant));
    }

    /// <summary>The process is killed, or its machine loses power.</summary>
    public virtual void Crash(CrashKind kind)
    {
        Disk.Crash(kind == CrashKind.Power, Random);
        PieceSet finished = Finished;
        GoDown();
        switch (kind)
        {
            case CrashKind.Kill or CrashKind.Power:
                World.Checks.OnCrash(this, finished);
                break;
            case CrashKind.FolderLost:
                Disk = NewDisk();
                World.Checks.OnFolderLost(this);
                break;
            case CrashKind.MachineLost:
                Disk = NewDisk();
                Standings = new SimStandings(World.Options.Known);
                Identity = new SimIdentity(Number + (Life * 1_000_000), World.Options.Seed);
                World.Checks.OnFolderLost(this);
                break;
        }
    }

    /// <summary>Hands an input to the node, if it still lives the life that the input was meant for.</summary>
    /// <param name="life">The life it was meant for.</param>
    /// <param name="input">What happened.</param>
    /// <param name="more">Another input follows at once.</param>
    public virtual void Take(int life, NodeInput input, bool more = false)
    {
        if (life != Life || _node is null)
        {
            return;
        }

        switch (input)
        {
            case NodeInput.LinkOpened opened:
                _open.Add(opened.Link.Value);
                break;
            case NodeInput.LinkClosed closed:
                _open.Remove(closed.Link.Value);
                _greeted.Remove(closed.Link);
                break;
        }

        Instant now = World.Events.Now;
        if (World.Options.TraceHost == Number)
        {
            Console.WriteLine($"{now.Seconds:F4} < {input}");
        }

        foreach (NodeEffect effect in _node.Step(input, now, more))
        {
            if (World.Options.TraceHost == Number)
            {
                Console.WriteLine($"{now.Seconds:F4}   > {effect}");
            }

            World.Trace(this, effect);
            Execute(effect);
        }

        if (LeftWith is not null)
        {
            GoDown();
            return;
        }

        if (more)
        {
            return;
        }

        _ticksInARow = input is NodeInput.Tick && _node.NextWake <= now ? _ticksInARow + 1 : 0;
        World.Checks.OnStep(this, _ticksInARow);
        PlanWake();
    }

    protected virtual void Execute(NodeEffect effect)
    {
        switch (effect)
        {
            case NodeEffect.OpenTask:
                Later(TimeSpan.FromSeconds(Random.NextDouble() * 3), OpenTask);
                break;
            case NodeEffect.Connect connect:
                World.Network.Connect(this, connect.Address);
                break;
            case NodeEffect.CloseLink close:
                World.Checks.OnClose(this, World.Network.PeerAt(this, close.Link), close.Reason);
                World.Network.Close(this, close.Link, close.Reason);
                break;
            case NodeEffect.Send send:
                World.Checks.OnSend(this, send.Bytes);

                // The first thing on a link is the handshake, which has no length prefix.
                World.Network.Send(this, send.Link, _greeted.Add(send.Link) ? send.Bytes : send.Bytes[PeerMessageCodec.PrefixSize..]);
                break;
            case NodeEffect.SendBlock block:
                SendBlock(block);
                break;
            case NodeEffect.StartJob start:
                StartJob(start);
                break;
            case NodeEffect.KillJob kill:
                KillJob(kill);
                break;
            case NodeEffect.PauseJob pause:
                PauseJob(pause);
                break;
            case NodeEffect.KeepOutputs keep:
                Keep(keep);
                break;
            case NodeEffect.DiscardOutput discard:
                _outputs.Remove(discard.Job);
                break;
            case NodeEffect.WriteBlock write:
                WriteBlock(write);
                break;
            case NodeEffect.CommitDownload commit:
                Commit(commit);
                break;
            case NodeEffect.AbandonDownload abandon:
                _downloads.Remove((abandon.Piece, abandon.Result));
                break;
            case NodeEffect.DropResult drop:
                Disk.Drop(drop.Piece, drop.Result);
                break;
            case NodeEffect.ReleaseResult release:
                Disk.Release(release.Piece, release.Result);
                break;
            case NodeEffect.SaveBatch save:
                Disk.SaveBatch(save.Batch);
                Evidence.Add(save.Batch);
                World.News.Heard(save.Batch);
                break;
            case NodeEffect.SaveAccepted save:
                Disk.SaveAccepted(save.Piece, save.Result, save.Accepted);
                break;
            case NodeEffect.SaveDelegation save:
                _delegations.Add(save.Notice);
                break;
            case NodeEffect.SaveStanding save:
                Standings.Apply(save.Worker, save.Change);
                break;
            case NodeEffect.LoadLeaves load:
                LoadLeaves(load);
                break;
            case NodeEffect.LoadContent load:
                Later(DiskDelay, () => Take(Life, new NodeInput.ContentLoaded(
                    load.Piece, load.Result, Disk.Read(load.Piece, load.Result) is { } bytes ? bytes : (ReadOnlyMemory<byte>?)null)));
                break;
            case NodeEffect.StartTrial trial:
                StartTrial(trial);
                break;
            case NodeEffect.StartMerge merge:
                World.Checks.OnMerge(this, merge);
                Later(DiskDelay, () => Take(Life, new NodeInput.MergeExited(merge.File, null)));
                break;
            case NodeEffect.Report report:
                OnReport(report.Event);
                break;
            case NodeEffect.Leave leave:
                LeftWith = leave.Reason;
                World.Checks.OnLeave(this, leave);
                break;
        }
    }

    protected virtual void SendBlock(NodeEffect.SendBlock block)
    {
        if (Disk.Read(block.Piece, block.Result) is { } content)
        {
            SendBlock(block.Link, block.Piece, block.Begin, content.AsMemory(block.Begin, block.Length));
        }
    }

    protected void SendBlock(LinkId link, int piece, int begin, ReadOnlyMemory<byte> data)
    {
        byte[] message = PeerMessageCodec.Encode(new PeerMessage.Block(piece, begin, data));
        World.Network.Send(this, link, message.AsMemory(PeerMessageCodec.PrefixSize));
    }

    protected virtual void LoadLeaves(NodeEffect.LoadLeaves load) =>
        Later(DiskDelay, () => Take(Life, new NodeInput.LeavesLoaded(
            load.Piece, load.Result, Disk.Read(load.Piece, load.Result) is { } content ? MerkleTree.Leaves(content) : null)));

    protected void Later(TimeSpan delay, Action action)
    {
        int life = Life;
        World.Events.After(delay, () =>
        {
            if (life == Life && IsUp)
            {
                action();
            }
        });
    }

    /// <summary>Seconds that a run of this piece takes here: the same each time, so that a central scheduler can be told.</summary>
    public virtual double DurationOfRun(int piece)
    {
        SimOptions options = World.Options;
        ulong state = (options.Seed * 0x9E3779B97F4A7C15) ^ ((ulong)Number << 32) ^ (uint)piece;
        double luck = new DeterministicRandom(state).NextDouble();
        return options.PieceSeconds / _speed * (1 + (options.Jitter * ((2 * luck) - 1)));
    }

    /// <summary>What a run of the piece gives on this machine.</summary>
    protected virtual byte[] OutputOf(int piece, out ResultId result) => World.Run(piece, Number, out result);

    /// <summary>Where nobody ever comes back, nothing is read again that only a journal tells.</summary>
    private SimDisk NewDisk() => new(World, World.NextLog(), keepsJournal: World.Options.HasFaults || World.HasAdversaries);

    private void OpenTask()
    {
        RestoredState restored = Disk.Restore();
        Evidence = new Evidence(World);
        foreach (ReadOnlyMemory<byte> batch in restored.Batches)
        {
            Evidence.Add(batch);
        }

        Take(Life, new NodeInput.TaskOpened(World.Task, restored) { MayCompute = MayCompute });
        World.Checks.OnOpened(this);
    }

    private void GoDown()
    {
        foreach (RunningJob job in _jobs.Values)
        {
            WastedSeconds += (World.Events.Now - job.StartedAt).TotalSeconds;
        }

        _node = null;
        _jobs.Clear();
        _slots.Clear();
        _outputs.Clear();
        _downloads.Clear();
        _greeted.Clear();
        _open.Clear();
        Finished = new PieceSet(World.Options.Pieces);
        if (LeftWith != LeaveReason.Done)
        {
            CompleteAt = Instant.Never;
        }

        _plannedWake = Instant.Never;
        _ticksInARow = 0;
        if (LeftWith is not null)
        {
            Disk.Crash(power: false, Random);
        }

        World.Network.Vanish(this);
    }

    private void PlanWake()
    {
        Instant wake = _node?.NextWake ?? Instant.Never;
        if (wake == Instant.Never || (_plannedWake > World.Events.Now && _plannedWake <= wake))
        {
            return;
        }

        int life = Life;
        _plannedWake = wake;
        World.Events.At(wake, () =>
        {
            if (life == Life && _plannedWake == wake)
            {
                _plannedWake = Instant.Never;
                Take(life, new NodeInput.Tick());
            }
        });
    }

    private void OnReport(NodeEvent report)
    {
        switch (report)
        {
            case NodeEvent.PieceFinished finished:
                Finished.Add(finished.Piece);
                World.Checks.OnFinished(this, finished);
                break;
            case NodeEvent.PieceReopened reopened:
                Finished.Remove(reopened.Piece);
                break;
            case NodeEvent.Complete:
                CompleteAt = World.Events.Now;
                break;
            case NodeEvent.Refused refused:
                World.Checks.OnRefused(this, refused.Problem);
                break;
        }
    }

    /// <summary>A slot runs one job at a time; the one behind begins when the one before it has ended.</summary>
    private void StartJob(NodeEffect.StartJob start)
    {
        World.Checks.OnStartJob(this, start);
        if (_slots.TryGetValue(start.Slot, out Queue<NodeEffect.StartJob>? waiting))
        {
            waiting.Enqueue(start);
        }
        else
        {
            _slots.Add(start.Slot, new Queue<NodeEffect.StartJob>());
            Begin(start);
        }
    }

    private void Begin(NodeEffect.StartJob start)
    {
        SimOptions options = World.Options;
        double seconds = DurationOfRun(start.Piece);
        bool fails = _isBroken || (start.Attempt < 3 && Random.NextDouble() < options.FailureShare);
        var span = TimeSpan.FromSeconds(fails ? seconds * Random.NextDouble() : seconds);
        LogRun("starts", start.Job, start.Piece, "");
        var job = new RunningJob(start.Piece, start.Slot, World.Events.Now) { Left = span };
        _jobs.Add(start.Job, job);
        Runs++;
        job.End = () =>
        {
            _jobs.Remove(start.Job);
            double ran = (World.Events.Now - job.StartedAt).TotalSeconds;
            FreeSlot(job.Slot);
            if (fails)
            {
                WastedSeconds += ran;
                Take(Life, new NodeInput.JobExited(
                    start.Job, new JobOutcome.Failed(new Problem("exit:1", "it failed"), "no luck") { Elapsed = span }));
                return;
            }

            UsefulSeconds += ran;
            if (IsHonest)
            {
                World.CountRun(job.Piece, ran);
            }

            byte[] content = OutputOf(job.Piece, out ResultId result);
            _outputs.Add(start.Job, content);
            Take(Life, new NodeInput.JobExited(start.Job, new JobOutcome.Succeeded(result) { Elapsed = span }));
        };
        GoOn(start.Job, job);
    }

    /// <summary>Ends the run when the time that it has left is over, unless it is frozen or killed before.</summary>
    private void GoOn(JobId id, RunningJob job)
    {
        int life = Life;
        int spell = ++job.Spell;
        job.GoesSince = World.Events.Now;
        World.Events.After(job.Left, () =>
        {
            if (life == Life && job.Spell == spell && _jobs.ContainsKey(id))
            {
                job.End!();
            }
        });
    }

    private void PauseJob(NodeEffect.PauseJob pause)
    {
        if (!_jobs.TryGetValue(pause.Job, out RunningJob? job))
        {
            return;
        }

        Instant now = World.Events.Now;
        LogRun(pause.Paused ? "freezes" : "thaws", pause.Job, job.Piece, "");
        if (pause.Paused)
        {
            job.Spell++;
            job.Left -= now - job.GoesSince;
            job.FrozenAt = now;
        }
        else
        {
            job.StartedAt += now - job.FrozenAt;
            GoOn(pause.Job, job);
        }
    }

    private void StartTrial(NodeEffect.StartTrial trial)
    {
        bool yes = trial.Other is { } other
            ? trial.Result == other || (World.IsMeant(trial.Piece, trial.Result) && World.IsMeant(trial.Piece, other))
            : World.IsMeant(trial.Piece, trial.Result);
        var problem = new Problem("checker", "it says no");
        TrialOutcome outcome = Random.NextDouble() < World.Options.FailureShare ? new TrialOutcome.Failed(problem)
            : yes ? new TrialOutcome.Passed()
            : new TrialOutcome.Rejected(problem);
        Later(DiskDelay, () => Take(Life, new NodeInput.TrialEnded(trial.Piece, trial.Result, trial.Other, outcome)));
    }

    private void FreeSlot(int slot)
    {
        if (_slots[slot].TryDequeue(out NodeEffect.StartJob? next))
        {
            Begin(next);
        }
        else
        {
            _slots.Remove(slot);
        }
    }

    private void LogRun(string what, JobId job, int piece, string more)
    {
        if (World.Options.LogRuns)
        {
            Console.WriteLine($"{World.Events.Now.Seconds:F3} host {Number} {what} run {job.Value} of piece {piece}{more}");
        }
    }

    private void KillJob(NodeEffect.KillJob kill)
    {
        TimeSpan ran = TimeSpan.Zero;
        if (_jobs.Remove(kill.Job, out RunningJob? job))
        {
            ran = World.Events.Now - job.StartedAt;
            WastedSeconds += ran.TotalSeconds;
            Aborts++;
            LogRun("stops", kill.Job, job.Piece, $" after {ran.TotalSeconds:F2} s: {kill.Reason}");
            FreeSlot(job.Slot);
        }
        else if (!RemoveWaiting(kill.Job))
        {
            return;
        }

        Later(TimeSpan.FromMilliseconds(1), () => Take(Life, new NodeInput.JobExited(kill.Job, new JobOutcome.Killed { Elapsed = ran })));
    }

    private bool RemoveWaiting(JobId job)
    {
        bool found = false;
        foreach (Queue<NodeEffect.StartJob> waiting in _slots.Values)
        {
            for (int left = waiting.Count; left > 0; left--)
            {
                NodeEffect.StartJob next = waiting.Dequeue();
                found |= next.Job == job;
                if (next.Job != job)
                {
                    waiting.Enqueue(next);
                }
            }
        }

        return found;
    }

    private void Keep(NodeEffect.KeepOutputs keep)
    {
        var results = new List<(int Piece, ResultId Result, byte[] Content)>();
        foreach (KeptOutput output in keep.Outputs)
        {
            results.Add((output.Piece, output.Result, _outputs[output.Job]));
            _outputs.Remove(output.Job);
        }

        SimIdentity identity = Identity;
        Disk.Begin(() =>
        {
            bool saved = Disk.Save(results, keep.Batch);
            if (saved && !keep.Batch.IsEmpty)
            {
                World.Checks.OnAttested(this, identity, keep.Batch);
            }

            return saved;
        });
        Later(DiskDelay, () =>
        {
            bool saved = Disk.Complete();
            if (saved)
            {
                World.News.Said(keep.Batch);
                Evidence.Add(keep.Batch);
                foreach ((int piece, ResultId result, _) in World.Options.Sealed > 0 ? results : [])
                {
                    Evidence.AddSealed(piece, result, identity.PublicKey);
                }
            }

            if (keep.Outputs.Count == 0)
            {
                Take(Life, new NodeInput.BatchKept(saved ? null : new Problem("disk-full", "the disk is full")));
            }

            foreach (KeptOutput output in keep.Outputs)
            {
                Take(Life, saved
                    ? new NodeInput.ResultStored(output.Piece, output.Result)
                    : new NodeInput.StoreFailed(output.Piece, output.Result, new Problem("disk-full", "the disk is full")));
            }
        });
    }

    private void WriteBlock(NodeEffect.WriteBlock write)
    {
        if (!_downloads.TryGetValue((write.Piece, write.Result), out byte[]? content))
        {
            _downloads.Add((write.Piece, write.Result), content = new byte[write.Result.Length]);
        }

        write.Data.CopyTo(content.AsMemory(write.Block * MerkleTree.BlockSize));
    }

    private void Commit(NodeEffect.CommitDownload commit)
    {
        _downloads.Remove((commit.Piece, commit.Result), out byte[]? content);
        content = World.Intern(commit.Piece, content ?? []);
        World.Checks.OnCommit(this, commit, content);
        Disk.Begin(() => Disk.Save([(commit.Piece, commit.Result, content)], ReadOnlyMemory<byte>.Empty));
        Later(DiskDelay, () => Take(Life, Disk.Complete()
            ? new NodeInput.ResultStored(commit.Piece, commit.Result)
            : new NodeInput.StoreFailed(commit.Piece, commit.Result, new Problem("disk-full", "the disk is full"))));
    }

    private sealed class RunningJob(int piece, int slot, Instant startedAt)
    {
        public int Piece => piece;

        public int Slot => slot;

        public Instant StartedAt { get; set; } = startedAt;

        /// <summary>What it still needs, counted from <see cref="GoesSince"/>.</summary>
        public TimeSpan Left { get; set; }

        public Instant GoesSince { get; set; }

        public Instant FrozenAt { get; set; }

        /// <summary>Counts up when it is frozen or goes on: an end that was planned before does not come.</summary>
        public int Spell { get; set; }

        public Action? End { get; set; }
    }
}

/// <summary>What one machine is like.</summary>
internal readonly record struct SimHostTraits(double Speed, bool IsBroken = false, bool FromMagnet = false);

/// <summary>What a crash leaves.</summary>
internal enum CrashKind
{
    /// <summary>SIGKILL: everything that was written.</summary>
    Kill,

    /// <summary>Power failure: what was flushed, and a part of the rest.</summary>
    Power,

    /// <summary>The task folder is gone, the identity is not.</summary>
    FolderLost,

    /// <summary>Everything is gone: the host comes back as somebody else.</summary>
    MachineLost,
}
