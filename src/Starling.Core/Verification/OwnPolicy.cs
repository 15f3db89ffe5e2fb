using System;

namespace Starling.Core.Verification;

/// <summary>Mode <c>own</c>: one attestation of an identity that is believed is enough.</summary>
public sealed class OwnPolicy : IVerificationPolicy
{
    /// <inheritdoc/>
    public Verdict Judge(ReadOnlySpan<CandidateEvidence> candidates, double typicalWeight)
    {
        ushort acceptable = 0;
        for (int i = 0; i < candidates.Length; i++)
        {
            acceptable |= candidates[i].Believed ? (ushort)(1 << i) : (ushort)0;
        }

        return new Verdict(acceptable, acceptable == 0 ? 1 : 0, Disputed: false);
    }
}
