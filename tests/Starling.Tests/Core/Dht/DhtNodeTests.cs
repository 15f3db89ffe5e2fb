using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Text;
using Starling.Core.Dht;
using Starling.Core.Dht.Krpc;
using Starling.Core.Primitives;
using Starling.Tests.Core.Crypto;

namespace Starling.Tests.Core.Dht;

public sealed class DhtNodeTests
{
    private static readonly InfoHash Swarm = InfoHash.Of(Hash256.Of([1]));

    private readonly DhtLab _lab = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Two_nodes_alone_find_each_other(bool isV6)
    {
        PeerAddress a = DhtLab.At(1, isV6);
        PeerAddress b = DhtLab.At(2, isV6);
        DhtNode first = _lab.Add(a);
        DhtNode second = _lab.Add(b);
        second.AddNodes([a], isVouched: true, _lab.Now);
        first.Search(Swarm, a.Port, _lab.Now);
        second.Search(Swarm, b.Port, _lab.Now);
        _lab.RunFor(10);
        Assert.Contains(b, FoundBy(a));
        Assert.Contains(a, FoundBy(b));
        Assert.Equal(1, first.NodeCount);
    }

    [Fact]
    public void A_node_that_comes_before_its_bootstrap_node_goes_on_trying()
    {
        PeerAddress a = DhtLab.At(1);
        PeerAddress b = DhtLab.At(2);
        DhtNode late = _lab.Add(b);
        late.AddNodes([a], isVouched: true, _lab.Now);
        late.Search(Swarm, b.Port, _lab.Now);
        _lab.RunFor(100);
        Assert.InRange(_lab.Sent, 3, 20);
        _lab.Add(a).Search(Swarm, a.Port, _lab.Now);
        _lab.RunFor(180);
        Assert.Contains(a, FoundBy(b));
        Assert.Contains(b, FoundBy(a));
    }

    [Fact]
    public void What_one_announces_anyone_finds_and_it_is_kept_alive()
    {
        List<(PeerAddress Address, DhtNode Node)> net = _lab.AddNet(40);
        net[5].Node.Search(Swarm, 6881, _lab.Now);
        _lab.RunFor(10);
        DhtEffect.SearchEnded told = _lab.Told.Select(told => told.Effect).OfType<DhtEffect.SearchEnded>().First();
        Assert.InRange(told.Announced, 7, 16);

        _lab.RunFor(3600);
        net[30].Node.Search(Swarm, null, _lab.Now);
        _lab.RunFor(10);
        Assert.Equal([net[5].Address], FoundBy(net[30].Address).Distinct());

        net[5].Node.StopSearch(Swarm);
        _lab.RunFor(2400);
        net[31].Node.Search(Swarm, null, _lab.Now);
        _lab.RunFor(10);
        Assert.Empty(FoundBy(net[31].Address));
    }

    [Fact]
    public void Items_are_put_updated_and_found()
    {
        List<(PeerAddress Address, DhtNode Node)> net = _lab.AddNet(30);
        var author = new StandInIdentity("author");
        DhtItem one = DhtItem.Mutable(author, "s"u8.ToArray(), 1, "5:first"u8.ToArray());
        DhtItem two = DhtItem.Mutable(author, "s"u8.ToArray(), 2, "6:second"u8.ToArray());
        Assert.InRange(Put(net[1], one, null).Stored, 7, 16);
        Assert.InRange(Put(net[2], two, cas: 1).Stored, 7, 16);

        // A node that is new among the closest has no version yet and takes any.
        DhtEffect.ItemPut refused = Put(net[3], one, null);
        Assert.InRange(refused.Refusals.Count(code => code == KrpcErrorCode.SequenceTooLow), 5, 16);
        DhtEffect.ItemPut forged = Put(net[3], two with { Sequence = 3 }, null);
        Assert.Equal(0, forged.Stored);
        Assert.All(forged.Refusals, code => Assert.Equal(KrpcErrorCode.InvalidSignature, code));

        DhtItem? got = Get(net[20], one.Target, author.PublicKey, "s"u8.ToArray());
        Assert.Equal("6:second", Encoding.ASCII.GetString(got!.Value.Span));
        Assert.Equal(2, got.Sequence);
        Assert.Null(Get(net[20], DhtItem.TargetOf(author.PublicKey, "t"u8), author.PublicKey, "t"u8.ToArray()));

        DhtEffect.ItemPut late = Put(net[3], DhtItem.Mutable(author, "s"u8.ToArray(), 3, "1:x"u8.ToArray()), cas: 9);
        Assert.InRange(late.Refusals.Count(code => code == KrpcErrorCode.CasMismatch), 5, 16);

        DhtItem fixedItem = DhtItem.Immutable("li1ei2ee"u8.ToArray());
        Assert.InRange(Put(net[4], fixedItem, null).Stored, 7, 16);
        Assert.Equal("li1ei2ee", Encoding.ASCII.GetString(Get(net[21], fixedItem.Target, null, default)!.Value.Span));
    }

    [Fact]
    public void A_swarm_is_counted_without_joining_it()
    {
        List<(PeerAddress Address, DhtNode Node)> net = _lab.AddNet(40);
        foreach ((PeerAddress address, DhtNode node) in net.GetRange(1, 12))
        {
            node.Search(Swarm, address.Port, _lab.Now);
        }

        _lab.RunFor(30);
        Assert.True(net[30].Node.Scrape(Swarm, _lab.Now));
        _lab.RunFor(40);
        DhtEffect.Scraped counted = Assert.Single(_lab.Told.Select(told => told.Effect).OfType<DhtEffect.Scraped>());
        Assert.Equal(Swarm, counted.Swarm);
        Assert.InRange(counted.Peers, 11.5, 12.5);
        Assert.InRange(counted.Seeds, 0, 0.1);

        // Who counts is no peer of the swarm.
        Assert.True(net[31].Node.Scrape(Swarm, _lab.Now));
        _lab.RunFor(40);
        Assert.InRange(_lab.Told.Select(told => told.Effect).OfType<DhtEffect.Scraped>().Last().Peers, 11.5, 12.5);
        Assert.False(_lab.Add(DhtLab.At(900)).Scrape(Swarm, _lab.Now));
    }

    [Fact]
    public void Of_two_nodes_alone_each_finds_what_the_other_put()
    {
        var lab = new DhtLab();
        DhtNode a = lab.Add(DhtLab.At(1));
        DhtNode b = lab.Add(DhtLab.At(2));
        b.AddNodes([DhtLab.At(1)], isVouched: true, lab.Now);
        lab.RunFor(30);
        DhtItem item = DhtItem.Mutable(new StandInIdentity("author"), "s"u8.ToArray(), 4, "2:hi"u8.ToArray());
        Assert.True(a.Put(item, null, lab.Now));
        lab.RunFor(10);
        Assert.True(b.Get(item.Target, item.Key, item.Salt, lab.Now));
        lab.RunFor(10);
        Assert.True(a.Get(item.Target, item.Key, item.Salt, lab.Now));
        lab.RunFor(10);
        Assert.Equal(
            [DhtLab.At(2), DhtLab.At(1)],
            lab.Told.Where(told => told.Effect is DhtEffect.ItemGot { Item.Sequence: 4 }).Select(told => told.Node));
    }

    [Fact]
    public void A_saved_table_is_enough_to_come_back_without_a_bootstrap_node()
    {
        List<(PeerAddress Address, DhtNode Node)> net = _lab.AddNet(20);
        byte[] saved = net[7].Node.Save();
        NodeId? id = net[7].Node.IdOf(isV6: false);
        _lab.Remove(net[7].Address);
        _lab.Remove(net[0].Address);
        DhtNode again = _lab.Add(net[7].Address, new DhtOptions { Secret = new byte[16], UseV6 = false, Saved = saved });
        again.Tick(_lab.Now);
        _lab.RunFor(30);
        Assert.Equal(id, again.IdOf(isV6: false));
        Assert.InRange(again.NodeCount, 10, 18);
    }

    [Fact]
    public void An_id_comes_to_fit_the_address_under_which_others_see_the_node()
    {
        foreach ((PeerAddress address, DhtNode node) in _lab.AddNet(20))
        {
            Assert.True(SecureNodeId.Matches(node.IdOf(isV6: false)!.Value, address));
        }
    }

    [Fact]
    public void A_node_of_both_families_learns_the_other_from_the_first()
    {
        PeerAddress v4 = DhtLab.At(900);
        PeerAddress v6 = DhtLab.At(901, isV6: true);
        _lab.AddNet(12);
        _lab.AddNet(12, isV6: true);

        // One that is in both, at two addresses: the lab has one node for each address, so it stands twice.
        var both = new DhtOptions { Secret = new byte[16] };
        DhtNode bridge = _lab.Add(v4, both);
        bridge.AddNodes([DhtLab.At(1), DhtLab.At(1, isV6: true)], isVouched: true, _lab.Now);
        bridge.Tick(_lab.Now);
        _lab.Passes = (from, to, _) => from.IsV4 == to.IsV4 || from == v4 || to == v4;
        _lab.RunFor(5);
        Assert.NotEqual(bridge.IdOf(false), bridge.IdOf(true));
        byte[] ask = new KrpcWriter().Write(new KrpcQuery
        {
            Transaction = new byte[] { 9 },
            Method = KrpcMethod.FindNode,
            Id = default,
            Target = default,
            Want = KrpcWant.V4 | KrpcWant.V6,
        });
        KrpcReply reply = Answer(bridge, v6, ask);
        Assert.NotNull(reply.Nodes);
        Assert.NotNull(reply.Nodes6);
        Assert.NotEmpty(reply.Nodes);
    }

    [Fact]
    public void Answers_stay_small_and_strangers_answers_change_nothing()
    {
        PeerAddress a = DhtLab.At(1);
        DhtNode node = _lab.Add(a);
        var writer = new KrpcWriter();
        byte[] getPeers = writer.Write(new KrpcQuery
        {
            Transaction = new byte[] { 1 },
            Method = KrpcMethod.GetPeers,
            Id = NodeId.Of(Swarm),
            Target = NodeId.Of(Swarm),
            IsReadOnly = true,
            Scrape = true,
        });
        for (int i = 0; i < 300; i++)
        {
            PeerAddress from = DhtLab.At(1000 + i);
            KrpcReply reply = Answer(node, from, getPeers);
            Assert.Equal(from, reply.SeenAs);
            byte[] announce = writer.Write(new KrpcQuery
            {
                Transaction = new byte[] { 2 },
                Method = KrpcMethod.AnnouncePeer,
                Id = NodeId.Of(Swarm),
                Target = NodeId.Of(Swarm),
                Port = 77,
                Token = reply.Token,
                IsReadOnly = true,
            });
            Answer(node, from, announce);
        }

        byte[]? largest = Raw(node, DhtLab.At(5000), getPeers);
        Assert.InRange(largest!.Length, QueryAnswers.MaxReplySize - 200, QueryAnswers.MaxReplySize);
        KrpcReply full = Assert.IsType<KrpcReply>(KrpcReader.Read(largest, out _));
        Assert.Equal(77, full.Values[0].Port);
        Assert.InRange(ScrapeFilter.Estimate(full.Scrape!.Value.Peers), 270, 330);

        // Nobody asked: not remembered, not even as a node. Read-only askers neither.
        node.Receive(DhtLab.At(5001), writer.Write(new KrpcReply { Transaction = new byte[4], Id = NodeId.Of(Swarm) }), _lab.Now);
        _lab.RunFor(30);
        Assert.Equal(0, node.NodeCount);
    }

    [Fact]
    public void A_token_of_somebody_else_stores_nothing()
    {
        DhtNode node = _lab.Add(DhtLab.At(1));
        var writer = new KrpcWriter();
        var query = new KrpcQuery { Transaction = new byte[] { 1 }, Method = KrpcMethod.GetPeers, Id = default, Target = default, IsReadOnly = true };
        ReadOnlyMemory<byte> token = Answer(node, DhtLab.At(2), writer.Write(query)).Token;
        byte[] announce = writer.Write(query with { Method = KrpcMethod.AnnouncePeer, Token = token, HasImpliedPort = true, Port = 1 });
        var refused = Assert.IsType<KrpcFailure>(KrpcReader.Read(Raw(node, DhtLab.At(3), announce), out _));
        Assert.Equal(KrpcErrorCode.Protocol, refused.Code);
        Answer(node, DhtLab.At(2), announce);
        Assert.Equal([DhtLab.At(2)], Answer(node, DhtLab.At(3), writer.Write(query)).Values);
    }

    [Fact]
    public void Oversized_values_and_salts_are_refused_by_number()
    {
        DhtNode node = _lab.Add(DhtLab.At(1));
        var writer = new KrpcWriter();
        var query = new KrpcQuery { Transaction = new byte[] { 1 }, Method = KrpcMethod.Get, Id = default, Target = default, IsReadOnly = true };
        ReadOnlyMemory<byte> token = Answer(node, DhtLab.At(2), writer.Write(query)).Token;
        var put = query with { Method = KrpcMethod.Put, Token = token, Value = Text(997) };
        Assert.Equal(KrpcErrorCode.ValueTooBig, Refusal(put));
        Assert.Equal(0, Refusal(put with { Value = Text(996) }));
        var mutable = put with { Value = Text(1), Key = new PublicKey(new byte[32]), Signature = new byte[64], Sequence = 1, Salt = new byte[65] };
        Assert.Equal(KrpcErrorCode.SaltTooBig, Refusal(mutable));
        Assert.Equal(KrpcErrorCode.InvalidSignature, Refusal(mutable with { Salt = new byte[64] }));

        int Refusal(KrpcQuery asked) => KrpcReader.Read(Raw(node, DhtLab.At(2), writer.Write(asked)), out _) is KrpcFailure failure ? failure.Code : 0;
    }

    [Fact]
    public void A_read_only_node_finds_but_neither_answers_nor_is_remembered()
    {
        List<(PeerAddress Address, DhtNode Node)> net = _lab.AddNet(10);
        net[3].Node.Search(Swarm, 6881, _lab.Now);
        PeerAddress shy = DhtLab.At(500);
        DhtNode node = _lab.Add(shy, new DhtOptions { Secret = new byte[16], UseV6 = false, IsReadOnly = true });
        node.AddNodes([net[0].Address], isVouched: true, _lab.Now);
        node.Search(Swarm, null, _lab.Now);
        int toShyQueries = 0;
        _lab.Passes = (from, to, datagram) =>
        {
            toShyQueries += to == shy && KrpcReader.Read(datagram, out _) is KrpcQuery ? 1 : 0;
            return true;
        };
        _lab.RunFor(120);
        Assert.Equal([net[3].Address], FoundBy(shy).Distinct());
        Assert.Equal(0, toShyQueries);
        Assert.Null(Raw(node, DhtLab.At(600), new KrpcWriter().Write(new KrpcQuery { Transaction = new byte[1], Method = KrpcMethod.Ping, Id = default })));
    }

    [Fact]
    public void Nodes_of_the_internet_lead_nobody_into_local_networks()
    {
        PeerAddress a = DhtLab.At(1);
        PeerAddress liar = DhtLab.At(2);
        DhtNode node = _lab.Add(a);
        node.AddNodes([liar], isVouched: true, _lab.Now);
        var writer = new KrpcWriter();
        var asked = new HashSet<PeerAddress>();
        PeerAddress inside = PeerAddress.From(IPAddress.Parse("192.168.1.1"), 53);
        _lab.Passes = (from, to, datagram) =>
        {
            asked.Add(to);
            if (to == liar && KrpcReader.Read(datagram, out _) is KrpcQuery query)
            {
                _lab.Inject(liar, a, writer.Write(new KrpcReply
                {
                    Transaction = query.Transaction,
                    Id = NodeId.Of(Swarm),
                    Nodes = [new DhtContact(default, inside)],
                    Values = [inside],
                    Token = new byte[] { 1 },
                }));
            }

            return false;
        };
        node.Search(Swarm, 1, _lab.Now);
        _lab.RunFor(120);
        Assert.Equal([liar], asked);
        Assert.Empty(FoundBy(a));
    }

    [Fact]
    public void A_flood_of_one_source_is_not_answered()
    {
        DhtNode node = _lab.Add(DhtLab.At(1));
        byte[] ping = new KrpcWriter().Write(new KrpcQuery { Transaction = new byte[1], Method = KrpcMethod.Ping, Id = default, IsReadOnly = true });
        for (int i = 0; i < 1000; i++)
        {
            node.Receive(DhtLab.At(2), ping, _lab.Now);
        }

        Assert.Equal(4 * QueryLimits.PerSource, node.TakeEffects().Count);
    }

    private static byte[] Text(int length) => [.. Encoding.ASCII.GetBytes($"{length}:"), .. new byte[length]];

    private KrpcReply Answer(DhtNode node, PeerAddress from, byte[] query) => Assert.IsType<KrpcReply>(KrpcReader.Read(Raw(node, from, query), out _));

    private byte[]? Raw(DhtNode node, PeerAddress from, byte[] query)
    {
        node.TakeEffects();
        node.Receive(from, query, _lab.Now);
        return node.TakeEffects().OfType<DhtEffect.Send>().FirstOrDefault(send => send.To == from)?.Datagram.ToArray();
    }

    private List<PeerAddress> FoundBy(PeerAddress node) =>
        [.. _lab.Told.Where(told => told.Node == node).Select(told => told.Effect).OfType<DhtEffect.PeersFound>().SelectMany(found => found.Peers)
            .Where(peer => peer != node)];

    private DhtEffect.ItemPut Put((PeerAddress Address, DhtNode Node) by, DhtItem item, long? cas)
    {
        _lab.Told.Clear();
        Assert.True(by.Node.Put(item, cas, _lab.Now));
        _lab.RunFor(20);
        return _lab.Told.Select(told => told.Effect).OfType<DhtEffect.ItemPut>().Single();
    }

    private DhtItem? Get((PeerAddress Address, DhtNode Node) by, NodeId target, PublicKey? key, byte[]? salt)
    {
        _lab.Told.Clear();
        Assert.True(by.Node.Get(target, key, salt, _lab.Now));
        _lab.RunFor(20);
        return _lab.Told.Select(told => told.Effect).OfType<DhtEffect.ItemGot>().Single().Item;
    }
}
