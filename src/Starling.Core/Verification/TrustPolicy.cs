using System;

namespace Starling.Core.Verification;

/// <summary>
/// Mode <c>trust: t</c>: what is believed depends on who agrees. An identity whose results I confirmed again and again may be enough by itself; of
/// strangers 5 must agree for t = 20, 7 for t = 100. A run of my own decides alone.
/// </summary>
public sealed class TrustPolicy : IVerificationPolicy
{
    private readonly int _threshold;
    private readonly bool _amongStrangers;
    private readonly int _strangersNeeded;

    /// <summary>A policy for t = <paramref name="threshold"/>, 2 or more; <paramref name="amongStrangers"/>: strangers alone are never enough.</summary>
    public TrustPolicy(int threshold, bool amongStrangers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threshold, 2);
        (_threshold, _amongStrangers) = (threshold, amongStrangers);
        _strangersNeeded = TrustArithmetic.RunsUntilEnough(1, 1, Standing.StrangerWeight, threshold);
    }

    /// <inheritdoc/>
    public Verdict Judge(ReadOnlySpan<CandidateEvidence> candidates, double typicalWeight)
    {
        ushort believed = 0;
        ushort enough = 0;
        double total = 1;
        double strongest = 1;
        int votes = 0;
        foreach (ref readonly CandidateEvidence candidate in candidates)
        {
            total += candidate.Votes > 0 ? candidate.Weight : 0;
            strongest = candidate.Votes > 0 ? Math.Max(strongest, candidate.Weight) : strongest;
            votes += candidate.Votes;
        }

        bool settled = false;
        for (int i = 0; i < candidates.Length; i++)
        {
            CandidateEvidence candidate = candidates[i];
            believed |= candidate.Believed ? (ushort)(1 << i) : (ushort)0;
            if (candidate.Votes > 0 && TrustArithmetic.IsEnough(candidate.Weight, total, _threshold))
            {
                settled = true;
                enough |= candidate.Anchored || !_amongStrangers ? (ushort)(1 << i) : (ushort)0;
            }
        }

        ushort acceptable = believed != 0 ? believed : enough;
        if (acceptable != 0)
        {
            return new Verdict(acceptable, 0, Disputed: false);
        }

        if (settled)
        {
            return new Verdict(0, 1, Disputed: false) { NeedsMyRun = true };
        }

        bool disputed = votes >= _strangersNeeded + ReplicasPolicy.DisputeMargin && strongest <= Math.Pow(Standing.StrangerWeight, 2);
        double others = strongest > 1 ? total - strongest : 1;
        int wanted = disputed ? 1 : TrustArithmetic.RunsUntilEnough(strongest, others, Math.Max(typicalWeight, Standing.StrangerWeight), _threshold);
        return new Verdict(0, Math.Max(1, wanted), disputed);
    }
}
