using System;
using System.Linq;
using System.Net;
using Starling.Core.Dht;
using Starling.Core.Primitives;

namespace Starling.Tests.Core.Dht;

public sealed class RoutingTableTests
{
    private readonly DeterministicRandom _random = new(7);
    private readonly RoutingTable _table;
    private int _addresses;

    public RoutingTableTests() => _table = new RoutingTable(NodeId.Random(_random));

    [Fact]
    public void A_bucket_has_eight_and_the_others_wait()
    {
        DhtContact[] contacts = [.. Enumerable.Range(0, 20).Select(_ => Fitting(0))];
        foreach (DhtContact contact in contacts)
        {
            _table.Replied(contact, default, out RoutingEntry? check);
            Assert.Null(check);
        }

        Assert.Equal(RoutingBucket.K, _table.Count);
        Assert.Equal(RoutingBucket.K, _table.Buckets.Single().Bucket.Spares.Count);

        // Two queries in a row without an answer, and the one heard of last takes the place.
        _table.Failed(contacts[0].Address, default);
        Assert.NotNull(_table.Find(contacts[0].Address));
        _table.Failed(contacts[0].Address, default);
        Assert.Null(_table.Find(contacts[0].Address));
        Assert.NotNull(_table.Find(contacts[^1].Address));
        Assert.Equal(RoutingBucket.K, _table.Count);
    }

    [Fact]
    public void After_a_quiet_quarter_of_an_hour_a_newcomer_has_the_oldest_checked()
    {
        for (int i = 0; i < RoutingBucket.K; i++)
        {
            _table.Replied(Fitting(0), Instant.FromSeconds(i), out _);
        }

        _table.Replied(Fitting(0), Instant.FromSeconds(899), out RoutingEntry? check);
        Assert.Null(check);
        _table.Replied(Fitting(0), Instant.FromSeconds(902), out check);
        Assert.Equal(Instant.FromSeconds(0), check!.LastSeen);
    }

    [Fact]
    public void Ids_that_fit_their_address_displace_those_that_do_not()
    {
        for (int i = 0; i < RoutingBucket.K; i++)
        {
            _table.Replied(new DhtContact(_table.Own.RandomAt(0, _random), NextAddress()), default, out _);
        }

        DhtContact fitting = Fitting(0);
        _table.Replied(fitting, default, out _);
        Assert.NotNull(_table.Find(fitting.Address));
        DhtContact lying = new(_table.Own.RandomAt(0, _random), NextAddress());
        _table.Replied(lying, default, out _);
        Assert.Null(_table.Find(lying.Address));
    }

    [Fact]
    public void One_network_has_few_places_and_one_address_has_one()
    {
        UInt128 network = At("20.30.40.0", 1).Ip;
        for (uint i = 1; i < 200; i++)
        {
            var address = new PeerAddress(network + i, 1);
            _table.Replied(new DhtContact(_table.Own.RandomAt((int)(i % 40), _random), address), default, out _);
            _table.Replied(new DhtContact(_table.Own.RandomAt((int)(i % 40), _random), new PeerAddress(address.Ip, 2)), default, out _);
        }

        Assert.Equal(RoutingTable.MaxOfSubnet, _table.Count);
        Assert.All(_table.Buckets, entry => Assert.InRange(entry.Bucket.Entries.Count, 0, RoutingBucket.MaxOfSubnet));
        Assert.Equal(_table.Count, _table.Closest(_table.Own, 100).Select(contact => contact.Address.Ip).Distinct().Count());
    }

    [Fact]
    public void On_a_local_network_many_may_share_an_address()
    {
        for (int i = 0; i < 5; i++)
        {
            _table.Replied(new DhtContact(_table.Own.RandomAt(0, _random), At("127.0.0.1", 1000 + i)), default, out _);
        }

        Assert.Equal(5, _table.Count);
    }

    [Fact]
    public void An_id_belongs_to_who_had_it_first_while_it_answers()
    {
        DhtContact first = Fitting(3);
        DhtContact thief = first with { Address = NextAddress() };
        _table.Replied(first, default, out _);
        _table.Replied(thief, default, out RoutingEntry? check);
        Assert.Equal(first, check!.Contact);
        Assert.Null(_table.Find(thief.Address));
        _table.Failed(first.Address, default);
        _table.Failed(first.Address, default);
        _table.Replied(thief, default, out _);
        Assert.Null(_table.Find(first.Address));
        Assert.NotNull(_table.Find(thief.Address));
    }

    [Fact]
    public void The_closest_come_in_order_and_bad_ones_last_resort_only()
    {
        for (int i = 0; i < 400; i++)
        {
            _table.Replied(Fitting(i % 12), default, out _);
        }

        NodeId target = NodeId.Random(_random);
        var closest = _table.Closest(target, 8);
        Assert.Equal(8, closest.Count);
        Assert.True(closest.Zip(closest.Skip(1)).All(pair => target.CompareDistance(pair.First.Id, pair.Second.Id) < 0));
        RoutingTable moved = _table.Under(NodeId.Random(_random), default);
        Assert.NotEqual(_table.Own, moved.Own);
        Assert.InRange(moved.Count, RoutingBucket.K, _table.Count);

        var alone = new RoutingTable(_table.Own);
        DhtContact only = Fitting(0);
        alone.Replied(only, default, out _);
        alone.Failed(only.Address, default);
        alone.Failed(only.Address, default);
        Assert.Empty(alone.Closest(target, 8));
        Assert.Equal([only], alone.Closest(target, 8, withBad: true));
    }

    [Fact]
    public void Who_asks_is_worth_a_ping_only_where_there_is_use()
    {
        DhtContact known = Fitting(0);
        Assert.True(_table.Asked(known, default));
        _table.Replied(known, default, out _);
        Assert.False(_table.Asked(known, Instant.FromSeconds(1000)));
        Assert.Equal(Instant.FromSeconds(1000), _table.Find(known.Address)!.LastSeen);
        for (int i = 0; i < 8; i++)
        {
            _table.Replied(Fitting(0), Instant.FromSeconds(1000), out _);
        }

        Assert.False(_table.Asked(Fitting(0), Instant.FromSeconds(1000)));
        Assert.True(_table.Asked(Fitting(0), Instant.FromSeconds(2000)));
        Assert.False(_table.Asked(new DhtContact(_table.Own, NextAddress()), default));
    }

    /// <summary>A node whose id fits its address and has this many bits in common with the table's.</summary>
    private DhtContact Fitting(int bits)
    {
        while (true)
        {
            var address = NextAddress();
            NodeId id = SecureNodeId.WithPrefix(_table.Own.RandomAt(bits, _random), address);
            if (_table.Own.CommonBits(id) == bits)
            {
                return new DhtContact(id, address);
            }
        }
    }

    private PeerAddress NextAddress() => new(At("40.0.0.1", 1).Ip + ((UInt128)(uint)_addresses++ << 8), 6881);

    private static PeerAddress At(string ip, int port) => PeerAddress.From(IPAddress.Parse(ip), port);
}
