using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Runtime.Discovery;
using Starling.Runtime.Identity;
using Starling.Tests.Runtime.Trackers;

namespace Starling.Tests.Runtime.Discovery;

public sealed class PeerSearchTests : IAsyncDisposable
{
    private static readonly InfoHash First = InfoHash.Of(Hash256.Of([1]));
    private static readonly InfoHash Second = InfoHash.Of(Hash256.Of([2]));

    private readonly ConcurrentQueue<(string Peer, PeerSource Source)> _found = [];
    private readonly ConcurrentQueue<Problem> _remarks = [];
    private readonly UdpTestTracker _tracker = new();
    private readonly PeerFinder _finder;

    public PeerSearchTests() => _finder = new PeerFinder(
        new PeerFinderOptions { Listener = new IPEndPoint(IPAddress.Loopback, 4001), Locally = false, Remark = _remarks.Enqueue }, new Ed25519Verifier());

    public async ValueTask DisposeAsync()
    {
        await _finder.DisposeAsync();
        await _tracker.DisposeAsync();
    }

    [Fact]
    public void The_owner_and_the_link_name_peers()
    {
        _finder.Prepare(Swarm(isPrivate: false)).Begin();
        Assert.Equal([("192.0.2.1:1", PeerSource.Owner), ("192.0.2.2:2", PeerSource.Magnet)], _found);
        Assert.Empty(_remarks);
    }

    [Fact]
    public async Task A_private_swarm_has_only_its_trackers_and_the_owner_is_told()
    {
        PeerSearch search = _finder.Prepare(Swarm(isPrivate: true));
        search.Begin();
        Assert.Empty(_found);
        Assert.Equal("private", Assert.Single(_remarks).Code);
        search.AskTrackers(isComplete: false);
        Assert.Equal(First, HashOf(await _tracker.AnnounceAsync()));
    }

    [Fact]
    public async Task A_name_that_is_learnt_later_is_asked_for_too()
    {
        PeerSearch search = _finder.Prepare(Swarm(isPrivate: false));
        search.AskTrackers(isComplete: false);
        search.Begin();
        Assert.Equal(First, HashOf(await _tracker.AnnounceAsync()));
        search.Learned([First, Second], isPrivate: false);
        Assert.Equal(Second, HashOf(await _tracker.AnnounceAsync()));
    }

    [Fact]
    public async Task Nothing_is_found_after_the_end_and_trackers_hear_of_it()
    {
        PeerSearch search = _finder.Prepare(Swarm(isPrivate: false));
        search.Begin();
        search.AskTrackers(isComplete: true);
        await _tracker.AnnounceAsync();

        // The tracker names to the second what it heard from the first: its answers came.
        search.Learned([Second], isPrivate: false);
        await _tracker.AnnounceAsync();
        Assert.True(SpinWait.SpinUntil(() => _found.Any(found => found.Source == PeerSource.Tracker), TimeSpan.FromSeconds(60)));
        await _finder.DisposeAsync();
        Assert.Equal(3, (await _tracker.AnnounceAsync())[83]);
        _found.Clear();
        search.Begin();
        _finder.Prepare(Swarm(isPrivate: false)).Begin();
        Assert.Empty(_found);
    }

    [Fact]
    public void Tiers_of_several_sources_name_each_tracker_once() => Assert.Equal(
        [["a", "b"], ["c"], ["d"]],
        SearchedSwarm.Join([["a", "b"], ["c"]], SearchedSwarm.TiersOf(["b", "d", "a"])));

    private static InfoHash HashOf(byte[] announce) => new(announce.AsSpan(16, InfoHash.Size));

    private SearchedSwarm Swarm(bool isPrivate) => new()
    {
        InfoHashes = [First],
        Trackers = [[_tracker.Url]],
        OwnerPeers = ["192.0.2.1:1"],
        LinkPeers = ["192.0.2.2:2"],
        IsPrivate = isPrivate,
        Totals = () => default,
        Found = Take,
    };

    private void Take(IReadOnlyList<PeerAddress> peers, PeerSource source)
    {
        foreach (PeerAddress peer in peers)
        {
            _found.Enqueue((peer.ToString(), source));
        }
    }
}
