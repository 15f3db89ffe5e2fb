using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Tests.Core.Crypto;

namespace Starling.Tests.Core.Engine;

/// <summary>What a process does about seals of an earlier one.</summary>
public sealed class NodeSealTests
{
    private const long MyLog = 5;

    private static readonly StandInIdentity _me = new("me");
    private static readonly StandInIdentity _other = new("other");
    private static readonly Attestation _said = new(0, MerkleTree.ResultOf("sealed"u8));

    private readonly TaskFile _task = Make();
    private Instant _now = Instant.FromSeconds(1);

    [Fact]
    public void A_result_that_was_lost_after_it_was_sealed_is_opened_once_it_is_here_again()
    {
        var node = new Node(new NodeOptions { TaskId = _task.Id, Incarnation = 9 }, _me, new StandInVerifier(), 1);
        Hash256 salt = Seal.SaltOf(_other, _task.Id, 0);
        var restored = new RestoredState
        {
            Log = MyLog,
            Batches =
            [
                Batch(_me, MyLog, 0, seals: [Seal.Of(_task.Id, _me.PublicKey, _said, Seal.SaltOf(_me, _task.Id, 0))]),
                Batch(_other, 1, 0, seals: [Seal.Of(_task.Id, _other.PublicKey, _said, salt)]),
                Batch(_other, 1, 1, entries: [_said], openings: [new Opening(salt, [])]),
            ],
        };
        Assert.Empty(Kept(node, new NodeInput.TaskOpened(_task, restored) { MayCompute = false }));
        for (int second = 0; second < 5; second++)
        {
            Assert.Empty(Kept(node, new NodeInput.Tick()));
        }

        AttestationBatch opened = Assert.Single(Kept(node, new NodeInput.ResultStored(0, _said.Result)));
        Assert.Equal((1, MyLog, 1), (opened.Openings.Count, opened.Log, opened.Sequence));
    }

    private static TaskFile Make()
    {
        var info = new TaskInfo
        {
            Name = "task",
            Run = new RunSpec.Shell("true"),
            Files = [new OutputFile("out", 1)],
            Verify = new VerifySpec.Replicas(2) { Sealed = TimeSpan.FromSeconds(30) },
        };
        Assert.True(TaskFileCodec.TryMake(info, out TaskFile? task, out Problem? problem), problem?.Reason);
        return task;
    }

    private ReadOnlyMemory<byte> Batch(
        StandInIdentity worker, long log, int sequence, Seal[]? seals = null, Attestation[]? entries = null, Opening[]? openings = null) =>
        AttestationBatchCodec.Sign(worker, _task.Id, new AttestationBatch
        {
            Worker = default,
            Log = log,
            Sequence = sequence,
            EnvironmentClass = "",
            Entries = entries ?? [],
            Seals = seals ?? [],
            Openings = openings ?? [],
            Raw = default,
        }).Raw;

    private List<AttestationBatch> Kept(Node node, NodeInput input)
    {
        _now += TimeSpan.FromSeconds(1);
        return [.. node.Step(input, _now).OfType<NodeEffect.KeepOutputs>()
            .Select(keep => AttestationBatchCodec.TryDecode(keep.Batch, out AttestationBatch? batch) ? batch : throw new InvalidOperationException("a broken batch"))];
    }
}
