using System;

namespace Starling.Core.Verification;

/// <summary>
/// Mode <c>replicas: k</c>: k matching attestations of different identities, or one of an identity that is believed (a run of my
/// own is one). After k + 3 attestations without agreement the piece is disputed: strangers will hardly settle it, so it wants one run
/// more only, which for each peer that doubts is its own in the end.
/// </summary>
public sealed class ReplicasPolicy : IVerificationPolicy
{
    /// <summary>Attestations beyond k that may disagree before the piece is disputed (DESIGN section 6).</summary>
    public const int DisputeMargin = 3;

    private readonly int _replicas;
    private readonly bool _amongStrangers;

    /// <summary>A policy for k = <paramref name="replicas"/>, 1 or more; <paramref name="amongStrangers"/>: strangers alone are never enough.</summary>
    public ReplicasPolicy(int replicas, bool amongStrangers = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(replicas);
        (_replicas, _amongStrangers) = (replicas, amongStrangers);
    }

    /// <inheritdoc/>
    public Verdict Judge(ReadOnlySpan<CandidateEvidence> candidates, double typicalWeight)
    {
        ushort believed = 0;
        ushort agreed = 0;
        int most = 0;
        int total = 0;
        for (int i = 0; i < candidates.Length; i++)
        {
            CandidateEvidence candidate = candidates[i];
            most = Math.Max(most, candidate.Votes);
            total += candidate.Votes;
            believed |= candidate.Believed ? (ushort)(1 << i) : (ushort)0;
            agreed |= candidate.Votes >= _replicas && (candidate.Anchored || !_amongStrangers) ? (ushort)(1 << i) : (ushort)0;
        }

        // Among strangers my own run decides; where members agree, theirs counts as much as mine, so that all use the same.
        ushort acceptable = _amongStrangers && believed != 0 ? believed : (ushort)(believed | agreed);
        if (acceptable != 0)
        {
            return new Verdict(acceptable, 0, Disputed: false);
        }

        if (most >= _replicas)
        {
            return new Verdict(0, 1, Disputed: false) { NeedsMyRun = true };
        }

        bool disputed = total >= _replicas + DisputeMargin;
        return new Verdict(0, disputed ? 1 : _replicas - most, disputed);
    }
}
