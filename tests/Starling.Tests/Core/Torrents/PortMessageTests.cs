using System.Collections.Generic;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Torrents;
using Starling.Core.Wire;

namespace Starling.Tests.Core.Torrents;

/// <summary>BEP 5, "BitTorrent protocol extension": peers tell each other where their nodes of the DHT are.</summary>
public sealed class PortMessageTests
{
    private const int PieceLength = BlockBuffer.Capacity;
    private const ushort Own = 7001;
    private static readonly InfoHash Hash = new(Hash256.Of("torrent"u8).ToArray());
    private static readonly PeerAddress Stranger = PeerAddress.From(new System.Net.IPAddress([80, 4, 4, 200]), 6881);
    private readonly LinkId _link = new(1);
    private readonly List<DataEffect> _effects = [];

    [Fact]
    public void Two_peers_with_nodes_tell_each_other()
    {
        var net = new DataNet(4, PieceLength);
        NetNode seed = net.Add(seed: true, options: options => options with { HasDhtNode = true });
        NetNode leecher = net.Add(options: options => options with { HasDhtNode = true });
        NetNode without = net.Add();
        net.Introduce(leecher, seed);
        net.Introduce(without, seed);

        Assert.True(net.Run(() => leecher.IsComplete && without.IsComplete));

        Assert.Equal([seed.Address], Told(leecher.Events));
        Assert.Equal([leecher.Address], Told(seed.Events));
        Assert.Empty(Told(without.Events));
    }

    [Theory]
    [InlineData(true, true, false, true)]
    [InlineData(true, false, false, false)]
    [InlineData(false, true, false, false)]
    [InlineData(true, true, true, false)]
    public void The_port_is_told_to_who_asks_for_it_unless_the_torrent_is_private(bool here, bool there, bool isPrivate, bool told)
    {
        DataSwarm swarm = Make(here, isPrivate);
        Shake(swarm, there);
        Assert.Equal(here && !isPrivate, Handshakes().Single().SupportsDht);
        Assert.Equal(told ? [Own] : [], Said().OfType<PeerMessage.Port>().Select(port => port.Number));
    }

    [Fact]
    public void One_node_is_taken_from_a_connection_and_none_without_a_port()
    {
        DataSwarm swarm = Make(hasNode: true, isPrivate: false);
        Shake(swarm, hasNode: true);
        foreach (ushort port in new ushort[] { 0, 9001, 9002, 9003 })
        {
            Step(swarm, new DataInput.FramesReceived(_link, [DataFrame.Of(new PeerMessage.Port(port))]));
        }

        Assert.Equal([Stranger with { Port = 9001 }], Told(_effects.OfType<DataEffect.Report>().Select(report => report.Event)));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public void Who_has_no_use_for_a_node_takes_none(bool hasNode, bool isPrivate)
    {
        DataSwarm swarm = Make(hasNode, isPrivate);
        Shake(swarm, hasNode: true);
        Step(swarm, new DataInput.FramesReceived(_link, [DataFrame.Of(new PeerMessage.Port(9001))]));
        Assert.Empty(Told(_effects.OfType<DataEffect.Report>().Select(report => report.Event)));
    }

    private static PeerAddress[] Told(IEnumerable<DataEvent> events) => [.. events.OfType<DataEvent.NodeTold>().Select(told => told.Address)];

    private DataSwarm Make(bool hasNode, bool isPrivate)
    {
        var swarm = new DataSwarm(new DataSwarmOptions
        {
            V1 = Hash,
            PeerId = PeerId.Create(new DeterministicRandom(1)),
            Seed = 1,
            ListenPort = Own,
            HasDhtNode = hasNode,
        });
        var knowledge = new TorrentKnowledge(PieceLayout.Of(4 * PieceLength, PieceLength), new byte[100]) { V1 = Hash, IsPrivate = isPrivate };
        Step(swarm, new DataInput.Opened(knowledge, new PieceBits(4)));
        return swarm;
    }

    private void Shake(DataSwarm swarm, bool hasNode)
    {
        ulong reserved = Handshake.FastBit | (hasNode ? Handshake.DhtBit : 0);
        Step(swarm, new DataInput.LinkOpened(_link, Stranger, false, new Handshake(reserved, Hash, new PeerId(Enumerable.Repeat((byte)1, PeerId.Size).ToArray()))));
    }

    private void Step(DataSwarm swarm, DataInput input) => _effects.AddRange(swarm.Step(input, Instant.FromSeconds(10)));

    private IEnumerable<Handshake> Handshakes()
    {
        foreach (DataEffect.Send send in _effects.OfType<DataEffect.Send>())
        {
            if (send.Bytes.Length >= Handshake.Size && Handshake.TryDecode(send.Bytes.Span[..Handshake.Size], out Handshake handshake))
            {
                yield return handshake;
            }
        }
    }

    private List<PeerMessage> Said()
    {
        var frames = new List<DataFrame>();
        var reader = new DataFrameReader(() => new BlockBuffer());
        foreach (DataEffect.Send send in _effects.OfType<DataEffect.Send>())
        {
            bool greets = send.Bytes.Length >= Handshake.Size && Handshake.TryDecode(send.Bytes.Span[..Handshake.Size], out _);
            reader.Read(greets ? send.Bytes.Span[Handshake.Size..] : send.Bytes.Span, frames);
        }

        return [.. frames.Where(frame => frame.Kind == DataFrameKind.Message).Select(frame => frame.Message)];
    }
}
