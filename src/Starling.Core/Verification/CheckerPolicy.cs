using System;

namespace Starling.Core.Verification;

/// <summary>
/// Mode <c>checker</c>: what the task's own cheap test of a result accepts. Results of others are fetched and tested before they are believed; runs here are
/// tested as they end.
/// </summary>
public sealed class CheckerPolicy : IVerificationPolicy
{
    /// <inheritdoc/>
    public Verdict Judge(ReadOnlySpan<CandidateEvidence> candidates, double typicalWeight)
    {
        ushort acceptable = 0;
        ushort untested = 0;
        for (int i = 0; i < candidates.Length; i++)
        {
            CandidateEvidence candidate = candidates[i];
            if (candidate.Believed || candidate.Finding == Finding.Passed)
            {
                acceptable |= (ushort)(1 << i);
            }
            else if (candidate.Votes > 0 && candidate.Finding == Finding.Open)
            {
                untested |= (ushort)(1 << i);
            }
        }

        return new Verdict(acceptable, acceptable == 0 && untested == 0 ? 1 : 0, Disputed: false) { Sought = untested };
    }
}
