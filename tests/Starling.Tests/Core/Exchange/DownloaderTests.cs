using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Exchange;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Swarm;
using Starling.Core.Wire;
using Starling.Tests.Core.Swarm;

namespace Starling.Tests.Core.Exchange;

public sealed class DownloaderTests
{
    private static readonly TimeSpan _lease = TimeSpan.FromSeconds(5);
    private readonly SwarmParts _parts = new(pieces: 8);
    private readonly Downloader _downloader;

    public DownloaderTests() => _downloader = new Downloader(_parts.Context, _parts.Map, _parts.Links);

    [Fact]
    public void A_result_is_fetched_block_by_block_after_its_proof_and_committed()
    {
        byte[] content = Content(0, (2 * MerkleTree.BlockSize) + 5);
        PeerLink peer = Holder("peer", 0, content);
        _downloader.Pump();
        Assert.Equal([new PeerMessage.Interested()], _parts.TakeSent(peer));

        _downloader.OnUnchoke(peer);
        _downloader.Pump();
        Assert.Equal([new TaskMessage.ProofRequest(0, MerkleTree.ResultOf(content))], _parts.TakeSent(peer));

        _downloader.OnProof(peer, new TaskMessage.Proof(0, MerkleTree.ResultOf(content), MerkleTree.Leaves(content)));
        _downloader.Pump();
        PeerMessage.Request[] requests = [.. _parts.TakeSent(peer).Cast<PeerMessage.Request>()];
        Assert.Equal([MerkleTree.BlockSize, MerkleTree.BlockSize, 5], requests.Select(request => request.Length));

        foreach (PeerMessage.Request request in requests.Reverse())
        {
            _downloader.OnBlock(peer, new PeerMessage.Block(0, request.Begin, content.AsMemory(request.Begin, request.Length)));
        }

        Assert.Equal([2, 1, 0], _parts.Context.Effects.OfType<NodeEffect.WriteBlock>().Select(write => write.Block));
        Assert.Equal(MerkleTree.ResultOf(content), Assert.Single(_parts.Context.Effects.OfType<NodeEffect.CommitDownload>()).Result);
        _parts.Map.SetHeld(0, 0, held: true);
        _downloader.OnStored(0);
        Assert.False(_downloader.HasNeeds);
    }

    [Fact]
    public void An_empty_result_needs_no_peer()
    {
        Accept(3, []);
        Assert.Equal(new NodeEffect.CommitDownload(3, ResultId.Empty), Assert.Single(_parts.Context.Effects.OfType<NodeEffect.CommitDownload>()));
    }

    [Fact]
    public void A_wrong_block_ends_the_link_and_the_block_is_asked_of_another()
    {
        byte[] content = Content(0, 100);
        PeerLink liar = Unchoked(Holder("liar", 0, content));
        _downloader.Pump();
        _downloader.OnBlock(liar, new PeerMessage.Block(0, 0, new byte[100]));
        Assert.True(_parts.Links.IsBanned(liar.Key));
        Assert.Contains(_parts.Events, told => told is NodeEvent.Refused { Problem.Code: "wrong-block" });
        _downloader.OnLinkClosed(liar);

        PeerLink honest = Unchoked(Holder("honest", 0, content));
        _downloader.Pump();
        Assert.Contains(new PeerMessage.Request(0, 0, 100), _parts.TakeSent(honest));
    }

    [Theory]
    [InlineData("other root")]
    [InlineData("too few")]
    [InlineData("too many")]
    public void A_wrong_proof_ends_the_link(string lie)
    {
        byte[] content = Content(0, 3 * MerkleTree.BlockSize);
        PeerLink liar = Unchoked(Holder("liar", 0, content));
        _downloader.Pump();
        List<Starling.Core.Primitives.Hash256> leaves = [.. MerkleTree.Leaves(content)];
        switch (lie)
        {
            case "other root": leaves[1] = leaves[0]; break;
            case "too few": leaves.RemoveAt(2); break;

            // The tree is padded with zero hashes, so this has the right root.
            default: leaves.Add(default); break;
        }

        _downloader.OnProof(liar, new TaskMessage.Proof(0, MerkleTree.ResultOf(content), leaves));
        Assert.True(_parts.Links.IsBanned(liar.Key));
        Assert.Contains(_parts.Events, told => told is NodeEvent.Refused { Problem.Code: "wrong-proof" });
    }

    [Fact]
    public void A_block_of_what_the_peer_held_before_it_told_otherwise_is_no_lie()
    {
        byte[] content = Content(0, 100);
        PeerLink peer = Unchoked(Holder("peer", 0, content));
        _downloader.Pump();
        int other = _parts.Map.Add(0, MerkleTree.ResultOf("another"u8));
        _downloader.Learn(peer, 0, other);
        _downloader.OnBlock(peer, new PeerMessage.Block(0, 0, new byte[100]));
        Assert.False(_parts.Links.IsBanned(peer.Key));
        Assert.DoesNotContain(_parts.Context.Effects, effect => effect is NodeEffect.WriteBlock);
    }

    [Fact]
    public void What_was_not_asked_for_is_borne_a_while()
    {
        PeerLink peer = _parts.AddLink("peer");
        for (int i = 1; i < LinkTable.MaxOffences; i++)
        {
            _downloader.OnBlock(peer, new PeerMessage.Block(0, 0, new byte[1]));
        }

        Assert.True(peer.IsEstablished);
        _downloader.OnBlock(peer, new PeerMessage.Block(0, 0, new byte[1]));
        Assert.True(_parts.Links.IsBanned(peer.Key));
    }

    [Fact]
    public void Who_rejects_a_piece_is_not_asked_for_it_again()
    {
        byte[] content = Content(0, 100);
        PeerLink peer = Unchoked(Holder("peer", 0, content));
        _downloader.Pump();
        _parts.TakeSent(peer);
        _downloader.OnReject(peer, new PeerMessage.RejectRequest(0, 0, 100));
        Assert.Equal(0, _downloader.Availability(0));
        _downloader.Learn(peer, 0, 0);
        Assert.Equal(0, _downloader.Availability(0));
        _downloader.Pump();
        Assert.Empty(_parts.TakeSent(peer));

        // It is fetched from the next who has it.
        PeerLink other = Unchoked(Holder("other", 0, content));
        _downloader.Pump();
        Assert.Contains(new PeerMessage.Request(0, 0, 100), _parts.TakeSent(other));
    }

    [Fact]
    public void A_block_that_waits_is_asked_of_a_second_peer_and_the_first_answer_counts()
    {
        byte[] content = Content(0, 100);
        PeerLink slow = Unchoked(Holder("slow", 0, content));
        _downloader.Pump();
        Assert.Contains(new PeerMessage.Request(0, 0, 100), _parts.TakeSent(slow));
        PeerLink fast = Unchoked(Holder("fast", 0, content));
        _downloader.Pump();
        Assert.DoesNotContain(_parts.TakeSent(fast), message => message is PeerMessage.Request);

        _parts.Pass(3);
        _downloader.Tidy(_lease);
        _downloader.Pump();
        Assert.Contains(new PeerMessage.Request(0, 0, 100), _parts.TakeSent(fast));
        _downloader.OnBlock(fast, new PeerMessage.Block(0, 0, content));
        Assert.Contains(new PeerMessage.Cancel(0, 0, 100), _parts.TakeSent(slow));
        Assert.Single(_parts.Context.Effects.OfType<NodeEffect.CommitDownload>());

        // The slow one's answer was on its way: no offence, no second write.
        _downloader.OnBlock(slow, new PeerMessage.Block(0, 0, content));
        Assert.Equal(0, slow.Offences);
        Assert.Single(_parts.Context.Effects.OfType<NodeEffect.WriteBlock>());
    }

    [Fact]
    public void Who_chokes_for_ever_does_not_count_as_a_holder_until_it_unchokes()
    {
        PeerLink peer = Holder("peer", 0, Content(0, 100));
        _downloader.Pump();
        for (int second = 0; second < 25; second++)
        {
            _parts.Pass(1);
            _downloader.Tidy(_lease);
        }

        Assert.Equal(1, _downloader.Availability(0));
        for (int second = 0; second < 10; second++)
        {
            _parts.Pass(1);
            _downloader.Tidy(_lease);
        }

        Assert.Equal(0, _downloader.Availability(0));
        _downloader.OnUnchoke(peer);
        Assert.Equal(1, _downloader.Availability(0));
    }

    [Fact]
    public void What_a_peer_holds_that_answers_nothing_does_not_count_for_long()
    {
        PeerLink peer = Unchoked(Holder("peer", 0, Content(0, 100)));
        for (int piece = 1; piece < 8; piece++)
        {
            Accept(piece, Content(piece, 100));
            _downloader.Learn(peer, piece, 0);
        }

        for (int second = 0; second < 3_600 && Enumerable.Range(0, 8).Any(piece => _downloader.Availability(piece) > 0); second++)
        {
            _downloader.Pump();
            _parts.Pass(1);
            _downloader.Tidy(_lease);
        }

        Assert.All(Enumerable.Range(0, 8), piece => Assert.Equal(0, _downloader.Availability(piece)));

        // One late answer, and the rest counts again.
        PeerMessage.Request asked = _parts.TakeSent(peer).OfType<PeerMessage.Request>().First();
        _downloader.OnBlock(peer, new PeerMessage.Block(asked.Piece, 0, Content(asked.Piece, 100)));
        Assert.Contains(Enumerable.Range(0, 8), piece => _downloader.Availability(piece) == 1);
    }

    [Fact]
    public void A_link_that_ends_gives_its_requests_back()
    {
        byte[] content = Content(0, 100);
        PeerLink first = Unchoked(Holder("first", 0, content));
        PeerLink second = Unchoked(Holder("second", 0, content));
        _downloader.Pump();
        PeerLink asked = _parts.TakeSent(first).OfType<PeerMessage.Request>().Any() ? first : second;
        PeerLink other = asked == first ? second : first;
        _parts.TakeSent(other);
        _parts.Links.Remove(asked);
        _downloader.OnLinkClosed(asked);
        _downloader.Pump();
        Assert.Contains(new PeerMessage.Request(0, 0, 100), _parts.TakeSent(other));
    }

    [Fact]
    public void A_choke_gives_the_requests_back_too()
    {
        PeerLink peer = Unchoked(Holder("peer", 0, Content(0, 100)));
        _downloader.Pump();
        _parts.TakeSent(peer);
        _downloader.OnChoke(peer);
        _downloader.Pump();
        Assert.Empty(_parts.TakeSent(peer));
        _downloader.OnUnchoke(peer);
        _downloader.Pump();
        Assert.Contains(new PeerMessage.Request(0, 0, 100), _parts.TakeSent(peer));
    }

    [Fact]
    public void After_a_store_failure_the_result_is_fetched_again_when_it_is_reviewed()
    {
        byte[] content = Content(0, 100);
        PeerLink peer = Unchoked(Holder("peer", 0, content));
        _downloader.Pump();
        _downloader.OnBlock(peer, new PeerMessage.Block(0, 0, content));
        _parts.TakeSent(peer);
        _downloader.OnStoreFailed(0);
        _downloader.Pump();
        Assert.Empty(_parts.TakeSent(peer));
        _downloader.Review(0);
        _downloader.Pump();
        Assert.Contains(new PeerMessage.Request(0, 0, 100), _parts.TakeSent(peer));
    }

    [Fact]
    public void A_result_that_is_accepted_no_more_is_abandoned()
    {
        PeerLink peer = Unchoked(Holder("peer", 0, Content(0, 100)));
        _downloader.Pump();
        _parts.TakeSent(peer);
        _parts.Map.SetAcceptable(0, 0);
        _downloader.Review(0);
        Assert.Contains(new PeerMessage.Cancel(0, 0, 100), _parts.TakeSent(peer));
        Assert.Single(_parts.Context.Effects.OfType<NodeEffect.AbandonDownload>());
        Assert.False(_downloader.HasNeeds);
    }

    private static byte[] Content(int piece, int length)
    {
        var content = new byte[length];
        new Random(piece).NextBytes(content);
        return content;
    }

    private void Accept(int piece, byte[] content)
    {
        int candidate = _parts.Map.Add(piece, MerkleTree.ResultOf(content));
        _parts.Map.SetAcceptable(piece, (ushort)(1 << candidate));
        _downloader.Review(piece);
    }

    /// <summary>A neighbour that holds this content, which is accepted.</summary>
    private PeerLink Holder(string name, int piece, byte[] content)
    {
        PeerLink link = _parts.AddLink(name);
        Accept(piece, content);
        _downloader.Learn(link, piece, _parts.Map.IndexOf(piece, MerkleTree.ResultOf(content)));
        return link;
    }

    [Fact]
    public void Block_hashes_that_one_peer_does_not_send_are_soon_asked_of_another()
    {
        byte[] content = Content(0, 3 * MerkleTree.BlockSize);
        PeerLink silent = Unchoked(Holder("silent", 0, content));
        _downloader.Pump();
        PeerLink other = Unchoked(Holder("other", 0, content));
        _downloader.Pump();
        Assert.DoesNotContain(_parts.TakeSent(other), message => message is TaskMessage.ProofRequest);

        _parts.Pass(3);
        _downloader.Tidy(_lease);
        _downloader.Pump();
        Assert.Contains(new TaskMessage.ProofRequest(0, MerkleTree.ResultOf(content)), _parts.TakeSent(other));

        // Whoever answers first is heard.
        _downloader.OnProof(silent, new TaskMessage.Proof(0, MerkleTree.ResultOf(content), MerkleTree.Leaves(content)));
        _downloader.Pump();
        Assert.Contains(_parts.TakeSent(silent), message => message is PeerMessage.Request);
    }

    [Fact]
    public void Who_has_delivered_nothing_is_asked_for_one_thing_at_a_time()
    {
        PeerLink peer = Unchoked(Holder("peer", 0, Content(0, 100)));
        for (int piece = 1; piece < 8; piece++)
        {
            byte[] content = Content(piece, 100);
            Accept(piece, content);
            _downloader.Learn(peer, piece, 0);
        }

        _downloader.Pump();
        PeerMessage.Request only = Assert.Single(_parts.TakeSent(peer).OfType<PeerMessage.Request>());
        _downloader.OnBlock(peer, new PeerMessage.Block(only.Piece, 0, Content(only.Piece, 100)));
        _downloader.Pump();
        Assert.True(_parts.TakeSent(peer).OfType<PeerMessage.Request>().Count() > 1);
    }

    [Fact]
    public void Who_owes_something_and_is_silent_is_no_holder_until_it_sends_something()
    {
        PeerLink peer = Unchoked(Holder("peer", 0, Content(0, 100)));
        var silent = new List<PeerLink>();
        var downloader = new Downloader(_parts.Context, _parts.Map, _parts.Links) { FellSilent = silent.Add };
        downloader.Review(0);
        downloader.Pump();
        _parts.Pass(9);
        downloader.Tidy(_lease);
        Assert.Equal((1, 0), (downloader.Availability(0), silent.Count));

        _parts.Pass(2);
        downloader.Tidy(_lease);
        Assert.Equal((0, false), (downloader.Availability(0), downloader.IsDeliverable(0)));
        Assert.Equal([peer], silent);
        Assert.True(peer.IsEstablished);

        downloader.OnBlock(peer, new PeerMessage.Block(0, 0, Content(0, 100)));
        Assert.Equal((1, true), (downloader.Availability(0), downloader.IsDeliverable(0)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Who_was_late_and_owes_nothing_any_more_is_asked_again(bool chokes)
    {
        PeerLink peer = Unchoked(Holder("peer", 0, Content(0, 100)));
        _downloader.Pump();
        _parts.Pass(5);
        _downloader.Tidy(_lease);
        if (chokes)
        {
            _downloader.OnChoke(peer);
            _downloader.OnUnchoke(peer);
        }
        else
        {
            _downloader.OnReject(peer, new PeerMessage.RejectRequest(0, 0, 100));
            Accept(1, Content(1, 100));
            _downloader.Learn(peer, 1, 0);
        }

        _parts.TakeSent(peer);
        _downloader.Tidy(_lease);
        _downloader.Pump();
        Assert.Single(_parts.TakeSent(peer).OfType<PeerMessage.Request>());
    }

    private PeerLink Unchoked(PeerLink link)
    {
        _downloader.OnUnchoke(link);
        return link;
    }
}
