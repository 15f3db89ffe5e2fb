using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Swarm;
using Starling.Core.Tasks;
using Starling.Core.Verification;
using Starling.Tests.Core.Crypto;
using Starling.Tests.Core.Tasks;

namespace Starling.Tests.Core.Swarm;

/// <summary>What is believed where the task's own command looks at results: <c>checker</c> and <c>compare</c>.</summary>
public sealed class TrialsTests
{
    private static readonly ResultId _one = MerkleTree.ResultOf("1.000"u8);
    private static readonly ResultId _other = MerkleTree.ResultOf("1.0"u8);
    private static readonly ResultId _wrong = MerkleTree.ResultOf("7"u8);
    private static readonly TrialOutcome _yes = new TrialOutcome.Passed();
    private static readonly TrialOutcome _no = new TrialOutcome.Rejected(new Problem("checker", "no"));
    private static readonly TrialOutcome _crash = new TrialOutcome.Failed(new Problem("checker", "it crashed"));

    private SwarmParts _parts = null!;
    private Trials _trials = null!;
    private Acceptance _acceptance = null!;

    [Fact]
    public void A_checked_result_is_believed_once_it_was_fetched_and_passed()
    {
        Make(new VerifySpec.Checker("check"));
        AcceptanceChange change = Vote("one", 0, _one);
        Assert.Equal((0, 0, true), (change.Acceptable, change.Verdict.WantedRuns, change.Seeks));
        Assert.Equal(1, _parts.Map.Wanted(0));
        Assert.Empty(Started());

        Hold(0, _one);
        Assert.Equal([(0, _one, (ResultId?)null)], Started());
        Assert.Equal(1, End(0, _one, null, _yes).Acceptable);
        Assert.Equal(0, _parts.Map.Sought(0));
    }

    [Fact]
    public void What_the_checker_refuses_is_not_sought_again_and_the_piece_wants_a_run()
    {
        Make(new VerifySpec.Checker("check"));
        Vote("one", 0, _wrong);
        Hold(0, _wrong);
        Started();
        AcceptanceChange change = End(0, _wrong, null, _no);
        Assert.Equal((0, 1), (change.Acceptable, change.Verdict.WantedRuns));
        Assert.Equal((0, 0), (_parts.Map.Sought(0), _parts.Map.Wanted(0)));
        Assert.Equal(0, Vote("two", 0, _wrong).Verdict.Sought);
        Assert.Contains(_parts.Events.OfType<NodeEvent.Refused>(), refused => refused.Problem.Code == "wrong-result");
    }

    [Fact]
    public void A_worker_refused_three_times_counts_for_nothing_in_this_task_and_its_standing_is_untouched()
    {
        Make(new VerifySpec.Checker("check"), pieces: 5);
        for (int piece = 0; piece < 3; piece++)
        {
            Assert.NotEqual(0, Vote("liar", piece, _wrong).Verdict.Sought);
            Hold(piece, _wrong);
            Started();
            End(piece, _wrong, null, _no);
        }

        AcceptanceChange change = Vote("liar", 3, _wrong);
        Assert.Equal((0, 1), (change.Verdict.Sought, change.Verdict.WantedRuns));
        Assert.Equal(0, _acceptance.Workers.TryFind(Key("liar"))!.Standing.Refuted);
        Assert.Empty(_parts.Context.Effects.OfType<NodeEffect.SaveStanding>());
    }

    [Fact]
    public void A_checker_that_crashes_believes_nothing_is_tried_again_later_and_then_left()
    {
        Make(new VerifySpec.Checker("check"));
        Vote("one", 0, _one);
        Hold(0, _one);
        for (int attempt = 1; attempt <= _parts.Context.Options.MaxAttempts; attempt++)
        {
            Assert.Single(Started());
            Assert.Equal(0, End(0, _one, null, _crash).Acceptable);
            Assert.Empty(Started());
            _parts.Pass(10);
        }

        Assert.Empty(Started());
        Assert.Equal(1, _acceptance.Reassess(0).Verdict.WantedRuns);
        Assert.Equal(0, _acceptance.Workers.TryFind(Key("one"))!.Rejected);
        Assert.Equal(_parts.Context.Options.MaxAttempts, _parts.Events.OfType<NodeEvent.Error>().Count());
    }

    [Fact]
    public void Of_two_right_results_all_end_with_the_same()
    {
        Make(new VerifySpec.Checker("check"));
        Vote("me", 0, _one);
        Hold(0, _one);
        AcceptanceChange change = Vote("one", 0, _other);
        int canonical = _parts.Map.Canonical(0, 3);
        Assert.Equal(canonical == 1 ? 2 : 0, change.Verdict.Sought & _parts.Map.Sought(0));
        if (canonical == 1)
        {
            Hold(0, _other);
            Assert.Single(Started());
            Assert.Equal(_other, End(0, _other, null, _yes).SwitchedTo);
        }
    }

    [Fact]
    public void Nothing_is_checked_before_what_its_command_reads_is_here()
    {
        Make(new VerifySpec.Checker("check"));
        _parts.Scheduler.Withhold(0);
        Vote("one", 0, _one);
        Hold(0, _one);
        Assert.Empty(Started());
        _parts.Scheduler.Provide(0);
        Assert.Single(Started());
    }

    [Fact]
    public void Only_as_many_trials_run_as_there_are_slots()
    {
        Make(new VerifySpec.Checker("check"), pieces: 3);
        for (int piece = 0; piece < 3; piece++)
        {
            Vote("one", piece, _one);
            Hold(piece, _one);
        }

        Assert.Single(Started());
        End(0, _one, null, _yes);
        Assert.Single(Started());
    }

    [Fact]
    public void Results_that_compare_equal_confirm_each_other()
    {
        Make(new VerifySpec.Replicas(2) { Compare = "cmp" }, pieces: 12);
        Know("one", Standing.KnownFrom);
        Vote("one", 11, _one);
        AcceptanceChange change = Vote("two", 11, _other);
        Assert.Equal((0, 0), (change.Acceptable, change.Verdict.WantedRuns));
        Assert.Equal(3, _parts.Map.Wanted(11));
        Hold(11, _one);
        Hold(11, _other);
        Assert.Equal([(11, _one, (ResultId?)_other)], Started());
        Assert.Equal(3, End(11, _one, _other, _yes).Acceptable);
        Assert.Equal(1, Of("two").Confirmed);
    }

    [Fact]
    public void Results_that_compare_different_want_a_third_and_the_odd_one_is_refuted()
    {
        Make(new VerifySpec.Replicas(2) { Compare = "cmp" }, pieces: 12);
        Know("one", Standing.KnownFrom);
        Vote("one", 11, _one);
        Vote("liar", 11, _wrong);
        Hold(11, _one);
        Hold(11, _wrong);
        Started();
        AcceptanceChange change = End(11, _one, _wrong, _no);
        Assert.Equal((0, 1), (change.Acceptable, change.Verdict.WantedRuns));
        Assert.Equal(0, Of("liar").Refuted);

        Vote("three", 11, _other);
        Hold(11, _other);
        Assert.Equal([(11, _one, (ResultId?)_other)], Started());
        Assert.Equal(0b101, End(11, _one, _other, _yes).Acceptable);
        Assert.Equal((1, 0, 1), (Of("three").Confirmed, Of("one").Refuted, Of("liar").Refuted));
    }

    [Fact]
    public void Bytes_that_differ_from_mine_refute_nobody_before_they_were_compared()
    {
        Make(new VerifySpec.Trust(20) { Compare = "cmp" });
        Vote("me", 0, _one);
        Hold(0, _one);
        AcceptanceChange change = Vote("one", 0, _other);
        Assert.Equal((1, 0), (change.Acceptable, Of("one").Refuted));
        Assert.Equal(2, _parts.Map.Wanted(0));
        Hold(0, _other);
        Assert.Single(Started());
        Assert.Equal(3, End(0, _one, _other, _yes).Acceptable);
        Assert.Equal(1, Of("one").Confirmed);
    }

    [Fact]
    public void What_I_attested_stays_on_offer_so_that_others_can_compare_it()
    {
        Make(new VerifySpec.Trust(20) { Compare = "cmp" });
        Vote("me", 0, _one);
        Hold(0, _one);
        Vote("one", 0, _other);
        Hold(0, _other);
        Started();
        End(0, _one, _other, _yes);
        Assert.Equal(_one, _acceptance.Offered(0));
    }

    [Fact]
    public void A_comparison_that_cannot_be_made_refutes_nobody()
    {
        Make(new VerifySpec.Trust(20) { Compare = "cmp" });
        Vote("me", 0, _one);
        Hold(0, _one);
        Vote("one", 0, _other);
        Hold(0, _other);
        for (int attempt = 1; attempt <= _parts.Context.Options.MaxAttempts; attempt++)
        {
            Assert.Single(Started());
            End(0, _one, _other, _crash);
            _parts.Pass(10);
        }

        Assert.Empty(Started());
        Assert.Equal((0, 0), (Of("one").Confirmed, Of("one").Refuted));
    }

    private static PublicKey Key(string name) => new StandInIdentity(name).PublicKey;

    private Standing Of(string name) => _acceptance.Workers.TryFind(Key(name))!.Standing;

    private void Know(string name, int results)
    {
        for (int piece = 0; piece < results; piece++)
        {
            Vote(name, piece, _one);
            Vote("me", piece, _one);
        }
    }

    private AcceptanceChange Vote(string name, int piece, ResultId result)
    {
        Worker worker = _acceptance.Heard(Key(name), "")!;
        int candidate = _parts.Map.Add(piece, result);
        if (_parts.Map.AddVote(piece, worker.Number, candidate) == VoteOutcome.Counted)
        {
            _acceptance.Lessons.Voted(worker, piece);
        }

        return _acceptance.Reassess(piece);
    }

    private void Hold(int piece, ResultId result)
    {
        _parts.Map.SetHeld(piece, _parts.Map.IndexOf(piece, result), held: true);
        _trials.Review(piece);
    }

    /// <summary>The trials that begin now.</summary>
    private List<(int Piece, ResultId Result, ResultId? Other)> Started()
    {
        _parts.Context.Effects.RemoveAll(effect => effect is NodeEffect.StartTrial);
        _trials.Settle();
        return [.. _parts.Context.Effects.OfType<NodeEffect.StartTrial>().Select(trial => (trial.Piece, trial.Result, trial.Other))];
    }

    private AcceptanceChange End(int piece, ResultId result, ResultId? other, TrialOutcome outcome)
    {
        int wrong = _trials.OnEnded(piece, result, other, outcome);
        if (other is null && outcome is not TrialOutcome.Failed)
        {
            _acceptance.Tried(piece, _parts.Map.IndexOf(piece, result), outcome is TrialOutcome.Passed, "");
        }

        if (wrong >= 0)
        {
            _parts.Map.SetHeld(piece, wrong, held: false);
        }

        AcceptanceChange change = _acceptance.Reassess(piece);
        _trials.Review(piece);
        return change;
    }

    private void Make(VerifySpec verify, int pieces = 1)
    {
        _parts = new SwarmParts(pieces);
        TaskInfo info = TaskSamples.Plain() with { Files = [new OutputFile("out", pieces)], Verify = verify };
        Assert.True(TaskFileCodec.TryMake(info, out TaskFile? task, out Problem? problem), problem?.Reason);
        _trials = new Trials(_parts.Context, _parts.Map, _parts.Scheduler, verify.Compare is not null);
        _acceptance = new Acceptance(_parts.Context, task, _parts.Map, new HitSearch(_parts.Context, info, _parts.Map, _parts.Links), _trials, new Arbiters(_parts.Context, _parts.Links, task));
    }
}
