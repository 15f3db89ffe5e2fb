using Starling.Sim.Reduced;

namespace Starling.Tests.Sim.Reduced;

public sealed class ReducedSwarmTests
{
    [Theory]
    [InlineData(16, 0, 0)]
    [InlineData(16, 60, 0)]
    [InlineData(100, 0, 0)]
    [InlineData(100, 60, 0)]
    [InlineData(100, 0, 1)]
    public void FollowsTheOmniscientSchedule(int peers, double stagger, double spread)
    {
        var options = new ReducedOptions { Peers = peers, Pieces = peers * 10, Stagger = stagger, SpeedSpread = spread };
        ReducedResult result = ReducedSwarm.Run(options);
        Assert.InRange(result.TimeRatio, 0.9, 1.02);
        Assert.InRange(result.ExtraRatio, 0, 0.03);
        Assert.Equal(result, ReducedSwarm.Run(options));
    }

    [Theory]
    [InlineData(64, 4)]
    [InlineData(64, 16)]
    [InlineData(128, 12)]
    [InlineData(192, 8)]
    public void WholeSchedulersDoTheSmallExperiment(int pieces, int peers)
    {
        ReducedResult result = SchedulerSwarm.Run(
            new ReducedOptions { Peers = peers, Pieces = pieces, Seconds = 1, Delay = 0.05, Overhead = 0.005 });
        Assert.InRange(result.TimeRatio, 0.9, 1.06);
        Assert.InRange(result.ExtraRatio, 0, 0.03);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(60)]
    public void WholeSchedulersDoWhatTheModelSays(double stagger)
    {
        var options = new ReducedOptions { Peers = 16, Pieces = 160, Stagger = stagger };
        ReducedResult whole = SchedulerSwarm.Run(options);
        Assert.InRange(whole.TimeRatio, 0.9, 1.02);
        Assert.InRange(whole.ExtraRatio, 0, 0.03);
    }
}
