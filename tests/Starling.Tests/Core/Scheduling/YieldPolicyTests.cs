using System;
using System.Linq;
using Starling.Core.Primitives;
using Starling.Core.Scheduling;
using static Starling.Tests.Core.Scheduling.SchedulingCases;

namespace Starling.Tests.Core.Scheduling;

public sealed class YieldPolicyTests
{
    private static readonly SchedulingOptions Options = new();
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void OfRunsThatBeganTogetherAsManyGoOnAsAreWanted(int wanted)
    {
        LiveClaim[] runs = [.. Enumerable.Range(0, 6).Select(w => new LiveClaim(Worker(w), 3, At(10), TimeSpan.FromSeconds(60)))];
        int stopping = runs.Count(run => YieldPolicy.GivesWay(run, [.. runs.Where(r => r != run)], wanted, Delay, At(11), Options));
        Assert.Equal(6 - wanted, stopping);
    }

    [Fact]
    public void TheClearlyOlderRunGoesOnWhateverTheHash()
    {
        for (int other = 1; other < 20; other++)
        {
            var old = new LiveClaim(Worker(0), 3, At(0), TimeSpan.FromSeconds(60));
            var young = new LiveClaim(Worker(other), 3, At(7), TimeSpan.FromSeconds(60));
            Assert.False(YieldPolicy.GivesWay(old, [young], 1, Delay, At(8), Options));
            Assert.True(YieldPolicy.GivesWay(young, [old], 1, Delay, At(8), Options));
        }
    }

    [Fact]
    public void ARunThatIsNoLongerYoungGoesOn()
    {
        var mine = new LiveClaim(Worker(1), 3, At(0), TimeSpan.FromSeconds(60));
        LiveClaim[] others = [.. Enumerable.Range(2, 9).Select(w => new LiveClaim(Worker(w), 3, At(-1), TimeSpan.FromSeconds(60)))];
        Assert.True(YieldPolicy.GivesWay(mine, others, 1, Delay, At(11.9), Options));
        Assert.False(YieldPolicy.GivesWay(mine, others, 1, Delay, At(12.1), Options));
    }

    [Fact]
    public void WhoMeasuresDifferentlyStillAgreesInTheEnd()
    {
        // Each sees the other start later than it did, so each thinks itself clearly older.
        for (int other = 1; other < 20; other++)
        {
            LiveClaim a = new(Worker(0), 3, At(0), TimeSpan.FromSeconds(60));
            LiveClaim b = new(Worker(other), 3, At(2), TimeSpan.FromSeconds(60));
            LiveClaim aSeen = a with { StartedAt = At(1) };
            LiveClaim bSeen = b with { StartedAt = At(3.5) };
            Instant end = At(10);
            Assert.NotEqual(
                YieldPolicy.GivesWay(a, [bSeen], 1, Delay, end, Options), YieldPolicy.GivesWay(b, [aSeen], 1, Delay, end, Options));
        }
    }
}
