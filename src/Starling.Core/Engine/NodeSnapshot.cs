using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Engine;

/// <summary>What display, dashboard and API read: one immutable view of the node.</summary>
public sealed record NodeSnapshot
{
    /// <summary>State of each piece as I see it; empty while the task file is still being fetched.</summary>
    public IReadOnlyList<PieceState> Pieces { get; init; } = [];

    /// <summary>What each piece that does not run waits for; as long as <see cref="Pieces"/>.</summary>
    public IReadOnlyList<PieceWait> Waits { get; init; } = [];

    /// <summary>Why the pieces failed that failed here as often as they may.</summary>
    public IReadOnlyDictionary<int, Problem> Failures { get; init; } = new SortedDictionary<int, Problem>();

    /// <summary>What each slot does.</summary>
    public IReadOnlyList<SlotView> Slots { get; init; } = [];

    /// <summary>Peers with a finished handshake.</summary>
    public IReadOnlyList<PeerView> Peers { get; init; } = [];

    /// <summary>Median run time in this swarm; null while nothing is known.</summary>
    public TimeSpan? MedianRun { get; init; }

    /// <summary>Runs that finished here.</summary>
    public int Computed { get; init; }

    /// <summary>Pieces that came from others.</summary>
    public int Downloaded { get; init; }

    /// <summary>Runs that were killed.</summary>
    public int Aborted { get; init; }

    /// <summary>Whether everything is complete.</summary>
    public bool Complete { get; init; }
}

/// <summary>State of one piece, for display; the most advanced that applies.</summary>
public enum PieceState : byte
{
    /// <summary>Nobody is known to work on it.</summary>
    Missing,

    /// <summary>Another worker claims it.</summary>
    Claimed,

    /// <summary>It runs here.</summary>
    Computing,

    /// <summary>A result is known, more are wanted before it is believed.</summary>
    Unverified,

    /// <summary>Accepted, its bytes are on the way.</summary>
    Downloading,

    /// <summary>Accepted and durable here.</summary>
    Finished,

    /// <summary>It failed here as often as it may.</summary>
    Failed,
}

/// <summary>What keeps a piece from running here; the first that applies.</summary>
public enum PieceWait : byte
{
    /// <summary>Nothing: it is finished, or runs.</summary>
    Nothing,

    /// <summary>Its result is believed and on the way.</summary>
    Downloading,

    /// <summary>The owner's rules froze its run.</summary>
    Paused,

    /// <summary>It failed here as often as it may.</summary>
    FailedHere,

    /// <summary>What it reads is not here yet.</summary>
    Inputs,

    /// <summary>There are different results, and no agreement.</summary>
    Disputed,

    /// <summary>There is a result, and more that agree are wanted.</summary>
    Unverified,

    /// <summary>Another worker runs it.</summary>
    ClaimedElsewhere,

    /// <summary>It failed here, and is tried again soon.</summary>
    RetryLater,

    /// <summary>Its turn has not come: every slot is busy, or others are to get through it first.</summary>
    Slot,
}

/// <summary>One slot: null piece when idle.</summary>
public sealed record SlotView(int Slot, int? Piece, int Attempt, TimeSpan Elapsed)
{
    /// <summary>Whether the owner's rules froze it.</summary>
    public bool IsPaused { get; init; }
}

/// <summary>One connected peer.</summary>
public sealed record PeerView(PublicKey Key, PeerAddress Address, int PiecesHeld, long BytesDown, long BytesUp, int Cores);
