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

/// <summary>What follows for workers and their other results from the judgement about a piece.</summary>
public sealed class AcceptanceTests
{
    private static readonly ResultId _right = MerkleTree.ResultOf("right"u8);
    private static readonly ResultId _wrong = MerkleTree.ResultOf("wrong"u8);

    private SwarmParts _parts = null!;
    private Acceptance _acceptance = null!;

    [Fact]
    public void Strangers_alone_are_not_believed_but_one_run_here_confirms_them()
    {
        Make(new VerifySpec.Replicas(2), pieces: 1);
        Vote("one", 0, _right);
        AcceptanceChange change = Vote("two", 0, _right);
        Assert.Equal((0, true), (change.Acceptable, change.Verdict.NeedsMyRun));
        Assert.Equal(1, Vote("me", 0, _right).Acceptable);
        Assert.Equal((1, 1), (Of("one").Confirmed, Of("two").Confirmed));
    }

    [Fact]
    public void Who_was_confirmed_ten_times_confirms_strangers()
    {
        Make(new VerifySpec.Replicas(2), pieces: 11);
        Know("one", Standing.KnownFrom);
        Vote("one", 10, _right);
        Assert.Equal(1, Vote("two", 10, _right).Acceptable);
        Assert.Equal((Standing.KnownFrom, 1), (Of("one").Confirmed, Of("two").Confirmed));
    }

    [Fact]
    public void Nobody_confirms_itself()
    {
        Make(new VerifySpec.Trust(20), pieces: 101);
        Know("one", 100);
        Assert.Equal(1, Vote("one", 100, _right).Acceptable);
        Assert.Equal(100, Of("one").Confirmed);
    }

    [Fact]
    public void What_a_refuted_worker_attested_and_nobody_confirmed_falls_back()
    {
        Make(new VerifySpec.Trust(20), pieces: 103);
        Know("one", 100);
        Assert.Equal(1, Vote("one", 100, _right).Acceptable);
        Assert.Equal(1, Vote("one", 101, _right).Acceptable);
        Vote("me", 101, _right);
        Vote("one", 102, _wrong);
        AcceptanceChange refuting = Vote("me", 102, _right);
        Assert.Equal(2, refuting.Acceptable);
        Assert.Equal((1, Standing.ProbationResults), (Of("one").Refuted, Of("one").Probation));

        // Piece 100 rested on that worker alone; piece 101 was run here too.
        Assert.Contains(100, _acceptance.Lessons.TakeShaken());
        Assert.Equal(0, _acceptance.Reassess(100).Acceptable);
        Assert.Equal(1, _acceptance.Reassess(101).Acceptable);
        Assert.Equal(1, Vote("me", 100, _right).Acceptable);
        Assert.Contains(_parts.Events.OfType<NodeEvent.Refused>(), refused => refused.Problem.Code == "refuted");
    }

    [Fact]
    public void A_finished_piece_is_reopened_when_two_known_workers_disagree_and_settled_by_a_third()
    {
        Make(new VerifySpec.Trust(20), pieces: 101);
        Know("one", 100);
        Know("two", 100);
        Know("three", 100);
        _acceptance.Tidy([Key("me"), Key("one"), Key("two"), Key("three")]);
        Vote("one", 100, _wrong);
        _parts.Map.SetHeld(100, 0, held: true);
        _acceptance.Reassess(100);
        AcceptanceChange change = Vote("two", 100, _right);
        Assert.Equal((0, true, 1), (change.Acceptable, change.Unfinished, change.Verdict.WantedRuns));
        Assert.Equal(2, Vote("three", 100, _right).Acceptable);
        Assert.Equal((1, 0), (Of("one").Refuted, Of("two").Refuted));
    }

    [Fact]
    public void A_refuted_result_that_turns_out_right_is_made_good()
    {
        Make(new VerifySpec.Trust(20), pieces: 101);
        Know("one", 100);
        Know("two", 100);
        Know("three", 100);
        Vote("three", 100, _right);
        Vote("one", 100, _wrong);
        Vote("two", 100, _wrong);
        Assert.Equal(1, Of("three").Refuted);
        Vote("me", 100, _right);
        Assert.Equal((0, 101), (Of("three").Refuted, Of("three").Confirmed));
        Assert.Equal((1, 1), (Of("one").Refuted, Of("two").Refuted));
    }

    [Fact]
    public void Results_of_different_environments_are_no_contradiction()
    {
        Make(new VerifySpec.Replicas(2) { WithinClass = true }, pieces: 11);
        Know("one", Standing.KnownFrom);
        Vote("one", 10, _right, "linux-x64");
        Vote("two", 10, _right, "linux-x64");
        AcceptanceChange change = Vote("three", 10, _wrong, "linux-arm64");
        Assert.Equal(1, change.Acceptable);
        Assert.Equal(0, Of("three").Refuted);
        Assert.Equal(1, Vote("four", 10, _wrong, "linux-x64").Acceptable);
        Assert.Equal(1, Of("four").Refuted);
    }

    [Fact]
    public void A_denied_identity_counts_for_nothing_and_an_allowed_one_is_enough()
    {
        Make(new VerifySpec.Trust(20), pieces: 2, new Known
        {
            [Key("good")] = new StandingRecord(0, 0, 0, 0, StandingOverride.Allow),
            [Key("bad")] = new StandingRecord(9_000, 0, 9_000, 0, StandingOverride.Deny),
        });
        Assert.Equal(0, Vote("bad", 0, _right).Acceptable);
        Assert.True(_acceptance.IsOutcast(Key("bad")));
        Assert.Equal(1, Vote("good", 1, _right).Acceptable);
    }

    [Fact]
    public void What_is_read_back_after_a_restart_is_not_learnt_twice()
    {
        Make(new VerifySpec.Replicas(2), pieces: 1);
        _acceptance.Lessons.IsRestoring = true;
        Vote("one", 0, _right);
        Vote("me", 0, _right);
        _acceptance.Lessons.IsRestoring = false;
        _acceptance.Reassess(0);
        Assert.Equal(0, Of("one").Confirmed);
        Assert.Empty(_parts.Context.Effects.OfType<NodeEffect.SaveStanding>());
    }

    [Fact]
    public void What_is_learnt_is_kept()
    {
        Make(new VerifySpec.Replicas(2), pieces: 1);
        Vote("one", 0, _right);
        Vote("two", 0, _wrong);
        Vote("me", 0, _right);
        Assert.Equal(
            [new NodeEffect.SaveStanding(Key("two"), StandingChange.Refuted), new NodeEffect.SaveStanding(Key("one"), StandingChange.Confirmed)],
            _parts.Context.Effects.OfType<NodeEffect.SaveStanding>());
    }

    [Fact]
    public void Only_the_authors_word_counts_where_the_author_is_the_arbiter()
    {
        Make(new VerifySpec.Arbiter(), pieces: 1, author: "author");
        Assert.Equal(0, Vote("me", 0, _right).Acceptable);
        Assert.Equal(0, Vote("one", 0, _wrong).Verdict.WantedRuns);
        Assert.Equal(1, Vote("author", 0, _right).Acceptable);
        Assert.Equal(1, Of("one").Refuted);
    }

    [Fact]
    public void Members_that_ask_for_two_runs_compare_their_siblings_too_and_an_open_task_does_not()
    {
        Make(new VerifySpec.Replicas(2), pieces: 1, siblings: ["sibling"]);
        Assert.Equal(1, Vote("sibling", 0, _right).Acceptable);

        Make(new VerifySpec.Replicas(2), pieces: 1, siblings: ["sibling"], isMemberSwarm: true);
        AcceptanceChange once = Vote("sibling", 0, _right);
        Assert.Equal((0, 1), (once.Acceptable, once.Verdict.WantedRuns));
        Assert.Equal(1, Vote("member", 0, _right).Acceptable);
    }

    private static PublicKey Key(string name) => new StandInIdentity(name).PublicKey;

    private Standing Of(string name) => _acceptance.Workers.TryFind(Key(name))!.Standing;

    /// <summary>So many of its results are run here too; at the pieces from 0 on.</summary>
    private void Know(string name, int results)
    {
        for (int piece = 0; piece < results; piece++)
        {
            Vote(name, piece, _right);
            Vote("me", piece, _right);
        }
    }

    private AcceptanceChange Vote(string name, int piece, ResultId result, string environment = "")
    {
        Worker worker = _acceptance.Heard(Key(name), environment)!;
        int candidate = _parts.Map.Add(piece, result);
        if (_parts.Map.AddVote(piece, worker.Number, candidate) == VoteOutcome.Counted)
        {
            _acceptance.Lessons.Voted(worker, piece);
        }

        return _acceptance.Reassess(piece);
    }

    private void Make(VerifySpec verify, int pieces, IStandings? standings = null, string? author = null, string[]? siblings = null, bool isMemberSwarm = false)
    {
        var options = new NodeOptions { TaskId = SwarmParts.TaskId, Incarnation = 1, Standings = standings, Siblings = [.. (siblings ?? []).Select(Key)] };
        _parts = new SwarmParts(pieces, options);
        TaskInfo info = TaskSamples.Plain() with
        {
            Files = [new OutputFile("out", pieces)],
            Verify = verify,
            Author = author is null ? null : Key(author),
        };
        Assert.True(TaskFileCodec.TryMake(info, out TaskFile? task, out Problem? problem), problem?.Reason);
        task = task with { Secret = new byte[isMemberSwarm ? TaskLimitsOfFormat.SecretSize : 0] };
        var trials = new Trials(_parts.Context, _parts.Map, _parts.Scheduler, comparing: false);
        _acceptance = new Acceptance(_parts.Context, task, _parts.Map, new HitSearch(_parts.Context, info, _parts.Map, _parts.Links), trials, new Arbiters(_parts.Context, _parts.Links, task));
    }

    private sealed class Known : Dictionary<PublicKey, StandingRecord>, IStandings
    {
        public StandingRecord? Of(PublicKey worker) => TryGetValue(worker, out StandingRecord record) ? record : null;
    }
}
