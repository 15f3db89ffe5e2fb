using System;
using System.Collections.Generic;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Scheduling;

namespace Starling.Sim.Swarms;

/// <summary>
/// Who attested what, as far as one node has been shown: kept by the checker from the node's effects, to judge by itself whether what the
/// node calls finished may be believed. The first vote for a right result, which is almost all there ever is, takes a bit.
/// </summary>
internal sealed class Evidence(SimWorld world)
{
    private readonly PieceSet _attested = new(world.Options.Pieces);
    private readonly Dictionary<int, List<(PublicKey Worker, ResultId Result)>> _votes = [];

    public void Add(ReadOnlyMemory<byte> raw)
    {
        if (raw.IsEmpty || !AttestationBatchCodec.TryDecode(raw, out AttestationBatch? batch))
        {
            return;
        }

        bool oneIsEnough = world.Options.Replicas <= 1;
        foreach (Attestation entry in batch.Entries)
        {
            if (oneIsEnough && entry.Piece < _attested.Capacity && world.IsRight(entry.Piece, entry.Result))
            {
                _attested.Add(entry.Piece);
                continue;
            }

            if (!_votes.TryGetValue(entry.Piece, out List<(PublicKey, ResultId)>? votes))
            {
                _votes.Add(entry.Piece, votes = []);
            }

            votes.Add((batch.Worker, entry.Result));
        }
    }

    /// <summary>This host's own run gave a result, which it sealed.</summary>
    public void AddSealed(int piece, ResultId result, PublicKey self)
    {
        if (!_votes.TryGetValue(piece, out List<(PublicKey, ResultId)>? votes))
        {
            _votes.Add(piece, votes = []);
        }

        votes.Add((self, result));
    }

    /// <summary>Different workers that attested this result (where one is enough, at most one), and whether one of the others is <paramref name="self"/>.</summary>
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

        bool first = _attested.Contains(piece) && world.IsRight(piece, result);
        return (workers.Count + (first ? 1 : 0), workers.Contains(self));
    }
}
