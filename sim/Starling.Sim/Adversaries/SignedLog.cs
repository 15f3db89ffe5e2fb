using System.Collections.Generic;
using Starling.Core.Gossip;
using Starling.Core.Primitives;
using Starling.Sim.Swarms;

namespace Starling.Sim.Adversaries;

/// <summary>A log of attestations that an adversary writes by itself, beside that of its node.</summary>
internal sealed class SignedLog(SimIdentity identity, long log)
{
    private readonly List<AttestationBatch> _batches = [];

    public SimIdentity Identity => identity;

    /// <summary>Everything that was signed, in order.</summary>
    public IReadOnlyList<AttestationBatch> Batches => _batches;

    public AttestationBatch Sign(Hash256 task, IReadOnlyList<Attestation> entries)
    {
        AttestationBatch batch = AttestationBatchCodec.Sign(identity, task, log, _batches.Count, "", entries);
        _batches.Add(batch);
        return batch;
    }
}
