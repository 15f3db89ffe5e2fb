using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Pieces;

namespace Starling.Core.Swarm;

/// <summary>
/// Results that no neighbour holds, for those who had them released them: one neighbour is asked, which gets it back from its own (<see cref="KeptResults"/>). Asking for the
/// block hashes is all that it takes: nobody else asks for those of what he was not told of.
/// </summary>
internal sealed class Wishes(NodeContext context, PieceMap map, LinkTable links)
{
    /// <summary>Results that are fetched again and kept for one neighbour at a time.</summary>
    public const int MaxOfANeighbour = 16;

    /// <summary>Asks one neighbour, at random, for a piece that is wanted here and that no neighbour offers; not one that asks for it itself.</summary>
    public void Tell(int piece)
    {
        PeerLink? chosen = null;
        int ties = 0;
        foreach (PeerLink link in links.Established)
        {
            if (link.Keep != KeepRule.All && !link.Wished.Contains(piece) && link.Exchange.Holding(piece) < 0 && context.Random.Next(++ties) == 0)
            {
                chosen = link;
            }
        }

        ushort wanted = map.Wanted(piece);
        if (chosen is not null && wanted != 0)
        {
            chosen.Exchange.OwesProof(context.Now);
            links.Send(chosen, new TaskMessage.ProofRequest(piece, map.Candidate(piece, map.Canonical(piece, wanted))));
        }
    }

    /// <summary>A neighbour asks for what was released here; false: it has asked for as much as it may.</summary>
    public bool Note(PeerLink link, int piece)
    {
        link.Wished.RemoveWhere(wish => link.Exchange.Holding(wish) >= 0);
        return link.Wished.Contains(piece) || (link.Wished.Count < MaxOfANeighbour && link.Wished.Add(piece));
    }

    /// <summary>Whether a neighbour that asked for the piece has not got it yet.</summary>
    public bool Include(int piece)
    {
        foreach (PeerLink link in links.Established)
        {
            if (link.Wished.Contains(piece) && link.Exchange.Holding(piece) < 0)
            {
                return true;
            }
        }

        return false;
    }
}
