using System;

namespace Starling.Core.Verification;

/// <summary>Decides, from the evidence about one piece, what is believed (DESIGN section 6). Pure; one type per mode.</summary>
public interface IVerificationPolicy
{
    /// <summary>Judges a piece by what is known of each of its candidate results, in the order of the candidates.</summary>
    Verdict Judge(ReadOnlySpan<CandidateEvidence> candidates);
}

/// <summary>What speaks for one candidate.</summary>
/// <param name="Votes">Attestations of different identities that did not contradict themselves, mine included.</param>
/// <param name="Believed">Whether one of them is from an identity whose word is enough here (me, a sibling, a member, <c>--trust</c>).</param>
public readonly record struct CandidateEvidence(int Votes, bool Believed);

/// <summary>The judgement about one piece.</summary>
/// <param name="Acceptable">Bits of the candidates that are believed.</param>
/// <param name="WantedRuns">How many more runs it wants, r(i) of DESIGN section 5; 0 once something is acceptable.</param>
/// <param name="Disputed">Many attestations, no agreement: the author has to make the outputs comparable.</param>
public readonly record struct Verdict(ushort Acceptable, int WantedRuns, bool Disputed);
