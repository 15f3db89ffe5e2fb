using System;
using Starling.Core.Crypto;
using Starling.Core.Primitives;

namespace Starling.Core.Gossip;

/// <summary>
/// The one portable proof of misbehaviour (DESIGN section 6): two batches of one worker, both signed, that name different results of one piece. Whoever is handed it checks it by
/// itself. The batches may have the same number in the same log, which no exchange of positions would ever show.
/// </summary>
/// <param name="First">One batch.</param>
/// <param name="Second">The other.</param>
public sealed record Contradiction(AttestationBatch First, AttestationBatch Second)
{
    /// <summary>Who contradicted itself, if it did.</summary>
    public PublicKey Worker => First.Worker;

    /// <summary>The first piece of which the two name different results; -1: there is none, or they are of different workers.</summary>
    public int Piece()
    {
        if (First.Worker != Second.Worker)
        {
            return -1;
        }

        for (int i = 0, j = 0; i < First.Entries.Count && j < Second.Entries.Count;)
        {
            (Attestation one, Attestation other) = (First.Entries[i], Second.Entries[j]);
            if (one.Piece == other.Piece && one.Result != other.Result)
            {
                return one.Piece;
            }

            i += one.Piece <= other.Piece ? 1 : 0;
            j += other.Piece <= one.Piece ? 1 : 0;
        }

        return -1;
    }

    /// <summary>Whether both signatures are right, for this task.</summary>
    public bool Verify(Hash256 taskId, ISignatureVerifier verifier)
    {
        ArgumentNullException.ThrowIfNull(verifier);
        return AttestationBatchCodec.Verify(First, taskId, verifier) && AttestationBatchCodec.Verify(Second, taskId, verifier);
    }
}
