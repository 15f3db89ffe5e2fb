using System;
using System.Collections.Generic;
using Starling.Core.Dht;
using Starling.Core.Dht.Krpc;
using Starling.Fuzz.Engine;

namespace Starling.Fuzz.Targets;

internal static class DhtTargets
{
    public static readonly string[] Keys =
    [
        "a", "e", "ip", "q", "r", "ro", "t", "v", "y", "id", "target", "info_hash", "port", "implied_port", "token", "want", "n4", "n6", "seed", "noseed", "scrape", "nodes", "nodes6", "values", "BFsd",
        "BFpe", "samples", "num", "interval", "seq", "cas", "k", "sig", "salt", "ping", "find_node", "get_peers", "announce_peer", "get", "put", "sample_infohashes",
    ];

    private static readonly NodeId Id = NodeId.Of(Parts.Swarm);
    private static readonly DhtContact Contact4 = new(Id, Parts.Address("50.0.1.1:6881"));
    private static readonly DhtContact Contact6 = new(Id, Parts.Address("[2001:db9::1]:6881"));

    public static FuzzTarget[] All { get; } =
    [
        new()
        {
            Name = "krpc",
            Covers = [typeof(KrpcReader), typeof(DhtContact), typeof(DhtNode)],
            Shape = InputShape.Bencode,
            Words = Keys,
            Seeds = Messages,
            Start = KrpcPass,
        },
        new()
        {
            Name = "dht-item",
            Covers = [typeof(DhtItem)],
            Shape = InputShape.Bencode,
            Words = ["v", "seq", "salt"],
            MaxSize = 1500,
            Encodes = false,
            Seeds = () => ["12:Hello World!"u8.ToArray(), "d1:ai5e1:bl1:xee"u8.ToArray()],
            Start = () => static input =>
            {
                // What a put or get brings is bounded before it becomes an item; what is kept must be found under its own target.
                var item = new DhtItem { Value = input, Key = input.Length % 2 == 0 ? Parts.Worker.PublicKey : null, Salt = input[..Math.Min(input.Length, 64)], Sequence = input.Length };
                byte[] signed = DhtItem.SignedBytes(item.Salt.Span, item.Sequence, item.Value.Span);
                FuzzFailureException.Unless(signed.AsSpan().EndsWith(input.Span), "what is signed does not end with the value");
                var store = new ItemStore();
                store.Put(item.Target, item, Id, default);
                FuzzFailureException.Unless(store.Find(item.Target)!.Value.Span.SequenceEqual(input.Span), "the item is not found");
                return null;
            },
        },
        new()
        {
            Name = "saved-table",
            Covers = [typeof(SavedTable), typeof(DhtContact)],
            Shape = InputShape.Bencode,
            Words = ["id", "id6", "nodes", "nodes6"],
            Seeds = () => [new SavedTable { Id = Id, Id6 = Id, Nodes = [Contact4, Contact4], Nodes6 = [Contact6] }.Encode(), new SavedTable().Encode()],
            Start = () => static input => SavedTable.TryDecode(input, out SavedTable? table) ? table.Encode() : null,
        },
    ];

    public static IEnumerable<byte[]> Messages()
    {
        var writer = new KrpcWriter();
        ReadOnlyMemory<byte> t = new byte[] { 1, 2 };
        foreach (KrpcMethod method in new[] { KrpcMethod.Ping, KrpcMethod.FindNode, KrpcMethod.GetPeers, KrpcMethod.AnnouncePeer, KrpcMethod.Get, KrpcMethod.Put, KrpcMethod.SampleInfohashes })
        {
            var query = new KrpcQuery
            {
                Transaction = t,
                Method = method,
                Id = Id,
                Target = Id,
                Port = 6881,
                Token = Parts.Filled(8),
                Value = "12:Hello World!"u8.ToArray(),
                Want = KrpcWant.V4 | KrpcWant.V6,
            };
            yield return writer.Write(query);
            yield return writer.Write(query with { IsReadOnly = true, HasImpliedPort = true, IsSeed = true, NoSeeds = true, Scrape = true, Want = default });
            if (method == KrpcMethod.Put)
            {
                yield return writer.Write(query with { Key = Parts.Worker.PublicKey, Salt = Parts.Filled(5), Signature = Parts.Filled(64), Sequence = 4, Cas = 3 });
            }
        }

        yield return writer.Write(new KrpcReply { Transaction = t, Id = Id, SeenAs = Parts.Address("50.0.0.1:6881"), Nodes = [Contact4, Contact4], Nodes6 = [Contact6] });
        yield return writer.Write(new KrpcReply { Transaction = t, Id = Id, Values = [Parts.Address("50.0.0.2:6881"), Parts.Address("[2001:db9::2]:1")], Token = Parts.Filled(8) });
        yield return writer.Write(new KrpcReply { Transaction = t, Id = Id, Value = "i5e"u8.ToArray(), Key = Parts.Worker.PublicKey, Sequence = 4, Signature = Parts.Filled(64), Token = Parts.Filled(4) });
        yield return writer.Write(new KrpcReply { Transaction = t, Id = Id, Scrape = (Parts.Filled(256), Parts.Filled(256)), Samples = (Parts.Filled(40), 100, 21_600) });
        yield return writer.Write(new KrpcFailure(KrpcErrorCode.SequenceTooLow, "old") { Transaction = t });
    }

    private static Pass KrpcPass()
    {
        var writer = new KrpcWriter();
        return input =>
        {
            KrpcMessage? message = KrpcReader.Read(input, out KrpcFailure? refusal);
            FuzzFailureException.Unless(message is null || refusal is null, "a message, and a refusal of it");
            return (message ?? refusal) switch
            {
                KrpcQuery query => writer.Write(query),
                KrpcReply reply => writer.Write(reply),
                KrpcFailure failure => writer.Write(failure),
                _ => null,
            };
        };
    }
}
