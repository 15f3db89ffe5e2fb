using System;
using System.Linq;
using System.Net;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Primitives;
using Starling.Core.Swarm;
using Starling.Core.Wire;
using Starling.Tests.Core.Crypto;

namespace Starling.Tests.Core.Swarm;

public sealed class LinkHandshakeTests
{
    private static readonly byte[] _secret = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    private static readonly PeerId _self = Id(0);
    private readonly SwarmParts _parts = new(pieces: 1);

    [Fact]
    public void A_peer_that_proves_itself_is_established()
    {
        PeerLink link = Meet(Handshake(_parts), _parts, "peer", outgoing: false, Id(1));
        Assert.Equal(LinkStage.Established, link.Stage);
        Assert.Equal(new StandInIdentity("peer").PublicKey, link.Key);
        Assert.Same(link, _parts.Links.Find(link.Key));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Of_two_links_to_one_process_both_sides_keep_the_same(bool firstOutgoing, bool secondOutgoing)
    {
        // The same two links as the other side sees them: what goes out here comes in there.
        bool here = KeepsFirst("me", "peer", firstOutgoing, secondOutgoing);
        bool there = KeepsFirst("peer", "me", !firstOutgoing, !secondOutgoing);
        Assert.Equal(here, there);
        Assert.True(firstOutgoing != secondOutgoing || here, "of two in the same direction the older one stays");
    }

    [Fact]
    public void A_new_process_of_the_peer_replaces_the_old_ones_link()
    {
        LinkHandshake handshake = Handshake(_parts);
        PeerLink old = Meet(handshake, _parts, "peer", outgoing: false, Id(1));
        PeerLink fresh = Meet(handshake, _parts, "peer", outgoing: false, Id(2));
        Assert.Equal((LinkStage.Closing, LinkStage.Established), (old.Stage, fresh.Stage));
        Assert.Same(fresh, _parts.Links.Find(fresh.Key));
        Assert.DoesNotContain(_parts.Events, told => told is NodeEvent.Refused);
    }

    [Fact]
    public void Myself_is_dropped_in_silence_and_my_key_elsewhere_with_a_word()
    {
        LinkHandshake handshake = Handshake(_parts);
        Assert.Equal(LinkStage.Closing, Meet(handshake, _parts, "me", outgoing: true, _self).Stage);
        Assert.DoesNotContain(_parts.Events, told => told is NodeEvent.Refused);

        Assert.Equal(LinkStage.Closing, Meet(handshake, _parts, "me", outgoing: true, Id(1)).Stage);
        Assert.Equal("same-identity", Assert.Single(_parts.Events.OfType<NodeEvent.Refused>()).Problem.Code);
    }

    [Fact]
    public void Who_was_banned_does_not_come_back_under_the_same_key()
    {
        LinkHandshake handshake = Handshake(_parts);
        PeerLink link = Meet(handshake, _parts, "peer", outgoing: false, Id(1));
        _parts.Links.Ban(link, "wrong-block", "sent a wrong block");
        Assert.Equal(LinkStage.Closing, Meet(handshake, _parts, "peer", outgoing: false, Id(2)).Stage);
        Assert.Equal(LinkStage.Established, Meet(handshake, _parts, "other", outgoing: false, Id(3)).Stage);
    }

    [Theory]
    [InlineData(true, true, null)]
    [InlineData(true, false, "no-member")]
    [InlineData(false, true, "no-member")]
    [InlineData(false, false, null)]
    public void Members_and_strangers_do_not_mix_and_both_hear_why(bool amMember, bool isMember, string? code)
    {
        var options = new NodeOptions { TaskId = SwarmParts.TaskId, Incarnation = 1, Secret = amMember ? _secret : default };
        var parts = new SwarmParts(1, options);
        PeerLink link = Meet(Handshake(parts), parts, "peer", outgoing: false, Id(1), isMember ? _secret : default);
        Assert.Equal(code is null ? LinkStage.Established : LinkStage.Closing, link.Stage);
        Assert.Equal(code, parts.Events.OfType<NodeEvent.Refused>().SingleOrDefault()?.Problem.Code);
    }

    [Fact]
    public void Refusals_are_told_in_bounds()
    {
        LinkHandshake handshake = Handshake(_parts);
        for (int i = 0; i < 100; i++)
        {
            PeerLink link = AddLink(_parts, outgoing: false);
            handshake.OnHandshake(link, new Handshake(0, InfoHash.Of(SwarmParts.TaskId), Id(1)).Encode());
        }

        Assert.Equal(NodeContext.MaxRefusalsPerSecond, _parts.Events.Count(told => told is NodeEvent.Refused));
        _parts.Pass(1);
        handshake.OnHandshake(AddLink(_parts, outgoing: false), new byte[68]);
        Assert.Equal(NodeContext.MaxRefusalsPerSecond + 1, _parts.Events.Count(told => told is NodeEvent.Refused));
    }

    [Theory]
    [InlineData("192.168.1.9", 6881)]
    [InlineData("127.0.0.1", 6881)]
    [InlineData("198.51.100.9", 7001)]
    [InlineData("2001:db8::9", 6881)]
    public void A_peer_is_told_the_port_under_which_its_own_network_reaches_this_one(string remote, int port)
    {
        LinkHandshake handshake = Handshake(_parts);
        handshake.Own = [PeerAddress.From(IPAddress.Parse("192.168.1.2"), 6881), PeerAddress.From(IPAddress.Parse("203.0.113.5"), 7001)];
        var link = new PeerLink(
            new LinkId(1), PeerAddress.From(IPAddress.Parse(remote), 1001), outgoing: false, Hash256.Of([1]), Hash256.Of([2]), _parts.Context.Now);
        _parts.Links.Add(link);
        handshake.OnHandshake(
            link, new Handshake(Starling.Core.Wire.Handshake.ExtensionBit | Starling.Core.Wire.Handshake.FastBit, InfoHash.Of(SwarmParts.TaskId), Id(1)).Encode());
        ReadOnlyMemory<byte> sent = _parts.Context.Effects.OfType<NodeEffect.Send>().Last().Bytes;
        Assert.True(PeerMessageCodec.TryDecode(sent[PeerMessageCodec.PrefixSize..], out PeerMessage? message));
        Assert.True(ExtendedHandshake.TryDecode(Assert.IsType<PeerMessage.Extended>(message).Payload, out ExtendedHandshake? said));
        Assert.Equal(port, (int)said.ListenPort!.Value);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Proved_peers_with_nodes_of_the_DHT_tell_each_other_where(bool here, bool there)
    {
        var parts = new SwarmParts(1, new NodeOptions { TaskId = SwarmParts.TaskId, Incarnation = 1, HasDhtNode = here });
        LinkHandshake handshake = Handshake(parts);
        handshake.Own = [PeerAddress.From(IPAddress.Parse("192.0.2.2"), 6881)];
        PeerLink link = Meet(handshake, parts, "peer", outgoing: false, Id(1), hasDhtNode: there);
        PeerMessage?[] said = [.. parts.Context.Effects.OfType<NodeEffect.Send>().Select(send =>
            PeerMessageCodec.TryDecode(send.Bytes[PeerMessageCodec.PrefixSize..], out PeerMessage? message) ? message : null)];
        Assert.Equal(here && there ? [6881] : [], said.OfType<PeerMessage.Port>().Select(port => (int)port.Number));

        handshake.OnPort(link, 0);
        handshake.OnPort(link, 7000);
        handshake.OnPort(link, 7001);
        Assert.Equal(
            here ? [link.Remote with { Port = 7000 }] : [], parts.Context.Effects.OfType<NodeEffect.PeerHasNode>().Select(told => told.Address));
    }

    private static LinkHandshake Handshake(SwarmParts parts) =>
        new(parts.Context, parts.Links, new AddressBook(parts.Context.Random), _self);

    private static PeerId Id(byte number) => new([.. Enumerable.Repeat(number, PeerId.Size)]);

    private static PeerLink AddLink(SwarmParts parts, bool outgoing)
    {
        int number = parts.Links.Count + 1;
        var link = new PeerLink(
            new LinkId(number), PeerAddress.From(IPAddress.Parse("192.0.2.1"), 1000 + number), outgoing,
            Hash256.Of([1, (byte)number]), Hash256.Of([2, (byte)number]), parts.Context.Now);
        parts.Links.Add(link);
        return link;
    }

    /// <summary>A link on which this identity says all that it should.</summary>
    private static PeerLink Meet(
        LinkHandshake handshake, SwarmParts parts, string name, bool outgoing, PeerId id, ReadOnlyMemory<byte> secret = default, bool hasDhtNode = false)
    {
        PeerLink link = AddLink(parts, outgoing);
        handshake.Open(link);
        ulong reserved = Starling.Core.Wire.Handshake.ExtensionBit | Starling.Core.Wire.Handshake.FastBit | (hasDhtNode ? Starling.Core.Wire.Handshake.DhtBit : 0);
        handshake.OnHandshake(
            link, new Handshake(reserved, InfoHash.Of(SwarmParts.TaskId), id).Encode());
        StHandshake st = LinkBinding.Create(
            new StandInIdentity(name), outgoing ? LinkRole.Responder : LinkRole.Initiator, link.RemoteCertificate, link.LocalCertificate,
            SwarmParts.TaskId, secret.Span, cores: 1, "");
        handshake.OnIdentity(link, new ExtendedHandshake { Extensions = [], St = st }.Encode());
        return link;
    }

    private static bool KeepsFirst(string self, string peer, bool firstOutgoing, bool secondOutgoing)
    {
        var parts = new SwarmParts(1, self: self);
        LinkHandshake handshake = Handshake(parts);
        PeerLink first = Meet(handshake, parts, peer, firstOutgoing, Id(1));
        PeerLink second = Meet(handshake, parts, peer, secondOutgoing, Id(1));
        Assert.NotEqual(first.Stage, second.Stage);
        Assert.Single(parts.Links.Established);
        return first.IsEstablished;
    }
}
