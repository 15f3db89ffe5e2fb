using System;
using System.Collections.Generic;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Verification;
using Starling.Core.Tasks;

namespace Starling.Core.Engine;

/// <summary>What a <see cref="Node"/> wants done. The driver carries effects out in order; answers come back as <see cref="NodeInput"/>.</summary>
public abstract record NodeEffect
{
    private NodeEffect()
    {
    }

    /// <summary>A magnet link's task file has come in whole and is right: answer with <see cref="NodeInput.TaskOpened"/>, or stop.</summary>
    public sealed record OpenTask(TaskFile Task) : NodeEffect;

    /// <summary>Connect to this address; answer with LinkOpened or ConnectFailed.</summary>
    public sealed record Connect(PeerAddress Address) : NodeEffect;

    /// <summary>Close this link; answer with LinkClosed.</summary>
    public sealed record CloseLink(LinkId Link, string Reason) : NodeEffect;

    /// <summary>Send these bytes (length prefix included), after what was sent before.</summary>
    public sealed record Send(LinkId Link, ReadOnlyMemory<byte> Bytes) : NodeEffect;

    /// <summary>Read a range of a stored result and send it as a <c>piece</c> message, after what was sent before.</summary>
    public sealed record SendBlock(LinkId Link, int Piece, ResultId Result, int Begin, int Length) : NodeEffect;

    /// <summary>Start a run of a piece; answer with JobExited. <paramref name="Attempt"/> counts from 1 on this machine.</summary>
    public sealed record StartJob(JobId Job, int Slot, int Piece, int Attempt) : NodeEffect;

    /// <summary>
    /// Kill this run with its whole process tree; answer with JobExited (Killed, or how it ended just before). A run that its owner stops is told to end first, and has
    /// <see cref="Owner.OwnerRules.Grace"/> to save its state.
    /// </summary>
    public sealed record KillJob(JobId Job, AbortReason Reason) : NodeEffect;

    /// <summary>Freeze this run where it is, with its whole process tree, or let it go on. No answer; what was frozen may still be killed.</summary>
    public sealed record PauseJob(JobId Job, bool Paused) : NodeEffect;

    /// <summary>
    /// In one durable step: keep these outputs as results, and save my attestation batch (the signed bytes as sent). Answer with
    /// ResultStored or StoreFailed for each, or, when there are no outputs, with BatchKept. Nothing about them is told to anyone before.
    /// </summary>
    public sealed record KeepOutputs(IReadOnlyList<KeptOutput> Outputs, ReadOnlyMemory<byte> Batch) : NodeEffect;

    /// <summary>Forget a finished run's output.</summary>
    public sealed record DiscardOutput(JobId Job) : NodeEffect;

    /// <summary>Put one checked block of a download, whose hash is <paramref name="Leaf"/>, in its place; need not be durable before its commit.</summary>
    public sealed record WriteBlock(int Piece, ResultId Result, int Block, ReadOnlyMemory<byte> Data, Hash256 Leaf) : NodeEffect;

    /// <summary>All blocks of a download were written: make it durable; answer with ResultStored or StoreFailed. Empty results come without blocks.</summary>
    public sealed record CommitDownload(int Piece, ResultId Result) : NodeEffect;

    /// <summary>Drop an unfinished download.</summary>
    public sealed record AbandonDownload(int Piece, ResultId Result) : NodeEffect;

    /// <summary>Delete a stored result that is neither accepted nor canonical.</summary>
    public sealed record DropResult(int Piece, ResultId Result) : NodeEffect;

    /// <summary>Delete a result that the merged output was made of, and remember that it was.</summary>
    public sealed record ReleaseResult(int Piece, ResultId Result) : NodeEffect;

    /// <summary>Save another worker's signed batch; lazily, it can be fetched again.</summary>
    public sealed record SaveBatch(ReadOnlyMemory<byte> Batch) : NodeEffect;

    /// <summary>Save that the policy accepts this result, or that it does no more; lazily, it follows from the batches.</summary>
    public sealed record SaveAccepted(int Piece, ResultId Result, bool Accepted = true) : NodeEffect;

    /// <summary>Keep that this was learnt about a worker, for this and all later tasks; lazily.</summary>
    public sealed record SaveStanding(PublicKey Worker, StandingChange Change) : NodeEffect;

    /// <summary>Keep a notice of delegation that came from a peer, for this and later processes; lazily.</summary>
    public sealed record SaveDelegation(ReadOnlyMemory<byte> Notice) : NodeEffect;

    /// <summary>Read the block hashes of a stored result; answer with LeavesLoaded.</summary>
    public sealed record LoadLeaves(int Piece, ResultId Result) : NodeEffect;

    /// <summary>Read a stored result of at most 64 KiB whole; answer with ContentLoaded.</summary>
    public sealed record LoadContent(int Piece, ResultId Result) : NodeEffect;

    /// <summary>Merge this file from these pieces' stored results, in order; answer with MergeExited.</summary>
    public sealed record StartMerge(int File, IReadOnlyList<(int Piece, ResultId Result)> Parts) : NodeEffect;

    /// <summary>
    /// Have the task's command look at a stored result of this piece: by itself (<c>checker</c>), or beside another (<c>compare</c>); answer with TrialEnded.
    /// </summary>
    public sealed record StartTrial(int Piece, ResultId Result, ResultId? Other) : NodeEffect;

    /// <summary>A proved peer of the task listens here: whoever fetches or seeds the task's inputs may ask it for them too.</summary>
    public sealed record PeerListens(PeerAddress Address) : NodeEffect;

    /// <summary>A proved peer of the task says that its node of the DHT is here (BEP 5, <c>port</c>).</summary>
    public sealed record PeerHasNode(PeerAddress Address) : NodeEffect;

    /// <summary>Something a person or a script may want to know.</summary>
    public sealed record Report(NodeEvent Event) : NodeEffect;

    /// <summary>The command is over: leave with this outcome. The node has said goodbye and takes no further work.</summary>
    public sealed record Leave(LeaveReason Reason, Problem? Problem) : NodeEffect;
}

/// <summary>One output to keep.</summary>
public readonly record struct KeptOutput(JobId Job, int Piece, ResultId Result);

/// <summary>Why a run was killed.</summary>
public enum AbortReason
{
    /// <summary>Another worker runs the same piece and goes first (DESIGN section 5, rule 2).</summary>
    Yield,

    /// <summary>A result of the piece was accepted meanwhile (rule 3).</summary>
    AcceptedElsewhere,

    /// <summary>The owner stopped it.</summary>
    Owner,
}

/// <summary>Why the node leaves.</summary>
public enum LeaveReason
{
    /// <summary>Done: everything is complete and, as far as asked for, held by others.</summary>
    Done,

    /// <summary>The owner stopped it before it was complete.</summary>
    Stopped,

    /// <summary>It can't be completed: the problem says why.</summary>
    Failed,
}
