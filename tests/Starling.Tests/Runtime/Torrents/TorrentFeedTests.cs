using System;
using System.Net;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Starling.Core.Dht;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Runtime.Discovery;
using Starling.Runtime.Identity;
using Starling.Runtime.Network;
using Starling.Runtime.Torrents;

namespace Starling.Tests.Runtime.Torrents;

/// <summary>An author and a follower who know each other's nodes of the DHT, on loopback (BEP 46).</summary>
public sealed class TorrentFeedTests
{
    private static readonly byte[] Salt = [.. "photos"u8];
    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(200);
    private static readonly TorrentPointer First = new() { V1 = new InfoHash(new byte[20]) };
    private static readonly TorrentPointer Second = new() { V2 = Hash256.Of("second"u8) };

    private readonly Channel<TorrentVersionNamed> _named = Channel.CreateUnbounded<TorrentVersionNamed>();
    private readonly Channel<Problem> _remarks = Channel.CreateUnbounded<Problem>();
    private readonly Ed25519Identity _identity = Ed25519Identity.FromSeed(new byte[32]);

    [Fact]
    public async Task What_an_author_names_is_followed_from_version_to_version()
    {
        await using var keeper = new Party("127.0.0.1", null);
        await using var author = new Party("127.0.0.2", keeper);
        await using var follower = new Party("127.0.0.3", keeper);
        var publisher = new TorrentAuthor(author.Finder, _identity, Salt);
        Assert.True(await publisher.HasNodesAsync(TimeSpan.FromSeconds(60), CancellationToken.None));
        PublishedVersion first = await publisher.PublishAsync(First, 1_000);
        Assert.Equal((1_000L, true), (first.Sequence, first.Nodes > 0));
        await using TorrentFeed feed = Follow(follower);
        Assert.Equal(new TorrentVersionNamed(First, 1_000), await NextAsync());

        // The same torrent again is the same version; another one is a newer one, even where the clock went back.
        Assert.Equal(1_000, (await publisher.PublishAsync(First, 2_000)).Sequence);
        Assert.Equal(1_001, (await publisher.PublishAsync(Second, 5)).Sequence);
        Assert.Equal(new TorrentVersionNamed(Second, 1_001), await NextAsync());
        Assert.False(_named.Reader.TryRead(out _));
    }

    [Fact]
    public async Task Without_an_item_it_waits_and_says_so_once()
    {
        await using var keeper = new Party("127.0.0.1", null);
        await using var follower = new Party("127.0.0.3", keeper);
        Assert.True(await new TorrentAuthor(follower.Finder, _identity, Salt).HasNodesAsync(TimeSpan.FromSeconds(60), CancellationToken.None));
        await using TorrentFeed feed = Follow(follower);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        Assert.Equal("no-item", (await _remarks.Reader.ReadAsync(patience.Token)).Code);

        await new TorrentAuthor(keeper.Finder, _identity, Salt).PublishAsync(First, 7);
        Assert.Equal(7, (await NextAsync()).Sequence);
        Assert.False(_remarks.Reader.TryRead(out _));
    }

    [Fact]
    public async Task An_item_that_names_no_torrent_is_told_and_not_followed()
    {
        await using var keeper = new Party("127.0.0.1", null);
        await using var author = new Party("127.0.0.2", keeper);
        Assert.True(await new TorrentAuthor(author.Finder, _identity, Salt).HasNodesAsync(TimeSpan.FromSeconds(60), CancellationToken.None));
        Assert.NotEqual(0, (await author.Finder.PutItemAsync(DhtItem.Mutable(_identity, Salt, 3, "5:hello"u8.ToArray()), null)).Stored);
        await using TorrentFeed feed = Follow(author);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        Assert.Equal("item", (await _remarks.Reader.ReadAsync(patience.Token)).Code);
        Assert.False(_named.Reader.TryRead(out _));
    }

    private TorrentFeed Follow(Party party) => TorrentFeed.Follow(
        party.Finder,
        new MutableMagnet { Key = _identity.PublicKey, Salt = Salt },
        Quick,
        version => _named.Writer.TryWrite(version),
        problem => _remarks.Writer.TryWrite(problem));

    private async Task<TorrentVersionNamed> NextAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return await _named.Reader.ReadAsync(patience.Token);
    }

    private sealed class Party : IAsyncDisposable
    {
        private readonly UdpPort _port;

        public Party(string address, Party? known)
        {
            Assert.True(UdpPort.TryOpen(new IPEndPoint(IPAddress.Parse(address), 0), out UdpPort? port, out Problem? problem), problem?.Reason);
            _port = port;
            Finder = new PeerFinder(
                new PeerFinderOptions { Listener = port.EndPoint, Locally = false, AskTrackers = false, DhtPort = port, DhtNodes = known is null ? [] : [$"{known._port.EndPoint}"] },
                new Ed25519Verifier());
        }

        public PeerFinder Finder { get; }

        public async ValueTask DisposeAsync()
        {
            await Finder.DisposeAsync();
            await _port.DisposeAsync();
        }
    }
}
