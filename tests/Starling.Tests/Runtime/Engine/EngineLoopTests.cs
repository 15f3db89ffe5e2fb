using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Core.Verification;
using Starling.Runtime.Engine;

namespace Starling.Tests.Runtime.Engine;

public sealed class EngineLoopTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public void InputsAreStepped_InTheOrderOfPosting_AcrossBatches()
    {
        var seen = new List<string>();
        using var done = new ManualResetEventSlim();
        var machine = new Machine(input =>
        {
            string reason = ((NodeInput.StopRequested)input).Reason;
            seen.Add(reason);
            if (reason == "999")
            {
                done.Set();
            }

            return [];
        });
        EngineLoop loop = machine.Loop(new Host());
        loop.Post(new NodeInput.StopRequested("0"));
        loop.Start();
        for (int i = 1; i < 1000; i++)
        {
            loop.Post(new NodeInput.StopRequested(i.ToString()));
        }

        Assert.True(done.Wait(Patience));
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => i.ToString()), seen);
    }

    [Fact]
    public void TheFirstInputs_GoBeforeWhatWaitsInTheQueue()
    {
        var seen = new List<string>();
        var machine = new Machine(input =>
        {
            seen.Add(((NodeInput.StopRequested)input).Reason);
            return seen.Count == 3 ? [new NodeEffect.Leave(LeaveReason.Done, null)] : [];
        });
        EngineLoop loop = machine.Loop(new Host());
        loop.Post(new NodeInput.StopRequested("queued"));
        loop.Start(new NodeInput.StopRequested("first"), new NodeInput.StopRequested("second"));
        loop.Join();

        Assert.Equal(["first", "second", "queued"], seen);
    }

    [Fact]
    public void AnIdleLoop_StepsNothing_UntilTheWakeUpThatTheNodeAsksFor()
    {
        var clock = new EngineClock();
        var ticks = new List<Instant>();
        Machine? machine = null;
        machine = new Machine(input =>
        {
            Assert.IsType<NodeInput.Tick>(input);
            ticks.Add(clock.Now);
            machine!.NextWake = Instant.Never;
            return [new NodeEffect.Leave(LeaveReason.Done, null)];
        })
        { NextWake = clock.Now + TimeSpan.FromMilliseconds(60) };
        Instant asked = machine.NextWake;
        EngineLoop loop = machine.Loop(new Host(), clock);
        loop.Start();
        loop.Join();

        Assert.True(Assert.Single(ticks) >= asked);
    }

    [Fact]
    public void Effects_ReachTheirParts_InOrder()
    {
        var host = new Host();
        var result = new ResultId(3, Hash256.Of([1]));
        var machine = new Machine(_ =>
        [
            new NodeEffect.Connect(new PeerAddress(1, 2)),
            new NodeEffect.Send(new LinkId(7), new byte[] { 1 }),
            new NodeEffect.SendBlock(new LinkId(7), 1, result, 0, 3),
            new NodeEffect.CloseLink(new LinkId(7), "bye"),
            new NodeEffect.StartJob(new JobId(1), 0, 5, 2),
            new NodeEffect.PauseJob(new JobId(1), true),
            new NodeEffect.KillJob(new JobId(1), AbortReason.Yield),
            new NodeEffect.KeepOutputs([new KeptOutput(new JobId(1), 5, result)], new byte[] { 9 }),
            new NodeEffect.DiscardOutput(new JobId(2)),
            new NodeEffect.WriteBlock(5, result, 0, new byte[] { 1, 2, 3 }, result.Root),
            new NodeEffect.CommitDownload(5, result),
            new NodeEffect.AbandonDownload(6, result),
            new NodeEffect.DropResult(5, result),
            new NodeEffect.ReleaseResult(6, result),
            new NodeEffect.SaveBatch(new byte[] { 4 }),
            new NodeEffect.SaveAccepted(5, result),
            new NodeEffect.LoadLeaves(5, result),
            new NodeEffect.LoadContent(5, result),
            new NodeEffect.StartTrial(5, result, null),
            new NodeEffect.StartMerge(0, [(5, result)]),
            new NodeEffect.SaveDelegation(new byte[] { 6 }),
            new NodeEffect.SaveStanding(default, StandingChange.Refuted),
            new NodeEffect.PeerListens(new PeerAddress(1, 2)),
            new NodeEffect.PeerHasNode(new PeerAddress(1, 3)),
            new NodeEffect.Report(new NodeEvent.Swarm(3)),
            new NodeEffect.Leave(LeaveReason.Failed, new Problem("no-hit", "nothing found")),
        ]);
        EngineLoop loop = machine.Loop(host);
        loop.Start();
        loop.Post(new NodeInput.StopRequested("go"));
        loop.Join();

        Assert.Equal(
            [
                "connect", "send 7", "block 7 1", "close 7 bye", "start 1 0 5 2", "pause 1 True", "kill 1 Yield", "keep 1", "discard 2", "write 5 0", "commit 5",
                "abandon 6", "drop 5", "release 6", "batch", "accepted 5", "leaves 5", "content 5", "trial 5", "merge 0", "delegation 1", "standing Refuted", "listens [::1]:2", "node [::1]:3", "report Swarm { Connected = 3 }",
                "left Failed no-hit",
            ],
            host.Calls);
    }

    [Fact]
    public void EveryKindOfEffect_IsCarriedOut()
    {
        // The list above must grow with the contract: an effect that the loop does not know is a crash in somebody's run.
        int kinds = typeof(NodeEffect).GetNestedTypes().Count(type => type.IsSubclassOf(typeof(NodeEffect)));
        Assert.Equal(27, kinds);
    }

    [Fact]
    public void AfterTheNodeLeft_InputsAreDropped()
    {
        int steps = 0;
        var machine = new Machine(_ =>
        {
            steps++;
            return [new NodeEffect.Leave(LeaveReason.Done, null)];
        });
        EngineLoop loop = machine.Loop(new Host());
        loop.Post(new NodeInput.StopRequested("one"));
        loop.Post(new NodeInput.StopRequested("two"));
        loop.Start();
        loop.Join();
        loop.Post(new NodeInput.StopRequested("three"));

        Assert.Equal(1, steps);
        Assert.Equal(0, loop.Backlog);
    }

    [Fact]
    public void ABugInTheNode_EndsTheLoop_AndIsHandedToTheHostWithItsInput()
    {
        var host = new Host();
        var machine = new Machine(_ => throw new InvalidOperationException("a piece finished twice"));
        EngineLoop loop = machine.Loop(host);
        loop.Start();
        loop.Post(new NodeInput.StopRequested("trigger"));
        loop.Join();

        Assert.Equal(["crashed a piece finished twice StopRequested { Reason = trigger }"], host.Calls);
    }

    [Fact]
    public async Task ASnapshot_IsMadeByTheLoopOnDemandOnly()
    {
        int made = 0;
        var machine = new Machine(_ => []) { View = () => new NodeSnapshot { Computed = ++made } };
        EngineLoop loop = machine.Loop(new Host());
        loop.Start();
        loop.Post(new NodeInput.StopRequested("nothing asked yet"));
        Assert.Equal(0, loop.Snapshot().Computed);

        while (loop.Snapshot().Computed < 2)
        {
            await Task.Delay(5);
        }

        Assert.True(made >= 2);
    }

    [Fact]
    public void Posting_FromManyThreads_LosesNothing()
    {
        int seen = 0;
        using var done = new ManualResetEventSlim();
        var machine = new Machine(_ =>
        {
            if (++seen == 4 * 5000)
            {
                done.Set();
            }

            return [];
        });
        EngineLoop loop = machine.Loop(new Host());
        loop.Start();
        Thread[] threads = [.. Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (int i = 0; i < 5000; i++)
            {
                loop.Post(new NodeInput.StopRequested("x"));
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());

        Assert.True(done.Wait(Patience));
    }

    private sealed class Machine(Func<NodeInput, IReadOnlyList<NodeEffect>> step)
    {
        public Instant NextWake { get; set; } = Instant.Never;

        public Func<NodeSnapshot> View { get; init; } = () => new NodeSnapshot();

        public EngineLoop Loop(IEngineHost host, EngineClock? clock = null) =>
            new((input, _, _) => step(input), () => NextWake, _ => View(), new InputQueue(), host, clock ?? new EngineClock());
    }

    private sealed class Host : IEngineHost, ILinkTransport, IPieceStore, IJobRunner, ITrialRunner, IMerger
    {
        private readonly ConcurrentQueue<string> _calls = new();

        public IReadOnlyList<string> Calls => [.. _calls];

        public ILinkTransport Transport => this;

        public TaskParts Parts => new(this, this, this, this);

        public RestoredState Restored => RestoredState.None;

        public void OpenTask(TaskFile task) => Note("open");

        public void SaveStanding(PublicKey worker, StandingChange change) => Note($"standing {change}");

        public void SaveDelegation(ReadOnlyMemory<byte> notice) => Note($"delegation {notice.Length}");

        public void PeerListens(PeerAddress address) => Note($"listens {address}");

        public void PeerHasNode(PeerAddress address) => Note($"node {address}");

        public void Report(NodeEvent nodeEvent, Instant at) => Note($"report {nodeEvent}");

        public void Left(LeaveReason reason, Problem? problem) => Note($"left {reason} {problem?.Code}");

        public void Crashed(Exception bug, NodeInput? input) => Note($"crashed {bug.Message} {input}");

        public void Connect(PeerAddress address) => Note("connect");

        public void Close(LinkId link, string reason) => Note($"close {link.Value} {reason}");

        public void Send(LinkId link, ReadOnlyMemory<byte> bytes) => Note($"send {link.Value}");

        public void SendBlock(LinkId link, int piece, ResultId result, int begin, int length) => Note($"block {link.Value} {piece}");

        public IOutputSink OpenOutput(JobId job) => throw new NotSupportedException();

        public void KeepOutputs(IReadOnlyList<KeptOutput> outputs, ReadOnlyMemory<byte> batch) => Note($"keep {outputs[0].Job.Value}");

        public void DiscardOutput(JobId job) => Note($"discard {job.Value}");

        public void CopyOutput(JobId job, string path) => throw new NotSupportedException();

        public void WriteBlock(int piece, ResultId result, int block, ReadOnlyMemory<byte> data, Hash256 leaf) => Note($"write {piece} {block}");

        public void CommitDownload(int piece, ResultId result) => Note($"commit {piece}");

        public void AbandonDownload(int piece, ResultId result) => Note($"abandon {piece}");

        public void ReleaseResult(int piece, ResultId result) => Note($"release {piece}");

        public void DropResult(int piece, ResultId result) => Note($"drop {piece}");

        public void SaveBatch(ReadOnlyMemory<byte> batch) => Note("batch");

        public void SaveAccepted(int piece, ResultId result, bool accepted) => Note($"accepted {piece}");

        public void LoadLeaves(int piece, ResultId result) => Note($"leaves {piece}");

        public void LoadContent(int piece, ResultId result) => Note($"content {piece}");

        public bool TryRead(int piece, ResultId result, int begin, Span<byte> destination) => false;

        public (string Folder, IReadOnlyList<string> Names) Materialise(int file, IReadOnlyList<(int Piece, ResultId Result)> parts) => ("", []);

        public void Start(JobId job, int slot, int piece, int attempt) => Note($"start {job.Value} {slot} {piece} {attempt}");

        public void Kill(JobId job, AbortReason reason) => Note($"kill {job.Value} {reason}");

        public void Pause(JobId job, bool paused) => Note($"pause {job.Value} {paused}");

        public void Start(int piece, ResultId result, ResultId? other) => Note($"trial {piece}");

        public void Start(int file, IReadOnlyList<(int Piece, ResultId Result)> parts) => Note($"merge {file}");

        public string PathOf(int file) => "";

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private void Note(string call) => _calls.Enqueue(call);
    }
}
