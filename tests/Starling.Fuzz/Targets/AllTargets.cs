using System.Collections.Generic;
using Starling.Fuzz.Engine;

namespace Starling.Fuzz.Targets;

/// <summary>The table of everything that strangers' bytes go into.</summary>
internal static class AllTargets
{
    public static IReadOnlyList<FuzzTarget> Table { get; } =
    [
        .. BencodeTargets.All, .. WireTargets.All, .. StreamTargets.All, .. GossipTargets.All, .. TaskTargets.All, .. TorrentTargets.All, .. DhtTargets.All,
        .. TrackerTargets.All, .. UtpTargets.All, .. MseTargets.All, .. GatewayTargets.All, .. StorageTargets.All, .. ImageTargets.All, .. MachineTargets.All, .. WasmTargets.All,
    ];
}
