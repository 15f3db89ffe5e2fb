using System;
using System.Collections.Generic;
using System.Net;
using Starling.Core.Primitives;
using Starling.Runtime.Network;

namespace Starling.Runtime.Discovery;

/// <summary>By which ways a process looks for peers.</summary>
public sealed record PeerFinderOptions
{
    /// <summary>Where this process listens: what others are told.</summary>
    public required IPEndPoint Listener { get; init; }

    /// <summary>Announce swarms on the local network and look there for others (BEP 14).</summary>
    public bool Locally { get; init; } = true;

    /// <summary>Ask the trackers of swarms.</summary>
    public bool AskTrackers { get; init; } = true;

    /// <summary>The UDP side of the port, for the DHT (BEP 5); null: it is not used.</summary>
    public UdpPort? DhtPort { get; init; }

    /// <summary>Nodes of the DHT to begin with, as <c>HOST:PORT</c>; swarms may name more.</summary>
    public IReadOnlyList<string> DhtNodes { get; init; } = [];

    /// <summary>Absolute path of the file that keeps known nodes from one run to the next; null: none.</summary>
    public string? DhtFile { get; init; }

    /// <summary>Whether that file is this process's alone (<see cref="DhtServiceOptions.IsFileMine"/>).</summary>
    public bool IsDhtFileMine { get; init; }

    /// <summary>Whether peers are asked for the DHT although nobody vouches for them; false among siblings of one machine, who need no DHT to be found.</summary>
    public bool PeersAreNodes { get; init; } = true;

    /// <summary>Told what fails, each thing once; from any thread.</summary>
    public Action<Problem>? Remark { get; init; }
}
