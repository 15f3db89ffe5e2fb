using System;

namespace Starling.Core.Verification;

/// <summary>Decides, from the evidence about one piece, what is believed (DESIGN section 6). Pure; one type per mode.</summary>
public interface IVerificationPolicy
{
    /// <summary>Judges a piece by what is known of each of its candidate results, in the order of the candidates.</summary>
    /// <param name="candidates">The evidence.</param>
    /// <param name="typicalWeight">What one more attestation would weigh, about: that of a usual worker here.</param>
    Verdict Judge(ReadOnlySpan<CandidateEvidence> candidates, double typicalWeight);
}

/// <summary>What speaks for one candidate.</summary>
/// <param name="Votes">Attestations of different identities whose word counts, mine included.</param>
/// <param name="Believed">Whether one of them is from an identity whose word is enough here (me, a sibling, a member, an arbiter, <c>--trust</c>).</param>
public readonly record struct CandidateEvidence(int Votes, bool Believed)
{
    /// <summary>The product of the votes' weights (<see cref="Standing.Weight"/>).</summary>
    public double Weight { get; init; }

    /// <summary>Whether one of them is from somebody I know: strangers cannot confirm strangers.</summary>
    public bool Anchored { get; init; }

    /// <summary>What the task's checker said of it here.</summary>
    public Finding Finding { get; init; }
}

/// <summary>The judgement about one piece.</summary>
/// <param name="Acceptable">Bits of the candidates that are believed.</param>
/// <param name="WantedRuns">How many more runs it wants, r(i) of DESIGN section 5; 0 once something is acceptable.</param>
/// <param name="Disputed">Many attestations, no agreement: the author has to make the outputs comparable.</param>
public readonly record struct Verdict(ushort Acceptable, int WantedRuns, bool Disputed)
{
    /// <summary>Enough strangers agree, but I know none of them: runs of further strangers would not change that, one here would.</summary>
    public bool NeedsMyRun { get; init; }

    /// <summary>Bits of the candidates that have to be fetched and looked at before more can be said.</summary>
    public ushort Sought { get; init; }
}
