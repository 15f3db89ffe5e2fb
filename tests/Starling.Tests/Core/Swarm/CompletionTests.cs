using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Exchange;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Scheduling;
using Starling.Core.Swarm;
using Starling.Core.Tasks;
using Starling.Tests.Core.Tasks;

namespace Starling.Tests.Core.Swarm;

public sealed class CompletionTests
{
    private static readonly JobOutcome.Failed _failure = new(new Problem("exit:9", "it ended with exit status 9"), "no lens\n") { Elapsed = TimeSpan.FromSeconds(1) };

    private SwarmParts _parts = null!;
    private Downloader _downloader = null!;
    private WorkScheduler _scheduler = null!;

    [Fact]
    public void Each_file_is_merged_when_its_pieces_are_there_and_the_task_is_complete_with_the_last()
    {
        Completion completion = Make(Until.All, new OutputFile("a", 2), new OutputFile("b", 1));
        Finish(completion, 0, 2);
        NodeEffect.StartMerge merge = Assert.Single(Take<NodeEffect.StartMerge>());
        Assert.Equal((1, 2), (merge.File, Assert.Single(merge.Parts).Piece));
        Finish(completion, 1);
        merge = Assert.Single(Take<NodeEffect.StartMerge>());
        Assert.Equal([0, 1], merge.Parts.Select(part => part.Piece));
        Merged(completion, 1);
        Assert.False(completion.IsComplete);
        Merged(completion, 0);
        Assert.True(completion.IsComplete);
        Assert.Single(_parts.Events.OfType<NodeEvent.Complete>());
        Assert.Equal(LeaveReason.Done, Left());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_output_for_everybody_is_complete_once_nothing_of_mine_in_it_is_sealed(bool publishes)
    {
        Completion completion = Make(Until.All, exit: false, "me", publishes, new OutputFile("a", 1));
        completion.MustStay = true;
        Finish(completion, 0);
        Merged(completion, 0);
        Assert.Equal(!publishes, completion.IsComplete);
        completion.MustStay = false;
        completion.Settle();
        Assert.True(completion.IsComplete);
    }

    [Fact]
    public void Without_exit_it_stays()
    {
        Completion completion = Make(Until.All, exit: false, new OutputFile("a", 1));
        Finish(completion, 0);
        Merged(completion, 0);
        _parts.Pass(3600);
        completion.Settle();
        Assert.True(completion.IsComplete);
        Assert.Null(Left());
    }

    [Fact]
    public void It_leaves_when_others_hold_everything_or_after_a_minute()
    {
        Completion completion = Make(Until.All, new OutputFile("a", 2));
        PeerLink peer = _parts.AddLink("peer");
        Finish(completion, 0, 1);
        Merged(completion, 0);
        Assert.Null(Left());
        _downloader.Learn(peer, 0, 0);
        completion.Settle();
        Assert.Null(Left());
        _downloader.Learn(peer, 1, 0);
        completion.Settle();
        Assert.Equal(LeaveReason.Done, Left());

        completion = Make(Until.All, new OutputFile("a", 2));
        _parts.AddLink("peer");
        Finish(completion, 0, 1);
        Merged(completion, 0);
        _parts.Pass(59);
        completion.Settle();
        Assert.Null(Left());
        _parts.Pass(1);
        completion.Settle();
        Assert.Equal(LeaveReason.Done, Left());
    }

    [Fact]
    public void Of_those_that_hold_everything_exactly_one_stays_while_a_neighbour_lacks_something()
    {
        // Three peers, two of them full: the one with the lower key stays.
        bool[] stays = [.. new[] { ("me", "other"), ("other", "me") }.Select(pair =>
        {
            Completion completion = Make(Until.All, exit: true, self: pair.Item1, new OutputFile("a", 1));
            PeerLink full = _parts.AddLink(pair.Item2);
            _parts.AddLink("lacking");
            Finish(completion, 0);
            _downloader.Learn(full, 0, 0);
            Merged(completion, 0);
            return Left() is null;
        })];
        Assert.Single(stays, stayed => stayed);
    }

    [Fact]
    public void A_merge_that_fails_ends_the_command()
    {
        Completion completion = Make(Until.All, new OutputFile("a", 1));
        Finish(completion, 0);
        completion.OnMergeExited(0, new Problem("merge", "no such codec"));
        completion.Settle();
        Assert.False(completion.IsComplete);
        Assert.Equal(LeaveReason.Failed, Left());
    }

    [Fact]
    public void A_file_is_merged_again_when_one_of_its_pieces_is_used_with_another_result()
    {
        Completion completion = Make(Until.All, exit: false, new OutputFile("a", 1));
        Finish(completion, 0);
        Assert.Single(Take<NodeEffect.StartMerge>());
        completion.OnSwitched(0);
        completion.Settle();
        Assert.Empty(Take<NodeEffect.StartMerge>());
        completion.OnMergeExited(0, null);
        completion.Settle();
        Assert.False(completion.IsComplete);
        Assert.Single(Take<NodeEffect.StartMerge>());
        Merged(completion, 0);
        Assert.True(completion.IsComplete);
    }

    [Fact]
    public void A_piece_that_nobody_can_compute_ends_the_command_with_its_number_and_standard_error()
    {
        Completion completion = Make(Until.All, new OutputFile("a", 2));
        Finish(completion, 0);
        completion.GaveUp(1, _failure);
        completion.Tidy(_scheduler);
        Assert.Null(Left());
        _parts.Pass(4);
        completion.Tidy(_scheduler);
        NodeEffect.Leave leave = Assert.Single(_parts.Context.Effects.OfType<NodeEffect.Leave>());
        Assert.Equal((LeaveReason.Failed, "exit:9"), (leave.Reason, leave.Problem!.Code));
        Assert.Contains("piece 1 failed 3 times here", leave.Problem.Reason, StringComparison.Ordinal);
        Assert.Contains("no lens", leave.Problem.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void It_does_not_give_up_before_everything_else_is_done()
    {
        Completion completion = Make(Until.All, new OutputFile("a", 3));
        Finish(completion, 0);
        completion.GaveUp(1, _failure);
        for (int second = 0; second < 100; second++)
        {
            _parts.Pass(1);
            completion.Tidy(_scheduler);
        }

        Assert.Null(Left());
    }

    [Fact]
    public void A_search_is_complete_with_its_hit_and_leaves_when_a_neighbour_holds_that()
    {
        Completion completion = Make(Until.First, new OutputFile("a", 4));
        PeerLink peer = _parts.AddLink("peer");
        Finish(completion, ResultId.Empty, 0, 1);
        Assert.Empty(Take<NodeEffect.StartMerge>());
        Finish(completion, 2);
        Assert.Equal(2, Assert.Single(Assert.Single(Take<NodeEffect.StartMerge>()).Parts).Piece);
        Merged(completion, 0);
        Assert.True(completion.IsComplete);
        Assert.Null(Left());
        _downloader.Learn(peer, 2, 0);
        completion.Settle();
        Assert.Equal(LeaveReason.Done, Left());
    }

    [Fact]
    public void A_range_without_a_hit_ends_the_command()
    {
        Completion completion = Make(Until.First, new OutputFile("a", 2));
        Finish(completion, ResultId.Empty, 0, 1);
        NodeEffect.Leave leave = Assert.Single(_parts.Context.Effects.OfType<NodeEffect.Leave>());
        Assert.Equal((LeaveReason.Failed, "no-hit"), (leave.Reason, leave.Problem!.Code));
    }

    [Theory]
    [InlineData(false, LeaveReason.Stopped)]
    [InlineData(true, LeaveReason.Done)]
    public void Stopped_by_its_owner_it_is_done_or_not(bool complete, LeaveReason expected)
    {
        Completion completion = Make(Until.All, exit: false, new OutputFile("a", 1));
        if (complete)
        {
            Finish(completion, 0);
            Merged(completion, 0);
        }

        completion.Stop("enough");
        completion.Settle();
        Assert.Equal(expected, Left());
    }

    [Fact]
    public void Cancelled_by_its_author_it_has_failed()
    {
        Completion completion = Make(Until.All, new OutputFile("a", 1));
        completion.Cancel(replacedBy: Hash256.Of("next"u8));
        completion.Settle();
        NodeEffect.Leave leave = Assert.Single(_parts.Context.Effects.OfType<NodeEffect.Leave>());
        Assert.Equal((LeaveReason.Failed, "replaced"), (leave.Reason, leave.Problem!.Code));
    }

    private Completion Make(Until until, params OutputFile[] files) => Make(until, exit: true, "me", files);

    private Completion Make(Until until, bool exit, params OutputFile[] files) => Make(until, exit, "me", files);

    private Completion Make(Until until, bool exit, string self, params OutputFile[] files) => Make(until, exit, self, publishes: false, files);

    private Completion Make(Until until, bool exit, string self, bool publishes, params OutputFile[] files)
    {
        TaskInfo info = TaskSamples.Plain() with { Until = until, Files = files };
        _parts = new SwarmParts(info.PieceCount, new NodeOptions { TaskId = SwarmParts.TaskId, Incarnation = 1, ExitWhenDone = exit, Publishes = publishes }, self);
        _downloader = new Downloader(_parts.Context, _parts.Map, _parts.Links);
        _scheduler = new WorkScheduler(info.PieceCount, _parts.Context.Self, new SchedulingOptions(), _parts.Context.Random);
        return new Completion(_parts.Context, info, _parts.Map, _parts.Links, _downloader, new SlotTable(_parts.Context, _scheduler));
    }

    private void Finish(Completion completion, params int[] pieces) => Finish(completion, MerkleTree.ResultOf("x"u8), pieces);

    private void Finish(Completion completion, ResultId result, params int[] pieces)
    {
        foreach (int piece in pieces)
        {
            int candidate = _parts.Map.Add(piece, result);
            _parts.Map.SetAcceptable(piece, (ushort)(1 << candidate));
            _parts.Map.SetHeld(piece, candidate, held: true);
            completion.OnFinished(piece, ResultSource.Computed);
        }

        completion.Settle();
    }

    private static void Merged(Completion completion, int file)
    {
        completion.OnMergeExited(file, null);
        completion.Settle();
    }

    private LeaveReason? Left() => _parts.Context.Effects.OfType<NodeEffect.Leave>().SingleOrDefault()?.Reason;

    private List<T> Take<T>()
        where T : NodeEffect
    {
        List<T> taken = [.. _parts.Context.Effects.OfType<T>()];
        _parts.Context.Effects.RemoveAll(effect => effect is T);
        return taken;
    }
}
