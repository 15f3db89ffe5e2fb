using Starling.Core.Verification;

namespace Starling.Tests.Core.Verification;

public sealed class ReplicasPolicyTests
{
    private readonly ReplicasPolicy _policy = new(2);

    [Fact]
    public void WantsWhatIsMissing()
    {
        Assert.Equal(new Verdict(0, 2, false), _policy.Judge([], 2));
        Assert.Equal(new Verdict(0, 1, false), _policy.Judge([new CandidateEvidence(1, false)], 2));
        Assert.Equal(new Verdict(2, 0, false), _policy.Judge([new CandidateEvidence(1, false), new CandidateEvidence(2, false)], 2));
        Assert.Equal(new Verdict(1, 0, false), _policy.Judge([new CandidateEvidence(1, true)], 2));
    }

    [Fact]
    public void ADisputedPiece_StillWantsOneRun()
    {
        // Else five strangers who disagree would stop it for everybody: a run of my own settles it for me.
        var votes = new CandidateEvidence[5];
        System.Array.Fill(votes, new CandidateEvidence(1, false));
        Assert.Equal(new Verdict(0, 1, true), _policy.Judge(votes, 2));
    }
}
