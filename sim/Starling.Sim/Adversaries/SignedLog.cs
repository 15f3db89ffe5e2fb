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

    public AttestationBatch Sign(Hash256 task, IReadOnlyList<Attestation> entries) => Add(task, Draft with { Entries = entries });

    /// <summary>Seals of these results.</summary>
    public AttestationBatch Seal(Hash256 task, IReadOnlyList<Attestation> entries)
    {
        var seals = new List<Seal>();
        foreach (Attestation entry in entries)
        {
            seals.Add(Core.Gossip.Seal.Of(task, identity.PublicKey, entry, Core.Gossip.Seal.SaltOf(identity, task, entry.Piece)));
        }

        return Add(task, Draft with { Seals = seals });
    }

    /// <summary>Opens them; it witnesses nobody's.</summary>
    public AttestationBatch Open(Hash256 task, IReadOnlyList<Attestation> entries)
    {
        var openings = new List<Opening>();
        foreach (Attestation entry in entries)
        {
            openings.Add(new Opening(Core.Gossip.Seal.SaltOf(identity, task, entry.Piece), []));
        }

        return Add(task, Draft with { Entries = entries, Openings = openings });
    }

    private AttestationBatch Draft => new() { Worker = default, Log = log, Sequence = _batches.Count, Entries = [], Raw = default };

    private AttestationBatch Add(Hash256 task, AttestationBatch draft)
    {
        AttestationBatch batch = AttestationBatchCodec.Sign(identity, task, draft);
        _batches.Add(batch);
        return batch;
    }
}
