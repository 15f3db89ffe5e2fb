using Starling.Core.Verification;

namespace Starling.Tests.Core.Verification;

public sealed class StandingTests
{
    [Fact]
    public void A_stranger_weighs_two_and_ten_confirmed_results_make_it_known()
    {
        var standing = new Standing();
        Assert.Equal((2.0, false, false), (standing.Weight, standing.IsKnown, standing.IsOutcast));
        Confirm(standing, 9);
        Assert.Equal((2.0, false), (standing.Weight, standing.IsKnown));
        Confirm(standing, 1);
        Assert.True(standing.IsKnown);
        Assert.Equal((10 / 3.0) - 1, standing.Weight, 9);
    }

    [Fact]
    public void A_refuted_result_costs_a_third_and_makes_it_a_stranger_for_ten_results()
    {
        var standing = new Standing();
        Confirm(standing, 300);
        Assert.Equal(99, standing.Weight, 9);
        standing.Refute();
        Assert.Equal((200.0, 2.0, false, false), (standing.Score, standing.Weight, standing.IsKnown, standing.IsOutcast));
        Confirm(standing, Standing.ProbationResults);
        Assert.True(standing.IsKnown);
        Assert.Equal(69, standing.Weight, 9);
    }

    [Fact]
    public void Who_is_refuted_again_and_again_is_an_outcast()
    {
        var standing = new Standing();
        Confirm(standing, 29);
        standing.Refute();
        standing.Refute();
        Assert.False(standing.IsOutcast);
        standing.Refute();
        Assert.Equal((true, 0.0, false), (standing.IsOutcast, standing.Weight, standing.IsKnown));
        Confirm(standing, 1);
        Assert.False(standing.IsOutcast);
    }

    [Fact]
    public void An_absolved_result_counts_as_if_it_had_never_been_refuted()
    {
        var standing = new Standing();
        Confirm(standing, 30);
        StandingRecord before = standing.ToRecord();
        standing.Refute();
        standing.Absolve();
        Assert.Equal(before, standing.ToRecord());
    }

    [Fact]
    public void What_the_owner_says_goes_before_what_was_seen()
    {
        Assert.True(new Standing(new StandingRecord(0, 50, 0, 10, StandingOverride.Allow)).IsKnown);
        Assert.False(new Standing(new StandingRecord(0, 50, 0, 10, StandingOverride.Allow)).IsOutcast);
        Assert.True(new Standing(new StandingRecord(5_000, 0, 5_000, 0, StandingOverride.Deny)).IsOutcast);
        Assert.False(new Standing(new StandingRecord(5_000, 0, 5_000, 0, StandingOverride.Deny)).IsKnown);
    }

    private static void Confirm(Standing standing, int times)
    {
        for (int i = 0; i < times; i++)
        {
            standing.Confirm();
        }
    }
}
