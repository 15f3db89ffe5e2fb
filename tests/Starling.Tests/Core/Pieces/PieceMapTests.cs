using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Tests.Core.Pieces;

public sealed class PieceMapTests
{
    private readonly PieceMap _map = new(Hash256.Of("task"u8), 4);

    [Fact]
    public void A_piece_is_finished_exactly_when_an_acceptable_result_is_held()
    {
        int first = _map.Add(2, Result(1));
        int second = _map.Add(2, Result(2));
        Assert.False(_map.SetHeld(2, first, held: true));
        Assert.False(_map.SetAcceptable(2, (ushort)(1 << second)));
        Assert.False(_map.IsFinished(2));
        Assert.Null(_map.Used(2));

        Assert.True(_map.SetAcceptable(2, (ushort)((1 << first) | (1 << second))));
        Assert.Equal((true, 1), (_map.IsFinished(2), _map.FinishedCount));
        Assert.Equal(Result(1), _map.Used(2));

        Assert.True(_map.SetHeld(2, first, held: false));
        Assert.Equal((false, true, 0), (_map.IsFinished(2), _map.IsAccepted(2), _map.FinishedCount));
    }

    [Fact]
    public void A_result_is_one_candidate_however_often_it_is_added()
    {
        Assert.Equal(0, _map.Add(0, Result(7)));
        Assert.Equal(1, _map.Add(0, Result(8)));
        Assert.Equal(0, _map.Add(0, Result(7)));
        Assert.Equal((2, 1, -1), (_map.CandidateCount(0), _map.IndexOf(0, Result(8)), _map.IndexOf(0, Result(9))));
        Assert.Equal(Result(8), _map.Candidate(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => _map.Candidate(0, 2));
    }

    [Fact]
    public void Others_inventions_do_not_take_the_place_of_my_own_result()
    {
        for (int i = 0; i < PieceMap.MaxCandidates - 1; i++)
        {
            Assert.Equal(i, _map.Add(1, Result(i)));
        }

        Assert.Equal(-1, _map.Add(1, Result(100)));
        Assert.Equal(PieceMap.MaxCandidates - 1, _map.Add(1, Result(100), mine: true));
        Assert.Equal(-1, _map.Add(1, Result(101), mine: true));
        Assert.Equal(3, _map.Add(1, Result(3)));
    }

    [Fact]
    public void The_first_word_of_a_worker_counts_and_another_is_a_contradiction()
    {
        int right = _map.Add(3, Result(1));
        int other = _map.Add(3, Result(2));
        Assert.Equal(VoteOutcome.Counted, _map.AddVote(3, worker: 5, right));
        Assert.Equal(VoteOutcome.Known, _map.AddVote(3, worker: 5, right));
        Assert.Equal(VoteOutcome.Contradiction, _map.AddVote(3, worker: 5, other));
        Assert.Equal(VoteOutcome.Counted, _map.AddVote(3, worker: 6, other));
        _map.SetVoteState(3, worker: 6, VoteState.Refuted);
        var votes = new List<(int, int, VoteState)>();
        foreach ((int, int, VoteState) vote in _map.Votes(3))
        {
            votes.Add(vote);
        }

        Assert.Equal([(6, other, VoteState.Refuted), (5, right, VoteState.Open)], votes);
        Assert.Equal((VoteState.Open, VoteState.Refuted, null), (_map.StateOf(3, 5), _map.StateOf(3, 6), _map.StateOf(3, 7)));
        Assert.Equal((right, -1), (_map.VoteOf(3, 5), _map.VoteOf(3, 7)));
        Assert.False(_map.Votes(0).GetEnumerator().MoveNext());
    }

    [Fact]
    public void All_peers_agree_on_the_canonical_result_in_whatever_order_they_heard_of_them()
    {
        var backwards = new PieceMap(Hash256.Of("task"u8), 4);
        for (int i = 0; i < 9; i++)
        {
            _map.Add(0, Result(i));
            backwards.Add(0, Result(8 - i));
        }

        const ushort all = (1 << 9) - 1;
        Assert.Equal(_map.Candidate(0, _map.Canonical(0, all)), backwards.Candidate(0, backwards.Canonical(0, all)));
        Assert.Equal(4, _map.Canonical(0, 1 << 4));
        Assert.Equal(-1, _map.Canonical(0, 0));

        // By lot, not by who was first: over many pieces each of two wins some.
        var many = new PieceMap(Hash256.Of("task"u8), 64);
        int[] winners = [.. Enumerable.Range(0, 64).Select(piece =>
        {
            many.Add(piece, Result(1));
            many.Add(piece, Result(2));
            return many.Canonical(piece, 3);
        })];
        Assert.InRange(winners.Sum(), 10, 54);
    }

    private static ResultId Result(int seed) => MerkleTree.ResultOf(BitConverter.GetBytes(seed));
}
