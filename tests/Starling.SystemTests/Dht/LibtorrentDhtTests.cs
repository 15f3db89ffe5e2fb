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

/// <summary>This program's node among those of libtorrent, each finding what the other announced.</summary>
public sealed class LibtorrentDhtTests
{
    private const int Sessions = 40;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private static readonly InfoHash Theirs = InfoHash.Of(Hash256.Of([1]));
    private static readonly InfoHash Ours = InfoHash.Of(Hash256.Of([2]));

    [LibtorrentFact]
    public async Task Each_finds_what_the_other_announced()
    {
        using var dht = new LibtorrentDht(Sessions, "127.77.0.%d");
        await using var node = new OurNode("127.77.1.1", dht.Router);
        dht.Ask($"announce 17 {Theirs}");
        await node.FindsAsync(Theirs, PeerAddress.From(IPAddress.Parse("127.77.0.18"), 6881));

        node.Search(Ours);
        string own = node.Port.EndPoint.ToString();
        Assert.True(Until(() => dht.Ask($"peers 23 {Ours}").GetProperty("peers").EnumerateArray().Any(peer => peer.GetString() == own)));
        Assert.InRange(node.Service.NodeCount, 10, Sessions);
    }

    [LibtorrentFact]
    public async Task Items_go_both_ways()
    {
        using var dht = new LibtorrentDht(Sessions, "127.78.0.%d");
        await using var node = new OurNode("127.78.1.1", dht.Router);
        await using var other = new OurNode("127.78.1.2", dht.Router);
        Assert.True(Until(() => node.Service.NodeCount >= 10 && other.Service.NodeCount >= 10));

        var theirs = dht.Ask("put 5 theirs");
        Assert.InRange(theirs.GetProperty("stored").GetInt32(), 1, 100);
        NodeId target = new(Convert.FromHexString(theirs.GetProperty("target").GetString()!));
        DhtItem? got = await node.Service.GetAsync(target, null, default);
        Assert.Equal("6:theirs", Encoding.ASCII.GetString(got!.Value.Span));

        DhtItem ours = DhtItem.Immutable("4:ours"u8.ToArray());
        Assert.InRange((await node.Service.PutAsync(ours, null)).Stored, 4, 16);
        Assert.Equal("ours", dht.Ask($"get 9 {ours.Target}").GetProperty("item").GetString()!.Trim('\'', '"'));

        // Signed by us, kept by libtorrent, which checks signature, version and cas; read by another node of ours.
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

        public async Task FindsAsync(InfoHash swarm, PeerAddress wanted)
        {
            Search(swarm);
            using var patience = new CancellationTokenSource(Patience);
            while (await _found.Reader.ReadAsync(patience.Token) != (swarm, wanted))
            {
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
