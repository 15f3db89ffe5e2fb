using System;
using System.Linq;
using Starling.Core.Torrents;

namespace Starling.Tests.Core.Torrents;

/// <summary>Whole data swarms on a virtual network: everybody ends with the truth, whatever some of them do.</summary>
public sealed class DataSwarmTests
{
    private const int PieceLength = 4 * BlockBuffer.Capacity;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 0)]
    [InlineData(9, 20_001)]
    [InlineData(40, BlockBuffer.Capacity)]
    public void A_leecher_gets_everything_from_a_seed(int pieces, int tail)
    {
        var net = new DataNet(pieces, PieceLength, tail);
        NetNode seed = net.Add(seed: true);
        NetNode leecher = net.Add();
        net.Introduce(leecher, seed);

        Assert.True(net.Run(() => leecher.IsComplete));

        Assert.Equal(net.Truth, leecher.Content);
        Assert.Equal(seed.Sent.Count, seed.Sent.Distinct().Count());
        Assert.Equal(0, leecher.Swarm.Snapshot(net.Now).WastedBytes);
    }

    [Fact]
    public void A_swarm_shares_what_one_slow_seed_sends_once()
    {
        var net = new DataNet(64, PieceLength);
        NetNode seed = net.Add(seed: true);
        seed.Rate = 400_000;
        NetNode[] leechers = [.. Enumerable.Range(0, 8).Select(_ => net.Add())];
        foreach (NetNode leecher in leechers)
        {
            net.Introduce(leecher, [seed, .. leechers.Where(other => other != leecher)]);
        }

        Assert.True(net.Run(() => leechers.All(leecher => leecher.IsComplete)));

        Assert.All(leechers, leecher => Assert.Equal(net.Truth, leecher.Content));
        Assert.InRange(seed.Sent.Count, 64 * 4, 64 * 4 * 3);
    }

    /// <summary>No swarm is faster than its seed sends one copy; `swarm-transfer` of the bench has real processes, beside libtorrent.</summary>
    [Theory]
    [InlineData(1UL)]
    [InlineData(2UL)]
    public void Sixteen_leechers_that_send_as_much_as_the_seed_are_done_soon_after_its_first_copy(ulong number)
    {
        const double copySeconds = 40;
        var net = new DataNet(128, PieceLength, seed: number);
        long rate = (long)(net.Truth.Length / copySeconds);
        NetNode seed = net.Add(seed: true, options: options => options with { UpRate = rate });
        NetNode[] leechers = [.. Enumerable.Range(0, 16).Select(_ => net.Add(options: options => options with { UpRate = rate }))];
        foreach (NetNode leecher in leechers)
        {
            net.Introduce(leecher, [seed, .. leechers.Where(other => other != leecher)]);
        }

        double start = net.Now.Seconds;
        Assert.True(net.Run(() => leechers.All(leecher => leecher.IsComplete), 1.5 * copySeconds), $"{leechers.Count(leecher => leecher.IsComplete)} are done");
        Assert.InRange(net.Now.Seconds - start, 0.99 * copySeconds, 1.5 * copySeconds);
    }

    [Fact]
    public void Peers_are_found_by_peer_exchange()
    {
        var net = new DataNet(400, PieceLength);
        NetNode seed = net.Add(seed: true);
        seed.Rate = 300_000;
        NetNode hub = net.Add();
        NetNode far = net.Add();
        net.Introduce(hub, seed);
        net.Introduce(far, hub);

        Assert.True(net.Run(() => far.Links.Count >= 2, 120));
    }

    [Theory]
    [InlineData(1UL)]
    [InlineData(2UL)]
    [InlineData(3UL)]
    public void A_liar_is_known_and_banned_and_nobody_else(ulong number)
    {
        var net = new DataNet(30, PieceLength, seed: number);
        NetNode[] seeds = [net.Add(seed: true), net.Add(seed: true), net.Add(seed: true)];
        seeds[1].Lies = _ => true;
        NetNode leecher = net.Add();
        net.Introduce(leecher, seeds);

        Assert.True(net.Run(() => leecher.IsComplete));

        Assert.Equal(net.Truth, leecher.Content);
        Assert.All(leecher.Banned, address => Assert.Equal(seeds[1].Address, address));
        Assert.NotEmpty(leecher.Banned);
    }

    [Fact]
    public void A_liar_who_lies_in_one_block_of_one_piece_is_found_too()
    {
        var net = new DataNet(20, PieceLength);
        NetNode honest = net.Add(seed: true);
        NetNode liar = net.Add(seed: true);
        bool lied = false;
        liar.Lies = _ => !lied && (lied = true);
        NetNode leecher = net.Add();
        net.Introduce(leecher, honest, liar);

        Assert.True(net.Run(() => leecher.IsComplete));

        Assert.Equal(net.Truth, leecher.Content);
        Assert.Equal([liar.Address], leecher.Banned.Distinct());
    }

    [Fact]
    public void The_loss_of_every_peer_but_the_last_does_not_stop_it()
    {
        var net = new DataNet(60, PieceLength);
        NetNode[] seeds = [.. Enumerable.Range(0, 4).Select(_ => net.Add(seed: true))];
        Array.ForEach(seeds, seed => seed.Rate = 300_000);
        NetNode leecher = net.Add();
        net.Introduce(leecher, seeds);
        foreach (NetNode seed in seeds[..3])
        {
            net.Pass(2);
            net.Kill(seed);
        }

        Assert.True(net.Run(() => leecher.IsComplete));
        Assert.Equal(net.Truth, leecher.Content);
    }

    [Fact]
    public void A_peer_that_stops_answering_gives_its_blocks_to_others()
    {
        var net = new DataNet(10, PieceLength);
        NetNode slow = net.Add(seed: true);
        slow.Rate = 100;
        NetNode leecher = net.Add();
        net.Introduce(leecher, slow);
        net.Pass(5);
        NetNode fast = net.Add(seed: true);
        net.Introduce(leecher, fast);

        Assert.True(net.Run(() => leecher.IsComplete, 200));
        Assert.Equal(net.Truth, leecher.Content);
    }

    [Fact]
    public void At_the_end_a_slow_peers_blocks_are_asked_from_others_and_cancelled()
    {
        var net = new DataNet(40, PieceLength);
        NetNode slow = net.Add(seed: true);
        slow.Rate = 20_000;
        NetNode fast = net.Add(seed: true);
        NetNode leecher = net.Add();
        net.Introduce(leecher, slow, fast);

        Assert.True(net.Run(() => leecher.IsComplete, 20));
        Assert.Equal(net.Truth, leecher.Content);
        Assert.Empty(leecher.Refusals);
    }

    [Fact]
    public void A_magnet_link_learns_the_metadata_and_then_the_content()
    {
        var net = new DataNet(12, PieceLength);
        NetNode seed = net.Add(seed: true);
        NetNode leecher = net.Add(magnet: true);
        net.Introduce(leecher, seed);

        Assert.True(net.Run(() => leecher.IsComplete));
        Assert.Equal(net.Truth, leecher.Content);
    }

    [Fact]
    public void Unwanted_pieces_are_not_fetched_and_urgent_ones_come_first()
    {
        var net = new DataNet(40, PieceLength);
        NetNode seed = net.Add(seed: true);
        NetNode leecher = net.Add();
        net.Step(leecher, new DataInput.PrioritiesChanged(
            [.. Enumerable.Range(0, 20).Select(piece => (piece, PiecePriority.Skip)), (33, PiecePriority.High), (30, PiecePriority.High)]));
        net.Introduce(leecher, seed);

        Assert.True(net.Run(() => leecher.IsComplete));

        Assert.DoesNotContain(seed.Sent, block => block.Piece < 20);
        Assert.Equal([30, 33], seed.Sent.Select(block => block.Piece).Distinct().Take(2));
        Assert.Equal(20, leecher.Swarm.Snapshot(net.Now).Have);
    }

    [Fact]
    public void In_order_means_in_order()
    {
        var net = new DataNet(30, PieceLength);
        NetNode seed = net.Add(seed: true);
        NetNode leecher = net.Add(options: options => options with { Sequential = true });
        net.Introduce(leecher, seed);

        Assert.True(net.Run(() => leecher.IsComplete));
        Assert.Equal(seed.Sent.Order(System.Collections.Generic.Comparer<BlockRange>.Create(
            (left, right) => (left.Piece, left.Begin).CompareTo((right.Piece, right.Begin)))), seed.Sent);
    }

    [Fact]
    public void Little_memory_is_enough_blocks_then_go_to_the_disk_before_their_piece_is_whole()
    {
        var net = new DataNet(4, 64 * BlockBuffer.Capacity);
        NetNode seed = net.Add(seed: true);
        NetNode leecher = net.Add(options: options => options with { MaxHeldBytes = 8 * BlockBuffer.Capacity });
        net.Introduce(leecher, seed);

        Assert.True(net.Run(() => leecher.IsComplete));
        Assert.Equal(net.Truth, leecher.Content);
        Assert.Contains(leecher.Effects, effect => effect is DataEffect.WriteBlocks);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_rate_limit_holds(bool down)
    {
        const int rate = 200_000;
        var net = new DataNet(40, PieceLength);
        NetNode seed = net.Add(seed: true, options: options => options with { UpRate = down ? 0 : rate });
        NetNode leecher = net.Add(options: options => options with { DownRate = down ? rate : 0 });
        net.Introduce(leecher, seed);
        net.Pass(8);

        long got = leecher.Swarm.Snapshot(net.Now).DownloadedBytes;
        Assert.InRange(got, 0.7 * rate * 8, 1.3 * rate * 8);
    }

    [Fact]
    public void Two_seeds_part_and_a_process_does_not_talk_to_itself()
    {
        var net = new DataNet(3, PieceLength);
        NetNode one = net.Add(seed: true);
        NetNode other = net.Add(seed: true);
        NetNode lonely = net.Add();
        net.Introduce(one, other);
        net.Introduce(lonely, lonely);
        net.Pass(3);

        Assert.Empty(one.Links);
        Assert.Empty(lonely.Links);
    }

    [Fact]
    public void Two_that_connect_to_each_other_at_once_keep_one_connection()
    {
        var net = new DataNet(600, PieceLength);
        NetNode seed = net.Add(seed: true);
        seed.Rate = 100_000;
        NetNode leecher = net.Add();
        net.Introduce(leecher, seed);
        net.Introduce(seed, leecher);
        net.Pass(4);

        Assert.Single(leecher.Links);
        Assert.Equal(1, leecher.Swarm.Snapshot(net.Now).Connected);
        Assert.Equal(1, seed.Swarm.Snapshot(net.Now).Connected);
    }

    [Fact]
    public void The_same_seed_replays_the_same_run()
    {
        static int[] Trace()
        {
            var net = new DataNet(30, PieceLength, seed: 7);
            NetNode seed = net.Add(seed: true);
            NetNode[] leechers = [net.Add(), net.Add(), net.Add()];
            foreach (NetNode leecher in leechers)
            {
                net.Introduce(leecher, [seed, .. leechers]);
            }

            net.Run(() => leechers.All(leecher => leecher.IsComplete));
            return [.. net.Nodes.SelectMany(node => node.Sent).Select(block => (block.Piece * 64) + (block.Begin / BlockBuffer.Capacity)), (int)net.Now.Ticks];
        }

        Assert.Equal(Trace(), Trace());
    }
}
