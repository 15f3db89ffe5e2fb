using System.Linq;
using System.Text;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Swarm;
using Starling.Core.Tasks;
using Starling.Tests.Core.Crypto;
using Starling.Tests.Core.Tasks;

namespace Starling.Tests.Core.Swarm;

public sealed class HitSearchTests
{
    private static readonly byte[] _hit = "17 is it\n"u8.ToArray();
    private readonly SwarmParts _parts;
    private readonly HitSearch _search;
    private readonly PeerLink _peer;

    public HitSearchTests()
    {
        _parts = new SwarmParts(8, new NodeOptions { TaskId = SwarmParts.TaskId, Incarnation = 1 });
        _search = Make(_parts, Until.First);
        _peer = _parts.AddLink("peer");
    }

    [Fact]
    public void The_first_finished_piece_with_content_ends_the_search_and_its_loss_resumes_it()
    {
        ResultId result = MerkleTree.ResultOf(_hit);
        Assert.False(_search.OnFinished(1, ResultId.Empty));
        Assert.False(_search.HasHit);
        Assert.True(_search.OnFinished(2, result));
        Assert.False(_search.OnFinished(3, result));
        Assert.True(_search.HasHit);
        Assert.False(_search.OnUnfinished(2));
        Assert.True(_search.OnUnfinished(3));
        Assert.False(_search.HasHit);
    }

    [Fact]
    public void A_task_that_wants_everything_has_no_hits()
    {
        HitSearch all = Make(_parts, Until.All);
        Assert.False(all.OnFinished(2, MerkleTree.ResultOf(_hit)));
        Assert.False(all.TryTake(_peer, Found(2, _hit), out _));
        all.OnPublished(Batch(2, _hit));
        Assert.Empty(_parts.Context.Effects);
    }

    [Fact]
    public void My_hit_is_read_and_told_with_its_attestation()
    {
        _search.OnPublished(Batch(5, _hit));
        NodeEffect.LoadContent load = Assert.Single(_parts.Context.Effects.OfType<NodeEffect.LoadContent>());
        Assert.Equal((5, MerkleTree.ResultOf(_hit)), (load.Piece, load.Result));
        _search.OnContent(5, load.Result, _hit);
        TaskMessage.Found found = Assert.IsType<TaskMessage.Found>(Assert.Single(_parts.TakeSent(_peer)));
        Assert.Equal(5, found.Piece);
        Assert.Equal(_hit, found.Content.ToArray());

        // Once is enough; and what can't be read is not told.
        _search.OnPublished(Batch(5, _hit));
        Assert.Single(_parts.Context.Effects.OfType<NodeEffect.LoadContent>());
        _search.OnContent(5, load.Result, _hit);
        Assert.Empty(_parts.TakeSent(_peer));
    }

    [Fact]
    public void A_hit_is_taken_once()
    {
        Assert.True(_search.TryTake(_peer, Found(2, _hit), out ResultId result));
        Assert.Equal(MerkleTree.ResultOf(_hit), result);
        Assert.False(_search.TryTake(_peer, Found(2, _hit), out _));
        Assert.False(_parts.Links.IsBanned(_peer.Key));
    }

    [Fact]
    public void A_hit_that_its_attestation_does_not_name_ends_the_link()
    {
        Assert.False(_search.TryTake(_peer, Found(2, _hit) with { Content = "another"u8.ToArray() }, out _));
        Assert.Equal("bad-found", Assert.Single(_parts.Events.OfType<NodeEvent.Refused>()).Problem.Code);
        Assert.True(_parts.Links.IsBanned(_peer.Key));
    }

    [Fact]
    public void A_hit_of_large_content_is_stored_block_by_block()
    {
        byte[] content = Encoding.ASCII.GetBytes(new string('x', MerkleTree.BlockSize + 3));
        ResultId result = MerkleTree.ResultOf(content);
        _search.Store(4, result, content);
        NodeEffect.WriteBlock[] writes = [.. _parts.Context.Effects.OfType<NodeEffect.WriteBlock>()];
        Assert.Equal([MerkleTree.BlockSize, 3], writes.Select(write => write.Data.Length));
        Assert.Equal(new NodeEffect.CommitDownload(4, result), _parts.Context.Effects[^1]);
    }

    [Fact]
    public void A_hit_is_passed_on_to_everybody_else()
    {
        PeerLink other = _parts.AddLink("other");
        _search.Forward(_peer, Found(2, _hit));
        Assert.Empty(_parts.TakeSent(_peer));
        Assert.IsType<TaskMessage.Found>(Assert.Single(_parts.TakeSent(other)));
    }

    private static HitSearch Make(SwarmParts parts, Until until) =>
        new(parts.Context, TaskSamples.Plain() with { Until = until }, parts.Map, parts.Links);

    private static AttestationBatch Batch(int piece, byte[] content) => AttestationBatchCodec.Sign(
        new StandInIdentity("finder"), SwarmParts.TaskId, 1, 0, "", [new Attestation(piece, MerkleTree.ResultOf(content))]);

    private static TaskMessage.Found Found(int piece, byte[] content) => new(Batch(piece, content), piece, content);
}
