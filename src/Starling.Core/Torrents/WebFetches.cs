using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Torrents;

/// <summary>
/// The pieces that web seeds fetch (BEP 19), whole and checked before they come. A piece is fetched either from peers or from a web seed; only at the end, when peers have nothing better
/// to do, they are asked for what a web seed has been at for a while.
/// </summary>
internal sealed class WebFetches(DataContext context, Downloads downloads, PiecePicker picker, PieceLayout layout, RateLimit limit)
{
    /// <summary>A fetch that takes longer may be helped by idle peers.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly SortedSet<int> _pieces = [];
    private PieceBits? _all;

    /// <summary>Fetches that may be under way at once; 0: there is no web seed that can be asked now.</summary>
    public int Limit { get; set; }

    /// <summary>Fetches under way.</summary>
    public int Count => _pieces.Count;

    /// <summary>What web seeds brought.</summary>
    public RateMeter Down { get; } = new();

    /// <summary>Begins what may begin: a piece that nobody began, else one that nobody goes on with.</summary>
    public void Begin()
    {
        while (_pieces.Count < Limit && limit.IsOpen(context.Now) && (Fresh() ?? downloads.TakeStalled()) is { } progress)
        {
            progress.WebSince = context.Now;
            _pieces.Add(progress.Piece);
            limit.Take(layout.LengthOf(progress.Piece));
            context.Effects.Add(new DataEffect.FetchFromWeb(progress.Piece));
        }
    }

    /// <summary>A piece came; the swarm owns its blocks from here on.</summary>
    public void Take(int piece, IReadOnlyList<HeldBlock> blocks, bool isWanted)
    {
        Down.Add(layout.LengthOf(piece), context.Now);
        if (_pieces.Remove(piece) && isWanted)
        {
            downloads.TakeWhole(piece, blocks);
            return;
        }

        foreach (HeldBlock block in blocks)
        {
            context.Waste(block.Data);
        }
    }

    /// <summary>No web seed could deliver a piece.</summary>
    public void Failed(int piece)
    {
        if (_pieces.Remove(piece))
        {
            downloads.GiveBack(piece);
        }
    }

    /// <summary>A piece is not needed from the web any more.</summary>
    public void Cancel(PieceProgress progress)
    {
        progress.WebSince = null;
        if (_pieces.Remove(progress.Piece))
        {
            context.Effects.Add(new DataEffect.CancelFetch(progress.Piece));
        }
    }

    private PieceProgress? Fresh()
    {
        if (_all is null)
        {
            _all = new PieceBits(layout.PieceCount);
            _all.Fill();
        }

        return picker.TryStart(_all, out int piece) ? downloads.BeginOnWeb(piece) : null;
    }
}
