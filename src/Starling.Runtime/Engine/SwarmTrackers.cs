using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Runtime.Trackers;

namespace Starling.Runtime.Engine;

/// <summary>The trackers of a task's swarm.</summary>
internal static class SwarmTrackers
{
    // Results have no length before they are there; a block each is near enough for what trackers do with it: telling seeds from others.
    private const long BytesOfAPiece = 16 * 1024;

    /// <summary>Begins to ask the trackers that the task file or the link names; null: it names none.</summary>
    /// <param name="options">The session.</param>
    /// <param name="resumed">Pieces that were in the folder.</param>
    /// <param name="listener">Where the session listens.</param>
    /// <param name="snapshot">The node as it stands.</param>
    /// <param name="post">Gets the peers.</param>
    /// <param name="remark">Told what fails.</param>
    public static TrackerService? Start(
        TaskSessionOptions options, int resumed, IPEndPoint listener, Func<NodeSnapshot> snapshot, PostInput post, Action<Problem> remark)
    {
        // A link names no tiers: its trackers in their order, as other programs read it.
        IReadOnlyList<IReadOnlyList<string>> tiers = options.Task?.Trackers ?? [.. (options.Magnet?.Trackers ?? []).Select(url => (string[])[url])];
        return tiers.Count == 0 ? null : TrackerService.Start(new TrackerServiceOptions
        {
            InfoHash = InfoHash.Of(options.TaskId),
            Tiers = tiers,
            Listener = listener,
            Totals = () => Totals(snapshot()),
            Found = (_, peers) => post(new NodeInput.PeersFound(peers, PeerSource.Tracker)),
            Remark = remark,
            IsComplete = options.Task is { } task && resumed == task.Info.PieceCount,
        });
    }

    private static TransferTotals Totals(NodeSnapshot node)
    {
        // While only the link is known something is missing, however much that is (BEP 9).
        int missing = node.Complete ? 0 : Math.Max(1, node.Pieces.Count(piece => piece != PieceState.Finished));
        return new TransferTotals(node.Peers.Sum(peer => peer.BytesUp), node.Peers.Sum(peer => peer.BytesDown), missing * BytesOfAPiece);
    }
}
