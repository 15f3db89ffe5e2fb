using System;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Core.Verification;

namespace Starling.Runtime.Engine;

/// <summary>
/// What an <see cref="EngineLoop"/> acts upon. All members are called by the loop's thread only, and return at once.
/// </summary>
public interface IEngineHost
{
    /// <summary>The connections.</summary>
    ILinkTransport Transport { get; }

    /// <summary>
    /// The parts that exist once the task is known. A node that asks for one before it was handed
    /// <see cref="NodeInput.TaskOpened"/> has a bug.
    /// </summary>
    /// <exception cref="InvalidOperationException">The task is not open yet.</exception>
    TaskParts Parts { get; }

    /// <summary>A magnet link's task file came in: check whether it may run here, open its folder, post TaskOpened or StopRequested.</summary>
    void OpenTask(TaskFile task);

    /// <summary>A proved peer listens here.</summary>
    void PeerListens(PeerAddress address);

    /// <summary>A proved peer has a node of the DHT here.</summary>
    void PeerHasNode(PeerAddress address);

    /// <summary>This was learnt about a worker: keep it.</summary>
    void SaveStanding(PublicKey worker, StandingChange change);

    /// <summary>Something to tell.</summary>
    void Report(NodeEvent nodeEvent, Instant at);

    /// <summary>The node left; it gets no more inputs.</summary>
    void Left(LeaveReason reason, Problem? problem);

    /// <summary>Keeps a notice of delegation (<see cref="NodeEffect.SaveDelegation"/>).</summary>
    void SaveDelegation(ReadOnlyMemory<byte> notice);

    /// <summary>
    /// A bug: the node or a part threw. The loop has stopped. What is durable stays right, nothing else can be relied on: report, kill the
    /// runs, end the process.
    /// </summary>
    void Crashed(Exception bug, NodeInput? input);
}

/// <summary>What works on one opened task.</summary>
/// <param name="Store">Its results.</param>
/// <param name="Runner">Its runs.</param>
/// <param name="Trials">Its checker or comparison.</param>
/// <param name="Merger">Its output files.</param>
public sealed record TaskParts(IPieceStore Store, IJobRunner Runner, ITrialRunner Trials, IMerger Merger);
