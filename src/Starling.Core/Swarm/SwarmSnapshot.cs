using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Exchange;
using Starling.Core.Pieces;
using Starling.Core.Scheduling;

namespace Starling.Core.Swarm;

/// <summary>Makes the immutable view of a swarm.</summary>
internal static class SwarmSnapshot
{
    public static NodeSnapshot Take(
        NodeContext context,
        PieceMap map,
        SlotTable slots,
        WorkScheduler scheduler,
        Downloader downloader,
        LinkTable links,
        Completion completion)
    {
        var pieces = new PieceState[map.Count];
        for (int piece = 0; piece < pieces.Length; piece++)
        {
            pieces[piece] = map.IsFinished(piece) ? PieceState.Finished
                : map.IsAccepted(piece) ? PieceState.Downloading
                : slots.IsRunning(piece) ? PieceState.Computing
                : completion.HasGivenUp(piece) ? PieceState.Failed
                : map.CandidateCount(piece) > 0 ? PieceState.Unverified
                : scheduler.Claims.CountOf(piece) > 0 ? PieceState.Claimed
                : PieceState.Missing;
        }

        var waits = new PieceWait[map.Count];
        for (int piece = 0; piece < waits.Length; piece++)
        {
            waits[piece] = pieces[piece] switch
            {
                PieceState.Finished => PieceWait.Nothing,
                PieceState.Downloading => PieceWait.Downloading,
                PieceState.Computing => slots.IsFrozen(piece) ? PieceWait.Paused : PieceWait.Nothing,
                PieceState.Failed => PieceWait.FailedHere,
                _ when scheduler.IsWithheld(piece) => PieceWait.Inputs,
                PieceState.Unverified => map.CandidateCount(piece) > 1 ? PieceWait.Disputed : PieceWait.Unverified,
                PieceState.Claimed => PieceWait.ClaimedElsewhere,
                _ => scheduler.IsBackingOff(piece) ? PieceWait.RetryLater : PieceWait.Slot,
            };
        }

        var slotViews = new List<SlotView>();
        foreach (SlotTable.Slot slot in slots.Slots)
        {
            slotViews.Add(slot.Job is null
                ? new SlotView(slot.Index, null, 0, default)
                : new SlotView(slot.Index, slot.Piece, slot.Attempt, (slot.Frozen ?? context.Now) - slot.StartedAt) { IsPaused = slot.Frozen is not null });
        }

        var peers = new List<PeerView>();
        foreach (PeerLink link in links.Established)
        {
            peers.Add(new PeerView(
                link.Key,
                link.ListenAddress ?? link.Remote,
                link.Exchange.HoldingCount,
                link.Exchange.BytesDown,
                link.Exchange.BytesUp,
                link.Cores));
        }

        return new NodeSnapshot
        {
            Pieces = pieces,
            Waits = waits,
            Failures = completion.Failures(),
            Slots = slotViews,
            Peers = peers,
            MedianRun = scheduler.Median,
            Computed = slots.Computed,
            Downloaded = completion.Downloaded,
            Aborted = slots.Aborted,
            Complete = completion.IsComplete,
        };
    }
}
