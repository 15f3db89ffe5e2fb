using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Swarm;
using Starling.Core.Torrents;
using Starling.Core.Wire;

namespace Starling.Tests.Core.Torrents;

public sealed class ChokerTests
{
    private readonly DataContext _context = new(new DataSwarmOptions
    {
        V1 = default(InfoHash),
        PeerId = PeerId.Create(new DeterministicRandom(1)),
        Seed = 1,
        UploadSlots = 4,
    });

    private readonly DataPeerTable _peers;
    private readonly Choker _choker;

    public ChokerTests()
    {
        _context.Now = Instant.FromSeconds(1);
        _peers = new DataPeerTable(_context, new AddressBook(_context.Random));
        _choker = new Choker(_context, _peers, new Uploads(_context, _peers, new RateLimit(0)));
    }

    [Fact]
    public void Who_gives_most_is_served_and_one_on_trial()
    {
        DataPeer[] peers = [.. Enumerable.Range(1, 10).Select(number => Add(number))];
        for (int second = 0; second < 100; second++)
        {
            foreach ((DataPeer peer, int index) in peers.Select((peer, index) => (peer, index)))
            {
                peer.Down.Add((index + 1) * 1000, _context.Now);
            }

            _context.Now += TimeSpan.FromSeconds(1);
            _choker.Rechoke(seeding: false);
        }

        DataPeer[] served = [.. peers.Where(peer => !peer.AmChoking)];
        Assert.Equal(4, served.Length);
        Assert.Contains(_choker.Optimistic!, served);
        DataPeer[] best = [.. peers.Reverse().Where(peer => peer != _choker.Optimistic).Take(3)];
        Assert.All(best, peer => Assert.Contains(peer, served));
    }

    [Fact]
    public void The_trial_moves_on_every_30_seconds_and_everybody_is_served_some_time()
    {
        DataPeer[] peers = [.. Enumerable.Range(1, 8).Select(number => Add(number))];
        var served = new HashSet<DataPeer>();
        DataPeer? last = null;
        Instant since = _context.Now;
        for (int second = 0; second < 3_000; second++)
        {
            _context.Now += TimeSpan.FromSeconds(1);
            _choker.Rechoke(seeding: false);
            if (_choker.Optimistic != last)
            {
                Assert.True(last is null || _context.Now - since >= DataLimits.Optimistic);
                (last, since) = (_choker.Optimistic, _context.Now);
            }

            served.UnionWith(peers.Where(peer => !peer.AmChoking));
        }

        Assert.Equal(8, served.Count);
    }

    [Fact]
    public void Who_is_served_is_looked_at_every_ten_seconds()
    {
        Add(1);
        for (int second = 0; second < 100; second++)
        {
            Instant due = _choker.Due;
            _choker.Rechoke(seeding: false);
            Assert.Equal(_context.Now < due ? due : _context.Now + DataLimits.Rechoke, _choker.Due);
            _context.Now += TimeSpan.FromSeconds(1);
        }
    }

    [Fact]
    public void A_peer_that_snubs_is_served_only_on_trial()
    {
        DataPeer[] peers = [.. Enumerable.Range(1, 6).Select(number => Add(number))];
        peers[0].Down.Add(10_000_000, _context.Now);
        peers[0].IsSnubbing = true;
        _context.Now += TimeSpan.FromSeconds(1);
        _choker.Rechoke(seeding: false);
        Assert.True(peers[0].AmChoking || _choker.Optimistic == peers[0]);
    }

    [Fact]
    public void A_seed_gives_everybody_a_share()
    {
        DataPeer[] peers = [.. Enumerable.Range(1, 12).Select(number => Add(number))];
        for (int second = 0; second < 1_200; second++)
        {
            foreach (DataPeer peer in peers.Where(peer => !peer.AmChoking))
            {
                peer.Up.Add(2_000_000, _context.Now);
            }

            _context.Now += TimeSpan.FromSeconds(1);
            _choker.Rechoke(seeding: true);
        }

        Assert.InRange(peers.Min(peer => peer.Up.Total) / (double)peers.Max(peer => peer.Up.Total), 0.6, 1);
    }

    [Fact]
    public void A_free_slot_is_given_at_once()
    {
        DataPeer peer = Add(1);
        _choker.OnInterested(peer);
        Assert.False(peer.AmChoking);
        DataPeer[] more = [.. Enumerable.Range(2, 5).Select(number => Add(number))];
        Array.ForEach(more, _choker.OnInterested);
        Assert.Equal(3, more.Count(each => !each.AmChoking));
    }

    private DataPeer Add(int number)
    {
        DataPeer peer = _peers.Open(new LinkId(number), new PeerAddress(PeerAddress.From(new System.Net.IPAddress([10, 0, 0, (byte)number]), 1).Ip, 1), outgoing: false)!;
        Assert.True(_peers.Establish(peer, new Handshake(Handshake.FastBit, default, new PeerId(Enumerable.Repeat((byte)number, 20).ToArray()))));
        peer.PeerInterested = true;
        return peer;
    }
}
