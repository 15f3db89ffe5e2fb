using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Primitives;

namespace Starling.Events;

/// <summary>Words of section 11 for what the node reports.</summary>
internal static class NodeEventTranslation
{
    /// <summary>The event with all of its own fields; time and peer number are the caller's.</summary>
    /// <param name="nodeEvent">What the node reported.</param>
    /// <param name="taskId">For <c>complete</c>.</param>
    /// <param name="outputs">Absolute paths of the task's files in their order.</param>
    public static RunEvent Translate(NodeEvent nodeEvent, Hash256 taskId, IReadOnlyList<string> outputs) => nodeEvent switch
    {
        NodeEvent.Swarm swarm => new RunEvent { Event = EventName.Swarm, Connected = swarm.Connected },
        NodeEvent.Computing run => new RunEvent { Event = EventName.Computing, Piece = run.Piece, Slot = run.Slot, Attempt = run.Attempt },
        NodeEvent.Aborted run => new RunEvent
        {
            Event = EventName.Aborted,
            Piece = run.Piece,
            Slot = run.Slot,
            Reason = Word(run.Reason),
            Attempt = run.Attempt,
            Seconds = Seconds(run.Elapsed),
        },
        NodeEvent.Paused run => new RunEvent { Event = run.IsPaused ? EventName.Paused : EventName.Resumed, Piece = run.Piece, Slot = run.Slot },
        NodeEvent.Checkpointed run => new RunEvent
        {
            Event = EventName.Checkpointed,
            Piece = run.Piece,
            Slot = run.Slot,
            Attempt = run.Attempt,
            Seconds = Seconds(run.Elapsed),
        },
        NodeEvent.Failed run => new RunEvent
        {
            Event = EventName.Failed,
            Piece = run.Piece,
            Slot = run.Slot,
            Reason = run.Problem.Code,
            Hint = run.Problem.ToString(),
            Attempt = run.Attempt,
            Seconds = Seconds(run.Elapsed),
            Cpu = run.Usage?.CpuTime is { } time ? Seconds(time) : null,
            Memory = run.Usage?.PeakMemoryBytes,
            Stderr = run.StandardError,
        },
        NodeEvent.PieceFinished piece => new RunEvent
        {
            Event = EventName.Piece,
            Piece = piece.Piece,
            Source = Word(piece.Source),
            Bytes = piece.Result.Length,
            Root = piece.Result.Root.ToString(),
            Seconds = Seconds(piece.Elapsed),
            Fuel = piece.Usage?.Fuel,
            Cpu = piece.Usage?.CpuTime is { } cpu ? Seconds(cpu) : null,
            Memory = piece.Usage?.PeakMemoryBytes,
        },
        NodeEvent.Checked check => new RunEvent
        {
            Event = EventName.Checked,
            Piece = check.Piece,
            Slot = check.Slot,
            Reason = check.Agrees ? "agrees" : "differs",
            Seconds = Seconds(check.Elapsed),
        },
        NodeEvent.PieceReopened reopened => new RunEvent { Event = EventName.Reopened, Piece = reopened.Piece },
        NodeEvent.Refused refused => OfProblem(EventName.Refused, refused.Problem),
        NodeEvent.Complete complete => new RunEvent
        {
            Event = EventName.Complete,
            Task = taskId.ToString(),
            Pieces = complete.Pieces,
            Computed = complete.Computed,
            Downloaded = complete.Downloaded,
            Aborted = complete.AbortedRuns,
            Seconds = Seconds(complete.Elapsed),
            Output = outputs,
        },
        NodeEvent.Merged merged => new RunEvent { Event = EventName.Merged, File = outputs[merged.File] },
        NodeEvent.Error error => OfProblem(EventName.Error, error.Problem),
        _ => throw new NotSupportedException($"No words for {nodeEvent.GetType().Name}."),
    };

    /// <summary><c>refused</c> or <c>error</c> with code, reason and hint.</summary>
    public static RunEvent OfProblem(string name, Problem problem) => new()
    {
        Event = name,
        Code = problem.Code,
        Reason = problem.Reason,
        Hint = problem.Hint.Length == 0 ? null : problem.Hint,
    };

    private static double Seconds(TimeSpan span) => Math.Round(span.TotalSeconds, 6);

    private static string Word(AbortReason reason) => reason switch
    {
        AbortReason.Yield => "yield",
        AbortReason.AcceptedElsewhere => "accepted-elsewhere",
        _ => "owner",
    };

    private static string Word(ResultSource source) => source switch
    {
        ResultSource.Computed => "computed",
        ResultSource.Downloaded => "downloaded",
        ResultSource.Resumed => "resumed",
        _ => "memo",
    };
}
