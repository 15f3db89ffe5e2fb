using System;
using System.Numerics;
using Starling.Core.Pieces;

namespace Starling.Core.Verification;

/// <summary>Collects what is known about a piece from map, workers and findings, and has the policy judge it.</summary>
public sealed class PieceJudge
{
    /// <summary>Environment classes that are compared apart from each other in one piece; workers of further ones are not heard.</summary>
    private const int MaxClasses = 8;

    private readonly PieceMap _map;
    private readonly WorkerTable _workers;
    private readonly IVerificationPolicy _policy;
    private readonly bool _withinClass;
    private readonly bool _comparing;

    /// <summary>
    /// A judge over one task's pieces; <paramref name="withinClass"/>: only results of equal environments are compared; <paramref name="comparing"/>: a command
    /// decides what is equal.
    /// </summary>
    public PieceJudge(PieceMap map, WorkerTable workers, IVerificationPolicy policy, bool withinClass = false, bool comparing = false)
    {
        _map = map;
        _workers = workers;
        _policy = policy;
        _withinClass = withinClass;
        _comparing = comparing;
    }

    /// <summary>What one more attestation would weigh, about.</summary>
    public double TypicalWeight { get; set; } = Standing.StrangerWeight;

    /// <summary>What is believed about a piece now. Workers that contradicted themselves and outcasts count for nothing.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="findings">What the task's command said of its candidates here; null: nothing.</param>
    public Verdict Judge(int piece, PieceFindings? findings = null) => _withinClass ? JudgeClasses(piece, findings) : JudgeVotes(piece, findings, null);

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
    private Verdict JudgeClasses(int piece, PieceFindings? findings)
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

        Verdict all = count == 0 ? JudgeVotes(piece, findings, null) : new Verdict(0, int.MaxValue, Disputed: false);
        for (int i = 0; i < count; i++)
        {
            Verdict one = JudgeVotes(piece, findings, classes[i]);
            all = new Verdict((ushort)(all.Acceptable | one.Acceptable), Math.Min(all.WantedRuns, one.WantedRuns), all.Disputed | one.Disputed)
            {
                NeedsMyRun = all.NeedsMyRun || one.NeedsMyRun,
                Sought = (ushort)(all.Sought | one.Sought),
            };
        }

        return all.Acceptable != 0 ? new Verdict(all.Acceptable, 0, Disputed: false) { Sought = all.Sought } : all;
    }

    /// <param name="piece">The piece.</param>
    /// <param name="findings">What the task's command said here.</param>
    /// <param name="only">The class whose votes count; null: all.</param>
    private Verdict JudgeVotes(int piece, PieceFindings? findings, string? only)
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

            evidence[candidate] = Together(evidence[candidate], new CandidateEvidence(1, worker.Believed)
            {
                Weight = Math.Max(worker.Standing.Weight, worker.Believed ? Standing.StrangerWeight : 0),
                Anchored = worker.IsKnown,
            });
        }

        for (int i = 0; findings is not null && i < evidence.Length; i++)
        {
            evidence[i] = evidence[i] with { Finding = findings.Of(i) };
        }

        return _comparing && evidence.Length > 1 ? JudgeGroups(evidence, findings ?? new PieceFindings()) : _policy.Judge(evidence, TypicalWeight);
    }

    /// <summary>
    /// Candidates that mean the same stand together. Those that were not compared yet are fetched and compared if that could settle the piece; and what differs in
    /// bytes from what is believed is compared with it too, so that its workers can be told right from wrong.
    /// </summary>
    private Verdict JudgeGroups(ReadOnlySpan<CandidateEvidence> evidence, PieceFindings findings)
    {
        Span<int> group = stackalloc int[evidence.Length];
        for (int i = 0; i < group.Length; i++)
        {
            group[i] = findings.GroupOf(i);
        }

        Verdict verdict = JudgeGroups(evidence, group);
        ushort open = OpenAmong(evidence, findings, verdict.Acceptable);
        if (verdict.Acceptable != 0 || open == 0)
        {
            return verdict with { Sought = open };
        }

        // As if all that was not compared yet were equal.
        int first = BitOperations.TrailingZeroCount(open);
        for (int i = 0; i < group.Length; i++)
        {
            group[i] = (open & (1 << i)) != 0 ? first : group[i];
        }

        Verdict hoped = JudgeGroups(evidence, group);
        return hoped.Acceptable != 0 || hoped.NeedsMyRun
            ? new Verdict(0, hoped.NeedsMyRun ? hoped.WantedRuns : 0, Disputed: false) { NeedsMyRun = hoped.NeedsMyRun, Sought = open }
            : new Verdict(0, hoped.WantedRuns, verdict.Disputed);
    }

    private Verdict JudgeGroups(ReadOnlySpan<CandidateEvidence> evidence, ReadOnlySpan<int> group)
    {
        Span<CandidateEvidence> together = stackalloc CandidateEvidence[evidence.Length];
        for (int i = 0; i < evidence.Length; i++)
        {
            together[group[i]] = Together(together[group[i]], evidence[i]);
        }

        Verdict verdict = _policy.Judge(together, TypicalWeight);
        ushort acceptable = 0;
        for (int i = 0; i < evidence.Length; i++)
        {
            acceptable |= (verdict.Acceptable & (1 << group[i])) != 0 && evidence[i].Votes > 0 ? (ushort)(1 << i) : (ushort)0;
        }

        return verdict with { Acceptable = acceptable };
    }

    /// <summary>Bits of the attested candidates of which two are still to be compared; once something is believed, only with that.</summary>
    private static ushort OpenAmong(ReadOnlySpan<CandidateEvidence> evidence, PieceFindings findings, ushort acceptable)
    {
        ushort open = 0;
        for (int left = 0; left < evidence.Length; left++)
        {
            for (int right = left + 1; right < evidence.Length; right++)
            {
                int pair = (1 << left) | (1 << right);
                if (evidence[left].Votes > 0 && evidence[right].Votes > 0 && findings.IsOpen(left, right) && (acceptable == 0 || (acceptable & pair) != 0))
                {
                    open |= (ushort)(pair & ~acceptable);
                }
            }
        }

        return open;
    }

    private static CandidateEvidence Together(CandidateEvidence one, CandidateEvidence other) =>
        one.Votes == 0 ? other
        : other.Votes == 0 ? one
        : new CandidateEvidence(one.Votes + other.Votes, one.Believed || other.Believed)
        {
            Weight = one.Weight * other.Weight,
            Anchored = one.Anchored || other.Anchored,
        };
}
