using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Swarm;
using Starling.Core.Verification;
using Starling.Tests.Core.Crypto;

namespace Starling.Tests.Core.Swarm;

/// <summary>Who sealed before anybody could copy, and who opens when.</summary>
public sealed class SealBookTests
{
    private static readonly TimeSpan _deadline = TimeSpan.FromSeconds(60);
    private static readonly Attestation _result = new(3, MerkleTree.ResultOf("right"u8));

    private readonly SwarmParts _parts = new(pieces: 4);
    private readonly WorkerTable _workers = new();
    private readonly SealBook _book;

    public SealBookTests() => _book = new SealBook(_parts.Context, SwarmParts.TaskId, needed: 2, _deadline);

    [Fact]
    public void Mine_opens_when_there_are_enough_and_is_hidden_until_then()
    {
        Seal("me");
        Assert.Empty(_book.TakeDue());
        Assert.True(_book.Hides(3));
        Seal("one");
        Assert.Empty(_book.TakeDue());
        Settle();
        Assert.Equal([3], _book.TakeDue());
        Assert.Empty(_book.TakeDue());
        Assert.True(_book.Hides(3));
        Open("me");
        Assert.False(_book.Hides(3));
    }

    [Fact]
    public void Mine_opens_when_the_time_is_over()
    {
        Seal("me");
        _parts.Pass(59);
        _book.Tidy();
        Assert.Empty(_book.TakeDue());
        _parts.Pass(1);
        Settle();
        Assert.Equal([3], _book.TakeDue());
    }

    [Fact]
    public void Nobody_stays_for_ever_for_a_seal_that_can_not_be_opened_here()
    {
        Seal("me");
        _parts.Pass(100);
        _book.Tidy();
        Assert.True(_book.HidesMine);
        _parts.Pass(30);
        _book.Tidy();
        Assert.False(_book.HidesMine);
        Assert.Equal([3], _book.TakeDue());
    }

    [Fact]
    public void An_opening_that_could_not_be_kept_is_tried_again()
    {
        Seal("me");
        Seal("one");
        Settle();
        Assert.Equal([3], _book.TakeDue());
        _book.PutOff(3);
        Assert.Equal([3], _book.TakeDue());
    }

    [Fact]
    public void Seals_made_before_the_first_opening_count_and_later_ones_do_not()
    {
        Seal("one");
        Seal("two");
        Assert.Equal(["one"], Open("one"));
        Seal("copier");
        Assert.Empty(Open("copier"));
        Assert.Equal(["two"], Open("two"));
    }

    [Fact]
    public void Who_comes_later_and_hears_all_at_once_believes_what_was_witnessed_whatever_comes_first()
    {
        // The copier's log comes last, the second worker's after the first one's opening.
        Seal("one");
        Assert.Equal(["one"], Open("one", witnessed: "two"));
        Seal("two");
        Seal("copier");
        Assert.Empty(Open("copier", witnessed: "two"));
        Assert.Equal(["two"], Open("two", witnessed: "one"));
    }

    [Fact]
    public void Copiers_who_witness_each_other_do_not_count()
    {
        Seal("one");
        Open("one");
        Seal("copier");
        Seal("accomplice");
        Assert.Empty(Open("copier", witnessed: "accomplice"));
        Assert.Empty(Open("accomplice", witnessed: "copier"));
    }

    [Fact]
    public void A_witness_that_comes_later_makes_earlier_openings_count()
    {
        Seal("early");
        Open("early");
        Seal("late");
        Assert.Empty(Open("late"));
        Seal("two");
        Assert.Empty(Open("two", witnessed: "late"));

        // "two" counts once somebody who counts says so, and then does what it witnessed.
        Worker known = Worker("known");
        Seal("known");
        for (int i = 0; i < Standing.KnownFrom; i++)
        {
            known.Standing.Confirm();
        }

        Assert.Equal(["known", "two", "late"], Open("known", witnessed: "two").OrderBy(name => Array.IndexOf(["known", "two", "late"], name)));
    }

    [Fact]
    public void Nobody_opens_what_it_did_not_seal()
    {
        Seal("one");
        Attestation other = _result with { Result = MerkleTree.ResultOf("other"u8) };
        Assert.Empty(_book.Open(Worker("one"), other, new Opening(Salt("one"), []), out bool isRight));
        Assert.False(isRight);
        Assert.False(_book.Add(Worker("one"), new Seal(3, Hash256.Zero)));
    }

    [Fact]
    public void An_opening_that_is_here_before_its_seal_is_late_and_no_contradiction()
    {
        // A worker that lost its folder opens in a new log what it sealed in the old one, and the logs come in any order.
        Assert.Empty(Open("two"));
        Seal("two");
        Seal("one");
        Assert.Empty(Open("one", witnessed: "two"));
        Assert.False(_book.Add(Worker("two"), new Seal(3, Hash256.Zero)));
    }

    [Fact]
    public void A_crowd_of_strangers_takes_a_bounded_number_of_seals_and_shuts_out_nobody_who_is_known()
    {
        for (int i = 0; i < 2_000; i++)
        {
            Assert.True(_book.Add(Worker($"stranger {i}"), new Seal(3, Hash256.Of([(byte)i, (byte)(i >> 8)]))));
        }

        Assert.Equal(SealBook.MaxSealsOfStrangers, _book.SealsOf(3));
        Worker known = Worker("known");
        for (int i = 0; i < Standing.KnownFrom; i++)
        {
            known.Standing.Confirm();
        }

        Seal("known");
        Seal("me");
        Assert.Equal(SealBook.MaxSealsOfStrangers + 2, _book.SealsOf(3));
        Assert.Equal(["known"], Open("known"));

        // Whose seal found no room said nothing wrong.
        Assert.Empty(Open("late"));
    }

    [Fact]
    public void What_is_opened_by_somebody_who_counts_for_nothing_opens_nothing_and_makes_nothing_late()
    {
        Seal("copier");
        Open("copier");
        Worker("copier").Contradicted = true;
        Seal("me");
        Seal("one");
        Assert.Empty(_book.TakeDue());
        Assert.True(_book.Hides(3));
    }

    [Fact]
    public void Who_does_not_open_in_time_is_not_waited_for()
    {
        Seal("one");
        Seal("withholds");
        Open("one");
        Assert.Equal(1, _book.Promised(3));
        _parts.Pass(62);
        Assert.Empty(_book.Tidy());
        _parts.Pass(1);
        Assert.Equal([3], _book.Tidy());
        Assert.Equal((0, 1), (_book.Promised(3), Worker("withholds").Rejected));
        Assert.Contains(_parts.Events.OfType<NodeEvent.Refused>(), refused => refused.Problem.Code == "withheld");

        // What was sealed in time is no copy, however late it is opened.
        Assert.Equal(["withholds"], Open("withholds"));
    }

    [Fact]
    public void Whoever_withholds_again_and_again_promises_nothing()
    {
        for (int piece = 0; piece < Standing.OutcastFrom; piece++)
        {
            Assert.True(_book.Add(Worker("withholds"), new Seal(piece, Hash256.Of([(byte)piece]))));
        }

        _parts.Pass(130);
        _book.Tidy();
        _book.Add(Worker("withholds"), new Seal(3, Hash256.Zero));
        Assert.Equal(0, _book.Promised(3));
    }

    /// <summary>Seals have had the time to reach everybody.</summary>
    private void Settle()
    {
        _parts.Pass(2);
        _book.Tidy();
    }

    private static Hash256 Salt(string name) => Starling.Core.Gossip.Seal.SaltOf(new StandInIdentity(name), SwarmParts.TaskId, 3);

    private static Hash256 Commitment(string name) =>
        Starling.Core.Gossip.Seal.Of(SwarmParts.TaskId, new StandInIdentity(name).PublicKey, _result, Salt(name)).Commitment;

    private Worker Worker(string name) => _workers.Find(new StandInIdentity(name).PublicKey)!;

    private void Seal(string name) => Assert.True(_book.Add(Worker(name), new Seal(3, Commitment(name))));

    /// <summary>The names of those whose vote counts from now on.</summary>
    private List<string> Open(string name, params string[] witnessed)
    {
        IReadOnlyList<OpenedVote> votes =
            _book.Open(Worker(name), _result, new Opening(Salt(name), [.. witnessed.Select(Commitment)]), out bool isRight);
        Assert.True(isRight);
        string[] names = ["me", "one", "two", "copier", "accomplice", "early", "late", "known", "withholds"];
        return [.. votes.Select(vote => names.Single(one => Worker(one).Key == vote.Worker.Key))];
    }
}
