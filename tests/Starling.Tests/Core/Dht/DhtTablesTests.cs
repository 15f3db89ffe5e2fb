using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using Starling.Core.Dht;
using Starling.Core.Primitives;

namespace Starling.Tests.Core.Dht;

/// <summary>Tokens, stores, limits and votes: each at its bound.</summary>
public sealed class DhtTablesTests
{
    private static readonly PeerAddress Asker = At("93.184.216.34", 1000);

    [Fact]
    public void A_token_is_good_for_its_asker_and_for_five_to_ten_minutes()
    {
        var tokens = new WriteTokens(new byte[32]);
        Instant change = default(Instant) + WriteTokens.Rotation;
        byte[] token = tokens.Make(Asker, change - TimeSpan.FromSeconds(1));
        Assert.True(tokens.IsValid(Asker, token, change));
        Assert.True(tokens.IsValid(new PeerAddress(Asker.Ip, 7), token, change + WriteTokens.Rotation - TimeSpan.FromSeconds(1)));
        Assert.False(tokens.IsValid(Asker, token, change + WriteTokens.Rotation));
        Assert.False(tokens.IsValid(At("93.184.216.35", 1000), token, Instant.FromSeconds(300)));
        Assert.False(tokens.IsValid(Asker, default, default));
        Assert.NotEqual(token, new WriteTokens(new byte[] { 1 }).Make(Asker, Instant.FromSeconds(299)));
    }

    [Fact]
    public void Peers_expire_half_an_hour_after_they_were_announced_last()
    {
        var store = new PeerStore();
        var random = new DeterministicRandom(1);
        store.Add(default, At("1.1.1.1", 1), false, default, default);
        store.Add(default, At("1.1.1.2", 1), false, default, default);
        store.Add(default, At("1.1.1.1", 1), true, default, Instant.FromSeconds(1000));
        store.Expire(default(Instant) + PeerStore.Lifetime);
        Assert.Equal([At("1.1.1.1", 1)], store.Choose(default, 10, noSeeds: false, random));
        Assert.Empty(store.Choose(default, 10, noSeeds: true, random));
        store.Expire(Instant.FromSeconds(1000) + PeerStore.Lifetime);
        Assert.Equal((0, 0), (store.SwarmCount, store.PeerCount));
    }

    [Fact]
    public void A_swarm_has_bounded_peers_and_one_address_few_of_them()
    {
        var store = new PeerStore();
        for (int port = 1; port <= 20; port++)
        {
            store.Add(default, At("1.1.1.1", port), false, default, default);
        }

        Assert.Equal(PeerStore.MaxPeersOfAddress, store.PeerCount);
        for (int i = 0; i < 2 * PeerStore.MaxPeersOfSwarm; i++)
        {
            store.Add(default, new PeerAddress(Asker.Ip + (uint)i, 1), false, default, default);
        }

        Assert.Equal(PeerStore.MaxPeersOfSwarm, store.PeerCount);
        Assert.Equal(7, store.Choose(default, 7, noSeeds: false, new DeterministicRandom(1)).Distinct().Count());
    }

    [Fact]
    public void When_the_store_is_full_the_farthest_swarm_goes()
    {
        var store = new PeerStore();
        var random = new DeterministicRandom(1);
        NodeId own = NodeId.Random(random);
        NodeId far = own.RandomAt(0, random);
        store.Add(far, Asker, false, own, default);
        for (int i = 1; i < PeerStore.MaxSwarms; i++)
        {
            store.Add(own.RandomAt(1, random), Asker, false, own, default);
        }

        Assert.True(store.Knows(far));
        Assert.True(store.Add(own.RandomAt(9, random), Asker, false, own, default));
        Assert.False(store.Knows(far));
        Assert.False(store.Add(far, Asker, false, own, default));
        Assert.Equal(PeerStore.MaxSwarms, store.SwarmCount);
        Assert.Equal(PeerStore.MaxSwarms, store.PeerCount);
        Assert.Equal(5 * NodeId.Size, store.Sample(5, random).Length);
    }

    [Fact]
    public void Peers_in_all_are_bounded_and_the_farthest_swarm_goes_for_a_closer_one()
    {
        var store = new PeerStore();
        var random = new DeterministicRandom(1);
        NodeId own = NodeId.Random(random);
        NodeId far = own.RandomAt(0, random);
        NodeId near = own.RandomAt(9, random);
        void Fill(NodeId swarm)
        {
            for (int i = 0; i < PeerStore.MaxPeersOfSwarm; i++)
            {
                store.Add(swarm, new PeerAddress(Asker.Ip + (uint)i, 1), false, own, default);
            }
        }

        Fill(far);
        for (int i = 1; i < PeerStore.MaxPeers / PeerStore.MaxPeersOfSwarm; i++)
        {
            Fill(own.RandomAt(1, random));
        }

        Assert.Equal(PeerStore.MaxPeers, store.PeerCount);
        Assert.True(store.Add(near, Asker, false, own, default));
        Assert.False(store.Knows(far));
        Fill(near);
        Assert.False(store.Add(far, Asker, false, own, default));
        Assert.Equal(PeerStore.MaxPeers, store.PeerCount);
    }

    [Fact]
    public void A_source_is_looked_at_at_its_rate_and_all_of_them_at_theirs()
    {
        var limits = new QueryLimits();
        Instant now = Instant.FromSeconds(100);
        int taken = Enumerable.Range(0, 1000).Count(_ => limits.TryTake(Asker, now));
        Assert.Equal(QueryLimits.BurstSeconds * QueryLimits.PerSource, taken);
        Assert.False(limits.TryTake(Asker, now));
        Assert.True(limits.TryTake(Asker, now + TimeSpan.FromSeconds(0.2)));

        taken = 0;
        for (int i = 0; i < 2 * QueryLimits.MaxSources; i++)
        {
            taken += limits.TryTake(new PeerAddress(Asker.Ip + 1 + (uint)i, 1), now + TimeSpan.FromSeconds(10)) ? 1 : 0;
        }

        Assert.Equal(QueryLimits.BurstSeconds * QueryLimits.InAll, taken);
        Assert.Equal(QueryLimits.MaxSources, limits.SourceCount);
        Assert.True(limits.TryTake(At("9.9.9.9", 1), now + TimeSpan.FromSeconds(20)));
        Assert.Equal(1, limits.SourceCount);
    }

    [Fact]
    public void Only_several_networks_together_tell_the_own_address()
    {
        var external = new ExternalAddress();
        PeerAddress seen = At("5.5.5.5", 50);
        for (int i = 0; i < 10; i++)
        {
            Assert.False(external.Vote(At($"6.6.6.{i}", 1), seen));
        }

        Assert.False(external.Vote(At("7.1.1.1", 1), seen));
        Assert.False(external.Vote(At("7.1.2.1", 1), seen));
        Assert.True(external.Vote(At("7.1.3.1", 1), seen));
        Assert.False(external.Vote(At("7.1.4.1", 1), seen));
        Assert.Equal(seen, external.Address);

        // A minority changes nothing, votes of the other family neither.
        Assert.False(external.Vote(At("8.1.1.1", 1), At("9.9.9.9", 1)));
        Assert.False(external.Vote(At("8.1.2.1", 1), At("2001:db8::1", 1)));
        Assert.Equal(seen, external.Address);
    }

    [Fact]
    public void Who_answers_with_ever_new_ids_is_a_liar_for_a_while()
    {
        var seen = new SeenIds();
        var random = new DeterministicRandom(1);
        NodeId first = NodeId.Random(random);
        Assert.True(seen.Answered(Asker, first, default));
        Assert.False(seen.Contradicts(new DhtContact(first, Asker)));
        Assert.True(seen.Contradicts(new DhtContact(NodeId.Random(random), Asker)));
        for (int i = 1; i < SeenIds.MaxChanges; i++)
        {
            Assert.True(seen.Answered(Asker, NodeId.Random(random), default));
        }

        Assert.False(seen.Answered(Asker, first, default));
        Assert.False(seen.Answered(Asker, first, Instant.FromSeconds(10)));
        Assert.True(seen.Contradicts(new DhtContact(first, Asker)));
        Assert.True(seen.Answered(Asker, first, default(Instant) + SeenIds.Memory));
        for (int i = 0; i < 2 * SeenIds.MaxAddresses; i++)
        {
            seen.Answered(new PeerAddress(Asker.Ip + (uint)i, 1), first, Instant.FromSeconds(2000));
        }

        Assert.Equal(SeenIds.MaxAddresses, seen.Count);
    }

    [Fact]
    public void An_answer_needs_the_transaction_and_the_address()
    {
        var pending = new PendingQueries(new byte[16]);
        var numbers = new HashSet<uint>();
        for (int i = 0; i < PendingQueries.MaxPending; i++)
        {
            Assert.True(pending.HasRoom);
            numbers.Add(pending.Add(Asker, null!, null, default).Number);
        }

        Assert.False(pending.HasRoom);
        Assert.Equal(PendingQueries.MaxPending, numbers.Count);
        byte[] transaction = BitConverter.GetBytes(IPAddress.HostToNetworkOrder((int)numbers.First()));
        Assert.Null(pending.Take(At("93.184.216.34", 1001), transaction, default));
        Assert.Null(pending.Take(Asker, transaction.AsMemory(0, 3), default));
        Assert.NotNull(pending.Take(Asker, transaction, default));
        Assert.Null(pending.Take(Asker, transaction, default));
        Assert.Null(pending.TakeLost(default(Instant) + PendingQueries.Timeout - TimeSpan.FromMilliseconds(1)));
        int lost = 0;
        while (pending.TakeLost(default(Instant) + PendingQueries.Timeout) is not null)
        {
            lost++;
        }

        Assert.Equal(PendingQueries.MaxPending - 1, lost);
        Assert.False(pending.Expects(Asker));
        Assert.Equal(Instant.Never, pending.NextTimeout);
    }

    [Fact]
    public void What_is_saved_comes_back_and_damage_is_refused()
    {
        var random = new DeterministicRandom(4);
        var table = new SavedTable
        {
            Id = NodeId.Random(random),
            Nodes = [.. Enumerable.Range(1, SavedTable.MaxNodes).Select(i => new DhtContact(NodeId.Random(random), new PeerAddress(Asker.Ip + (uint)i, 9)))],
            Nodes6 = [new DhtContact(NodeId.Random(random), At("2001:db8::1", 6))],
        };
        byte[] bytes = table.Encode();
        Assert.True(SavedTable.TryDecode(bytes, out SavedTable? again));
        Assert.Equal((table.Id, null), (again.Id, again.Id6));
        Assert.Equal(table.Nodes, again.Nodes);
        Assert.Equal(table.Nodes6, again.Nodes6);
        Assert.False(SavedTable.TryDecode(bytes.AsMemory(1), out _));
        Assert.False(SavedTable.TryDecode(new SavedTable { Nodes = [.. table.Nodes, table.Nodes[0]] }.Encode(), out _));
        Assert.False(SavedTable.TryDecode(new byte[DhtOptions.MaxSavedSize + 1], out _));
    }

    private static PeerAddress At(string ip, int port) => PeerAddress.From(IPAddress.Parse(ip), port);
}
