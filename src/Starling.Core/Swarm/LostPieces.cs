using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Exchange;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Core.Swarm;

/// <summary>
/// Healing (DESIGN section 5, rule 6): a result wanted here that no neighbour holds for a while is given up, and the piece wants a run
/// again. Looking at neighbours is enough, for whoever fetches it elsewhere becomes a holder; the patience covers the hops, of which somebody alone waits for none. Those who
/// released it are asked to fetch it (<see cref="Wishes"/>).
/// </summary>
internal sealed class LostPieces(NodeContext context, PieceMap map, Downloader downloader, Wishes wishes)
{
    /// <summary>Pieces looked at in one second.</summary>
    private const int Batch = 256;

    private static readonly TimeSpan MinPatience = TimeSpan.FromSeconds(10);

    /// <summary>Whoever has it may be about to say so.</summary>
    private static readonly TimeSpan WishAfter = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan WishAgain = TimeSpan.FromMinutes(1);

    private readonly SortedDictionary<int, Missing> _missing = [];
    private readonly SortedSet<int> _lost = [];
    private int _cursor;

    /// <summary>Whether the piece was given up and wants a run.</summary>
    public bool IsLost(int piece) => _lost.Contains(piece);

    /// <summary>A holder that delivers came, or the piece was finished here; true when it had been given up.</summary>
    public bool Found(int piece)
    {
        _missing.Remove(piece);
        return _lost.Remove(piece);
    }

    /// <summary>Nobody will deliver this piece, for certain; true when it was not given up before.</summary>
    public bool GiveUp(int piece) => _lost.Add(piece);

    /// <summary>Once a second: returns the pieces that became lost or were found again, and so are to be reassessed.</summary>
    /// <param name="lease">How long a neighbour may take to get it.</param>
    /// <param name="isAlone">Whether there are no neighbours.</param>
    public List<int> Tidy(TimeSpan lease, bool isAlone)
    {
        var changed = new List<int>();
        TimeSpan patience = lease > MinPatience && !isAlone ? lease : MinPatience;
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
            else if (!_missing.TryGetValue(piece, out Missing missing))
            {
                _missing.Add(piece, new Missing(context.Now, context.Now + WishAfter));
            }
            else if (missing.NextWish <= context.Now && downloader.Offers(piece) == 0)
            {
                _missing[piece] = missing with { NextWish = context.Now + WishAgain };
                wishes.Tell(piece);
            }
            else if (context.Now - missing.Since > patience && (!map.IsFinished(piece) || map.IsRecalled(piece)) && _lost.Add(piece))
            {
                changed.Add(piece);
            }
        }

        return changed;
    }

    private readonly record struct Missing(Instant Since, Instant NextWish);
}
