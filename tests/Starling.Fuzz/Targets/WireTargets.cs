using System;
using System.Linq;
using Starling.Core.Gossip;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Wire;
using Starling.Fuzz.Engine;
using Starling.Runtime.Network;

namespace Starling.Fuzz.Targets;

internal static class WireTargets
{
    private static readonly string[] HandshakeKeys =
        ["ipv4", "ipv6", "m", "metadata_size", "p", "reqq", "st", "upload_only", "v", "yourip", "ut_metadata", "ut_pex", "st_claim", "cores", "env", "h", "id", "k", "s", "linux-x64"];

    public static ExtendedHandshake FullHandshake { get; } = new()
    {
        Extensions = [.. TaskMessageCodec.Names.Append(UtMetadata.Name).Append(UtPex.Name).Select((name, i) => new ExtensionId(name, (byte)(i + 1)))],
        MetadataSize = 31_235,
        ListenPort = 6881,
        RequestQueue = 250,
        Client = "Starling 0.1",
        YourAddress = Parts.Address("192.0.2.7:1") with { Port = 0 },
        V4 = Parts.Address("192.0.2.8:1") with { Port = 0 },
        V6 = Parts.Address("[2001:db8::1]:1") with { Port = 0 },
        UploadOnly = true,
        St = LinkBinding.Create(Parts.Worker, LinkRole.Initiator, Hash256.Of("a"u8), Hash256.Of("b"u8), Parts.TaskId, Parts.Filled(32), 4, "linux-x64") with { NamesMembers = true, Keep = 2 },
    };

    public static UtPex FullPex { get; } = new(
        [new PexPeer(Parts.Address("192.0.2.1:6881"), PexFlags.Reachable), new PexPeer(Parts.Address("[2001:db8::1]:6881"), PexFlags.Seed)],
        [Parts.Address("192.0.2.2:6881"), Parts.Address("[2001:db8::2]:6881")]);

    public static PeerMessage[] Messages { get; } =
    [
        new PeerMessage.KeepAlive(), new PeerMessage.Choke(), new PeerMessage.Unchoke(), new PeerMessage.Interested(), new PeerMessage.NotInterested(), new PeerMessage.Have(3),
        new PeerMessage.Bitfield(new byte[] { 0xFF, 0xF0 }), new PeerMessage.Request(1, 16_384, 16_384), new PeerMessage.Block(1, 0, "data"u8.ToArray()),
        new PeerMessage.Cancel(1, 16_384, 16_384), new PeerMessage.Port(6881), new PeerMessage.SuggestPiece(2), new PeerMessage.HaveAll(), new PeerMessage.HaveNone(),
        new PeerMessage.RejectRequest(1, 0, 16_384), new PeerMessage.AllowedFast(7), new PeerMessage.Extended(1, UtMetadataOf(0)),
        new PeerMessage.HashRequest(new HashRange(Parts.TaskId, 0, 512, 512, 9)), new PeerMessage.Hashes(new HashRange(Parts.TaskId, 1, 0, 2, 1), Parts.Filled(96)),
        new PeerMessage.HashReject(new HashRange(Parts.TaskId, 0, 0, 2, 0)),
    ];

    public static FuzzTarget[] All { get; } =
    [
        new()
        {
            Name = "handshake",
            Covers = [typeof(Handshake)],
            IsCanonical = true,
            MaxSize = 128,
            Seeds = () => [new Handshake(Handshake.ExtensionBit | Handshake.FastBit | Handshake.V2Bit | Handshake.DhtBit, Parts.Swarm, Parts.Peer).Encode()],
            Start = () => static input => Handshake.TryDecode(input.Span, out Handshake handshake) ? handshake.Encode() : null,
        },
        new()
        {
            Name = "first-bytes",
            Covers = [typeof(FirstBytes)],
            Encodes = false,
            MaxSize = 64,
            Words = ["\u0013BitTorrent protocol", "\u0016\u0003\u0001", "\u0016\u0003\u0003@\0"],
            Seeds = () => [new Handshake(0, Parts.Swarm, Parts.Peer).Encode()[..20], [0x16, 3, 1, 2, 0, 1]],
            Start = () => ClassifyEachPrefix,
        },
        new()
        {
            Name = "peer-message",
            Covers = [typeof(PeerMessageCodec)],
            IsCanonical = true,
            Seeds = () => Messages.Select(message => PeerMessageCodec.Encode(message)[4..]),
            Start = () => static input => PeerMessageCodec.TryDecode(input, out PeerMessage? message)
                ? message is PeerMessage.Unknown ? input.ToArray() : PeerMessageCodec.Encode(message)[4..] : null,
        },
        new()
        {
            Name = "extended-handshake",
            Covers = [typeof(ExtendedHandshake), typeof(StHandshakeCodec), typeof(EnvironmentClassText), typeof(Starling.Core.Bencode.BString)],
            Shape = InputShape.Bencode,
            Words = HandshakeKeys,
            Seeds = () => [FullHandshake.Encode(), new ExtendedHandshake().Encode(), "d1:md6:ut_pexi0ee6:yourip16:aaaaaaaaaaaaaaaae"u8.ToArray()],
            Start = () => static input => ExtendedHandshake.TryDecode(input, out ExtendedHandshake? handshake) ? handshake.Encode() : null,
        },
        new()
        {
            Name = "ut_metadata",
            Covers = [typeof(UtMetadata)],
            Shape = InputShape.Bencode,
            Words = ["msg_type", "piece", "total_size"],
            Seeds = () => [UtMetadataOf(0), UtMetadataOf(1), UtMetadataOf(2), "d8:msg_typei9ee"u8.ToArray()],
            Start = () => static input => UtMetadata.TryDecode(input, out UtMetadata? message) ? message is UtMetadata.Unknown ? input.ToArray() : message.Encode() : null,
        },
        new()
        {
            Name = "ut_pex",
            Covers = [typeof(UtPex), typeof(PeerAddress)],
            Shape = InputShape.Bencode,
            Words = ["added", "added.f", "added6", "added6.f", "dropped", "dropped6"],
            Seeds = () => [FullPex.Encode(), new UtPex([], []).Encode()],
            Start = () => static input => UtPex.TryDecode(input, out UtPex? message) ? message.Encode() : null,
        },
        new()
        {
            Name = "local-discovery",
            Covers = [typeof(LocalDiscoveryMessage), typeof(InfoHash)],
            Shape = InputShape.Lines,
            MaxSize = 1500,
            Words = ["BT-SEARCH * HTTP/1.1\r\n", "Host: 239.192.152.143:6771\r\n", "Port: ", "Infohash: ", "cookie: ", "\r\n", "65535", "65536", "00", "port:1\n"],
            Seeds = () => [new LocalDiscoveryMessage(6881, [Parts.Swarm, InfoHash.Of(Hash256.Of("b"u8))], "me").Encode(false), new LocalDiscoveryMessage(1, [Parts.Swarm], "").Encode(true)],
            Start = () => static input => LocalDiscoveryMessage.TryDecode(input.Span, out LocalDiscoveryMessage? message) ? message.Encode(false) : null,
        },
    ];

    public static byte[] UtMetadataOf(int type) => type switch
    {
        0 => new UtMetadata.Request(0).Encode(),
        1 => new UtMetadata.Data(1, UtMetadata.PieceSize + 5, "hello"u8.ToArray()).Encode(),
        _ => new UtMetadata.Reject(0).Encode(),
    };

    /// <summary>What is decided once stays decided, and after <see cref="FirstBytes.MaxSize"/> bytes it is.</summary>
    private static byte[]? ClassifyEachPrefix(ReadOnlyMemory<byte> input)
    {
        ConnectionKind before = ConnectionKind.Undecided;
        for (int length = 0; length <= input.Length; length++)
        {
            ConnectionKind kind = FirstBytes.Classify(input.Span[..length]);
            FuzzFailureException.Unless(before == ConnectionKind.Undecided || kind == before, $"{length} bytes are {kind}, and were {before} before");
            FuzzFailureException.Unless(length < FirstBytes.MaxSize || kind != ConnectionKind.Undecided, $"{length} bytes are not enough");
            before = kind;
        }

        return null;
    }
}
