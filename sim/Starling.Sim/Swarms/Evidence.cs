using System;
using System.Collections.Generic;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Sim.Swarms;

/// <summary>
/// Who attested what, as far as one node has been shown: kept by the checker from the node's effects, to judge by itself whether what the
/// node calls finished may be believed.
/// </summary>
internal sealed class Evidence
{
    private readonly Dictionary<int, List<(PublicKey Worker, ResultId Result)>> _votes = [];

    public void Add(ReadOnlyMemory<byte> raw)
    {
        if (raw.IsEmpty || !AttestationBatchCodec.TryDecode(raw, out AttestationBatch? batch))
        {
            return;
        }

        foreach (Attestation entry in batch.Entries)
        {
            if (!_votes.TryGetValue(entry.Piece, out List<(PublicKey, ResultId)>? votes))
            {
                _votes.Add(entry.Piece, votes = []);
            }

            votes.Add((batch.Worker, entry.Result));
        }
    }

    /// <summary>Different workers that attested this result, and whether one of them is <paramref name="self"/>.</summary>
    public (int Votes, bool Mine) Of(int piece, ResultId result, PublicKey self)
    {
        var workers = new HashSet<PublicKey>();
        if (_votes.TryGetValue(piece, out List<(PublicKey Worker, ResultId Result)>? votes))
        {
            foreach ((PublicKey worker, ResultId voted) in votes)
            {
                if (voted == result)
                {
                    workers.Add(worker);
                }
            }
        }

        return (workers.Count, workers.Contains(self));
    }
}
