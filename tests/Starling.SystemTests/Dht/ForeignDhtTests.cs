using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Text;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Starling.Core.Crypto;
using Starling.Core.Dht;
using Starling.Core.Primitives;
using Starling.Runtime.Identity;
using Starling.Runtime.Network;

namespace Starling.SystemTests.Dht;

/// <summary>This program's node among a hundred of another implementation, each finding what the other announced.</summary>
public sealed class ForeignDhtTests
{
    private const int Nodes = 100;
    private const int Few = 5;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180);
    private static readonly InfoHash Ours = Swarm(0);

    [LibtorrentFact]
    public async Task What_a_hundred_nodes_of_libtorrent_announce_is_found_and_they_find_ours()
    {
        using var dht = ForeignDht.OfLibtorrent(Nodes, "127.77.0.%d");
        await FindEachOther(dht, "127.77.0.", "127.77.1.1");
    }

    [NodeFact("bittorrent-dht")]
    public async Task What_a_hundred_nodes_of_bittorrent_dht_announce_is_found_and_they_find_ours()
    {
        using var dht = ForeignDht.OfNode(Nodes, "127.79.0.%d");
        await FindEachOther(dht, "127.79.0.", "127.79.1.1");
    }

    [LibtorrentFact]
    public async Task Items_go_both_ways_with_libtorrent()
    {
        using var dht = ForeignDht.OfLibtorrent(Nodes, "127.78.0.%d");
        await using var node = new OurNode("127.78.1.1", dht.Router);
        await using var other = new OurNode("127.78.1.2", dht.Router);
        await ExchangeImmutable(dht, node);

        // Signed by us, kept by libtorrent, which checks signature, version and cas; read by another node of ours.
        Assert.True(Until(() => other.Service.NodeCount >= 10));
        IIdentity author = Ed25519Identity.FromSeed(new byte[32]);
        DhtItem first = DhtItem.Mutable(author, "s"u8.ToArray(), 1, "5:first"u8.ToArray());
        DhtItem second = DhtItem.Mutable(author, "s"u8.ToArray(), 2, "6:second"u8.ToArray());
        Assert.InRange((await node.Service.PutAsync(first, null)).Stored, 4, 16);
        Assert.Contains(206, (await node.Service.PutAsync(second with { Sequence = 9 }, null)).Refusals);
        Assert.Contains(301, (await node.Service.PutAsync(second, cas: 7)).Refusals);
        Assert.InRange((await node.Service.PutAsync(second, cas: 1)).Stored, 4, 16);
        Assert.Contains(302, (await node.Service.PutAsync(first, null)).Refusals);
        DhtItem? newest = await other.Service.GetAsync(first.Target, author.PublicKey, "s"u8.ToArray());
        Assert.Equal("6:second", Encoding.ASCII.GetString(newest!.Value.Span));
    }

    [NodeFact("bittorrent-dht")]
    public async Task Items_go_both_ways_with_bittorrent_dht()
    {
        using var dht = ForeignDht.OfNode(Nodes, "127.80.0.%d");
        await using var node = new OurNode("127.80.1.1", dht.Router);
        await ExchangeImmutable(dht, node);
    }

    /// <summary>A swarm for each of them, and one of ours.</summary>
    private static async Task FindEachOther(ForeignDht dht, string prefix, string address)
    {
        await using var node = new OurNode(address, dht.Router);
        for (int number = 1; number <= Nodes; number++)
        {
            Assert.True(dht.Ask($"announce {number - 1} {Swarm(number)}").GetProperty("announced").GetBoolean());
        }

        node.Search(Ours);
        await node.FindsAsync([.. Enumerable.Range(1, Nodes).Select(number => (Swarm(number), PeerAddress.From(IPAddress.Parse($"{prefix}{number}"), 6881)))]);
        string own = node.Port.EndPoint.ToString();
        for (int number = 1; number <= Few; number++)
        {
            int asked = number * Nodes / Few - 1;
            Assert.True(Until(() => dht.Ask($"peers {asked} {Ours}").GetProperty("peers").EnumerateArray().Any(peer => peer.GetString() == own)));
        }

        Assert.InRange(node.Service.NodeCount, Nodes / 4, Nodes);
    }

    private static async Task ExchangeImmutable(ForeignDht dht, OurNode node)
    {
        Assert.True(Until(() => node.Service.NodeCount >= 10));
        var theirs = dht.Ask("put 5 theirs");
        Assert.InRange(theirs.GetProperty("stored").GetInt32(), 1, Nodes);
        NodeId target = new(Convert.FromHexString(theirs.GetProperty("target").GetString()!));
        DhtItem? got = await node.Service.GetAsync(target, null, default);
        Assert.Equal("6:theirs", Encoding.ASCII.GetString(got!.Value.Span));

        DhtItem ours = DhtItem.Immutable("4:ours"u8.ToArray());
        Assert.InRange((await node.Service.PutAsync(ours, null)).Stored, 4, 16);
        Assert.Equal("ours", dht.Ask($"get 9 {ours.Target}").GetProperty("item").GetString()!.Trim('\'', '"'));
    }

    private static InfoHash Swarm(int number) => InfoHash.Of(Hash256.Of([(byte)number]));

    private static bool Until(Func<bool> condition) => SpinWait.SpinUntil(
        () =>
        {
            Thread.Sleep(100);
            return condition();
        },
        Patience);

    private sealed class OurNode : IAsyncDisposable
    {
        private readonly Channel<(InfoHash Swarm, PeerAddress Peer)> _found = Channel.CreateUnbounded<(InfoHash, PeerAddress)>();

        public OurNode(string address, string router)
        {
            Assert.True(UdpPort.TryOpen(new IPEndPoint(IPAddress.Parse(address), 0), out UdpPort? port, out Problem? problem), problem?.Reason);
            Port = port;
            Service = DhtService.Start(new DhtServiceOptions { Nodes = [router] }, port, new Ed25519Verifier());
        }

        public UdpPort Port { get; }

        public DhtService Service { get; }

        public void Search(InfoHash swarm) => Service.Search(swarm, (ushort)Port.EndPoint.Port, peers => Report(swarm, peers));

        /// <summary>Looks for many swarms, until the peer of each has been found.</summary>
        public async Task FindsAsync(HashSet<(InfoHash Swarm, PeerAddress Peer)> wanted)
        {
            foreach ((InfoHash swarm, _) in wanted)
            {
                Search(swarm);
                Service.SetLonely(swarm, true);
            }

            using var patience = new CancellationTokenSource(Patience);
            try
            {
                while (wanted.Count > 0)
                {
                    wanted.Remove(await _found.Reader.ReadAsync(patience.Token));
                }
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"Not found: {string.Join(", ", wanted)}");
            }
        }

        public async ValueTask DisposeAsync()
        {
            await Service.DisposeAsync();
            await Port.DisposeAsync();
        }

        private void Report(InfoHash swarm, IReadOnlyList<PeerAddress> peers)
        {
            foreach (PeerAddress peer in peers)
            {
                _found.Writer.TryWrite((swarm, peer));
            }
        }
    }
}
