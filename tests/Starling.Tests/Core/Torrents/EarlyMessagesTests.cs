using System.Collections.Generic;
using System.Linq;
using System.Net;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Torrents;
using Starling.Core.Wire;

namespace Starling.Tests.Core.Torrents;

/// <summary>What peers said of their pieces before the metadata was known is judged once it is.</summary>
public sealed class EarlyMessagesTests
{
    private const int Pieces = 20;
    private const int PieceLength = 4 * BlockBuffer.Capacity;
    private static readonly InfoHash Hash = new(Hash256.Of("torrent"u8).ToArray());
    private readonly DataSwarm _swarm = new(new DataSwarmOptions { V1 = Hash, PeerId = Id(99), Seed = 1 });
    private readonly List<DataEffect> _effects = [];

    [Fact]
    public void Peers_that_said_what_cannot_be_are_sent_away_and_the_others_stay()
    {
        Say(1, new PeerMessage.Bitfield(new byte[1]));
        Say(2, [.. Enumerable.Repeat(new PeerMessage.Have(Pieces), DataLimits.MaxOffences + 1)]);
        Say(3, new PeerMessage.Bitfield(new byte[] { 0xFF, 0xFF, 0xFF }));
        Say(4, new PeerMessage.HaveAll());
        Say(5, new PeerMessage.HaveNone(), new PeerMessage.Have(7));
        Step(new DataInput.Opened(new TorrentKnowledge(PieceLayout.Of(Pieces * PieceLength, PieceLength), new byte[100]) { V1 = Hash }, new PieceBits(Pieces)));
        Assert.Equal([1, 2, 3], _effects.OfType<DataEffect.CloseLink>().Select(close => close.Link.Value));
        DataSnapshot seen = _swarm.Snapshot(default, withPeers: true);
        Assert.Equal([Pieces, 1], seen.Peers.Select(peer => peer.Pieces));
    }

    [Fact]
    public void A_full_torrent_leaves_early_seeds()
    {
        Say(1, new PeerMessage.HaveAll());
        Say(2, new PeerMessage.HaveNone());
        var have = new PieceBits(Pieces);
        have.Fill();
        Step(new DataInput.Opened(new TorrentKnowledge(PieceLayout.Of(Pieces * PieceLength, PieceLength), new byte[100]) { V1 = Hash }, have));
        Assert.Equal([1], _effects.OfType<DataEffect.CloseLink>().Select(close => close.Link.Value));
    }

    private static PeerId Id(byte number) => new(Enumerable.Repeat(number, PeerId.Size).ToArray());

    private void Say(byte number, params PeerMessage[] messages)
    {
        var link = new LinkId(number);
        PeerAddress address = PeerAddress.From(new IPAddress([80, 4, 4, number]), 6881);
        Step(new DataInput.LinkOpened(link, address, false, new Handshake(Handshake.ExtensionBit | Handshake.FastBit, Hash, Id(number))));
        Step(new DataInput.FramesReceived(link, [.. messages.Select(DataFrame.Of)]));
    }

    private void Step(DataInput input) => _effects.AddRange(_swarm.Step(input, Instant.FromSeconds(10)));
}
