using System.Collections.Generic;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Swarm;
using Starling.Core.Wire;

namespace Starling.Tests.Core.Swarm;

/// <summary>What a neighbour may say unasked.</summary>
public sealed class FloodTests
{
    private readonly SwarmParts _parts = new(pieces: 8);

    [Fact]
    public void Who_says_more_than_its_notices_is_banned()
    {
        PeerLink peer = _parts.AddLink("peer");
        for (int i = 0; i < LinkTable.MaxNotices; i++)
        {
            Assert.True(_parts.Links.BearsNotice(peer, new PeerMessage.Have(1)));
        }

        Assert.False(_parts.Links.BearsNotice(peer, new PeerMessage.Have(1)));
        Assert.True(_parts.Links.IsBanned(peer.Key));
        Assert.Contains(_parts.Events, told => told is NodeEvent.Refused { Problem.Code: "flood" });
    }

    [Fact]
    public void Notices_at_the_allowed_rate_are_borne_for_ever()
    {
        PeerLink peer = _parts.AddLink("peer");
        for (int second = 0; second < 60; second++)
        {
            _parts.Pass(1);
            Assert.All(Enumerable.Range(0, LinkTable.NoticesPerSecond), _ => Assert.True(_parts.Links.BearsNotice(peer, new PeerMessage.Interested())));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_held_or_released_of_half_a_million_pieces_is_told_as_the_neighbour_reads_it(bool released)
    {
        const int many = 500_000;
        PeerLink peer = _parts.AddLink("peer");
        var contradictions = new Contradictions(_parts.Context, _parts.Links, SwarmParts.TaskId);
        var gossip = new SwarmGossip(_parts.Context, _parts.Links, new AttestationLogs(_parts.Context.Self), _parts.Scheduler, contradictions, SwarmParts.TaskId);
        ResultId result = MerkleTree.ResultOf("x"u8);
        List<Attestation> untold = released ? peer.Gossip.UntoldReleased : peer.Gossip.UntoldHeld;
        untold.AddRange(Enumerable.Range(0, many).Select(piece => new Attestation(piece, result)));
        peer.Gossip.Hurry(_parts.Context.Now);
        int told = 0;
        for (int round = 0; round < 1_000 && told < many; round++)
        {
            gossip.Flush();
            Assert.InRange(peer.QueuedBytes, 0, LinkTable.MaxQueuedBytes / 4);
            foreach (object message in _parts.TakeSent(peer))
            {
                told += message is TaskMessage.Held held ? held.Results.Count : message is TaskMessage.Released gone ? gone.Results.Count : 0;
            }

            peer.QueuedBytes = 0;
            _parts.Pass(1);
        }

        Assert.Equal((many, 0), (told, untold.Count));
    }

    [Fact]
    public void Blocks_and_requests_for_them_are_no_notices()
    {
        PeerLink peer = _parts.AddLink("peer");
        for (int i = 0; i < 10 * LinkTable.MaxNotices; i++)
        {
            Assert.True(_parts.Links.BearsNotice(peer, new PeerMessage.Request(1, 0, 100)));
        }
    }

    [Fact]
    public void A_neighbour_brings_claims_of_some_unknown_workers_and_then_of_one_now_and_then()
    {
        var cursor = new GossipCursor();
        Assert.All(Enumerable.Range(0, GossipCursor.MaxIntroductions), _ => Assert.True(cursor.MayIntroduce(_parts.Context.Now, isStart: false)));
        Assert.False(cursor.MayIntroduce(_parts.Context.Now, isStart: false));
        _parts.Pass(10);
        Assert.True(cursor.MayIntroduce(_parts.Context.Now, isStart: false));
        Assert.False(cursor.MayIntroduce(_parts.Context.Now, isStart: false));

        Assert.All(Enumerable.Range(0, GossipCursor.MaxFirstIntroductions), _ => Assert.True(cursor.MayIntroduce(_parts.Context.Now, isStart: true)));
        Assert.False(cursor.MayIntroduce(_parts.Context.Now, isStart: true));
    }
}
