using System;
using Starling.Core.Bencode;
using Starling.Core.Primitives;

namespace Starling.Core.Dht.Krpc;

/// <summary>Writes messages of KRPC, canonically. One per node; not for several threads.</summary>
internal sealed class KrpcWriter
{
    /// <summary><c>v</c>: two letters for the program, two bytes for its version.</summary>
    private static readonly byte[] Program = "ST\u0001\0"u8.ToArray();

    private readonly BencodeWriter _writer = new(1024);

    /// <summary>A query.</summary>
    public byte[] Write(KrpcQuery query)
    {
        _writer.Clear();
        _writer.BeginDictionary();
        _writer.Key("a"u8);
        WriteArguments(query);
        _writer.Text("q"u8, NameOf(query.Method));
        if (query.IsReadOnly)
        {
            _writer.Integer("ro"u8, 1);
        }

        return End(query, (byte)'q');
    }

    /// <summary>A reply.</summary>
    public byte[] Write(KrpcReply reply)
    {
        _writer.Clear();
        _writer.BeginDictionary();
        WriteSeenAs(reply.SeenAs);
        _writer.Key("r"u8);
        WriteValues(reply);
        return End(reply, (byte)'r');
    }

    /// <summary>An error.</summary>
    public byte[] Write(KrpcFailure failure)
    {
        _writer.Clear();
        _writer.BeginDictionary();
        _writer.Key("e"u8);
        _writer.BeginList();
        _writer.Integer(failure.Code);
        _writer.Text(failure.Message);
        _writer.End();
        WriteSeenAs(failure.SeenAs);
        return End(failure, (byte)'e');
    }

    private static string NameOf(KrpcMethod method) => method switch
    {
        KrpcMethod.Ping => "ping",
        KrpcMethod.FindNode => "find_node",
        KrpcMethod.GetPeers => "get_peers",
        KrpcMethod.AnnouncePeer => "announce_peer",
        KrpcMethod.Get => "get",
        KrpcMethod.Put => "put",
        KrpcMethod.SampleInfohashes => "sample_infohashes",
        _ => throw new ArgumentOutOfRangeException(nameof(method)),
    };

    private byte[] End(KrpcMessage message, byte kind)
    {
        _writer.Bytes("t"u8, message.Transaction.Span);
        _writer.Bytes("v"u8, Program);
        _writer.Bytes("y"u8, [kind]);
        _writer.End();
        return _writer.ToArray();
    }

    private void WriteArguments(KrpcQuery query)
    {
        bool isAnnounce = query.Method == KrpcMethod.AnnouncePeer;
        bool isPut = query.Method == KrpcMethod.Put;
        _writer.BeginDictionary();
        if (isPut && query.Cas is { } cas)
        {
            _writer.Integer("cas"u8, cas);
        }

        WriteId("id"u8, query.Id);
        if (isAnnounce)
        {
            _writer.Integer("implied_port"u8, query.HasImpliedPort ? 1 : 0);
        }

        if (isAnnounce || query.Method == KrpcMethod.GetPeers)
        {
            WriteId("info_hash"u8, query.Target);
        }

        if (isPut && query.Key is { } key)
        {
            _writer.Bytes("k"u8, key.ToArray());
        }

        WriteFlag("noseed"u8, query.NoSeeds);
        if (isAnnounce)
        {
            _writer.Integer("port"u8, query.Port);
        }

        if (isPut && query.Key is not null && !query.Salt.IsEmpty)
        {
            _writer.Bytes("salt"u8, query.Salt.Span);
        }

        WriteFlag("scrape"u8, query.Scrape);
        WriteFlag("seed"u8, isAnnounce && query.IsSeed);
        if (query.Sequence is { } sequence)
        {
            _writer.Integer("seq"u8, sequence);
        }

        if (isPut && query.Key is not null)
        {
            _writer.Bytes("sig"u8, query.Signature.Span);
        }

        if (query.Method is KrpcMethod.FindNode or KrpcMethod.Get or KrpcMethod.SampleInfohashes)
        {
            WriteId("target"u8, query.Target);
        }

        if (isAnnounce || isPut)
        {
            _writer.Bytes("token"u8, query.Token.Span);
        }

        if (isPut)
        {
            _writer.Key("v"u8);
            _writer.Raw(query.Value.Span);
        }

        WriteWant(query.Want);
        _writer.End();
    }

    private void WriteValues(KrpcReply reply)
    {
        _writer.BeginDictionary();
        if (reply.Scrape is { } scrape)
        {
            _writer.Bytes("BFpe"u8, scrape.Peers);
            _writer.Bytes("BFsd"u8, scrape.Seeds);
        }

        WriteId("id"u8, reply.Id);
        if (reply.Samples is { } interval)
        {
            _writer.Integer("interval"u8, interval.IntervalSeconds);
        }

        if (reply.Key is { } key)
        {
            _writer.Bytes("k"u8, key.ToArray());
        }

        if (reply.Nodes is { } nodes)
        {
            _writer.Bytes("nodes"u8, DhtContact.WriteList(nodes, v6: false));
        }

        if (reply.Nodes6 is { } nodes6)
        {
            _writer.Bytes("nodes6"u8, DhtContact.WriteList(nodes6, v6: true));
        }

        if (reply.Samples is { } samples)
        {
            _writer.Integer("num"u8, samples.Count);
            _writer.Bytes("samples"u8, samples.Samples);
        }

        if (reply.Sequence is { } sequence)
        {
            _writer.Integer("seq"u8, sequence);
        }

        if (!reply.Signature.IsEmpty)
        {
            _writer.Bytes("sig"u8, reply.Signature.Span);
        }

        if (!reply.Token.IsEmpty)
        {
            _writer.Bytes("token"u8, reply.Token.Span);
        }

        if (!reply.Value.IsEmpty)
        {
            _writer.Key("v"u8);
            _writer.Raw(reply.Value.Span);
        }

        if (reply.Values.Count > 0)
        {
            _writer.Key("values"u8);
            _writer.BeginList();
            Span<byte> compact = stackalloc byte[PeerAddress.CompactSizeV6];
            foreach (PeerAddress peer in reply.Values)
            {
                _writer.Bytes(compact[..peer.WriteCompact(compact)]);
            }

            _writer.End();
        }

        _writer.End();
    }

    private void WriteSeenAs(PeerAddress? seenAs)
    {
        if (seenAs is { } seen)
        {
            Span<byte> compact = stackalloc byte[PeerAddress.CompactSizeV6];
            _writer.Bytes("ip"u8, compact[..seen.WriteCompact(compact)]);
        }
    }

    private void WriteId(ReadOnlySpan<byte> key, NodeId id)
    {
        Span<byte> bytes = stackalloc byte[NodeId.Size];
        id.CopyTo(bytes);
        _writer.Bytes(key, bytes);
    }

    private void WriteFlag(ReadOnlySpan<byte> key, bool isSet)
    {
        if (isSet)
        {
            _writer.Integer(key, 1);
        }
    }

    private void WriteWant(KrpcWant want)
    {
        if (want == KrpcWant.None)
        {
            return;
        }

        _writer.Key("want"u8);
        _writer.BeginList();
        if (want.HasFlag(KrpcWant.V4))
        {
            _writer.Bytes("n4"u8);
        }

        if (want.HasFlag(KrpcWant.V6))
        {
            _writer.Bytes("n6"u8);
        }

        _writer.End();
    }
}
