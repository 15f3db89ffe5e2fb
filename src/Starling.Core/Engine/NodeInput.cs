using System;
using System.Collections.Generic;
using Starling.Core.Owner;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Core.Engine;

/// <summary>What happens to a <see cref="Node"/>. The driver (Runtime's loop or the simulator) hands in one at a time, with the time.</summary>
public abstract record NodeInput
{
    private NodeInput()
    {
    }

    /// <summary>
    /// The task is known, allowed on this machine, and its folder is open: the first input of a run that starts from a file, or the
    /// answer to <see cref="NodeEffect.OpenTask"/>.
    /// </summary>
    public sealed record TaskOpened(TaskFile Task, RestoredState Restored) : NodeInput
    {
        /// <summary>What runs read is not here yet: a piece is run once <see cref="InputsArrived"/> names it. Results are fetched meanwhile.</summary>
        public bool AwaitsInputs { get; init; }

        /// <summary>Whether this machine may compute (needs met, walls there); else it only downloads.</summary>
        public bool MayCompute { get; init; } = true;

        /// <summary>In which environment runs of this task are computed here, told in attestations; equal ones are comparable (docs/trust.md).</summary>
        public string EnvironmentClass { get; init; } = "";
    }

    /// <summary>What the runs of these pieces read is here now, checked.</summary>
    public sealed record InputsArrived(int FirstPiece, int Count) : NodeInput;

    /// <summary>
    /// Addresses under which this process listens; the first is the one to tell others. Comes again, whole, when a router begins or ceases to forward another one.
    /// </summary>
    public sealed record Listening(IReadOnlyList<PeerAddress> Addresses) : NodeInput;

    /// <summary>Addresses of possible peers, from anywhere but PEX (which the node reads itself).</summary>
    public sealed record PeersFound(IReadOnlyList<PeerAddress> Addresses, PeerSource Source) : NodeInput;

    /// <summary>
    /// A connection stands, TLS is done. The certificate hashes are SHA-256 over each side's SubjectPublicKeyInfo: what the identity
    /// signature binds to.
    /// </summary>
    public sealed record LinkOpened(LinkId Link, PeerAddress Remote, bool Outgoing, Hash256 LocalCertificate, Hash256 RemoteCertificate)
        : NodeInput;

    /// <summary>An attempt asked for by <see cref="NodeEffect.Connect"/> failed.</summary>
    public sealed record ConnectFailed(PeerAddress Address, string Reason) : NodeInput;

    /// <summary>A connection ended, from whichever side. The last input that names this link.</summary>
    public sealed record LinkClosed(LinkId Link, string Reason) : NodeInput
    {
        /// <summary>The driver ended it because of what the peer sent, or did not send in time; not a failure of the network.</summary>
        public bool BrokeRules { get; init; }
    }

    /// <summary>
    /// One whole frame came in: the 68 bytes of the BitTorrent handshake first, then messages without their length prefix (empty: a
    /// keep-alive). The memory is the node's to keep.
    /// </summary>
    public sealed record FrameReceived(LinkId Link, ReadOnlyMemory<byte> Frame) : NodeInput;

    /// <summary>
    /// How much of what was sent on this link still waits in this process, in bytes; told while that is below the low mark, each time
    /// that 64 KiB more have left.
    /// </summary>
    public sealed record LinkDrained(LinkId Link, int QueuedBytes) : NodeInput;

    /// <summary>A run ended by itself or was killed; after a success its output is held by the driver until the node decides.</summary>
    public sealed record JobExited(JobId Job, JobOutcome Outcome) : NodeInput;

    /// <summary>The answer to <see cref="NodeEffect.KeepOutputs"/> and <see cref="NodeEffect.CommitDownload"/>: durable, checked.</summary>
    public sealed record ResultStored(int Piece, ResultId Result) : NodeInput;

    /// <summary>The store could not make it durable (disk full, I/O error). Nothing of it is kept.</summary>
    public sealed record StoreFailed(int Piece, ResultId Result, Problem Problem) : NodeInput;

    /// <summary>The answer to <see cref="NodeEffect.KeepOutputs"/> without outputs; the problem says why the batch is not kept.</summary>
    public sealed record BatchKept(Problem? Problem) : NodeInput;

    /// <summary>The answer to <see cref="NodeEffect.LoadLeaves"/>; null when the content can't be read.</summary>
    public sealed record LeavesLoaded(int Piece, ResultId Result, IReadOnlyList<Hash256>? Leaves) : NodeInput;

    /// <summary>The answer to <see cref="NodeEffect.LoadContent"/> (small results only); null when it can't be read.</summary>
    public sealed record ContentLoaded(int Piece, ResultId Result, ReadOnlyMemory<byte>? Content) : NodeInput;

    /// <summary>A file's merge ended; null: well.</summary>
    public sealed record MergeExited(int File, Problem? Problem) : NodeInput;

    /// <summary>The answer to <see cref="NodeEffect.StartTrial"/>.</summary>
    public sealed record TrialEnded(int Piece, ResultId Result, ResultId? Other, TrialOutcome Outcome) : NodeInput;

    /// <summary>The time that <see cref="Node.NextWake"/> asked for has come.</summary>
    public sealed record Tick : NodeInput;

    /// <summary>
    /// The owner's rules give more or less than before (everything, until this comes first): runs begin, go on, are frozen or stopped, and rates change.
    /// </summary>
    public sealed record GrantChanged(Grant Grant) : NodeInput;

    /// <summary>The owner wants it to end: running jobs are killed, the peers told.</summary>
    public sealed record StopRequested(string Reason) : NodeInput;
}

/// <summary>Where an address came from; decides what is tried first and how far it is trusted to be real.</summary>
public enum PeerSource
{
    /// <summary>Named by the owner (<c>--peer</c>, <c>--local-peers</c>): tried again and again.</summary>
    Owner,

    /// <summary>In the magnet link (<c>x.pe</c>).</summary>
    Magnet,

    /// <summary>Local discovery (BEP 14).</summary>
    Local,

    /// <summary>A tracker.</summary>
    Tracker,

    /// <summary>The DHT.</summary>
    Dht,

    /// <summary>Another peer (BEP 11).</summary>
    Exchange,

    /// <summary>It connected to us.</summary>
    Incoming,
}

/// <summary>How a run ended.</summary>
public abstract record JobOutcome
{
    private JobOutcome()
    {
    }

    /// <summary>Wall time that the run took.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>What it used; null: nobody counted.</summary>
    public RunUsage? Usage { get; init; }

    /// <summary>Exit 0 within all limits; the output waits under the job's id for <see cref="NodeEffect.KeepOutputs"/> or discard.</summary>
    public sealed record Succeeded(ResultId Result) : JobOutcome;

    /// <summary>Exit 85: it saved its state and wants to be run again.</summary>
    public sealed record Checkpointed : JobOutcome;

    /// <summary>It failed: <c>exit:N</c>, <c>limit:wall</c>, <c>limit:output</c>, <c>signal:N</c>, <c>start</c>, …; the tail of its standard error.</summary>
    public sealed record Failed(Problem Problem, string StandardError) : JobOutcome;

    /// <summary>It was killed because the node asked for it.</summary>
    public sealed record Killed : JobOutcome;
}

/// <summary>How the task's command answered about a result.</summary>
public abstract record TrialOutcome
{
    private TrialOutcome()
    {
    }

    /// <summary>Right; or, of two, equal.</summary>
    public sealed record Passed : TrialOutcome;

    /// <summary>Wrong; or, of two, different. The problem says how the command ended.</summary>
    public sealed record Rejected(Problem Problem) : TrialOutcome;

    /// <summary>It could not be started, crashed or took too long: nothing is known.</summary>
    public sealed record Failed(Problem Problem) : TrialOutcome;
}

/// <summary>What an earlier process left in the folder, read from the journal; nothing of it was re-hashed.</summary>
public sealed record RestoredState
{
    /// <summary>Nothing: a fresh folder.</summary>
    public static RestoredState None { get; } = new();

    /// <summary>Results whose bytes are durable here, any number per piece.</summary>
    public IReadOnlyList<(int Piece, ResultId Result)> Held { get; init; } = [];

    /// <summary>Results that are not held any more, but in the output.</summary>
    public IReadOnlyList<(int Piece, ResultId Result)> Released { get; init; } = [];

    /// <summary>Results that the policy had accepted.</summary>
    public IReadOnlyList<(int Piece, ResultId Result)> Accepted { get; init; } = [];

    /// <summary>Pieces of which a run left a state here: it goes on where it was.</summary>
    public IReadOnlyList<int> Begun { get; init; } = [];

    /// <summary>Signed attestation batches as they came over the wire, my own included, in the order of saving.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Batches { get; init; } = [];

    /// <summary>
    /// The number under which this folder's worker writes its attestations (<c>AttestationBatch.Log</c>): made with the folder, and anew
    /// when records of it were lost, since their numbers may have been given out. 0: the folder is fresh, the node names the log.
    /// </summary>
    public long Log { get; init; }
}
