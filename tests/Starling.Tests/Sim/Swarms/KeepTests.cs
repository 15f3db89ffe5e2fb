using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Sim.Swarms;

namespace Starling.Tests.Sim.Swarms;

/// <summary>What whole swarms keep once they are done (<c>--keep</c>): enough copies while enough are there, whoever leaves, and for whoever comes.</summary>
public sealed class KeepTests
{
    private const int Pieces = 40;

    [Theory]
    [InlineData(1, 50, 1)]
    [InlineData(2, 50, 2)]
    [InlineData(3, 50, 3)]
    [InlineData(2, 5, 4)]
    public void N_copies_of_each_piece_outlive_leaving_and_nothing_is_made_anew(int copies, int links, ulong seed)
    {
        const int peers = 10;
        var world = new SimWorld(new SimOptions { Seed = seed, Peers = peers, Pieces = Pieces, PieceBytes = 20_000, MaxLinks = links, Keep = KeepRule.Of(copies) });
        world.Run();
        Pass(world, 200);
        int[] held = Copies(world);
        Assert.All(held, count => Assert.InRange(count, copies, peers));
        if (links >= peers)
        {
            // All see all: nobody keeps more than his part.
            Assert.All(held, count => Assert.Equal(copies, count));
        }

        foreach (SimHost host in world.Hosts.Take(peers - copies))
        {
            host.Crash(CrashKind.Kill);
            Pass(world, 300);
            Assert.All(Copies(world), count => Assert.InRange(count, Math.Min(copies, Up(world).Count()), peers));
            Assert.All(Up(world), other => Assert.Equal(Pieces, other.Snapshot!.Pieces.ToArray().Count(state => state == PieceState.Finished)));
        }
    }

    [Fact]
    public void Who_keeps_its_own_keeps_what_it_computed()
    {
        var world = new SimWorld(new SimOptions { Seed = 5, Peers = 6, Pieces = Pieces, PieceBytes = 20_000, Keep = KeepRule.Own });
        SimReport report = world.Run();
        Pass(world, 100);
        Assert.Equal(Pieces, report.Runs - world.Hosts.Sum(host => host.Aborts));
        Assert.All(Copies(world), count => Assert.Equal(1, count));
    }

    [Theory]
    [InlineData("own")]
    [InlineData("2")]
    public void Who_comes_late_gets_everything_and_restarts_fetch_nothing(string keep)
    {
        Assert.True(KeepRule.TryParse(keep, out KeepRule rule));
        var world = new SimWorld(new SimOptions { Seed = 6, Peers = 6, Pieces = Pieces, PieceBytes = 20_000, Keep = rule, FaultSeconds = 0.001 });
        world.Run();
        Pass(world, 200);
        List<PeerAddress> known = [.. world.Hosts.Skip(2).Select(host => host.Address)];
        SimHost late = world.Hosts[0];
        SimHost again = world.Hosts[1];
        int runs = world.Hosts.Sum(host => host.Runs);
        again.Crash(CrashKind.Kill);
        again.Start(known);
        Pass(world, 60);
        Assert.True(again.IsDone);
        Assert.Equal(runs, world.Hosts.Sum(host => host.Runs));

        late.Crash(CrashKind.MachineLost);
        late.Start(known);
        Pass(world, 600);
        Assert.True(late.IsDone);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Who_comes_late_and_sees_few_gets_what_they_released_and_makes_nothing_anew(ulong seed)
    {
        var world = new SimWorld(new SimOptions { Seed = seed, Peers = 12, Pieces = Pieces, PieceBytes = 20_000, MaxLinks = 5, KnownPeers = 2, Keep = KeepRule.Of(1) });
        world.Run();
        Pass(world, 200);
        SimHost late = world.Hosts[0];
        late.Crash(CrashKind.MachineLost);
        Pass(world, 300);
        int runs = world.Hosts.Sum(host => host.Runs - host.Aborts);
        late.Start([world.Hosts[5].Address]);
        Pass(world, 300);
        Assert.True(late.IsDone);

        // A run that began before it had heard anything was stopped.
        Assert.Equal(runs, world.Hosts.Sum(host => host.Runs - host.Aborts));

        // What was brought back for it is released again.
        Assert.All(world.Hosts, host => Assert.Contains(Enumerable.Range(0, Pieces), host.Node!.IsReleased));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Copies_survive_kills_and_power_failures(ulong seed)
    {
        var options = new SimOptions
        {
            Seed = seed,
            Peers = 8,
            Pieces = Pieces,
            PieceBytes = 20_000,
            Keep = KeepRule.Of(2),
            CrashesPerHour = 60,
            LeavesPerHour = 60,
            FaultSeconds = 400,
        };
        var world = new SimWorld(options);
        world.Run();
        Pass(world, 300);
        Assert.All(Copies(world), count => Assert.InRange(count, 2, 8));
    }

    private static IEnumerable<SimHost> Up(SimWorld world) => world.Hosts.Where(host => host.Node is not null);

    private static int[] Copies(SimWorld world) => [.. Enumerable.Range(0, Pieces).Select(piece => Up(world).Count(host => host.Disk.Holds(piece)))];

    private static void Pass(SimWorld world, int seconds)
    {
        Instant end = world.Events.Now + TimeSpan.FromSeconds(seconds);
        while (world.Events.RunNext(end))
        {
        }
    }
}
