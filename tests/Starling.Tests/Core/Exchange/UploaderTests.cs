using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Exchange;
using Starling.Core.Pieces;
using Starling.Core.Swarm;
using Starling.Core.Verification;
using Starling.Core.Wire;
using Starling.Tests.Core.Swarm;

namespace Starling.Tests.Core.Exchange;

public sealed class UploaderTests
{
    private static readonly int _length = MerkleTree.BlockSize + 10;
    private readonly SwarmParts _parts = new(pieces: 2);
    private readonly WorkerTable _workers = new();
    private readonly Uploader _uploader;

    public UploaderTests()
    {
        _uploader = new Uploader(_parts.Context, _parts.Map, _parts.Links, _workers, _parts.Map.Used);
        _parts.Map.Add(0, MerkleTree.ResultOf(new byte[_length]));
        _parts.Map.SetAcceptable(0, 1);
        _parts.Map.SetHeld(0, 0, held: true);
    }

    [Fact]
    public void Who_is_interested_is_served_at_once_while_there_is_room()
    {
        PeerLink peer = Interested("peer");
        Assert.Equal([new PeerMessage.Unchoke()], _parts.TakeSent(peer));
        _uploader.OnRequest(peer, new PeerMessage.Request(0, MerkleTree.BlockSize, 10));
        NodeEffect.SendBlock sent = Assert.Single(_parts.Context.Effects.OfType<NodeEffect.SendBlock>());
        Assert.Equal((0, MerkleTree.BlockSize, 10), (sent.Piece, sent.Begin, sent.Length));
        Assert.Equal(10, peer.Exchange.BytesUp);
    }

    [Theory]
    [InlineData(0, 0, 100, "not the whole block")]
    [InlineData(0, 16_384, 11, "beyond the end")]
    [InlineData(0, 32_768, 10, "behind the end")]
    [InlineData(0, 5, 10, "not at a block")]
    [InlineData(1, 0, 16_384, "not held")]
    [InlineData(2, 0, 16_384, "not a piece")]
    [InlineData(0, 0, 131_072, "too long")]
    public void What_cannot_be_served_is_rejected_at_once(int piece, int begin, int length, string why)
    {
        PeerLink peer = Interested("peer");
        _parts.TakeSent(peer);
        _uploader.OnRequest(peer, new PeerMessage.Request(piece, begin, length));
        Assert.True(_parts.TakeSent(peer) is [PeerMessage.RejectRequest reject] && reject == new PeerMessage.RejectRequest(piece, begin, length), why);
        Assert.DoesNotContain(_parts.Context.Effects, effect => effect is NodeEffect.SendBlock);
    }

    [Fact]
    public void A_choked_peers_request_is_rejected()
    {
        PeerLink peer = _parts.AddLink("peer");
        _uploader.OnRequest(peer, new PeerMessage.Request(0, 0, MerkleTree.BlockSize));
        Assert.Equal([new PeerMessage.RejectRequest(0, 0, MerkleTree.BlockSize)], _parts.TakeSent(peer));
    }

    [Fact]
    public void Requests_wait_here_while_the_peer_does_not_read_and_their_number_is_bounded()
    {
        PeerLink peer = Interested("peer");
        _parts.TakeSent(peer);
        peer.QueuedBytes = Uploader.HighMarkBytes;
        for (int i = 0; i < Uploader.MaxQueued; i++)
        {
            _uploader.OnRequest(peer, new PeerMessage.Request(0, 0, MerkleTree.BlockSize));
        }

        Assert.Empty(_parts.TakeSent(peer));
        _uploader.OnRequest(peer, new PeerMessage.Request(0, 0, MerkleTree.BlockSize));
        Assert.IsType<PeerMessage.RejectRequest>(Assert.Single(_parts.TakeSent(peer)));

        peer.QueuedBytes = Uploader.HighMarkBytes - 1;
        _uploader.OnDrained(peer);
        Assert.Single(_parts.Context.Effects.OfType<NodeEffect.SendBlock>());

        _uploader.OnCancel(peer, new PeerMessage.Cancel(0, 0, MerkleTree.BlockSize));
        Assert.Equal(Uploader.MaxQueued - 1, _parts.TakeSent(peer).Count(message => message is PeerMessage.RejectRequest));
        Assert.Empty(peer.Exchange.Uploads);
    }

    [Fact]
    public void Of_very_many_peers_those_that_helped_are_served_and_one_by_lot()
    {
        List<PeerLink> peers = [.. Enumerable.Range(0, Uploader.MaxUnchoked + 10).Select(i => Interested($"peer {i}"))];
        Assert.Equal(Uploader.MaxUnchoked, peers.Count(peer => !peer.Exchange.AmChoking));
        PeerLink worker = peers[^1];
        _workers.Find(worker.Key)!.Credit = 5;
        PeerLink giver = peers[^2];
        giver.Exchange.BytesDown = 1_000_000;
        _uploader.Tidy();
        Assert.False(worker.Exchange.AmChoking);
        Assert.False(giver.Exchange.AmChoking);
        Assert.Equal(Uploader.MaxUnchoked, peers.Count(peer => !peer.Exchange.AmChoking));

        // In time everybody gets his turn.
        HashSet<LinkId> served = [];
        for (int round = 0; round < 600; round++)
        {
            _parts.Pass(10);
            _uploader.Tidy();
            served.UnionWith(peers.Where(peer => !peer.Exchange.AmChoking).Select(peer => peer.Id));
        }

        Assert.Equal(peers.Count, served.Count);
    }

    [Fact]
    public void A_choke_rejects_what_waits()
    {
        PeerLink first = Interested("first");
        first.QueuedBytes = Uploader.HighMarkBytes;
        _uploader.OnRequest(first, new PeerMessage.Request(0, 0, MerkleTree.BlockSize));
        for (int i = 0; i < Uploader.MaxUnchoked + 1; i++)
        {
            _workers.Find(Interested($"better {i}").Key)!.Credit = 9;
        }

        _parts.TakeSent(first);
        for (int round = 0; round < 100 && !first.Exchange.AmChoking; round++)
        {
            _parts.Pass(10);
            _uploader.Tidy();
        }

        Assert.Equal([new PeerMessage.Choke(), new PeerMessage.RejectRequest(0, 0, MerkleTree.BlockSize)], _parts.TakeSent(first).Take(2));
    }

    private PeerLink Interested(string name)
    {
        PeerLink link = _parts.AddLink(name);
        _uploader.OnInterested(link);
        return link;
    }
}
