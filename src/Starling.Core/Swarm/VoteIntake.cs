using System;
using System.Collections.Generic;
using System.Numerics;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Scheduling;
using Starling.Core.Verification;

namespace Starling.Core.Swarm;

/// <summary>Turns signed batches into votes of the map: results as they are, sealed ones once they were opened and count.</summary>
/// <param name="context">Of the node.</param>
/// <param name="map">The pieces.</param>
/// <param name="acceptance">Who is heard.</param>
/// <param name="scheduler">Told what is done.</param>
/// <param name="seals">Where results are sealed first: the seals; else null.</param>
internal sealed class VoteIntake(NodeContext context, PieceMap map, Acceptance acceptance, WorkScheduler scheduler, SealBook? seals)
{
    /// <summary>A piece is to be judged again.</summary>
    public required Action<int> Reassess { get; init; }

    /// <summary>A vote was counted: its worker holds the result.</summary>
    public required Action<Worker, int, int> Counted { get; init; }

    /// <summary>A worker said two results of one piece, the second in this batch; true: a proof of it is kept and handed on, and tells <see cref="OnContradiction"/>.</summary>
    public required Func<AttestationBatch, Attestation, bool> Proved { get; init; }

    /// <summary>A batch that is new here, and right. What does not fit the task's way (seals where none are asked for, results where they are) is not heard.</summary>
    public void OnBatch(AttestationBatch batch)
    {
        if (acceptance.Heard(batch.Worker, batch.EnvironmentClass) is not { } worker)
        {
            return;
        }

        foreach (Seal seal in seals is null ? [] : batch.Seals)
        {
            OnSeal(worker, seal);
        }

        if (batch.Openings.Count > 0 != seals is not null)
        {
            return;
        }

        for (int i = 0; i < batch.Entries.Count; i++)
        {
            if (seals is null)
            {
                Vote(worker, batch.Entries[i], batch);
            }
            else
            {
                OnOpening(worker, batch.Entries[i], batch.Openings[i], batch);
            }
        }
    }

    /// <summary>A result that I had sealed is here (again): it is my vote.</summary>
    public void RecogniseMine(int piece)
    {
        if (seals is null || !seals.HasMine(piece) || acceptance.MyVote(piece) >= 0)
        {
            return;
        }

        for (int held = map.Held(piece); held != 0; held &= held - 1)
        {
            ResultId result = map.Candidate(piece, BitOperations.TrailingZeroCount(held));
            if (!seals.Contradicts(piece, result))
            {
                Vote(acceptance.Workers.Find(context.Self)!, new Attestation(piece, result), batch: null);
                return;
            }
        }
    }

    /// <summary>Whether a worker attested another result of a piece before, and counts for something still: the cheap test before its batches are searched for the proof.</summary>
    public bool MayContradict(PublicKey key, Attestation said) =>
        acceptance.Workers.TryFind(key) is { Contradicted: false } worker
        && map.VoteOf(said.Piece, worker.Number) is >= 0 and int voted
        && map.Candidate(said.Piece, voted) != said.Result;

    /// <summary>Everything that a worker attested is to be judged again.</summary>
    public void ReassessAllOf(Worker worker)
    {
        for (int piece = 0; piece < map.Count; piece++)
        {
            if (map.VoteOf(piece, worker.Number) >= 0)
            {
                Reassess(piece);
            }
        }
    }

    /// <summary>A worker contradicted itself: nothing that it says counts.</summary>
    public void OnContradiction(PublicKey key, int piece)
    {
        if (acceptance.Workers.Find(key) is { } worker && acceptance.Distrust(worker, piece))
        {
            ReassessAllOf(worker);
        }
    }

    private void OnSeal(Worker worker, Seal seal)
    {
        if (!seals!.Add(worker, seal))
        {
            OnContradiction(worker.Key, seal.Piece);
            return;
        }

        if (worker.Key == context.Self)
        {
            // If what I sealed is gone with my folder, the piece is run again: the same result opens the same seal.
            RecogniseMine(seal.Piece);
        }
        else
        {
            scheduler.Attested(worker.Key, seal.Piece, context.Now, seals.IsInTime(seal.Piece, worker.Key));
        }

        Reassess(seal.Piece);
    }

    private void OnOpening(Worker worker, Attestation entry, Opening opening, AttestationBatch batch)
    {
        IReadOnlyList<OpenedVote> votes = seals!.Open(worker, entry, opening, out bool isRight);
        foreach (OpenedVote vote in votes)
        {
            Vote(vote.Worker, entry with { Result = vote.Result }, vote.Worker == worker ? batch : null, vote.Worked);
        }

        if (!isRight && worker.Key != context.Self)
        {
            OnContradiction(worker.Key, entry.Piece);
        }
    }

    /// <param name="worker">Who says so.</param>
    /// <param name="said">What it says.</param>
    /// <param name="batch">Where it said so; null: in an earlier one.</param>
    /// <param name="isToItsCredit">Whether its being right says anything for it.</param>
    private void Vote(Worker worker, Attestation said, AttestationBatch? batch, bool isToItsCredit = true)
    {
        (int piece, ResultId result) = said;
        int candidate = map.Add(piece, result, mine: worker.Key == context.Self);
        if (candidate < 0)
        {
            return;
        }

        switch (map.AddVote(piece, worker.Number, candidate))
        {
            case VoteOutcome.Contradiction:
                if (!worker.Contradicted && (batch is null || !Proved(batch, said)))
                {
                    OnContradiction(worker.Key, piece);
                }

                return;
            case VoteOutcome.Known:
                return;
        }

        if (isToItsCredit)
        {
            acceptance.Lessons.Voted(worker, piece);
        }
        else
        {
            map.SetVoteState(piece, worker.Number, VoteState.Confirmed);
        }

        if (worker.Key == context.Self)
        {
            scheduler.Exclude(piece);
        }
        else
        {
            scheduler.Attested(worker.Key, piece, context.Now, IsFirstVote(piece, worker.Number));
        }

        Counted(worker, piece, candidate);
        Reassess(piece);
    }

    private bool IsFirstVote(int piece, int worker)
    {
        foreach ((int number, _, _) in map.Votes(piece))
        {
            if (number != worker)
            {
                return false;
            }
        }

        return true;
    }
}
