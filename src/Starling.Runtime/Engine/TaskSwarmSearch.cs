using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Runtime.Discovery;
using Starling.Runtime.Trackers;

namespace Starling.Runtime.Engine;

/// <summary>What is looked for when the swarm of a task is.</summary>
internal static class TaskSwarmSearch
{
    // Results have no length before they are there; a block each is near enough for what trackers do with it: telling seeds from others.
    private const long BytesOfAPiece = 16 * 1024;

    /// <summary>Trackers that the task file or the link names.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> TrackersOf(TaskSessionOptions options) =>
        options.Task?.Trackers ?? SearchedSwarm.TiersOf(options.Magnet?.Trackers ?? []);

    /// <summary>The swarm of a session's task.</summary>
    /// <param name="options">The session.</param>
    /// <param name="snapshot">The node as it stands.</param>
    /// <param name="found">Gets the peers.</param>
    public static SearchedSwarm Of(TaskSessionOptions options, Func<NodeSnapshot> snapshot, Action<IReadOnlyList<PeerAddress>, PeerSource> found) => new()
    {
        InfoHashes = [InfoHash.Of(options.TaskId)],
        Trackers = TrackersOf(options),
        OwnerPeers = options.Peers,
        LinkPeers = options.Magnet?.Peers ?? [],
        Nodes = options.Task?.Nodes ?? [],
        Totals = () => Totals(snapshot()),
        Found = found,
    };

    private static TransferTotals Totals(NodeSnapshot node)
    {
        // While only the link is known something is missing, however much that is (BEP 9).
        int missing = node.Complete ? 0 : Math.Max(1, node.Pieces.Count(piece => piece != PieceState.Finished));
        return new TransferTotals(node.Peers.Sum(peer => peer.BytesUp), node.Peers.Sum(peer => peer.BytesDown), missing * BytesOfAPiece);
    }
}
