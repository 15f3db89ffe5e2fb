using System;

namespace Starling.Core.Verification;

/// <summary>
/// Mode <c>arbiter</c>: what the author, or a key to which the author delegated, attests (CompTorrent's seed). Others' results are what there is to be
/// had; an arbiter runs each piece itself before it attests it.
/// </summary>
/// <param name="isMine">Whether this peer is an arbiter now.</param>
public sealed class ArbiterPolicy(Func<bool> isMine) : IVerificationPolicy
{
    /// <inheritdoc/>
    public Verdict Judge(ReadOnlySpan<CandidateEvidence> candidates, double typicalWeight)
    {
        ushort acceptable = 0;
        int votes = 0;
        for (int i = 0; i < candidates.Length; i++)
        {
            acceptable |= candidates[i].Believed ? (ushort)(1 << i) : (ushort)0;
            votes += candidates[i].Votes;
        }

        return new Verdict(acceptable, acceptable == 0 && (votes == 0 || isMine()) ? 1 : 0, Disputed: false);
    }
}
