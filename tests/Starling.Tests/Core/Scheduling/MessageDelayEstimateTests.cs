using System;
using Starling.Core.Scheduling;

namespace Starling.Tests.Core.Scheduling;

public sealed class MessageDelayEstimateTests
{
    private static readonly SchedulingOptions Options = new();

    [Fact]
    public void BeforeAnythingIsHeard_ItIsTheLeast() => Assert.Equal(Options.MessageDelay, new MessageDelayEstimate(Options).Value);

    [Fact]
    public void WhereNeighboursHearEachOtherAtOnce_ItStaysTheLeast() => Assert.Equal(Options.MessageDelay, After(200, TimeSpan.Zero));

    [Fact]
    public void WhereRelaysGather_ItFollowsTheAges() =>
        Assert.InRange(After(200, TimeSpan.FromMilliseconds(600)), TimeSpan.FromMilliseconds(600), TimeSpan.FromMilliseconds(1_200));

    [Fact]
    public void NoAgeMakesItLongerThanItsBound() => Assert.Equal(MessageDelayEstimate.Longest, After(200, MessageDelayEstimate.Longest));

    [Fact]
    public void AgesBeyondTheBound_AreNoNews() =>
        Assert.Equal(Options.MessageDelay, After(200, MessageDelayEstimate.Longest + TimeSpan.FromTicks(1)));

    [Fact]
    public void AFewThatLieAboutAges_ChangeNothing()
    {
        var estimate = new MessageDelayEstimate(Options);
        for (int i = 0; i < 300; i++)
        {
            estimate.Heard(i % 3 == 0 ? MessageDelayEstimate.Longest : TimeSpan.FromMilliseconds(50));
        }

        Assert.Equal(Options.MessageDelay, estimate.Value);
    }

    private static TimeSpan After(int times, TimeSpan age)
    {
        var estimate = new MessageDelayEstimate(Options);
        for (int i = 0; i < times; i++)
        {
            estimate.Heard(age);
        }

        return estimate.Value;
    }
}
