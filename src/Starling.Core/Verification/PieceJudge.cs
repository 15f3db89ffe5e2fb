using System;
using Starling.Core.Pieces;

namespace Starling.Core.Verification;

/// <summary>Collects what is known about a piece from map and workers, and has the policy judge it.</summary>
public sealed class PieceJudge
{
    /// <summary>Environment classes that are compared apart from each other in one piece; workers of further ones are not heard.</summary>
    private const int MaxClasses = 8;

    private readonly PieceMap _map;
    private readonly WorkerTable _workers;
    private readonly IVerificationPolicy _policy;
    private readonly bool _withinClass;

    /// <summary>A judge over one task's pieces; <paramref name="withinClass"/>: only results of equal environments are compared.</summary>
    public PieceJudge(PieceMap map, WorkerTable workers, IVerificationPolicy policy, bool withinClass = false)
    {
        _map = map;
        _workers = workers;
        _policy = policy;
        _withinClass = withinClass;
    }

    /// <summary>What one more attestation would weigh, about.</summary>
    public double TypicalWeight { get; set; } = Standing.StrangerWeight;

    /// <summary>What is believed about a piece now. Workers that contradicted themselves and outcasts count for nothing.</summary>
    public Verdict Judge(int piece) => _withinClass ? JudgeClasses(piece) : JudgeVotes(piece, null);

    /// <summary>What is said of a piece of which nothing is known.</summary>
    public Verdict JudgeUntouched() => _policy.Judge([], TypicalWeight);

    /// <summary>The piece was accepted: those who attested the accepted result get their credit.</summary>
    public void CreditVoters(int piece, ushort acceptable)
    {
        foreach ((int number, int candidate, _) in _map.Votes(piece))
        {
            _workers[number].Credit += (acceptable & (1 << candidate)) != 0 ? 1 : 0;
        }
    }

    /// <summary>Each class is judged by itself. What one believes is believed; a run is wanted as long as no class believes anything.</summary>
    private Verdict JudgeClasses(int piece)
    {
        var classes = new string[MaxClasses];
        int count = 0;
        foreach ((int number, _, _) in _map.Votes(piece))
        {
            string one = _workers[number].EnvironmentClass;
            if (count < MaxClasses && Array.IndexOf(classes, one, 0, count) < 0)
            {
                classes[count++] = one;
            }
        }

        Verdict all = count == 0 ? JudgeVotes(piece, null) : new Verdict(0, int.MaxValue, Disputed: false);
        for (int i = 0; i < count; i++)
        {
            Verdict one = JudgeVotes(piece, classes[i]);
            all = new Verdict((ushort)(all.Acceptable | one.Acceptable), Math.Min(all.WantedRuns, one.WantedRuns), all.Disputed | one.Disputed)
            {
                NeedsMyRun = all.NeedsMyRun || one.NeedsMyRun,
            };
        }

        return all.Acceptable != 0 ? new Verdict(all.Acceptable, 0, Disputed: false) : all;
    }

    /// <param name="piece">The piece.</param>
    /// <param name="only">The class whose votes count; null: all.</param>
    private Verdict JudgeVotes(int piece, string? only)
    {
        Span<CandidateEvidence> evidence = stackalloc CandidateEvidence[PieceMap.MaxCandidates];
        evidence = evidence[.._map.CandidateCount(piece)];
        foreach ((int number, int candidate, VoteState state) in _map.Votes(piece))
        {
            Worker worker = _workers[number];
            if (!worker.Counts || (state is VoteState.Refuted or VoteState.Suspended && !worker.Believed)
                || (only is not null && worker.EnvironmentClass != only))
            {
                continue;
            }

            CandidateEvidence before = evidence[candidate];
            evidence[candidate] = new CandidateEvidence(before.Votes + 1, before.Believed || worker.Believed)
            {
                Weight = (before.Votes == 0 ? 1 : before.Weight) * Math.Max(worker.Standing.Weight, worker.Believed ? Standing.StrangerWeight : 0),
                Anchored = before.Anchored || worker.IsKnown,
            };
        }

        return _policy.Judge(evidence, TypicalWeight);
    }
}
