using System;
using System.Collections.Generic;
using Starling.Core.Bencode;
using Starling.Core.Crypto;
using Starling.Core.Primitives;

namespace Starling.Core.Dht.Krpc;

/// <summary>
/// Reads messages of KRPC. Tolerant where real programs differ: unknown keys, keys in any order, hybrid <c>values</c>, lists of nodes that are cut
/// somewhere. Strict where a wrong reading could do harm: ids, ports, keys and signatures have their exact sizes.
/// </summary>
internal static class KrpcReader
{
    private static readonly BReaderOptions Options = new() { MaxSize = KrpcMessage.MaxSize, MaxTokens = 1024, MaxDepth = 32, Canonical = false };

    private static readonly Dictionary<string, KrpcMethod> Methods = new()
    {
        ["ping"] = KrpcMethod.Ping,
        ["find_node"] = KrpcMethod.FindNode,
        ["get_peers"] = KrpcMethod.GetPeers,
        ["announce_peer"] = KrpcMethod.AnnouncePeer,
        ["get"] = KrpcMethod.Get,
        ["put"] = KrpcMethod.Put,
        ["sample_infohashes"] = KrpcMethod.SampleInfohashes,
    };

    /// <summary>Whether the first and the last byte are those of a dictionary of a size that is read: a look before the work.</summary>
    public static bool MayBe(ReadOnlySpan<byte> datagram) => datagram.Length is >= 8 and <= KrpcMessage.MaxSize && datagram[0] == 'd' && datagram[^1] == 'e';

    /// <summary>
    /// Reads a message; null when it is none. A query that is understood as such, but wrong, comes with the answer that it gets:
    /// <paramref name="refusal"/> is set, and the result null.
    /// </summary>
    public static KrpcMessage? Read(ReadOnlyMemory<byte> datagram, out KrpcFailure? refusal)
    {
        refusal = null;
        if (!BReader.TryReadDictionary(datagram, Options, out BDictionary? message, out _)
            || !message.TryGetBytes("t"u8, KrpcMessage.MaxTransactionSize, out ReadOnlyMemory<byte> transaction)
            || !message.TryGetBytes("y"u8, 1, out ReadOnlyMemory<byte> kind) || kind.Length != 1)
        {
            return null;
        }

        switch (kind.Span[0])
        {
            case (byte)'q':
                return ReadQuery(message, transaction, out refusal);
            case (byte)'r':
                return ReadReply(message, transaction);
            case (byte)'e':
                return ReadFailure(message, transaction);
            default:
                return null;
        }
    }

    private static KrpcQuery? ReadQuery(BDictionary message, ReadOnlyMemory<byte> transaction, out KrpcFailure? refusal)
    {
        refusal = null;
        if (!message.TryGetDictionary("a"u8, out BDictionary? arguments) || !TryGetId(arguments, "id"u8, out NodeId id))
        {
            refusal = Protocol(transaction, "no id");
            return null;
        }

        KrpcMethod method = message.TryGetText("q"u8, 32, out string? name) && Methods.TryGetValue(name, out KrpcMethod known) ? known : KrpcMethod.Unknown;
        bool hasTarget = TryGetId(arguments, method is KrpcMethod.GetPeers or KrpcMethod.AnnouncePeer ? "info_hash"u8 : "target"u8, out NodeId target);
        if (method == KrpcMethod.Unknown)
        {
            if (!hasTarget && !TryGetId(arguments, "info_hash"u8, out target))
            {
                refusal = new KrpcFailure(KrpcErrorCode.MethodUnknown, "method unknown") { Transaction = transaction };
                return null;
            }

            // A query of the future that has a target is answered with nodes, so that lookups with it get through.
            method = KrpcMethod.FindNode;
            hasTarget = true;
        }

        if (!hasTarget && method is not (KrpcMethod.Ping or KrpcMethod.Put))
        {
            refusal = Protocol(transaction, "no target");
            return null;
        }

        var query = new KrpcQuery
        {
            Transaction = transaction,
            Method = method,
            Id = id,
            Target = target,
            IsReadOnly = IsSet(message, "ro"u8),
            Want = ReadWant(arguments),
            HasImpliedPort = IsSet(arguments, "implied_port"u8),
            Port = arguments.TryGetInteger("port"u8, 1, ushort.MaxValue, out long port) ? (ushort)port : (ushort)0,
            Token = arguments.TryGetBytes("token"u8, KrpcMessage.MaxTokenSize, out ReadOnlyMemory<byte> token) ? token : default,
            IsSeed = IsSet(arguments, "seed"u8),
            NoSeeds = IsSet(arguments, "noseed"u8),
            Scrape = IsSet(arguments, "scrape"u8),
            Sequence = ReadNumber(arguments, "seq"u8),
        };
        if (method == KrpcMethod.AnnouncePeer && query.Port == 0 && !query.HasImpliedPort)
        {
            refusal = Protocol(transaction, "no port");
            return null;
        }

        return method == KrpcMethod.Put ? ReadPut(query, arguments, out refusal) : query;
    }

    private static KrpcQuery? ReadPut(KrpcQuery query, BDictionary arguments, out KrpcFailure? refusal)
    {
        refusal = null;
        if (arguments["v"u8] is not { } value)
        {
            refusal = Protocol(query.Transaction, "no value");
            return null;
        }

        query = query with
        {
            Value = value.Source,
            Cas = ReadNumber(arguments, "cas"u8),
            Salt = arguments.TryGetBytes("salt"u8, KrpcMessage.MaxSize, out ReadOnlyMemory<byte> salt) ? salt : default,
        };
        if (arguments["k"u8] is null)
        {
            return query;
        }

        if (!TryGetKey(arguments, out PublicKey key) || !TryGetSignature(arguments, out ReadOnlyMemory<byte> signature) || query.Sequence is null)
        {
            refusal = Protocol(query.Transaction, "a mutable item needs k, sig and seq");
            return null;
        }

        return query with { Key = key, Signature = signature };
    }

    private static KrpcReply? ReadReply(BDictionary message, ReadOnlyMemory<byte> transaction)
    {
        if (!message.TryGetDictionary("r"u8, out BDictionary? values) || !TryGetId(values, "id"u8, out NodeId id))
        {
            return null;
        }

        bool hasKey = TryGetKey(values, out PublicKey key);
        return new KrpcReply
        {
            Transaction = transaction,
            Id = id,
            SeenAs = ReadSeenAs(message),
            Nodes = ReadNodes(values, "nodes"u8, v6: false),
            Nodes6 = ReadNodes(values, "nodes6"u8, v6: true),
            Values = ReadValues(values),
            Token = values.TryGetBytes("token"u8, KrpcMessage.MaxTokenSize, out ReadOnlyMemory<byte> token) ? token : default,
            Value = values["v"u8]?.Source ?? default,
            Key = hasKey ? key : null,
            Sequence = ReadNumber(values, "seq"u8),
            Signature = TryGetSignature(values, out ReadOnlyMemory<byte> signature) ? signature : default,
            Scrape = TryGetFilter(values, "BFsd"u8, out byte[] seeds) & TryGetFilter(values, "BFpe"u8, out byte[] peers) ? (seeds, peers) : null,
            Samples = ReadSamples(values),
        };
    }

    private static KrpcFailure ReadFailure(BDictionary message, ReadOnlyMemory<byte> transaction)
    {
        int code = KrpcErrorCode.Generic;
        string text = "";
        if (message.TryGetList("e"u8, out BList? parts))
        {
            if (parts.Items.Count > 0 && parts.Items[0] is BInteger { Value: >= 0 and <= int.MaxValue } number)
            {
                code = (int)number.Value;
            }

            if (parts.Items.Count > 1 && parts.Items[1] is BString { Bytes.Length: <= KrpcFailure.MaxMessageSize } told && told.TryGetText(out string? read))
            {
                text = read;
            }
        }

        return new KrpcFailure(code, text) { Transaction = transaction, SeenAs = ReadSeenAs(message) };
    }

    private static KrpcFailure Protocol(ReadOnlyMemory<byte> transaction, string message) =>
        new(KrpcErrorCode.Protocol, message) { Transaction = transaction };

    private static bool IsSet(BDictionary dictionary, ReadOnlySpan<byte> key) => dictionary[key] is BInteger { Value: not 0 };

    private static long? ReadNumber(BDictionary dictionary, ReadOnlySpan<byte> key) =>
        dictionary.TryGetInteger(key, 0, long.MaxValue, out long number) ? number : null;

    private static bool TryGetId(BDictionary dictionary, ReadOnlySpan<byte> key, out NodeId id)
    {
        bool found = dictionary.TryGetBytes(key, NodeId.Size, out ReadOnlyMemory<byte> bytes) && bytes.Length == NodeId.Size;
        id = found ? new NodeId(bytes.Span) : default;
        return found;
    }

    private static bool TryGetKey(BDictionary dictionary, out PublicKey key)
    {
        bool found = dictionary.TryGetBytes("k"u8, PublicKey.Size, out ReadOnlyMemory<byte> bytes) && bytes.Length == PublicKey.Size;
        key = found ? new PublicKey(bytes.Span) : default;
        return found;
    }

    private static bool TryGetSignature(BDictionary dictionary, out ReadOnlyMemory<byte> signature) =>
        dictionary.TryGetBytes("sig"u8, ISignatureVerifier.SignatureSize, out signature) && signature.Length == ISignatureVerifier.SignatureSize;

    private static bool TryGetFilter(BDictionary dictionary, ReadOnlySpan<byte> key, out byte[] filter)
    {
        bool found = dictionary.TryGetBytes(key, ScrapeFilter.Size, out ReadOnlyMemory<byte> bytes) && bytes.Length == ScrapeFilter.Size;
        filter = found ? bytes.ToArray() : [];
        return found;
    }

    private static (byte[], int, int)? ReadSamples(BDictionary values)
    {
        if (!values.TryGetBytes("samples"u8, KrpcMessage.MaxSize, out ReadOnlyMemory<byte> samples) || samples.Length % InfoHash.Size != 0)
        {
            return null;
        }

        values.TryGetInteger("num"u8, 0, int.MaxValue, out long count);
        values.TryGetInteger("interval"u8, 0, int.MaxValue, out long interval);
        return (samples.ToArray(), (int)count, (int)interval);
    }

    private static KrpcWant ReadWant(BDictionary arguments)
    {
        KrpcWant want = KrpcWant.None;
        if (arguments.TryGetList("want"u8, out BList? list))
        {
            foreach (BValue item in list.Items)
            {
                ReadOnlySpan<byte> text = item is BString name ? name.Bytes.Span : default;
                want |= text.SequenceEqual("n4"u8) ? KrpcWant.V4 : text.SequenceEqual("n6"u8) ? KrpcWant.V6 : KrpcWant.None;
            }
        }

        return want;
    }

    private static List<DhtContact>? ReadNodes(BDictionary values, ReadOnlySpan<byte> key, bool v6) =>
        values.TryGetBytes(key, KrpcMessage.MaxSize, out ReadOnlyMemory<byte> bytes) && DhtContact.TryReadList(bytes.Span, v6, out List<DhtContact> nodes)
            ? nodes
            : null;

    private static List<PeerAddress> ReadValues(BDictionary values)
    {
        var peers = new List<PeerAddress>();
        if (values.TryGetList("values"u8, out BList? list))
        {
            foreach (BValue item in list.Items)
            {
                if (peers.Count < KrpcMessage.MaxValues && item is BString text && PeerAddress.TryReadCompact(text.Bytes.Span, out PeerAddress peer)
                    && AddressRange.IsUsable(peer))
                {
                    peers.Add(peer);
                }
            }
        }

        return peers;
    }

    private static PeerAddress? ReadSeenAs(BDictionary message) =>
        message.TryGetBytes("ip"u8, PeerAddress.CompactSizeV6, out ReadOnlyMemory<byte> bytes) && PeerAddress.TryReadCompact(bytes.Span, out PeerAddress seen)
            ? seen
            : null;
}
