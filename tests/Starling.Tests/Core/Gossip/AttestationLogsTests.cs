using System;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Tests.Core.Crypto;

namespace Starling.Tests.Core.Gossip;

public sealed class AttestationLogsTests
{
    private static readonly StandInIdentity _me = new("me");
    private readonly AttestationLogs _logs = new(_me.PublicKey);

    [Fact]
    public void Batches_of_a_log_come_without_gaps()
    {
        AttestationBatch[] batches = [Batch("a", 1, 0), Batch("a", 1, 1), Batch("a", 1, 2)];
        Assert.Equal(BatchStanding.Gap, _logs.StandingOf(batches[1]));
        Assert.Equal(0, _logs.Append(batches[0]));
        Assert.Equal(BatchStanding.Known, _logs.StandingOf(batches[0]));
        Assert.Equal(BatchStanding.Gap, _logs.StandingOf(batches[2]));
        Assert.Throws<InvalidOperationException>(() => _logs.Append(batches[2]));
        Assert.Equal(0, _logs.Append(batches[1]));
        Assert.Equal((1, 2), (_logs.Count, _logs.Length(0)));
        Assert.Equal(new LogPosition(batches[0].Worker, 1, 2), _logs.Position(0));
        Assert.Equal(batches[1].Raw, _logs.Raw(0, 1));
    }

    [Fact]
    public void Logs_are_told_apart_by_worker_and_number()
    {
        Assert.Equal(0, _logs.Append(Batch("a", 1, 0)));
        Assert.Equal(1, _logs.Append(Batch("a", 2, 0)));
        Assert.Equal(2, _logs.Append(Batch("b", 1, 0)));
        Assert.Equal(1, _logs.NumberOf(new StandInIdentity("a").PublicKey, 2));
        Assert.Equal(-1, _logs.NumberOf(new StandInIdentity("b").PublicKey, 2));
    }

    [Fact]
    public void A_worker_has_a_bounded_number_of_logs_and_what_follows_in_another_is_no_offence()
    {
        for (int log = 1; log <= AttestationLogs.MaxLogsPerWorker; log++)
        {
            _logs.Append(Batch("a", log, 0));
        }

        Assert.Equal(BatchStanding.Full, _logs.StandingOf(Batch("a", 99, 0)));
        Assert.Equal(BatchStanding.Full, _logs.StandingOf(Batch("a", 99, 1)));
        Assert.Equal(BatchStanding.Next, _logs.StandingOf(Batch("a", 1, 1)));
        Assert.Equal(BatchStanding.Next, _logs.StandingOf(Batch("b", 99, 0)));
    }

    [Fact]
    public void My_own_log_always_finds_room()
    {
        // Folders of this identity that are gone: their logs come back from the swarm.
        for (int log = 1; log <= AttestationLogs.MaxLogsPerWorker; log++)
        {
            _logs.Append(Batch(_me, log, 0));
        }

        Assert.Equal(AttestationLogs.MaxLogsPerWorker, _logs.Append(Batch(_me, 99, 0)));
    }

    private static AttestationBatch Batch(string worker, long log, int sequence) => Batch(new StandInIdentity(worker), log, sequence);

    private static AttestationBatch Batch(StandInIdentity worker, long log, int sequence) => AttestationBatchCodec.Sign(
        worker, Hash256.Of("task"u8), log, sequence, "", [new Attestation(sequence, MerkleTree.ResultOf("x"u8))]);
}
