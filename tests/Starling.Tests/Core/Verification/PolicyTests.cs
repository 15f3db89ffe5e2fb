using System;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Verification;
using Starling.Tests.Core.Crypto;

namespace Starling.Tests.Core.Verification;

public sealed class PolicyTests
{
    [Fact]
    public void Own_takes_what_somebody_believed_attested_and_wants_one_run_until_then()
    {
        var own = new OwnPolicy();
        Assert.Equal(new Verdict(0, 1, false), own.Judge([], 2));
        Assert.Equal(new Verdict(0, 1, false), own.Judge([new(9, false), new(3, false)], 2));
        Assert.Equal(new Verdict(0b10, 0, false), own.Judge([new(9, false), new(1, true)], 2));
        Assert.Equal(new Verdict(0b101, 0, false), own.Judge([new(1, true), new(1, false), new(1, true)], 2));
    }

    [Theory]
    [InlineData(2, new[] { 0 }, 0, 2)]
    [InlineData(2, new[] { 1 }, 0, 1)]
    [InlineData(2, new[] { 2 }, 0b1, 0)]
    [InlineData(2, new[] { 1, 1, 1 }, 0, 1)]
    [InlineData(3, new[] { 1, 2 }, 0, 1)]
    [InlineData(3, new[] { 3, 4 }, 0b11, 0)]
    public void Replicas_takes_what_enough_identities_agree_on(int replicas, int[] votes, int acceptable, int wanted)
    {
        CandidateEvidence[] evidence = Array.ConvertAll(votes, count => new CandidateEvidence(count, false));
        Assert.Equal(new Verdict((ushort)acceptable, wanted, false), new ReplicasPolicy(replicas).Judge(evidence, 2));
    }

    [Fact]
    public void Replicas_takes_the_word_of_somebody_believed_alone() =>
        Assert.Equal(new Verdict(0b10, 0, false), new ReplicasPolicy(5).Judge([new(4, false), new(1, true)], 2));

    [Fact]
    public void Many_results_without_agreement_are_a_dispute()
    {
        var policy = new ReplicasPolicy(2);
        CandidateEvidence[] four = [new(1, false), new(1, false), new(1, false), new(1, false)];
        Assert.False(policy.Judge(four, 2).Disputed);
        Verdict disputed = policy.Judge([.. four, new(1, false)], 2);
        Assert.True(disputed.Disputed);
        Assert.Equal(0, disputed.Acceptable);
        Assert.False(policy.Judge([.. four, new(1, true)], 2).Disputed);
    }

    [Fact]
    public void Who_contradicted_himself_counts_for_nothing()
    {
        var map = new PieceMap(Hash256.Of("task"u8), 1);
        var workers = new WorkerTable();
        var judge = new PieceJudge(map, workers, new ReplicasPolicy(2));
        int result = map.Add(0, MerkleTree.ResultOf("x"u8));
        Worker one = workers.Find(new StandInIdentity("one").PublicKey)!;
        Worker two = workers.Find(new StandInIdentity("two").PublicKey)!;
        map.AddVote(0, one.Number, result);
        map.AddVote(0, two.Number, result);
        Assert.Equal(1, judge.Judge(0).Acceptable);
        judge.CreditVoters(0, 1);
        Assert.Equal((1, 1), (one.Credit, two.Credit));

        two.Contradicted = true;
        Assert.Equal(new Verdict(0, 1, false), judge.Judge(0));
        one.Believed = true;
        Assert.Equal(1, judge.Judge(0).Acceptable);
    }
}
