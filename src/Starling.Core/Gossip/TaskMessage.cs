using System;
using System.Collections.Generic;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Core.Gossip;

/// <summary>The messages that a task swarm adds to the peer protocol (DESIGN section 4), each a BEP 10 extended message of its name.</summary>
public abstract record TaskMessage
{
    private TaskMessage()
    {
    }

    /// <summary><c>st_claim</c>: signed batches, mine and forwarded.</summary>
    public sealed record Claims(IReadOnlyList<AgedClaimBatch> Batches) : TaskMessage;

    /// <summary><c>st_attest</c>: signed batches; and, when catching up, what the sender has of each log.</summary>
    public sealed record Attests(IReadOnlyList<AttestationBatch> Batches, IReadOnlyList<LogPosition> Positions) : TaskMessage
    {
        /// <summary>Proofs that workers signed two results of one piece.</summary>
        public IReadOnlyList<Contradiction> Contradictions { get; init; } = [];
    }

    /// <summary><c>st_held</c>: the sender holds these results, which it did not attest itself.</summary>
    public sealed record Held(IReadOnlyList<Attestation> Results) : TaskMessage;

    /// <summary><c>st_held</c> the other way: results that the sender told of, or attested, and holds no more.</summary>
    public sealed record Released(IReadOnlyList<Attestation> Results) : TaskMessage;

    /// <summary><c>st_proof</c> without hashes: asks for the block hashes of a result.</summary>
    public sealed record ProofRequest(int Piece, ResultId Result) : TaskMessage;

    /// <summary><c>st_proof</c>: all block hashes of a result, in order, checked against the root by the reader; or none: the result is not here.</summary>
    public sealed record Proof(int Piece, ResultId Result, IReadOnlyList<Hash256> Leaves) : TaskMessage;

    /// <summary><c>st_found</c>: for <c>until: first</c>, the attesting batch with the content of the piece it names (64 KiB at most).</summary>
    public sealed record Found(AttestationBatch Batch, int Piece, ReadOnlyMemory<byte> Content) : TaskMessage;

    /// <summary><c>st_delegate</c>: who may judge results besides the author (mode <c>arbiter</c>); each after whoever it hangs on.</summary>
    public sealed record Delegates(IReadOnlyList<DelegationNotice> Notices) : TaskMessage;

    /// <summary><c>st_stop</c>: signed by the author: cancelled, or replaced by another task.</summary>
    public sealed record Stop(Hash256? ReplacedBy, ReadOnlyMemory<byte> Signature) : TaskMessage;
}
