using Starling.Sim.Swarms;

namespace Starling.Tests.Sim.Swarms;

/// <summary>Whole swarms of real nodes; each run checks the five invariants at every step and that all honest work ends.</summary>
public sealed class SwarmScenarioTests
{
    public static TheoryData<string, ulong> Scenarios()
    {
        var data = new TheoryData<string, ulong>();
        foreach (string name in Scenario.Names)
        {
            for (ulong seed = 1; seed <= 2; seed++)
            {
                data.Add(name, seed);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void EverybodyHonest_HasEverything(string name, ulong seed)
    {
        SimOptions options = Scenario.Apply(name, new SimOptions { Seed = seed, Peers = 10, Pieces = 40 })!;
        SimReport report = new SimWorld(options).Run();
        Assert.True(report.LastComplete > 0);
    }

    [Theory]
    [InlineData("hoard+name")]
    [InlineData("phantom+name")]
    [InlineData("corrupt+name")]
    [InlineData("garbage+name")]
    [InlineData("half-handshakes")]
    [InlineData("ask+name")]
    public void HonestOnes_CompleteBesideEachKindOfHostileMember(string kinds)
    {
        var options = new SimOptions
        {
            Seed = 5,
            Peers = 6,
            Pieces = 20,
            PieceBytes = 40_000,
            Adversaries = [new(kinds.Split('+'), 3)],
        };
        SimReport report = new SimWorld(options).Run();
        Assert.True(report.LastComplete < 600, report.ToString());
    }

    [Fact]
    public void StrangersThatServeNothing_StopNobody()
    {
        var options = new SimOptions { Seed = 7, Peers = 5, Pieces = 15, Replicas = 2, Adversaries = [new(["phantom", "name"], 4)] };
        SimReport report = new SimWorld(options).Run();
        Assert.True(report.LastComplete < 600, report.ToString());
    }

    [Theory]
    [InlineData("crashes")]
    [InlineData("hostile")]
    [InlineData("random")]
    public void TheSameSeed_GivesTheSameEffectsByteForByte(string name)
    {
        SimOptions options = Scenario.Apply(name, new SimOptions { Seed = 11, Peers = 8, Pieces = 24 })!;
        SimReport first = new SimWorld(options).Run();
        SimReport second = new SimWorld(options).Run();
        Assert.Equal(first.Fingerprint, second.Fingerprint);
        Assert.Equal(first.Events, second.Events);
        Assert.NotEqual(first.Fingerprint, new SimWorld(options with { Seed = 12 }).Run().Fingerprint);
    }

    [Fact]
    public void SixteenPeersReadyAtOnce_KeepUpWithACentralScheduler()
    {
        SimReport report = new SimWorld(new SimOptions { Latency = 0.005 }).Run();
        Assert.InRange(report.Ratio, 0.95, 1.06);
        Assert.InRange(report.ExtraWork, -0.02, 0.03);
    }

    [Theory]
    [InlineData(0, 0.02)]
    [InlineData(0.25, 0.05)]
    public void AHundredPeersWithFewLinks_KeepUpAsTheReducedModelSays(double gossip, double latency)
    {
        var options = new SimOptions
        {
            Peers = 100,
            Pieces = 300,
            PieceSeconds = 30,
            MaxLinks = 12,
            GossipDelay = gossip,
            Latency = latency,
            Quantum = 0.02,
            CheckEveryStep = false,
        };
        SimReport report = new SimWorld(options).Run();
        Assert.InRange(report.Ratio, 0.98, 1.03);
        Assert.InRange(report.ExtraWork, 0, 0.03);
    }

    [Fact]
    public void NeighboursKeepOnePlaceInTheRing_WhenTheyQueueTheirNextRun()
    {
        // A queued run once looked like a second slot to those who are no neighbours: shares differed, and pieces were run twice.
        SimReport report = new SimWorld(new SimOptions { Peers = 40, Pieces = 400, PieceSeconds = 20, MaxLinks = 8, CheckEveryStep = false }).Run();
        Assert.InRange(report.Ratio, 0.98, 1.02);
        Assert.InRange(report.ExtraWork, 0, 0.005);
    }
}
