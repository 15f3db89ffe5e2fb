using System;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Scheduling;

namespace Starling.Core.Swarm;

/// <summary>What follows from the end of a run here: its output is kept or dropped, a failure is tried again later or given up (DESIGN section 5, rule 8).</summary>
internal sealed class RunEnds(
    NodeContext context, PieceMap map, Acceptance acceptance, WorkScheduler scheduler, SlotTable slots, ResultKeeper keeper, LostPieces lost, Completion completion, SealBook? seals)
{
    /// <summary>A run ended, however.</summary>
    public void OnJobExited(JobId job, JobOutcome outcome)
    {
        if (slots.End(job, outcome) is not { } ended)
        {
            return;
        }

        switch (outcome)
        {
            case JobOutcome.Succeeded succeeded:
                OnSucceeded(job, ended, succeeded);
                break;
            case JobOutcome.Failed failed when ended.Killed is null:
                OnFailed(ended, failed);
                break;
            case JobOutcome.Checkpointed when ended.Killed is null:
                context.Report(new NodeEvent.Checkpointed(ended.Piece, ended.Slot, ended.Attempt, outcome.Elapsed));
                if (outcome.Elapsed < context.Options.RetryDelay)
                {
                    // A run that saves its state again and again without doing anything is not to keep the machine busy.
                    scheduler.NotBefore(ended.Piece, context.Now + context.Options.RetryDelay);
                }

                break;
            case JobOutcome.Failed or JobOutcome.Killed or JobOutcome.Checkpointed:
                context.Report(new NodeEvent.Aborted(
                    ended.Piece, ended.Slot, ended.Killed ?? AbortReason.Owner, ended.Attempt, outcome.Elapsed));
                break;
        }
    }

    private void OnSucceeded(JobId job, EndedJob ended, JobOutcome.Succeeded succeeded)
    {
        int piece = ended.Piece;
        int candidate = map.IndexOf(piece, succeeded.Result);
        bool isAcceptable = candidate >= 0 && (map.Acceptable(piece) & (1 << candidate)) != 0;
        int mine = acceptance.MyVote(piece);
        bool contradictsMe = (mine >= 0 && mine != candidate) || seals?.Contradicts(piece, succeeded.Result) == true;
        bool isCheck = mine < 0 && acceptance.IsCheckDue(piece);
        bool keep = (isCheck || !map.IsFinished(piece) || map.IsRecalled(piece))
            && !keeper.IsPending(piece)
            && !completion.IsStopping
            && (isCheck || isAcceptable || (!contradictsMe && (!map.IsAccepted(piece) || lost.IsLost(piece))));
        if (keep)
        {
            if (isCheck && map.IsFinished(piece))
            {
                context.Report(new NodeEvent.Checked(piece, ended.Slot, isAcceptable, succeeded.Elapsed));
            }

            scheduler.Exclude(piece);
            keeper.Add(new FinishedRun(job, piece, succeeded.Result, succeeded.Elapsed, IsToBeAttested: mine < 0 && seals?.HasMine(piece) != true) { Usage = succeeded.Usage });
            return;
        }

        context.Emit(new NodeEffect.DiscardOutput(job));
        context.Report(new NodeEvent.Aborted(
            piece, ended.Slot, ended.Killed ?? AbortReason.AcceptedElsewhere, ended.Attempt, succeeded.Elapsed));
        if (contradictsMe && !map.IsFinished(piece))
        {
            context.Report(new NodeEvent.Error(new Problem(
                "not-repeatable",
                $"piece {piece} came out differently from the result that was signed here before and is lost",
                "Make the command give the same bytes each time, or start over in a fresh folder")));
            scheduler.Exclude(piece);
        }
    }

    private void OnFailed(EndedJob ended, JobOutcome.Failed failed)
    {
        context.Report(new NodeEvent.Failed(
            ended.Piece, ended.Slot, failed.Problem, ended.Attempt, failed.Elapsed, failed.StandardError)
        { Usage = failed.Usage });
        if (ended.Attempt >= context.Options.MaxAttempts)
        {
            scheduler.Exclude(ended.Piece);
            completion.GaveUp(ended.Piece, failed);
            return;
        }

        TimeSpan pause = TimeSpan.FromTicks(context.Options.RetryDelay.Ticks << Math.Min(ended.Attempt - 1, 20));
        scheduler.NotBefore(ended.Piece, context.Now + pause);
    }
}
