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

    /// <summary>Bytes of the proofs that are kept: a new neighbour gets all of them, and its queue holds only so much.</summary>
    public const int MaxKeptBytes = 2 * 1024 * 1024;

    /// <summary>Bytes of the proofs of one message, about.</summary>
    private const int MessageBytes = 128 * 1024;

    private readonly Dictionary<PublicKey, Contradiction> _kept = [];
    private readonly List<PublicKey> _order = [];
    private int _bytes;

    /// <summary>A worker contradicted itself in this piece: called once for each that is kept.</summary>
    public Action<PublicKey, int>? Found { get; set; }

    /// <summary>Workers of whom a proof is kept.</summary>
    public int Count => _kept.Count;

    /// <summary>Whether a proof of this worker is kept.</summary>
    public bool Has(PublicKey worker) => _kept.ContainsKey(worker);

    /// <summary>Whether this one would be kept; else it is not worth saving either.</summary>
    public bool HasRoom(Contradiction proof) => proof.Worker != context.Self && _kept.Count < MaxKept && _bytes + SizeOf(proof) <= MaxKeptBytes;

    /// <summary>Two batches with right signatures that contradict each other came together here.</summary>
    public void Add(Contradiction proof, PeerLink? source)
    {
        if (proof.Worker == context.Self || proof.Piece() is not (>= 0 and var piece) || _kept.ContainsKey(proof.Worker))
        {
            return;
        }

        if (HasRoom(proof))
        {
            _kept.Add(proof.Worker, proof);
            _bytes += SizeOf(proof);
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

            if (HasRoom(proof))
            {
                context.Emit(new NodeEffect.SaveBatch(proof.First.Raw));
                context.Emit(new NodeEffect.SaveBatch(proof.Second.Raw));
            }

            Add(proof, link);
        }

        return true;
    }

    /// <summary>A new neighbour gets what is kept.</summary>
    public void OnEstablished(PeerLink link)
    {
        for (int next = 0; next < _order.Count;)
        {
            var proofs = new List<Contradiction>();
            for (int bytes = 0; next < _order.Count && proofs.Count < TaskMessageCodec.MaxContradictions && bytes < MessageBytes; next++)
            {
                proofs.Add(_kept[_order[next]]);
                bytes += SizeOf(proofs[^1]);
            }

            links.Send(link, new TaskMessage.Attests([], []) { Contradictions = proofs });
        }
    }

    private static int SizeOf(Contradiction proof) => proof.First.Raw.Length + proof.Second.Raw.Length;
}
