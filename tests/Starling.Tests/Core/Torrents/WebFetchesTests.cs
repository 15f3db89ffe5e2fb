using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Torrents;

namespace Starling.Tests.Core.Torrents;

/// <summary>Web seeds beside peers in whole swarms on a virtual clock.</summary>
public sealed class WebFetchesTests
{
    private const int PieceLength = 4 * BlockBuffer.Capacity;

    [Fact]
    public void Web_seeds_alone_bring_each_piece_once_and_no_more_at_a_time_than_they_take()
    {
        var net = new DataNet(30, PieceLength, tail: 100);
        NetNode node = net.Add();
        node.Web = _ => TimeSpan.FromSeconds(1);
        net.Step(node, new DataInput.WebSeedsReady(3));
        Assert.True(net.Run(() => node.IsComplete));
        Assert.Equal(net.Truth, node.Content);
        Assert.Equal(Enumerable.Range(0, 30), Fetched(node).Order());
        Assert.InRange(net.Now.Ticks / (double)TimeSpan.TicksPerSecond, 11, 12);
        DataSnapshot view = node.Swarm.Snapshot(net.Now);
        Assert.Equal((net.Truth.Length, 0), (view.DownloadedBytes, view.WastedBytes));
    }

    [Fact]
    public void With_peers_too_no_piece_comes_twice()
    {
        var net = new DataNet(60, PieceLength);
        NetNode seed = net.Add(seed: true);
        seed.Rate = 500_000;
        NetNode node = net.Add();
        node.Web = _ => TimeSpan.FromSeconds(0.2);
        net.Step(node, new DataInput.WebSeedsReady(2));
        net.Introduce(node, seed);
        Assert.True(net.Run(() => node.IsComplete));
        Assert.Equal(net.Truth, node.Content);
        int[] fromPeers = [.. seed.Sent.Select(block => block.Piece).Distinct()];
        Assert.Equal(60, fromPeers.Length + Fetched(node).Count);
        Assert.Empty(fromPeers.Intersect(Fetched(node)));
        Assert.InRange(fromPeers.Length, 10, 50);
        Assert.Equal(0, node.Swarm.Snapshot(net.Now).WastedBytes);
    }

    [Fact]
    public void A_web_seed_that_takes_very_long_does_not_keep_the_end_waiting()
    {
        var net = new DataNet(20, PieceLength);
        NetNode seed = net.Add(seed: true);
        NetNode node = net.Add();
        node.Web = _ => TimeSpan.FromHours(1);
        net.Step(node, new DataInput.WebSeedsReady(2));
        net.Introduce(node, seed);
        Assert.True(net.Run(() => node.IsComplete, seconds: 30));
        Assert.Equal(Fetched(node).Order(), node.Effects.OfType<DataEffect.CancelFetch>().Select(cancel => cancel.Piece).Order());

        // What comes all the same is dropped.
        Assert.False(net.Run(() => false, seconds: 2 * 3600));
        Assert.Equal(2 * PieceLength, node.Swarm.Snapshot(net.Now).WastedBytes);
    }

    [Fact]
    public void What_the_web_does_not_have_comes_from_peers()
    {
        var net = new DataNet(20, PieceLength);
        NetNode node = net.Add();
        int asked = 0;
        node.Web = _ => asked++ < 3 ? TimeSpan.FromSeconds(0.1) : null;
        net.Step(node, new DataInput.WebSeedsReady(1));
        Assert.True(net.Run(() => asked == 4));
        net.Step(node, new DataInput.WebSeedsReady(0));
        net.Pass(1);
        Assert.Equal(3, node.Swarm.Snapshot(net.Now).Have);
        NetNode seed = net.Add(seed: true);
        net.Introduce(node, seed);
        Assert.True(net.Run(() => node.IsComplete));
        Assert.Equal(17, seed.Sent.Select(block => block.Piece).Distinct().Count());
    }

    [Fact]
    public void A_piece_that_a_peer_left_half_done_is_finished_by_the_web()
    {
        var net = new DataNet(1, 64 * BlockBuffer.Capacity);
        NetNode seed = net.Add(seed: true);
        seed.Rate = 100_000;
        NetNode node = net.Add();
        net.Introduce(node, seed);
        Assert.True(net.Run(() => seed.Sent.Count > 10));
        net.Pass(1);
        net.Kill(seed);
        net.Pass(1);
        node.Web = _ => TimeSpan.FromSeconds(1);
        net.Step(node, new DataInput.WebSeedsReady(1));
        Assert.True(net.Run(() => node.IsComplete, seconds: 10));
        Assert.Equal(net.Truth, node.Content);
    }

    [Fact]
    public void The_rate_limit_holds_for_the_web_too()
    {
        var net = new DataNet(50, PieceLength);
        NetNode node = net.Add(options: options => options with { DownRate = PieceLength });
        node.Web = _ => TimeSpan.FromSeconds(0.01);
        net.Step(node, new DataInput.WebSeedsReady(4));
        Assert.True(net.Run(() => node.IsComplete));
        Assert.InRange(net.Now.Ticks / (double)TimeSpan.TicksPerSecond, 45, 56);
    }

    [Fact]
    public void A_piece_that_is_not_wanted_any_more_is_not_waited_for()
    {
        var net = new DataNet(3, PieceLength);
        NetNode node = net.Add();
        node.Web = piece => TimeSpan.FromSeconds(piece == 1 ? 3600 : 1);
        net.Step(node, new DataInput.WebSeedsReady(3));
        Assert.True(net.Run(() => node.Swarm.Snapshot(net.Now).Have == 2));
        net.Step(node, new DataInput.PrioritiesChanged([(1, PiecePriority.Skip)]));
        Assert.True(node.IsComplete);
        Assert.Equal(1, Assert.Single(node.Effects.OfType<DataEffect.CancelFetch>()).Piece);
        net.Step(node, new DataInput.PrioritiesChanged([(1, PiecePriority.Normal)]));
        Assert.Equal(2, Fetched(node).Count(piece => piece == 1));
    }

    [Fact]
    public void After_the_end_nothing_is_stored()
    {
        var net = new DataNet(2, PieceLength);
        NetNode node = net.Add();
        node.Web = _ => TimeSpan.FromSeconds(1);
        net.Step(node, new DataInput.WebSeedsReady(1));
        net.Step(node, new DataInput.StopRequested("test"));
        net.Pass(5);
        Assert.DoesNotContain(node.Effects, effect => effect is DataEffect.StorePiece);
        Assert.Single(Fetched(node));
    }

    private static List<int> Fetched(NetNode node) => [.. node.Effects.OfType<DataEffect.FetchFromWeb>().Select(fetch => fetch.Piece)];
}
