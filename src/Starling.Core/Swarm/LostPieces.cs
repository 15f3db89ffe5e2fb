using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Exchange;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Core.Swarm;

/// <summary>
/// Healing (DESIGN section 5, rule 6): a result wanted here that no neighbour holds for a while is given up, and the piece wants a run
/// again. Looking at neighbours is enough, for whoever fetches it elsewhere becomes a holder; the patience covers the hops.
/// </summary>
internal sealed class LostPieces(NodeContext context, PieceMap map, Downloader downloader)
{
    /// <summary>Pieces looked at in one second.</summary>
    private const int Batch = 256;

    private static readonly TimeSpan MinPatience = TimeSpan.FromSeconds(10);

    private readonly SortedDictionary<int, Instant> _missingSince = [];
    private readonly SortedSet<int> _lost = [];
    private int _cursor;

    /// <summary>Whether the piece was given up and wants a run.</summary>
    public bool IsLost(int piece) => _lost.Contains(piece);

    /// <summary>A holder that delivers came, or the piece was finished here; true when it had been given up.</summary>
    public bool Found(int piece)
    {
        _missingSince.Remove(piece);
        return _lost.Remove(piece);
    }

    /// <summary>Nobody will deliver this piece, for certain; true when it was not given up before.</summary>
    public bool GiveUp(int piece) => _lost.Add(piece);

    /// <summary>Once a second: returns the pieces that became lost or were found again, and so are to be reassessed.</summary>
    public List<int> Tidy(TimeSpan lease)
    {
        var changed = new List<int>();
        TimeSpan patience = lease > MinPatience ? lease : MinPatience;
        IReadOnlyList<int> needed = downloader.NeededSlice(ref _cursor, Batch);
        foreach (int piece in needed)
        {
            if (IsLost(piece) ? downloader.IsDeliverable(piece) : downloader.Offers(piece) > 0)
            {
                if (Found(piece))
                {
                    changed.Add(piece);
                }
            }
            else if (!_missingSince.TryGetValue(piece, out Instant since))
            {
                _missingSince.Add(piece, context.Now);
            }
            else if (context.Now - since > patience && (!map.IsFinished(piece) || map.IsRecalled(piece)) && _lost.Add(piece))
            {
                changed.Add(piece);
            }
        }

        return changed;
    }
}
