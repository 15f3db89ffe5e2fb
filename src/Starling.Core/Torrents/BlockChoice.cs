using System;
using System.Collections.Generic;

namespace Starling.Core.Torrents;

/// <summary>Chooses which block a peer is asked for next: of the piece it works on, of one that was begun, of a new one; at the end what others were asked for too.</summary>
/// <param name="context">The swarm.</param>
/// <param name="picker">Chooses pieces to begin.</param>
/// <param name="pieces">Pieces that were begun.</param>
/// <param name="open">Those of them that have free blocks.</param>
/// <param name="begin">Begins a piece.</param>
internal sealed class BlockChoice(
    DataContext context, PiecePicker picker, SortedDictionary<int, PieceProgress> pieces, OpenPieces open, Func<int, PieceProgress> begin)
{
    /// <summary>Peers that are asked for the same block at the end.</summary>
    private const int MaxAskers = 3;

    /// <summary>Requests of a peer that has nothing better to do than to double the others' at the end.</summary>
    private const int EndgameRequests = 4;

    /// <summary>A block to ask this peer for, counted as asked; false: there is none.</summary>
    public bool TryChoose(DataPeer peer, out PieceProgress? progress, out int block)
    {
        progress = Pick(peer);
        if (progress is null)
        {
            return TryDouble(peer, out progress, out block);
        }

        if (progress.NeedsOnePeer)
        {
            progress.NeedsOnePeer = false;
            progress.Only = peer;
        }

        peer.Current = progress;
        block = progress.Ask();
        if (progress.FreeBlocks == 0)
        {
            open.Remove(progress);
        }

        return true;
    }

    /// <summary>The piece of which this peer is to be asked for the next free block: the one it works on, one that was begun, a new one.</summary>
    private PieceProgress? Pick(DataPeer peer)
    {
        if (peer.PeerChoking)
        {
            return PickAllowedFast(peer);
        }

        if (peer.Current is { FreeBlocks: > 0, OpenPosition: >= 0 } current && MayAsk(peer, current))
        {
            return current;
        }

        foreach (PieceProgress begun in open)
        {
            if (MayAsk(peer, begun))
            {
                return begun;
            }
        }

        if (peer.NothingToPickAt == picker.Version)
        {
            return null;
        }

        foreach (int suggested in peer.Suggested)
        {
            if (peer.Bits![suggested] && picker.TryStart(suggested))
            {
                peer.Suggested.Remove(suggested);
                return begin(suggested);
            }
        }

        if (picker.TryStart(peer.Bits!, out int piece))
        {
            return begin(piece);
        }

        peer.NothingToPickAt = picker.Version;
        return null;
    }

    private PieceProgress? PickAllowedFast(DataPeer peer)
    {
        foreach (int piece in picker.IsOrdered ? [] : peer.AllowedFastHeard)
        {
            if (!peer.Bits![piece])
            {
                continue;
            }

            if (pieces.TryGetValue(piece, out PieceProgress? begun))
            {
                if (begun.OpenPosition >= 0 && MayAsk(peer, begun))
                {
                    return begun;
                }
            }
            else if (picker.TryStart(piece))
            {
                return begin(piece);
            }
        }

        return null;
    }

    private static bool MayAsk(DataPeer peer, PieceProgress progress) =>
        (progress.Only is null || progress.Only == peer) && peer.Bits![progress.Piece];

    /// <summary>Endgame: everything is asked for, so an idle peer is asked for what others, or web seeds, have not sent yet.</summary>
    private bool TryDouble(DataPeer peer, out PieceProgress? chosen, out int block)
    {
        chosen = null;
        block = -1;
        if (peer.PeerChoking || peer.Pipeline.Count >= EndgameRequests || open.Count > 0)
        {
            return false;
        }

        int fewest = MaxAskers;
        foreach (PieceProgress progress in pieces.Values)
        {
            if (progress.IsStoring || !MayAsk(peer, progress))
            {
                continue;
            }

            bool isSlow = progress.WebSince is { } since && context.Now - since >= WebFetches.Patience;
            for (int i = 0; i < progress.Blocks; i++)
            {
                bool isAsked = progress.StateOf(i) == BlockState.Asked || (isSlow && progress.StateOf(i) == BlockState.Free);
                if (isAsked && progress.AskersOf(i) < fewest && !peer.Pipeline.Contains(progress.Piece, i))
                {
                    (chosen, block, fewest) = (progress, i, progress.AskersOf(i));
                }
            }
        }

        chosen?.AskAgain(block);
        return chosen is not null;
    }
}
