using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Owner;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Tests.Core.Crypto;

namespace Starling.Tests.Core.Engine;

/// <summary>One node alone, driven by hand: what the owner's rules grant changes what runs.</summary>
public sealed class NodeGrantTests
{
    private Instant _now = Instant.FromSeconds(1);

    [Fact]
    public void Fewer_slots_freeze_the_run_that_began_last_and_more_let_it_go_on()
    {
        Node node = Open(slots: 2);
        NodeEffect.StartJob[] jobs = StartAll(node, 2);
        Assert.Equal([new NodeEffect.PauseJob(jobs[1].Job, true)], Pauses(Give(node, 1)));
        Assert.Equal(PieceWait.Paused, node.Snapshot(_now).Waits[jobs[1].Piece]);

        // The slot of the run that goes on is the only one: what is frozen goes on before another begins.
        _now += TimeSpan.FromSeconds(1);
        List<NodeEffect> effects = Succeed(node, jobs[0]);
        Assert.Equal([new NodeEffect.PauseJob(jobs[1].Job, false)], Pauses(effects));
        Assert.Empty(effects.OfType<NodeEffect.StartJob>());
        Assert.Single(Give(node, 2).OfType<NodeEffect.StartJob>());
    }

    [Fact]
    public void Without_slots_nothing_begins_and_the_node_does_not_wake_without_end()
    {
        Node node = Open(slots: 2);
        Give(node, 0);
        for (int i = 0; i < 20; i++)
        {
            Assert.Empty(Tick(node).OfType<NodeEffect.StartJob>());
            Assert.True(node.NextWake > _now);
        }

        Assert.Equal(2, StartAll(node, 2, Give(node, 2)).Length);
    }

    [Fact]
    public void A_stopped_run_is_killed_for_the_owner_counts_as_no_attempt_and_is_picked_first_again()
    {
        Node node = Open(slots: 1);
        NodeEffect.StartJob job = StartAll(node, 1).Single();
        NodeEffect.KillJob kill = Give(node, 0, HaltKind.Stop).OfType<NodeEffect.KillJob>().Single();
        Assert.Equal(new NodeEffect.KillJob(job.Job, AbortReason.Owner), kill);
        List<NodeEffect> ended = Step(node, new NodeInput.JobExited(job.Job, new JobOutcome.Killed { Elapsed = TimeSpan.FromSeconds(3) }));
        Assert.Contains(ended.OfType<NodeEffect.Report>(), report => report.Event is NodeEvent.Aborted { Reason: AbortReason.Owner });

        NodeEffect.StartJob again = Give(node, 1).OfType<NodeEffect.StartJob>().Single();
        Assert.Equal((job.Piece, 1), (again.Piece, again.Attempt));
    }

    [Fact]
    public void A_run_that_saved_its_state_is_told_and_run_again_first()
    {
        Node node = Open(slots: 1);
        NodeEffect.StartJob job = StartAll(node, 1).Single();
        _now += TimeSpan.FromSeconds(5);
        List<NodeEffect> effects = Step(node, new NodeInput.JobExited(job.Job, new JobOutcome.Checkpointed { Elapsed = TimeSpan.FromSeconds(5) }));
        Assert.Contains(effects.OfType<NodeEffect.Report>(), report => report.Event is NodeEvent.Checkpointed);
        Assert.Equal((job.Piece, 1), effects.OfType<NodeEffect.StartJob>().Select(next => (next.Piece, next.Attempt)).Single());
    }

    [Fact]
    public void Pieces_that_an_earlier_process_began_are_picked_first()
    {
        Node node = Open(slots: 1, RestoredState.None with { Begun = [17] });
        Assert.Equal(17, StartAll(node, 1).Single().Piece);
    }

    [Fact]
    public void What_stood_still_does_not_count_as_time_of_the_run()
    {
        Node node = Open(slots: 1);
        NodeEffect.StartJob job = StartAll(node, 1).Single();
        _now += TimeSpan.FromSeconds(2);
        Give(node, 0);
        _now += TimeSpan.FromHours(8);
        Step(node, new NodeInput.Tick());
        Give(node, 1);
        _now += TimeSpan.FromSeconds(3);
        Succeed(node, job);
        Assert.Equal(TimeSpan.FromSeconds(5), node.Snapshot(_now).MedianRun);
    }

    [Fact]
    public void A_frozen_run_may_end_and_may_be_stopped()
    {
        Node node = Open(slots: 2);
        NodeEffect.StartJob[] jobs = StartAll(node, 2);
        Give(node, 0);
        List<NodeEffect> effects = Succeed(node, jobs[0]);
        Assert.Empty(effects.OfType<NodeEffect.StartJob>());
        Assert.Equal([jobs[1].Job], Step(node, new NodeInput.StopRequested("enough")).OfType<NodeEffect.KillJob>().Select(kill => kill.Job));
    }

    [Fact]
    public void A_merge_waits_while_nothing_may_run()
    {
        Node node = Open(slots: 1, pieces: 1);
        NodeEffect.StartJob job = StartAll(node, 1).Single();
        Give(node, 0);
        Succeed(node, job);
        Assert.Empty(Step(node, new NodeInput.ResultStored(job.Piece, ResultId.Empty)).OfType<NodeEffect.StartMerge>());
        Assert.Single(Give(node, 1).OfType<NodeEffect.StartMerge>());
    }

    private static IEnumerable<NodeEffect.PauseJob> Pauses(IEnumerable<NodeEffect> effects) => effects.OfType<NodeEffect.PauseJob>();

    private Node Open(int slots, RestoredState? restored = null, int pieces = 40)
    {
        var info = new TaskInfo { Name = "task", Run = new RunSpec.Shell("true"), Files = [new OutputFile("out", pieces)], Verify = new VerifySpec.Own() };
        Assert.True(TaskFileCodec.TryMake(info, out TaskFile? task, out Problem? problem), problem?.Reason);
        var node = new Node(new NodeOptions { TaskId = task.Id, Incarnation = 1, Slots = slots }, new StandInIdentity("me"), new StandInVerifier(), 1);
        Step(node, new NodeInput.TaskOpened(task, restored ?? RestoredState.None));
        return node;
    }

    private NodeEffect.StartJob[] StartAll(Node node, int count, IReadOnlyList<NodeEffect>? effects = null)
    {
        var jobs = new List<NodeEffect.StartJob>(effects?.OfType<NodeEffect.StartJob>() ?? []);
        for (int i = 0; jobs.Count < count && i < 20; i++)
        {
            jobs.AddRange(Tick(node).OfType<NodeEffect.StartJob>());
        }

        return [.. jobs];
    }

    private List<NodeEffect> Succeed(Node node, NodeEffect.StartJob job) =>
        Step(node, new NodeInput.JobExited(job.Job, new JobOutcome.Succeeded(ResultId.Empty) { Elapsed = TimeSpan.FromSeconds(1) }));

    private List<NodeEffect> Give(Node node, int slots, HaltKind halt = HaltKind.Pause) =>
        Step(node, new NodeInput.GrantChanged(new Grant { Slots = slots, Halt = halt, IsHalted = slots == 0 }));

    private List<NodeEffect> Tick(Node node)
    {
        _now = node.NextWake;
        return Step(node, new NodeInput.Tick());
    }

    private List<NodeEffect> Step(Node node, NodeInput input) => [.. node.Step(input, _now)];
}
