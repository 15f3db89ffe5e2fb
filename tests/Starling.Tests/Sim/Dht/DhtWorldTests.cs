using Starling.Sim.Dht;

namespace Starling.Tests.Sim.Dht;

public sealed class DhtWorldTests
{
    [Fact]
    public void Most_lookups_succeed_among_churn_and_liars_and_a_seed_replays()
    {
        var scenario = new DhtScenario { Nodes = 100, JoinMinutes = 3, SettleMinutes = 4, Minutes = 5, Lookups = 100, Swarms = 8, ChurnPerHour = 1, Seed = 11 };
        DhtReport report = DhtWorld.Run(scenario);
        Assert.InRange(report.Lookups, 95, 100);
        Assert.InRange(report.FoundRatio, 0.99, 1);
        Assert.InRange(DhtReport.Quantile(report.Hops, 0.5), 0, 5);
        DhtReport again = DhtWorld.Run(scenario);
        Assert.Equal((report.Datagrams, report.Bytes, report.Events), (again.Datagrams, again.Bytes, again.Events));
    }
}
