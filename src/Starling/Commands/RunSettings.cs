using System.Collections.Generic;
using System.Net;
using Starling.Core.Engine;

namespace Starling.Commands;

/// <summary>What the owner asked of <c>starling run</c>, checked.</summary>
internal sealed record RunSettings
{
    /// <summary>What is given instead of a socket by who wants the program's own walls.</summary>
    public const string NoContainerEngine = "none";

    /// <summary>Runs at once in one process at most: what the wire's <c>cores</c> can say.</summary>
    public const int MaxSlots = 256;

    /// <summary>Processes of one <c>--local-peers</c> run at most.</summary>
    public const int MaxLocalPeers = 256;

    /// <summary>A file or a magnet link.</summary>
    public required string Task { get; init; }

    /// <summary>The folder that holds the chunks of a .comptorrent file; null: none was named.</summary>
    public string? Data { get; init; }

    /// <summary>Null: a folder named after the task, in the current one.</summary>
    public string? Dir { get; init; }

    /// <summary>Null: max(1, cores ÷ local peers).</summary>
    public int? Slots { get; init; }

    /// <summary>Null: every address, any free port.</summary>
    public IPEndPoint? Listen { get; init; }

    /// <summary><c>HOST:PORT</c> each.</summary>
    public IReadOnlyList<string> Peers { get; init; } = [];

    /// <summary>1: this process alone.</summary>
    public int LocalPeers { get; init; } = 1;

    /// <summary>Connect by uTP besides TCP.</summary>
    public bool UseUtp { get; init; } = true;

    /// <summary>Look for peers in the DHT.</summary>
    public bool UseDht { get; init; } = true;

    /// <summary><c>HOST:PORT</c> each.</summary>
    public IReadOnlyList<string> DhtRouters { get; init; } = [];

    /// <summary>What is kept once the output is merged.</summary>
    public KeepRule Keep { get; init; }

    public bool Trust { get; init; }

    /// <summary>Walled commands get the network that their task asks for.</summary>
    public bool Network { get; init; }

    /// <summary>Path of a container engine's socket; <see cref="NoContainerEngine"/>: container tasks run within the walls; null: as the owner's rules say.</summary>
    public string? ContainerEngine { get; init; }

    public bool Exit { get; init; }

    /// <summary>Ask the router to forward the port.</summary>
    public bool MapPort { get; init; }

    /// <summary>Seed the finished output as an ordinary torrent.</summary>
    public bool Publish { get; init; }

    public bool Json { get; init; }

    /// <summary>Slots of each process.</summary>
    public int SlotsFor(int cores) => Slots ?? System.Math.Clamp(cores / LocalPeers, 1, MaxSlots);
}
