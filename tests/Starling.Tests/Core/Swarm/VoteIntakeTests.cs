using System.Collections.Generic;
using System.Linq;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Swarm;
using Starling.Core.Tasks;
using Starling.Tests.Core.Crypto;
using Starling.Tests.Core.Tasks;

namespace Starling.Tests.Core.Swarm;

/// <summary>How signed batches become votes.</summary>
public sealed class VoteIntakeTests
{
    private const int Pieces = AttestationBatch.MaxEntries;

    private static readonly StandInIdentity _worker = new("two faces");

    private readonly SwarmParts _parts = new(Pieces);
    private readonly List<Attestation> _searched = [];
    private readonly VoteIntake _votes;

    public VoteIntakeTests()
    {
        TaskInfo info = TaskSamples.Plain() with { Files = [new OutputFile("out", Pieces)], Verify = new VerifySpec.Replicas(2) };
        Assert.True(TaskFileCodec.TryMake(info, out TaskFile? task, out Problem? problem), problem?.Reason);
        var trials = new Trials(_parts.Context, _parts.Map, _parts.Scheduler, comparing: false);
        var acceptance = new Acceptance(_parts.Context, task, _parts.Map, new HitSearch(_parts.Context, info, _parts.Map, _parts.Links), trials, new Arbiters(_parts.Context, _parts.Links, task));
        _votes = new VoteIntake(_parts.Context, _parts.Map, acceptance, _parts.Scheduler, seals: null)
        {
            Reassess = _ => { },
            Counted = (_, _, _) => { },
            Proved = (_, said) =>
            {
                _searched.Add(said);
                return false;
            },
        };
    }

    [Fact]
    public void The_proof_of_a_contradiction_is_searched_once_however_much_its_worker_contradicts()
    {
        // A search reads everything that the worker ever signed.
        _votes.OnBatch(Batch(0, "right"));
        Assert.Empty(_searched);
        Assert.True(_votes.MayContradict(_worker.PublicKey, Said(3, "wrong")));
        Assert.False(_votes.MayContradict(_worker.PublicKey, Said(3, "right")));

        _votes.OnBatch(Batch(1, "wrong"));
        _votes.OnBatch(Batch(2, "wrong"));
        Assert.Single(_searched);
        Assert.False(_votes.MayContradict(_worker.PublicKey, Said(3, "wrong")));
    }

    private static AttestationBatch Batch(int sequence, string result) =>
        AttestationBatchCodec.Sign(_worker, SwarmParts.TaskId, 1, sequence, "", [.. Enumerable.Range(0, Pieces).Select(piece => Said(piece, result))]);

    private static Attestation Said(int piece, string result) => new(piece, MerkleTree.ResultOf(System.Text.Encoding.UTF8.GetBytes(result)));
}
