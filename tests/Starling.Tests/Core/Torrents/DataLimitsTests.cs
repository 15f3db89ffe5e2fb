using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Torrents;
using Starling.Core.Wire;

namespace Starling.Tests.Core.Torrents;

/// <summary>One scripted stranger against a swarm: each bound of <see cref="DataLimits"/>, at the bound and one beyond.</summary>
public sealed class DataLimitsTests
{
    private const int Pieces = 20;
    private const int PieceLength = 4 * BlockBuffer.Capacity;
    private static readonly InfoHash Hash = new(Hash256.Of("torrent"u8).ToArray());
    private readonly LinkId _link = new(1);
    private readonly List<DataEffect> _effects = [];
    private DataSwarm _swarm;
    private Instant _now = Instant.FromSeconds(10);

    public DataLimitsTests() => _swarm = Make(seed: true);

    private bool IsClosed => _effects.Any(effect => effect is DataEffect.CloseLink);

    private IEnumerable<PeerMessage> Said => _effects.OfType<DataEffect.Send>()
        .SelectMany(send => Frames(send.Bytes)).Select(frame => frame.Kind switch
        {
            DataFrameKind.Request => new PeerMessage.Request(frame.Range.Piece, frame.Range.Begin, frame.Range.Length),
            DataFrameKind.Have => new PeerMessage.Have(frame.Range.Piece),
            _ => frame.Message,
        });

    [Fact]
    public void Requests_beyond_the_queue_are_rejected_and_then_end_the_link()
    {
        Shake();
        Say(new PeerMessage.HaveNone(), new PeerMessage.Interested());
        _effects.Clear();
        Ask(DataLimits.MaxRequestsQueued + 200);
        int sent = _effects.OfType<DataEffect.SendBlocks>().Sum(blocks => blocks.Blocks.Count);
        Assert.InRange(sent, 1, DataLimits.MaxRequestsQueued);
        Assert.NotEmpty(Said.OfType<PeerMessage.RejectRequest>());
        Assert.False(IsClosed);
        Ask(DataLimits.MaxRequestsRejected);
        Assert.True(IsClosed);
    }

    [Fact]
    public void Requests_while_choked_are_rejected_and_then_end_the_link()
    {
        Shake();
        Say(new PeerMessage.HaveAll());
        _swarm = Make(seed: true, slots: 0);
        Shake();
        Say(new PeerMessage.Bitfield(FullButOne()));
        _effects.Clear();
        Ask(DataLimits.MaxRequestsWhileChoked);
        Assert.False(IsClosed);
        Assert.Equal(DataLimits.MaxRequestsWhileChoked, Said.OfType<PeerMessage.RejectRequest>().Count());
        Ask(1);
        Assert.True(IsClosed);
    }

    [Fact]
    public void Allowed_fast_pieces_are_served_while_choked()
    {
        _swarm = Make(seed: true, slots: 0);
        Shake();
        Say(new PeerMessage.HaveNone());
        int[] allowed = [.. Said.OfType<PeerMessage.AllowedFast>().Select(message => message.Piece)];
        Assert.Equal(AllowedFast.SetOf(Stranger, Hash, Pieces, DataLimits.AllowedFastPieces), allowed);
        Say(new PeerMessage.Request(allowed[3], 0, BlockBuffer.Capacity));
        Assert.Single(_effects.OfType<DataEffect.SendBlocks>());
    }

    [Fact]
    public void Blocks_that_nobody_asked_for_end_the_link_at_the_bound()
    {
        _swarm = Make(seed: false);
        Shake();
        for (int i = 0; i < DataLimits.MaxUnaskedBlocks; i++)
        {
            SendBlock(1);
        }

        Assert.False(IsClosed);
        SendBlock(1);
        Assert.True(IsClosed);
        Assert.Equal(DataLimits.MaxUnaskedBlocks + 1, _effects.OfType<DataEffect.Release>().Sum(release => release.Blocks.Count));
    }

    [Theory]
    [MemberData(nameof(Offences))]
    public void Broken_rules_are_counted_and_end_the_link_at_the_bound(string _, object message)
    {
        Shake();
        Say(new PeerMessage.HaveNone(), new PeerMessage.Interested());
        for (int i = 1; i < DataLimits.MaxOffences; i++)
        {
            Say((PeerMessage)message);
        }

        Assert.False(IsClosed);
        Say((PeerMessage)message);
        Assert.True(IsClosed);
    }

    public static TheoryData<string, object> Offences() => new()
    {
        { "have beyond n", new PeerMessage.Have(Pieces) },
        { "second bitfield", new PeerMessage.HaveNone() },
        { "request beyond n", new PeerMessage.Request(Pieces, 0, 1) },
        { "request beyond the piece", new PeerMessage.Request(0, PieceLength - 1, 2) },
        { "reject of nothing", new PeerMessage.RejectRequest(0, 0, 1) },
        { "allowed fast beyond n", new PeerMessage.AllowedFast(Pieces) },
        { "broken extended handshake", new PeerMessage.Extended(0, new byte[] { (byte)'x' }) },
        { "broken ut_metadata", new PeerMessage.Extended(Greeter.MetadataId, new byte[] { (byte)'x' }) },
        { "broken ut_pex", new PeerMessage.Extended(Greeter.PeerExchangeId, new byte[] { (byte)'x' }) },
        { "hashes that nobody asked for", new PeerMessage.Hashes(default, new byte[32]) },
    };

    [Fact]
    public void A_wrong_bitfield_and_a_fast_message_without_the_extension_end_the_link()
    {
        Shake();
        Say(new PeerMessage.Bitfield(new byte[5]));
        Assert.True(IsClosed);
        _swarm = Make(seed: true);
        _effects.Clear();
        Shake(Handshake.ExtensionBit);
        Say(new PeerMessage.HaveAll());
        Assert.True(IsClosed);
    }

    [Fact]
    public void Peer_exchange_may_come_every_45_seconds_and_a_flood_ends_the_link()
    {
        Shake();
        Say(new PeerMessage.HaveNone());
        byte[] pex = new UtPex([new PexPeer(new PeerAddress(Stranger.Ip + 1, 7000), PexFlags.None)], []).Encode();
        for (int i = 0; i < 2 * DataLimits.MaxOffences; i++)
        {
            Say(new PeerMessage.Extended(Greeter.PeerExchangeId, pex));
            _now += DataLimits.LeastPeerExchangeInterval;
        }

        Assert.False(IsClosed);
        for (int i = 0; i <= DataLimits.MaxOffences; i++)
        {
            Say(new PeerMessage.Extended(Greeter.PeerExchangeId, pex));
        }

        Assert.True(IsClosed);
    }

    [Fact]
    public void Silence_is_answered_by_keep_alives_and_then_by_the_end()
    {
        Shake();
        Say(new PeerMessage.HaveNone());
        _effects.Clear();
        Pass(DataLimits.KeepAlive + TimeSpan.FromSeconds(3));
        Assert.Contains(Said, message => message is PeerMessage.KeepAlive);
        Assert.False(IsClosed);
        Pass(DataLimits.Idle - DataLimits.KeepAlive);
        Assert.True(IsClosed);
    }

    [Fact]
    public void A_handshake_has_ten_seconds()
    {
        Step(new DataInput.LinkOpened(_link, Stranger, Outgoing: true, null));
        Pass(DataLimits.HandshakeTimeout - TimeSpan.FromSeconds(1));
        Assert.False(IsClosed);
        Pass(TimeSpan.FromSeconds(3));
        Assert.True(IsClosed);
    }

    [Fact]
    public void Connections_are_bounded_in_all_and_an_address()
    {
        for (int i = 1; i <= 5; i++)
        {
            Shake(link: new LinkId(i), id: (byte)i, remote: Stranger with { Port = (ushort)i });
            Assert.Equal(i > new DataSwarmOptions { PeerId = default, Seed = 0 }.MaxPeersPerAddress, _effects.OfType<DataEffect.CloseLink>().Any());
        }

        _swarm = Make(seed: true);
        _effects.Clear();
        for (int i = 1; i <= 101; i++)
        {
            Shake(link: new LinkId(i), id: (byte)i, remote: new PeerAddress(Stranger.Ip + (uint)i, 1));
            Assert.Equal(i > new DataSwarmOptions { PeerId = default, Seed = 0 }.MaxPeers, _effects.OfType<DataEffect.CloseLink>().Any());
        }
    }

    [Fact]
    public void A_peer_id_has_one_connection_and_my_own_has_none()
    {
        Shake();
        _now += TimeSpan.FromMinutes(1);
        Say(new PeerMessage.KeepAlive());
        Shake(link: new LinkId(2), remote: Stranger with { Port = 9 });
        Assert.Equal([new LinkId(2)], _effects.OfType<DataEffect.CloseLink>().Select(close => close.Link));
        Step(new DataInput.LinkOpened(new LinkId(3), Stranger, false, new Handshake(0, Hash, PeerId.Create(new DeterministicRandom(1)))));
        Assert.Equal(2, _effects.OfType<DataEffect.CloseLink>().Count());
    }

    [Fact]
    public void Another_torrents_handshake_is_refused()
    {
        Step(new DataInput.LinkOpened(_link, Stranger, true, null));
        Step(new DataInput.HandshakeReceived(_link, new Handshake(0, default, Id(1))));
        Assert.True(IsClosed);
    }

    private static PeerAddress Stranger { get; } = PeerAddress.From(new System.Net.IPAddress([80, 4, 4, 200]), 6881);

    private static PeerId Id(byte number) => new(Enumerable.Repeat(number, PeerId.Size).ToArray());

    private DataSwarm Make(bool seed, int slots = 8)
    {
        _swarm = new DataSwarm(new DataSwarmOptions { V1 = Hash, PeerId = PeerId.Create(new DeterministicRandom(1)), Seed = 1, UploadSlots = slots });
        var have = new PieceBits(Pieces);
        if (seed)
        {
            have.Fill();
        }

        Step(new DataInput.Opened(new TorrentKnowledge(PieceLayout.Of(Pieces * PieceLength, PieceLength), new byte[100]) { V1 = Hash }, have));
        _effects.Clear();
        return _swarm;
    }

    private void Step(DataInput input) => _effects.AddRange(_swarm.Step(input, _now));

    private void Shake(ulong reserved = Handshake.ExtensionBit | Handshake.FastBit, LinkId? link = null, byte id = 1, PeerAddress? remote = null) =>
        Step(new DataInput.LinkOpened(link ?? _link, remote ?? Stranger, false, new Handshake(reserved, Hash, Id(id))));

    private void Say(params PeerMessage[] messages) =>
        Step(new DataInput.FramesReceived(_link, [.. messages.Select(DataFrame.Of)]));

    private void Ask(int count) => Step(new DataInput.FramesReceived(
        _link, [.. Enumerable.Repeat(DataFrame.OfRequest(new BlockRange(0, 0, BlockBuffer.Capacity)), count)]));

    private void SendBlock(int piece) => Step(new DataInput.FramesReceived(
        _link, [DataFrame.OfBlock(piece, 0, new BlockBuffer { Length = BlockBuffer.Capacity })]));

    private void Pass(TimeSpan time)
    {
        for (Instant end = _now + time; _now < end; _now += TimeSpan.FromSeconds(1))
        {
            Step(new DataInput.Tick());
        }
    }

    private static byte[] FullButOne()
    {
        var bits = new PieceBits(Pieces);
        bits.Fill();
        bits.Remove(0);
        return bits.Bytes.ToArray();
    }

    private static List<DataFrame> Frames(ReadOnlyMemory<byte> bytes)
    {
        var frames = new List<DataFrame>();
        ReadOnlySpan<byte> rest = bytes.Span.StartsWith(Handshake.Prefix) ? bytes.Span[Handshake.Size..] : bytes.Span;
        new DataFrameReader(() => new BlockBuffer()).Read(rest, frames);
        return frames;
    }
}
