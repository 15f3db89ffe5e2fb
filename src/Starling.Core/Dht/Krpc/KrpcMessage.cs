using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Dht.Krpc;

/// <summary>A message of KRPC (BEP 5): one bencoded dictionary in one datagram.</summary>
internal abstract record KrpcMessage
{
    /// <summary>Bytes of the largest message that is read. BEP 32 has messages of at most 1,024, with values of BEP 44 they are longer.</summary>
    public const int MaxSize = 4096;

    /// <summary>Bytes of a transaction that is echoed.</summary>
    public const int MaxTransactionSize = 32;

    /// <summary>Bytes of a token that is read, and sent back.</summary>
    public const int MaxTokenSize = 64;

    /// <summary>Peers read from one reply.</summary>
    public const int MaxValues = 128;

    /// <summary><c>t</c>: chosen by the asker, echoed by the other side.</summary>
    public required ReadOnlyMemory<byte> Transaction { get; init; }
}

/// <summary>What a query asks for.</summary>
internal enum KrpcMethod
{
    /// <summary>A query that this version does not know.</summary>
    Unknown,

    /// <summary>Are you there?</summary>
    Ping,

    /// <summary>Nodes close to a target.</summary>
    FindNode,

    /// <summary>Peers of a swarm, and a token to announce with.</summary>
    GetPeers,

    /// <summary>I am a peer of that swarm.</summary>
    AnnouncePeer,

    /// <summary>An item, and a token to store with (BEP 44).</summary>
    Get,

    /// <summary>Keep this item (BEP 44).</summary>
    Put,

    /// <summary>Some info-hashes that you hold peers of (BEP 51).</summary>
    SampleInfohashes,
}

/// <summary>Which families of nodes a reply is to name (BEP 32).</summary>
[Flags]
internal enum KrpcWant
{
    /// <summary>Not said: the family over which the query came.</summary>
    None = 0,

    /// <summary><c>n4</c>.</summary>
    V4 = 1,

    /// <summary><c>n6</c>.</summary>
    V6 = 2,
}

/// <summary>The codes of errors: BEP 5 below 205, BEP 44 from there on.</summary>
internal static class KrpcErrorCode
{
    public const int Generic = 201;
    public const int Server = 202;
    public const int Protocol = 203;
    public const int MethodUnknown = 204;
    public const int ValueTooBig = 205;
    public const int InvalidSignature = 206;
    public const int SaltTooBig = 207;
    public const int CasMismatch = 301;
    public const int SequenceTooLow = 302;
}

/// <summary>A query. Only the arguments that its method has are written.</summary>
internal sealed record KrpcQuery : KrpcMessage
{
    public required KrpcMethod Method { get; init; }

    /// <summary>The asker's id.</summary>
    public required NodeId Id { get; init; }

    /// <summary><c>target</c> or <c>info_hash</c>.</summary>
    public NodeId Target { get; init; }

    /// <summary><c>ro</c>: the asker answers no queries (BEP 43).</summary>
    public bool IsReadOnly { get; init; }

    public KrpcWant Want { get; init; }

    /// <summary><c>port</c> of announce_peer.</summary>
    public ushort Port { get; init; }

    /// <summary>The peer's port is the one that the datagram came from.</summary>
    public bool HasImpliedPort { get; init; }

    public ReadOnlyMemory<byte> Token { get; init; }

    /// <summary>The announcing peer has everything (BEP 33).</summary>
    public bool IsSeed { get; init; }

    /// <summary>Rather peers that lack something (BEP 33).</summary>
    public bool NoSeeds { get; init; }

    /// <summary>With the filters of BEP 33.</summary>
    public bool Scrape { get; init; }

    /// <summary>Of put: the item's version. Of get: only a newer version is wanted.</summary>
    public long? Sequence { get; init; }

    /// <summary>Of put: the version that is to be replaced.</summary>
    public long? Cas { get; init; }

    /// <summary>Of put: the value, bencoded as it came.</summary>
    public ReadOnlyMemory<byte> Value { get; init; }

    /// <summary>Of put: whose item; null: an immutable one.</summary>
    public PublicKey? Key { get; init; }

    public ReadOnlyMemory<byte> Salt { get; init; }

    public ReadOnlyMemory<byte> Signature { get; init; }
}

/// <summary>The answer to a query.</summary>
internal sealed record KrpcReply : KrpcMessage
{
    /// <summary>The answering node's id.</summary>
    public required NodeId Id { get; init; }

    /// <summary><c>ip</c>: under which address the asker is seen (BEP 42).</summary>
    public PeerAddress? SeenAs { get; init; }

    /// <summary><c>nodes</c>; null: not there.</summary>
    public IReadOnlyList<DhtContact>? Nodes { get; init; }

    /// <summary><c>nodes6</c>; null: not there.</summary>
    public IReadOnlyList<DhtContact>? Nodes6 { get; init; }

    /// <summary><c>values</c>: peers.</summary>
    public IReadOnlyList<PeerAddress> Values { get; init; } = [];

    /// <summary>Empty: none, so nothing may be stored there.</summary>
    public ReadOnlyMemory<byte> Token { get; init; }

    /// <summary>An item's value, bencoded as it came; empty: none.</summary>
    public ReadOnlyMemory<byte> Value { get; init; }

    public PublicKey? Key { get; init; }

    public long? Sequence { get; init; }

    public ReadOnlyMemory<byte> Signature { get; init; }

    /// <summary><c>BFsd</c> and <c>BFpe</c> of BEP 33; null: not asked for.</summary>
    public (byte[] Seeds, byte[] Peers)? Scrape { get; init; }

    /// <summary>BEP 51: info-hashes, how many there are, and seconds until other ones are told.</summary>
    public (byte[] Samples, int Count, int IntervalSeconds)? Samples { get; init; }
}

/// <summary>The answer to a query that could not be followed.</summary>
/// <param name="Code">One of <see cref="KrpcErrorCode"/>, or another program's.</param>
/// <param name="Message">For people; empty when it is no UTF-8 or too long.</param>
internal sealed record KrpcFailure(int Code, string Message) : KrpcMessage
{
    /// <summary>Bytes of a message that is kept.</summary>
    public const int MaxMessageSize = 200;

    /// <summary>Under which address the asker is seen (BEP 42).</summary>
    public PeerAddress? SeenAs { get; init; }
}
