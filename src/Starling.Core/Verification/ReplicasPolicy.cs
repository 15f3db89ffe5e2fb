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

    /// <summary>A policy for k = <paramref name="replicas"/>, 1 or more.</summary>
    public ReplicasPolicy(int replicas)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(replicas);
        _replicas = replicas;
    }

    /// <inheritdoc/>
    public Verdict Judge(ReadOnlySpan<CandidateEvidence> candidates)
    {
        ushort acceptable = 0;
        int most = 0;
        int total = 0;
        for (int i = 0; i < candidates.Length; i++)
        {
            most = Math.Max(most, candidates[i].Votes);
            total += candidates[i].Votes;
            if (candidates[i].Believed || candidates[i].Votes >= _replicas)
            {
                acceptable |= (ushort)(1 << i);
            }
        }

        bool disputed = acceptable == 0 && total >= _replicas + DisputeMargin;
        int wanted = acceptable != 0 ? 0 : disputed ? 1 : _replicas - most;
        return new Verdict(acceptable, wanted, disputed);
    }
}
