using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Text;
using Starling.Core.Dht;
using Starling.Core.Dht.Krpc;
using Starling.Core.Primitives;

namespace Starling.Tests.Core.Dht;

public sealed class KrpcTests
{
    private static readonly NodeId Abc = new("abcdefghij0123456789"u8);
    private static readonly NodeId Mno = new("mnopqrstuvwxyz123456"u8);

    [Fact]
    public void The_queries_of_BEP_5_are_read()
    {
        KrpcQuery ping = Query("d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe");
        Assert.Equal((KrpcMethod.Ping, Abc, "aa"), (ping.Method, ping.Id, Encoding.ASCII.GetString(ping.Transaction.Span)));

        KrpcQuery find = Query("d1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz123456e1:q9:find_node1:t2:aa1:y1:qe");
        Assert.Equal((KrpcMethod.FindNode, Mno), (find.Method, find.Target));

        KrpcQuery get = Query("d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz123456e1:q9:get_peers1:t2:aa1:y1:qe");
        Assert.Equal((KrpcMethod.GetPeers, Mno), (get.Method, get.Target));

        KrpcQuery announce = Query(
            "d1:ad2:id20:abcdefghij012345678912:implied_porti1e9:info_hash20:mnopqrstuvwxyz1234564:porti6881e5:token8:aoeusnthe1:q13:announce_peer1:t2:aa1:y1:qe");
        Assert.Equal((KrpcMethod.AnnouncePeer, 6881, true), (announce.Method, announce.Port, announce.HasImpliedPort));
        Assert.Equal("aoeusnth"u8.ToArray(), announce.Token.ToArray());
    }

    [Fact]
    public void The_replies_of_BEP_5_are_read()
    {
        Assert.Equal(Mno, Reply("d1:rd2:id20:mnopqrstuvwxyz123456e1:t2:aa1:y1:re").Id);
        KrpcReply peers = Reply("d1:rd2:id20:abcdefghij01234567895:token8:aoeusnth6:valuesl6:axje.u6:idhtnmee1:t2:aa1:y1:re");
        Assert.Equal(["97.120.106.101:11893", "105.100.104.116:28269"], peers.Values.Select(peer => peer.ToString()));
        Assert.Equal("aoeusnth"u8.ToArray(), peers.Token.ToArray());
        var failure = Assert.IsType<KrpcFailure>(Read("d1:eli201e23:A Generic Error Ocurrede1:t2:aa1:y1:ee"));
        Assert.Equal((201, "A Generic Error Ocurred"), (failure.Code, failure.Message));
    }

    [Fact]
    public void What_real_programs_do_differently_is_tolerated()
    {
        // Keys out of order, unknown ones, a list of nodes that is cut, no "e" text, other kinds of numbers.
        Assert.Equal(Mno, Reply("d1:t2:aa1:y1:r1:rd1:pi5e2:id20:mnopqrstuvwxyz12345610:unheard-ofdee1:v4:ABCDe").Id);
        Assert.Null(Reply("d1:rd2:id20:mnopqrstuvwxyz1234565:nodes9:def456...e1:t2:aa1:y1:re").Nodes);
        Assert.Equal(KrpcErrorCode.Generic, Assert.IsType<KrpcFailure>(Read("d1:ele1:t2:aa1:y1:ee")).Code);
        Assert.Equal(6881, Query(
            "d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz1234564:porti6881e4:name3:foo5:token0:e1:q13:announce_peer1:t1:\u00011:y1:qe").Port);

        // A method of the future that has a target is answered like find_node.
        Assert.Equal(KrpcMethod.FindNode, Query(
            "d1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz123456e1:q5:future1:t2:aa1:y1:qe".Replace("5:future", "6:future", StringComparison.Ordinal)).Method);
    }

    [Theory]
    [InlineData("d1:ad2:id19:abcdefghij012345678e1:q4:ping1:t2:aa1:y1:qe", 203)]
    [InlineData("d1:ad2:id20:abcdefghij0123456789e1:q9:find_node1:t2:aa1:y1:qe", 203)]
    [InlineData("d1:ad2:id20:abcdefghij0123456789e1:q4:what1:t2:aa1:y1:qe", 204)]
    [InlineData("d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz1234565:token1:xe1:q13:announce_peer1:t2:aa1:y1:qe", 203)]
    [InlineData("d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz1234564:porti65536e5:token1:xe1:q13:announce_peer1:t2:aa1:y1:qe", 203)]
    [InlineData("d1:ad2:id20:abcdefghij01234567895:token1:xe1:q3:put1:t2:aa1:y1:qe", 203)]
    public void Wrong_queries_are_refused_by_number(string query, int code)
    {
        Assert.Null(KrpcReader.Read(Encoding.Latin1.GetBytes(query), out KrpcFailure? refusal));
        Assert.Equal(code, refusal!.Code);
        Assert.Equal("aa"u8.ToArray(), refusal.Transaction.ToArray());
    }

    [Theory]
    [InlineData("i5e")]
    [InlineData("de")]
    [InlineData("d1:t2:aa1:y1:xe")]
    [InlineData("d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:y1:qe")]
    [InlineData("d1:t33:0123456789012345678901234567890121:y1:qe")]
    [InlineData("d1:rde1:t2:aa1:y1:re")]
    public void What_is_no_message_gets_no_answer(string text)
    {
        Assert.Null(KrpcReader.Read(Encoding.Latin1.GetBytes(text), out KrpcFailure? refusal));
        Assert.Null(refusal);
    }

    [Fact]
    public void Bounds_of_what_is_read()
    {
        string filler = new('x', KrpcMessage.MaxSize - 64);
        string message = $"d1:ad2:id20:abcdefghij0123456789e1:f{filler.Length}:{filler}1:q4:ping1:t2:aa1:y1:qe";
        Assert.Equal(KrpcMessage.MaxSize, message.Length);
        Assert.NotNull(Read(message));
        Assert.False(KrpcReader.MayBe(Encoding.Latin1.GetBytes(message.Replace(":fx", ":fxx", StringComparison.Ordinal) + "e")));
        Assert.Null(KrpcReader.Read(Encoding.Latin1.GetBytes(message + "e"), out _));

        static string Ping(int transaction) => $"d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t{transaction}:{new string('t', transaction)}1:y1:qe";
        Assert.NotNull(Read(Ping(KrpcMessage.MaxTransactionSize)));
        Assert.Null(KrpcReader.Read(Encoding.Latin1.GetBytes(Ping(KrpcMessage.MaxTransactionSize + 1)), out _));
        static string Told(int token) => $"d1:rd2:id20:abcdefghij01234567895:token{token}:{new string('t', token)}e1:t2:aa1:y1:re";
        Assert.Equal(KrpcMessage.MaxTokenSize, Reply(Told(KrpcMessage.MaxTokenSize)).Token.Length);
        Assert.Equal(0, Reply(Told(KrpcMessage.MaxTokenSize + 1)).Token.Length);

        string values = string.Concat(Enumerable.Repeat("6:axje.u", KrpcMessage.MaxValues + 1));
        Assert.Equal(KrpcMessage.MaxValues, Reply($"d1:rd2:id20:abcdefghij01234567896:valuesl{values}ee1:t2:aa1:y1:re").Values.Count);
        string nodes = string.Concat(Enumerable.Repeat("abcdefghij0123456789axje.u", DhtContact.MaxInList + 1));
        Assert.Equal(DhtContact.MaxInList, Reply($"d1:rd2:id20:abcdefghij01234567895:nodes{nodes.Length}:{nodes}e1:t2:aa1:y1:re").Nodes!.Count);
    }

    [Fact]
    public void What_is_written_is_read_back_the_same()
    {
        foreach (byte[] message in Corpus())
        {
            Assert.Equal(message, Again(message));
        }
    }

    private static byte[]? Again(byte[] bytes) => KrpcReader.Read(bytes, out KrpcFailure? refusal) switch
    {
        KrpcQuery query => new KrpcWriter().Write(query),
        KrpcReply reply => new KrpcWriter().Write(reply),
        KrpcFailure failure => new KrpcWriter().Write(failure),
        _ => refusal is null ? null : new KrpcWriter().Write(refusal),
    };

    private static List<byte[]> Corpus()
    {
        var writer = new KrpcWriter();
        byte[] t = [1, 2, 3, 4];
        PeerAddress v4 = PeerAddress.From(IPAddress.Parse("1.2.3.4"), 5);
        PeerAddress v6 = PeerAddress.From(IPAddress.Parse("2001:db8::1"), 6);
        var ask = new KrpcQuery { Transaction = t, Method = KrpcMethod.Ping, Id = Abc };
        return
        [
            writer.Write(ask),
            writer.Write(ask with { Method = KrpcMethod.FindNode, Target = Mno, Want = KrpcWant.V4 | KrpcWant.V6, IsReadOnly = true }),
            writer.Write(ask with { Method = KrpcMethod.GetPeers, Target = Mno, NoSeeds = true, Scrape = true }),
            writer.Write(ask with { Method = KrpcMethod.AnnouncePeer, Target = Mno, Port = 9, HasImpliedPort = true, IsSeed = true, Token = t }),
            writer.Write(ask with { Method = KrpcMethod.Get, Target = Mno, Sequence = 4 }),
            writer.Write(ask with { Method = KrpcMethod.SampleInfohashes, Target = Mno }),
            writer.Write(ask with { Method = KrpcMethod.Put, Value = "li1e3:abce"u8.ToArray(), Token = t }),
            writer.Write(ask with
            {
                Method = KrpcMethod.Put,
                Value = "i1e"u8.ToArray(),
                Token = t,
                Key = new PublicKey(new byte[32]),
                Signature = new byte[64],
                Salt = t,
                Sequence = 3,
                Cas = 2,
            }),
            writer.Write(new KrpcReply
            {
                Transaction = t,
                Id = Mno,
                SeenAs = v4,
                Nodes = [new DhtContact(Abc, v4), new DhtContact(Mno, v4)],
                Nodes6 = [new DhtContact(Abc, v6)],
                Values = [v4, v6],
                Token = t,
                Scrape = (new byte[ScrapeFilter.Size], new byte[ScrapeFilter.Size]),
            }),
            writer.Write(new KrpcReply
            {
                Transaction = t,
                Id = Mno,
                SeenAs = v6,
                Value = "d1:ai1ee"u8.ToArray(),
                Key = new PublicKey(new byte[32]),
                Sequence = 7,
                Signature = new byte[64],
                Samples = (new byte[40], 2, 600),
            }),
            writer.Write(new KrpcFailure(302, "sequence number less than current") { Transaction = t, SeenAs = v4 }),
        ];
    }

    private static KrpcMessage? Read(string text) => KrpcReader.Read(Encoding.Latin1.GetBytes(text), out _);

    private static KrpcQuery Query(string text) => Assert.IsType<KrpcQuery>(Read(text));

    private static KrpcReply Reply(string text) => Assert.IsType<KrpcReply>(Read(text));
}
