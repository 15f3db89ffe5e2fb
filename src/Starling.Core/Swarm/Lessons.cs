using System.Collections.Generic;
using System.Numerics;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Verification;

namespace Starling.Core.Swarm;

/// <summary>
/// What each judgement about a piece teaches about the workers that attested it (docs/trust.md): their standings change, and with a refuted worker fall its results that
/// nobody confirmed.
/// </summary>
/// <param name="context">Whose lessons they are.</param>
/// <param name="map">The pieces.</param>
/// <param name="workers">The workers.</param>
/// <param name="isLearning">Whether results say something about workers here; where members are believed, they do not.</param>
/// <param name="withinClass">Whether only results of equal environments have to be equal.</param>
/// <param name="comparisons">Where a command decides what is equal: what it said; null: bytes decide.</param>
internal sealed class Lessons(NodeContext context, PieceMap map, WorkerTable workers, bool isLearning, bool withinClass, Trials? comparisons)
{
    private readonly SortedSet<int> _shaken = [];
    private bool _changed;

    /// <summary>What an earlier process saw is being read back: it is not learnt twice.</summary>
    public bool IsRestoring { get; set; }

    /// <summary>Whether any standing changed since this was last asked.</summary>
    public bool TakeChanged()
    {
        bool changed = _changed;
        _changed = false;
        return changed;
    }

    /// <summary>Pieces to be judged again because somebody was refuted since this was last asked.</summary>
    public IReadOnlyList<int> TakeShaken()
    {
        if (_shaken.Count == 0)
        {
            return [];
        }

        int[] pieces = [.. _shaken];
        _shaken.Clear();
        return pieces;
    }

    /// <summary>A worker's first word about a piece was counted.</summary>
    public void Voted(Worker worker, int piece)
    {
        if (isLearning && !worker.Believed)
        {
            worker.Unconfirmed.Add(piece);
        }
    }

    /// <summary>
    /// What the judgement says about those who attested the piece: who agrees with somebody I know is confirmed, who got something else is refuted. A worker does
    /// not confirm itself. Returns the one worker on whose word alone the piece is believed; null: there are more, or none.
    /// </summary>
    public Worker? Take(int piece, ushort acceptable)
    {
        if (!isLearning)
        {
            return null;
        }

        int known = 0;
        int knownWorker = -1;
        int votes = 0;
        int voter = -1;
        foreach ((int number, int candidate, VoteState state) in map.Votes(piece))
        {
            if ((acceptable & (1 << candidate)) != 0 && workers[number].Counts)
            {
                (votes, voter) = (votes + 1, number);
                if (workers[number].IsKnown && state is VoteState.Open or VoteState.Confirmed)
                {
                    (known, knownWorker) = (known + 1, number);
                }
            }
        }

        if (known > 0)
        {
            foreach ((int number, int candidate, VoteState state) in map.Votes(piece))
            {
                Worker worker = workers[number];
                bool agrees = (acceptable & (1 << candidate)) != 0;
                if (worker.Believed || (agrees && known == 1 && knownWorker == number))
                {
                    continue;
                }

                if (agrees && state != VoteState.Confirmed)
                {
                    Confirm(worker, piece, state);
                }
                else if (!agrees && state != VoteState.Refuted && HadToAgree(worker, piece, candidate, acceptable))
                {
                    Refute(worker, piece, state);
                }
            }
        }

        return votes == 1 ? workers[voter] : null;
    }

    private void Confirm(Worker worker, int piece, VoteState state)
    {
        if (state == VoteState.Refuted)
        {
            Note(worker, StandingChange.Absolved);
        }

        Note(worker, StandingChange.Confirmed);
        map.SetVoteState(piece, worker.Number, VoteState.Confirmed);
    }

    /// <summary>What it attested since it was last confirmed falls back: it counts only once somebody else got the same.</summary>
    private void Refute(Worker worker, int piece, VoteState state)
    {
        if (state == VoteState.Confirmed)
        {
            Note(worker, StandingChange.Retracted);
        }

        bool isNews = !worker.Standing.IsOutcast && !IsRestoring;
        Note(worker, StandingChange.Refuted);
        map.SetVoteState(piece, worker.Number, VoteState.Refuted);
        if (isNews)
        {
            context.Refuse("refuted", $"worker {worker.Key} attested a wrong result of piece {piece}", "What it attested and nobody confirmed is computed again");
        }

        foreach (int attested in worker.Unconfirmed)
        {
            if (map.StateOf(attested, worker.Number) == VoteState.Open)
            {
                map.SetVoteState(attested, worker.Number, VoteState.Suspended);
                _shaken.Add(attested);
            }
        }

        worker.Unconfirmed.Clear();
    }

    /// <summary>What is read back was learnt by an earlier process, and kept then.</summary>
    private void Note(Worker worker, StandingChange change)
    {
        _changed = true;
        if (!IsRestoring)
        {
            worker.Standing.Apply(change);
            context.Emit(new NodeEffect.SaveStanding(worker.Key, change));
        }
    }

    /// <summary>Whether a worker's result had to be the same as one that is believed.</summary>
    private bool HadToAgree(Worker worker, int piece, int candidate, ushort acceptable)
    {
        if (comparisons is not null)
        {
            return comparisons.Of(piece) is { } findings && findings.AreDifferent(candidate, BitOperations.TrailingZeroCount(acceptable));
        }

        if (!withinClass)
        {
            return true;
        }

        foreach ((int number, int believed, _) in map.Votes(piece))
        {
            if ((acceptable & (1 << believed)) != 0 && workers[number].IsKnown && workers[number].EnvironmentClass == worker.EnvironmentClass)
            {
                return true;
            }
        }

        return false;
    }
}
