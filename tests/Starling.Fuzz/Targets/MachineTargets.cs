using Starling.Core.Dht;
using Starling.Core.Engine;
using Starling.Core.Metainfo;
using Starling.Core.Swarm;
using Starling.Core.Torrents;
using Starling.Fuzz.Engine;
using Starling.Fuzz.Targets.Machines;

namespace Starling.Fuzz.Targets;

/// <summary>Whole machines under scripts of hostile peers: no exception, bounded tables, and always time for the next thing.</summary>
internal static class MachineTargets
{
    public static FuzzTarget[] All { get; } =
    [
        new()
        {
            Name = "task-link",
            Covers = [typeof(Node), typeof(TaskSwarm), typeof(LinkHandshake), typeof(MetadataExchange), typeof(PeerExchange), typeof(SwarmGossip)],
            Shape = InputShape.Script,
            Encodes = false,
            Words = ["b", "p", "h", "r", "msg_type", "piece", "total_size", "added"],
            Seeds = TaskLinkScript.Seeds,
            Start = () => new TaskLinkScript().Run,

            // Two nodes with two links each, and what some minutes of their time make.
            FixedAllocation = 2 * 1024 * 1024,
            AllocationPerByte = 4096,
            QuickInputs = 100,
        },
        new()
        {
            Name = "data-link",
            Covers = [typeof(DataSwarm), typeof(DataPeerTable), typeof(Downloads), typeof(Uploads), typeof(HashExchange), typeof(BlockHashFetch), typeof(BlockHashServer), typeof(BlockTree), typeof(MetadataFetch), typeof(DataPeerExchange), typeof(Greeter), typeof(PieceBits)],
            Shape = InputShape.Script,
            Encodes = false,
            Words = ["m", "ut_metadata", "ut_pex", "metadata_size", "reqq", "msg_type", "piece", "total_size", "added"],
            Seeds = DataLinkScript.Seeds,
            Start = () => new DataLinkScript().Run,
            FixedAllocation = 2 * 1024 * 1024,
            AllocationPerByte = 4096,
            QuickInputs = 300,
        },
        new()
        {
            Name = "dht-node",
            Covers = [typeof(DhtNode), typeof(DhtFamily), typeof(QueryAnswers), typeof(Lookup), typeof(RoutingTable), typeof(TableUpkeep), typeof(PeerStore), typeof(ItemStore), typeof(PendingQueries)],
            Shape = InputShape.Script,
            Encodes = false,
            Words = DhtTargets.Keys,
            Seeds = DhtScript.Seeds,
            Start = () => new DhtScript().Run,
            FixedAllocation = 4 * 1024 * 1024,
            AllocationPerByte = 4096,
            QuickInputs = 200,
        },
    ];
}
