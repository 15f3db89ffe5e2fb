using System;
using Starling.Core.Verification;

namespace Starling.Tests.Core.Verification;

public sealed class TrustPolicyTests
{
    private readonly TrustPolicy _public = new(20, amongStrangers: true);
    private readonly TrustPolicy _members = new(20, amongStrangers: false);

    [Theory]
    [InlineData(20, 5)]
    [InlineData(100, 7)]
    [InlineData(2, 1)]
    public void So_many_strangers_have_to_agree(int threshold, int needed)
    {
        // DESIGN section 6: 5 for t = 20, 7 for t = 100.
        var policy = new TrustPolicy(threshold, amongStrangers: false);
        Assert.Equal(needed, policy.Judge([], 2).WantedRuns);
        Assert.Equal(0, policy.Judge([Strangers(needed - 1)], 2).Acceptable);
        Assert.Equal(1, policy.Judge([Strangers(needed)], 2).Acceptable);
    }

    [Fact]
    public void Each_agreement_leaves_one_less_to_be_wanted()
    {
        for (int votes = 0; votes < 5; votes++)
        {
            Assert.Equal(new Verdict(0, 5 - votes, false), _public.Judge(votes == 0 ? [] : [Strangers(votes)], 2));
        }
    }

    [Fact]
    public void One_worker_of_whom_enough_was_confirmed_is_enough()
    {
        Assert.Equal(0, _public.Judge([Known(WeightOf(60))], 2).Acceptable);
        Assert.Equal(1, _public.Judge([Known(WeightOf(63))], 2).Acceptable);
    }

    [Fact]
    public void Strangers_alone_are_never_enough_in_a_public_task()
    {
        Verdict verdict = _public.Judge([Strangers(9)], 2);
        Assert.Equal((0, 1, true), (verdict.Acceptable, verdict.WantedRuns, verdict.NeedsMyRun));
        Assert.Equal(1, _public.Judge([Strangers(9) with { Anchored = true }], 2).Acceptable);
        Assert.Equal(1, _members.Judge([Strangers(9)], 2).Acceptable);
    }

    [Fact]
    public void Who_disagrees_has_to_be_outweighed()
    {
        // 32 · 20 ≤ 35 · 19, but 64 · 20 > 67 · 19.
        Assert.Equal(new Verdict(0, 1, false), _members.Judge([Strangers(5), Strangers(1)], 2));
        Assert.Equal(1, _members.Judge([Strangers(6), Strangers(1)], 2).Acceptable);
    }

    [Fact]
    public void Two_well_known_workers_that_disagree_are_both_not_believed_until_a_third_ran_it()
    {
        CandidateEvidence one = Known(WeightOf(1_000));
        Assert.Equal(new Verdict(0, 1, false), _public.Judge([one, one], WeightOf(1_000)));
        Assert.Equal(2, _public.Judge([one, new CandidateEvidence(2, false) { Weight = one.Weight * one.Weight, Anchored = true }], 2).Acceptable);
    }

    [Fact]
    public void A_run_of_my_own_decides_whatever_others_say() =>
        Assert.Equal(2, _public.Judge([Known(1e9), new CandidateEvidence(1, true) { Weight = 2, Anchored = true }], 2).Acceptable);

    [Fact]
    public void Many_strangers_without_agreement_are_a_dispute_in_which_one_run_is_wanted()
    {
        var all = new CandidateEvidence[8];
        Array.Fill(all, Strangers(1));
        Assert.Equal(new Verdict(0, 1, true), _public.Judge(all, 2));
    }

    [Fact]
    public void An_arbiters_word_is_enough_and_others_wait_for_it()
    {
        var worker = new ArbiterPolicy(() => false);
        Assert.Equal(new Verdict(0, 1, false), worker.Judge([], 2));
        Assert.Equal(new Verdict(0, 0, false), worker.Judge([Strangers(50)], 2));
        Assert.Equal(new Verdict(2, 0, false), worker.Judge([Strangers(50), new CandidateEvidence(1, true)], 2));
        Assert.Equal(new Verdict(0, 1, false), new ArbiterPolicy(() => true).Judge([Strangers(50)], 2));
    }

    private static double WeightOf(int score) => (score / 3.0) - 1;

    private static CandidateEvidence Strangers(int votes) => new(votes, false) { Weight = Math.Pow(Standing.StrangerWeight, votes) };

    private static CandidateEvidence Known(double weight) => new(1, false) { Weight = weight, Anchored = true };
}
