using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Text;
using Starling.Core.Dht;
using Starling.Core.Dht.Krpc;
using Starling.Core.Primitives;
using Starling.Fuzz.Engine;
using Starling.Fuzz.Mutation;

namespace Starling.Tests.Core.Dht;

/// <summary>What others send does not harm a node, and each bound of what it does for them holds.</summary>
public sealed class DhtHostileTests
{
    private const int Rounds = 20_000;

    private static readonly InfoHash Swarm = InfoHash.Of(Hash256.Of([1]));

    private readonly DhtLab _lab = new();
    private readonly KrpcWriter _writer = new();

    [Fact]
    public void Damaged_datagrams_in_the_middle_of_everything_end_nothing()
    {
        List<(PeerAddress Address, DhtNode Node)> net = _lab.AddNet(12);
        net[3].Node.Search(Swarm, 6881, _lab.Now);
        var corpus = new List<byte[]>();
        _lab.Passes = (from, to, datagram) =>
        {
            corpus.Add(datagram);
            return true;
        };
        net[5].Node.Get(NodeId.Of(Swarm), null, default, _lab.Now);
        _lab.RunFor(20);

        var mutation = new Mutator(20_260_103, corpus, InputShape.Bencode);
        var random = new DeterministicRandom(1);
        _lab.Passes = (from, to, datagram) =>
        {
            if (random.Next(3) == 0)
            {
                _lab.Inject(from, to, mutation.Next().ToArray());
                return random.Next(2) == 0;
            }

            return true;
        };
        foreach ((_, DhtNode node) in net)
        {
            node.Search(InfoHash.Of(Hash256.Of([2])), 1, _lab.Now);
        }

        for (int round = 0; round < Rounds; round++)
        {
            _lab.Inject(DhtLab.At(random.Next(2000)), net[random.Next(net.Count)].Address, mutation.Next().ToArray());
            if (round % 100 == 0)
            {
                _lab.RunFor(0.5);
            }
        }

        _lab.Passes = (_, _, _) => true;
        _lab.RunFor(60);
        Assert.True(net[9].Node.Get(NodeId.Of(Swarm), null, default, _lab.Now));
        _lab.Told.Clear();
        net[10].Node.Search(Swarm, null, _lab.Now);
        _lab.RunFor(20);
        Assert.Contains(
            net[3].Address,
            _lab.Told.Where(told => told.Node == net[10].Address).Select(told => told.Effect).OfType<DhtEffect.PeersFound>().SelectMany(found => found.Peers));
    }

    [Fact]
    public void Who_invents_ever_closer_nodes_costs_a_bounded_number_of_queries()
    {
        PeerAddress a = DhtLab.At(1);
        DhtNode node = _lab.Add(a);
        node.AddNodes([DhtLab.At(2)], isVouched: true, _lab.Now);
        var random = new DeterministicRandom(5);
        uint invented = 100;
        _lab.Passes = (from, to, datagram) =>
        {
            if (from == a && KrpcReader.Read(datagram, out _) is KrpcQuery query)
            {
                NodeId target = query.Target;
                _lab.Inject(to, a, _writer.Write(new KrpcReply
                {
                    Transaction = query.Transaction,
                    Id = target.RandomAt(40, random),
                    Nodes = [.. Enumerable.Range(0, 30).Select(_ => new DhtContact(target.RandomAt(60 + random.Next(90), random), DhtLab.At((int)invented++)))],
                    Values = [.. Enumerable.Range(0, 30).Select(i => new PeerAddress(a.Ip + (uint)(i << 8) + invented, 1))],
                    Token = new byte[] { 1 },
                }));
            }

            return false;
        };
        _lab.RunFor(5);
        _lab.Told.Clear();
        node.Search(Swarm, null, _lab.Now);
        _lab.RunFor(Lookup.MaxDuration.TotalSeconds + 1);
        DhtEffect.SearchEnded ended = _lab.Told.Select(told => told.Effect).OfType<DhtEffect.SearchEnded>().First();
        Assert.InRange(ended.Asked, 1, Lookup.Paths * Lookup.MaxQueriesOfPath);
    }

    [Fact]
    public void A_lookup_reports_a_bounded_number_of_peers()
    {
        List<(PeerAddress Address, DhtNode Node)> net = _lab.AddNet(30);
        PeerAddress a = net[4].Address;
        uint invented = 0;
        _lab.Passes = (from, to, datagram) =>
        {
            if (to != a || KrpcReader.Read(datagram, out _) is not KrpcReply { Token.IsEmpty: false } reply)
            {
                return true;
            }

            var values = Enumerable.Range(0, 120).Select(_ => new PeerAddress(DhtLab.At(9000).Ip + ++invented, 1));
            _lab.Inject(from, to, _writer.Write(reply with { Values = [.. values] }));
            return false;
        };
        net[4].Node.Search(Swarm, null, _lab.Now);
        _lab.RunFor(3);
        var found = _lab.Told.Where(told => told.Node == a).Select(told => told.Effect).OfType<DhtEffect.PeersFound>().ToList();
        Assert.All(found, one => Assert.Equal(Lookup.MaxPeersOfReply, one.Peers.Count));
        Assert.Equal(Lookup.MaxPeers, found.Sum(one => one.Peers.Count));
    }

    [Fact]
    public void Lookups_and_searches_are_bounded()
    {
        List<(PeerAddress Address, DhtNode Node)> net = _lab.AddNet(5);
        DhtNode node = net[2].Node;
        var random = new DeterministicRandom(1);
        int begun = Enumerable.Range(0, 2 * DhtFamily.MaxLookups).Count(_ => node.Get(NodeId.Random(random), null, default, _lab.Now));
        Assert.Equal(DhtFamily.MaxLookups, begun);
        _lab.RunFor(40);
        Assert.Equal(begun, _lab.Told.Count(told => told.Effect is DhtEffect.ItemGot { Item: null }));

        for (int i = 0; i < SwarmSearches.MaxSwarms + 10; i++)
        {
            node.Search(NodeId.Random(random).ToInfoHash(), null, _lab.Now);
        }

        Assert.Equal(SwarmSearches.MaxSwarms, node.SearchCount);
    }

    [Fact]
    public void Addresses_of_possible_nodes_are_asked_slowly_and_those_beyond_the_bound_never()
    {
        DhtNode node = _lab.Add(DhtLab.At(1));
        var asked = new HashSet<PeerAddress>();
        _lab.Passes = (_, to, _) =>
        {
            asked.Add(to);
            return false;
        };
        node.AddNodes([.. Enumerable.Range(10, 1000).Select(i => DhtLab.At(i))], isVouched: false, _lab.Now);
        _lab.RunFor(0.5);
        Assert.Equal(TableUpkeep.MaxAsksPerSecond, asked.Count);
        _lab.RunFor(60);
        Assert.Equal(TableUpkeep.MaxWaiting + TableUpkeep.MaxAsksPerSecond, asked.Count);

        asked.Clear();
        node.AddNodes([.. Enumerable.Range(2000, 1000).Select(i => DhtLab.At(i))], isVouched: true, _lab.Now);
        _lab.RunFor(600);
        Assert.Equal(TableUpkeep.MaxBootstrap, asked.Count);
    }

    [Fact]
    public void Signatures_are_checked_for_others_at_a_bounded_rate()
    {
        DhtNode node = _lab.Add(DhtLab.At(1));
        PeerAddress asker = PeerAddress.From(IPAddress.Parse("10.0.0.1"), 1);
        var get = new KrpcQuery { Transaction = new byte[] { 1 }, Method = KrpcMethod.Get, Id = default, Target = default, IsReadOnly = true };
        ReadOnlyMemory<byte> token = Assert.IsType<KrpcReply>(Answer(node, asker, get)).Token;
        var codes = new List<int>();
        for (int i = 0; i < 2 * QueryAnswers.MaxSignatureChecks; i++)
        {
            codes.Add(Assert.IsType<KrpcFailure>(Answer(node, asker, get with
            {
                Method = KrpcMethod.Put,
                Token = token,
                Value = Encoding.ASCII.GetBytes($"i{i}e"),
                Key = new PublicKey(new byte[32]),
                Sequence = i,
                Signature = new byte[64],
            })).Code);
        }

        Assert.Equal(QueryAnswers.MaxSignatureChecks, codes.Count(code => code == KrpcErrorCode.InvalidSignature));
        Assert.Equal(QueryAnswers.MaxSignatureChecks, codes.Count(code => code == KrpcErrorCode.Server));
    }

    [Fact]
    public void A_sample_of_info_hashes_is_bounded_and_always_there()
    {
        DhtNode node = _lab.Add(DhtLab.At(1));
        PeerAddress asker = PeerAddress.From(IPAddress.Parse("10.0.0.1"), 1);
        var ask = new KrpcQuery { Transaction = new byte[] { 1 }, Method = KrpcMethod.SampleInfohashes, Id = default, Target = default, IsReadOnly = true };
        Assert.Empty(Assert.IsType<KrpcReply>(Answer(node, asker, ask)).Samples!.Value.Samples);
        ReadOnlyMemory<byte> token = Assert.IsType<KrpcReply>(Answer(node, asker, ask with { Method = KrpcMethod.GetPeers })).Token;
        var random = new DeterministicRandom(1);
        for (int i = 0; i < 3 * QueryAnswers.MaxSamples; i++)
        {
            Answer(node, asker, ask with { Method = KrpcMethod.AnnouncePeer, Target = NodeId.Random(random), Token = token, Port = 1 });
        }

        var samples = Assert.IsType<KrpcReply>(Answer(node, asker, ask)).Samples!.Value;
        Assert.Equal(QueryAnswers.MaxSamples * InfoHash.Size, samples.Samples.Length);
        Assert.Equal(3 * QueryAnswers.MaxSamples, samples.Count);
    }

    private KrpcMessage? Answer(DhtNode node, PeerAddress from, KrpcQuery query)
    {
        node.TakeEffects();
        node.Receive(from, _writer.Write(query), _lab.Now);
        return KrpcReader.Read(node.TakeEffects().OfType<DhtEffect.Send>().First(send => send.To == from).Datagram, out _);
    }
}
