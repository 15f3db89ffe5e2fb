using System.Collections.Generic;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Swarm;
using Starling.Tests.Core.Crypto;

namespace Starling.Tests.Core.Swarm;

/// <summary>Workers that sign two results of one piece, and how all learn of it.</summary>
public sealed class ContradictionsTests
{
    private static readonly StandInIdentity _worker = new("two faces");

    private readonly SwarmParts _parts = new(pieces: 8);
    private readonly List<(PublicKey Worker, int Piece)> _found = [];
    private readonly Contradictions _contradictions;
    private readonly SwarmGossip _gossip;

    public ContradictionsTests()
    {
        _contradictions = new Contradictions(_parts.Context, _parts.Links, SwarmParts.TaskId) { Found = (worker, piece) => _found.Add((worker, piece)) };
        _gossip = new SwarmGossip(_parts.Context, _parts.Links, new AttestationLogs(_parts.Context.Self), _parts.Scheduler, _contradictions, SwarmParts.TaskId);
    }

    [Fact]
    public void Two_batches_under_one_number_are_noticed_and_handed_to_every_neighbour()
    {
        PeerLink one = _parts.AddLink("one");
        PeerLink other = _parts.AddLink("other");
        PeerLink third = _parts.AddLink("third");
        Assert.True(_gossip.OnAttests(one, Says(Batch(1, 0, "right"))));
        Assert.True(_gossip.OnAttests(other, Says(Batch(1, 0, "wrong"))));
        Assert.Equal([(_worker.PublicKey, 3)], _found);
        foreach (PeerLink link in new[] { one, other, third })
        {
            Contradiction told = Assert.Single(_parts.TakeSent(link).OfType<TaskMessage.Attests>().SelectMany(said => said.Contradictions));
            Assert.Equal((_worker.PublicKey, 3), (told.Worker, told.Piece()));
        }

        // Once is enough.
        _gossip.OnAttests(third, Says(Batch(1, 0, "wrong")));
        Assert.Single(_found);
        Assert.Empty(_parts.TakeSent(one));
    }

    [Fact]
    public void Further_logs_than_a_worker_may_have_still_prove_something()
    {
        PeerLink peer = _parts.AddLink("peer");
        for (int log = 1; log <= AttestationLogs.MaxLogsPerWorker; log++)
        {
            Assert.True(_gossip.OnAttests(peer, Says(Batch(log, 0, "right"))));
        }

        Assert.Empty(_found);
        Assert.True(_gossip.OnAttests(peer, Says(Batch(99, 0, "wrong"))));
        Assert.Equal([(_worker.PublicKey, 3)], _found);
    }

    [Fact]
    public void Who_has_neither_batch_checks_the_proof_and_hands_it_on_to_those_who_come_later()
    {
        PeerLink peer = _parts.AddLink("peer");
        Assert.True(_gossip.OnAttests(peer, Proof(new Contradiction(Batch(1, 57, "right"), Batch(2, 8, "wrong")))));
        Assert.Equal([(_worker.PublicKey, 3)], _found);
        Assert.DoesNotContain(_parts.TakeSent(peer), message => message is TaskMessage.Attests { Contradictions.Count: > 0 });

        PeerLink late = _parts.AddLink("late");
        _gossip.OnEstablished(late);
        Assert.Single(_parts.TakeSent(late).OfType<TaskMessage.Attests>().SelectMany(said => said.Contradictions));
    }

    [Fact]
    public void A_proof_survives_a_restart()
    {
        PeerLink peer = _parts.AddLink("peer");
        _gossip.OnAttests(peer, Says(Batch(1, 0, "right")));
        _gossip.OnAttests(peer, Says(Batch(1, 0, "wrong")));
        AttestationBatch[] saved = [.. _parts.Context.Effects.OfType<NodeEffect.SaveBatch>().Select(save => Decoded(save.Batch))];
        Assert.Equal(2, saved.Length);

        var again = new ContradictionsTests();
        foreach (AttestationBatch batch in saved)
        {
            again._gossip.Restore(batch);
        }

        Assert.Equal(_found, again._found);
    }

    [Theory]
    [InlineData("the same result")]
    [InlineData("another worker")]
    [InlineData("a wrong signature")]
    public void Whoever_hands_on_what_proves_nothing_is_banned(string how)
    {
        PeerLink peer = _parts.AddLink("peer");
        AttestationBatch first = Batch(1, 0, "right");
        AttestationBatch second = Batch(2, 0, how == "the same result" ? "right" : "wrong", how == "another worker" ? new StandInIdentity("another") : _worker);
        if (how == "a wrong signature")
        {
            byte[] raw = second.Raw.ToArray();
            raw[^1] ^= 1;
            second = Decoded(raw);
        }

        Assert.False(_gossip.OnAttests(peer, Proof(new Contradiction(first, second))));
        Assert.True(_parts.Links.IsBanned(peer.Key));
        Assert.Empty(_found);
    }

    [Fact]
    public void A_bounded_number_is_kept_and_all_are_found()
    {
        PeerLink peer = _parts.AddLink("peer");
        for (int i = 0; i <= Contradictions.MaxKept; i++)
        {
            var worker = new StandInIdentity($"worker {i}");
            Assert.True(_gossip.OnAttests(peer, Proof(new Contradiction(Batch(1, 0, "right", worker), Batch(2, 0, "wrong", worker)))));
        }

        Assert.Equal((Contradictions.MaxKept, Contradictions.MaxKept + 1), (_contradictions.Count, _found.Count));
    }

    [Fact]
    public void Large_proofs_neither_make_a_message_too_long_to_read_nor_fill_the_queue_of_a_new_neighbour()
    {
        PeerLink peer = _parts.AddLink("peer");
        const int many = 500;
        for (int i = 0; i < many; i++)
        {
            Assert.True(_gossip.OnAttests(peer, Proof(LargeProof(i))));
        }

        Assert.Equal(many, _found.Count);
        Assert.InRange(_contradictions.Count * LargeProof(0).First.Raw.Length * 2, 1, Contradictions.MaxKeptBytes);
        PeerLink late = _parts.AddLink("late");
        _gossip.OnEstablished(late);
        Assert.InRange(late.QueuedBytes, 1, LinkTable.MaxQueuedBytes / 4);
        Assert.Equal(_contradictions.Count, _parts.TakeSent(late).OfType<TaskMessage.Attests>().Sum(said => said.Contradictions.Count));
    }

    [Fact]
    public void What_is_not_kept_is_not_saved_however_often_it_comes()
    {
        PeerLink peer = _parts.AddLink("peer");
        for (int i = 0; i < Contradictions.MaxKept; i++)
        {
            var worker = new StandInIdentity($"worker {i}");
            _gossip.OnAttests(peer, Proof(new Contradiction(Batch(1, 0, "right", worker), Batch(2, 0, "wrong", worker))));
        }

        Assert.True(_gossip.OnAttests(peer, Says(Batch(1, 0, "right"))));
        _parts.Context.Effects.Clear();
        for (int i = 0; i < 3; i++)
        {
            Assert.True(_gossip.OnAttests(peer, Says(Batch(1, 0, "wrong"))));
            Assert.True(_gossip.OnAttests(peer, Proof(new Contradiction(Batch(1, 0, "right"), Batch(2, 0, "wrong")))));
        }

        Assert.Empty(_parts.Context.Effects.OfType<NodeEffect.SaveBatch>());
        Assert.Contains((_worker.PublicKey, 3), _found);
    }

    [Fact]
    public void Who_hands_on_a_proof_about_somebody_who_is_no_member_is_banned()
    {
        PeerLink peer = _parts.AddLink("peer");
        _gossip.IsOutsider = key => key == _worker.PublicKey;
        Assert.False(_gossip.OnAttests(peer, Proof(new Contradiction(Batch(1, 0, "right"), Batch(2, 0, "wrong")))));
        Assert.Equal((true, 0), (_parts.Links.IsBanned(peer.Key), _contradictions.Count));
    }

    [Fact]
    public void They_are_written_and_read_in_pairs()
    {
        Contradiction[] many = [.. Enumerable.Repeat(new Contradiction(Batch(1, 0, "right"), Batch(2, 0, "wrong")), TaskMessageCodec.MaxContradictions)];
        (string name, byte[] payload) = TaskMessageCodec.Encode(Proof(many));
        Assert.True(TaskMessageCodec.TryDecode(name, payload, out TaskMessage? read));
        Assert.Equal(many.Select(pair => pair.Second.Raw.ToArray()), Assert.IsType<TaskMessage.Attests>(read).Contradictions.Select(pair => pair.Second.Raw.ToArray()));
    }

    private static TaskMessage.Attests Says(AttestationBatch batch) => new([batch], []);

    private static TaskMessage.Attests Proof(params Contradiction[] proofs) => new([], []) { Contradictions = proofs };

    /// <summary>Two batches of the same worker, as large as batches may be.</summary>
    private static Contradiction LargeProof(int number)
    {
        var worker = new StandInIdentity($"large {number}");
        Hash256[] witnessed = [.. Enumerable.Range(0, Opening.MaxWitnessed).Select(i => Hash256.Of([(byte)i]))];
        AttestationBatch[] batches = [.. new[] { "right", "wrong" }.Select((text, log) => AttestationBatchCodec.Sign(worker, SwarmParts.TaskId, new AttestationBatch
        {
            Worker = default,
            Log = log,
            Sequence = 0,
            EnvironmentClass = "",
            Entries = [.. Enumerable.Range(0, AttestationBatch.MaxSealedEntries).Select(piece => new Attestation(piece, MerkleTree.ResultOf(System.Text.Encoding.UTF8.GetBytes(text))))],
            Openings = [.. Enumerable.Repeat(new Opening(Hash256.Zero, witnessed), AttestationBatch.MaxSealedEntries)],
            Raw = default,
        }))];
        return new Contradiction(batches[0], batches[1]);
    }

    private static AttestationBatch Batch(long log, int sequence, string result, StandInIdentity? worker = null) => AttestationBatchCodec.Sign(
        worker ?? _worker, SwarmParts.TaskId, log, sequence, "", [new Attestation(3, MerkleTree.ResultOf(System.Text.Encoding.UTF8.GetBytes(result)))]);

    private static AttestationBatch Decoded(System.ReadOnlyMemory<byte> raw)
    {
        Assert.True(AttestationBatchCodec.TryDecode(raw, out AttestationBatch? batch));
        return batch;
    }
}
