using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Primitives;

namespace Starling.Core.Swarm;

/// <summary>
/// Proofs that workers signed two results of one piece: kept, handed to every neighbour once and to each that comes later, so that nobody believes such a worker who was shown only
/// one of its faces.
/// </summary>
internal sealed class Contradictions(NodeContext context, LinkTable links, Hash256 taskId)
{
    /// <summary>Workers of whom a proof is kept and handed on; what is seen of further ones counts here alone.</summary>
    public const int MaxKept = 1_024;

    private readonly Dictionary<PublicKey, Contradiction> _kept = [];
    private readonly List<PublicKey> _order = [];

    /// <summary>A worker contradicted itself in this piece: called once for each that is kept.</summary>
    public Action<PublicKey, int>? Found { get; set; }

    /// <summary>Workers of whom a proof is kept.</summary>
    public int Count => _kept.Count;

    /// <summary>Whether a proof of this worker is kept.</summary>
    public bool Has(PublicKey worker) => _kept.ContainsKey(worker);

    /// <summary>Two batches with right signatures that contradict each other came together here.</summary>
    public void Add(Contradiction proof, PeerLink? source)
    {
        if (proof.Worker == context.Self || proof.Piece() is not (>= 0 and var piece) || _kept.ContainsKey(proof.Worker))
        {
            return;
        }

        if (_kept.Count < MaxKept)
        {
            _kept.Add(proof.Worker, proof);
            _order.Add(proof.Worker);
            foreach (PeerLink link in links.Established)
            {
                if (link != source)
                {
                    links.Send(link, new TaskMessage.Attests([], []) { Contradictions = [proof] });
                }
            }
        }

        Found?.Invoke(proof.Worker, piece);
    }

    /// <summary>A neighbour hands on proofs. False: one of them proves nothing, and its link was ended.</summary>
    public bool OnProofs(PeerLink link, IReadOnlyList<Contradiction> proofs)
    {
        foreach (Contradiction proof in proofs)
        {
            if (_kept.ContainsKey(proof.Worker))
            {
                continue;
            }

            if (proof.Piece() < 0 || !proof.Verify(taskId, context.Verifier))
            {
                links.Ban(link, "bad-contradiction", "passed on a contradiction that is none");
                return false;
            }

            context.Emit(new NodeEffect.SaveBatch(proof.First.Raw));
            context.Emit(new NodeEffect.SaveBatch(proof.Second.Raw));
            Add(proof, link);
        }

        return true;
    }

    /// <summary>A new neighbour gets what is kept.</summary>
    public void OnEstablished(PeerLink link)
    {
        for (int start = 0; start < _order.Count; start += TaskMessageCodec.MaxContradictions)
        {
            var proofs = new List<Contradiction>();
            for (int i = start; i < Math.Min(_order.Count, start + TaskMessageCodec.MaxContradictions); i++)
            {
                proofs.Add(_kept[_order[i]]);
            }

            links.Send(link, new TaskMessage.Attests([], []) { Contradictions = proofs });
        }
    }
}
