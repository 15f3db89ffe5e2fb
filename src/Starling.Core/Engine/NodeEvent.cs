using System;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Core.Engine;

/// <summary>The events of DESIGN section 11, as the node tells them; the command line adds time and peer number.</summary>
public abstract record NodeEvent
{
    private NodeEvent()
    {
    }

    /// <summary>The number of peers with a finished handshake changed.</summary>
    public sealed record Swarm(int Connected) : NodeEvent;

    /// <summary>A run started.</summary>
    public sealed record Computing(int Piece, int Slot, int Attempt) : NodeEvent;

    /// <summary>A run was killed.</summary>
    public sealed record Aborted(int Piece, int Slot, AbortReason Reason, int Attempt, TimeSpan Elapsed) : NodeEvent;

    /// <summary>The owner's rules froze a run, or let it go on.</summary>
    public sealed record Paused(int Piece, int Slot, bool IsPaused) : NodeEvent;

    /// <summary>A run saved its state and asked to be run again.</summary>
    public sealed record Checkpointed(int Piece, int Slot, int Attempt, TimeSpan Elapsed) : NodeEvent;

    /// <summary>A run failed; <paramref name="StandardError"/> is the tail of what it wrote.</summary>
    public sealed record Failed(int Piece, int Slot, Problem Problem, int Attempt, TimeSpan Elapsed, string StandardError) : NodeEvent
    {
        /// <summary>What it used. Null: nobody counted.</summary>
        public RunUsage? Usage { get; init; }
    }

    /// <summary>A piece is finished: accepted, and durable here.</summary>
    public sealed record PieceFinished(int Piece, ResultSource Source, ResultId Result, TimeSpan Elapsed) : NodeEvent
    {
        /// <summary>What the run here used. Null: nobody counted, or there was none.</summary>
        public RunUsage? Usage { get; init; }
    }

    /// <summary>A spot check ended: a piece that was believed on another worker's word was run here too.</summary>
    public sealed record Checked(int Piece, int Slot, bool Agrees, TimeSpan Elapsed) : NodeEvent;

    /// <summary>What was believed of a finished piece turned out wrong or unsure: it is computed again, and its file merged again.</summary>
    public sealed record PieceReopened(int Piece) : NodeEvent;

    /// <summary>Something was refused: a peer, a message.</summary>
    public sealed record Refused(Problem Problem) : NodeEvent;

    /// <summary>Every piece is finished (or the first hit, for <c>until: first</c>).</summary>
    public sealed record Complete(int Pieces, int Computed, int Downloaded, int AbortedRuns, TimeSpan Elapsed) : NodeEvent;

    /// <summary>A file's merge went well.</summary>
    public sealed record Merged(int File) : NodeEvent;

    /// <summary>A failure that does not end the command.</summary>
    public sealed record Error(Problem Problem) : NodeEvent;
}

/// <summary>How a finished piece came here.</summary>
public enum ResultSource
{
    /// <summary>A run on this machine.</summary>
    Computed,

    /// <summary>Other peers.</summary>
    Downloaded,

    /// <summary>It was in the folder when the process started.</summary>
    Resumed,

    /// <summary>It was known without running (same content, known result).</summary>
    Memo,
}
