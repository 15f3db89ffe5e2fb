using System;
using Starling.Core.Primitives;
using Starling.Core.Wire;

namespace Starling.Core.Torrents;

/// <summary>What a <see cref="DataSwarm"/> is for, and its bounds. The defaults are the program's.</summary>
public sealed record DataSwarmOptions
{
    /// <summary>The v1 info-hash (BEP 3); null: v2 only, or not known.</summary>
    public InfoHash? V1 { get; init; }

    /// <summary>The v2 info-hash (BEP 52); null: v1 only, or not known.</summary>
    public Hash256? V2 { get; init; }

    /// <summary>The name of this process in the handshake.</summary>
    public required PeerId PeerId { get; init; }

    /// <summary>Of all random choices.</summary>
    public required ulong Seed { get; init; }

    /// <summary>TCP port on which this process listens, told to peers; 0: none.</summary>
    public ushort ListenPort { get; init; }

    /// <summary>Whether this process has a node of the DHT, at the UDP port with the number of <see cref="ListenPort"/>: peers are told (BEP 5).</summary>
    public bool HasDhtNode { get; init; }

    /// <summary>Name and version of this program, key <c>v</c> of BEP 10.</summary>
    public string Client { get; init; } = "Starling";

    /// <summary>Whether the metadata is to be fetched from peers (BEP 9); false: it is known, and <see cref="DataInput.Opened"/> will come by itself.</summary>
    public bool FetchMetadata { get; init; } = true;

    /// <summary>Whether pieces are fetched in order instead of rarest first.</summary>
    public bool Sequential { get; init; }

    /// <summary>Bytes a second fetched at most; 0: no limit.</summary>
    public long DownRate { get; init; }

    /// <summary>Bytes a second sent at most; 0: no limit.</summary>
    public long UpRate { get; init; }

    /// <summary>Connections at once.</summary>
    public int MaxPeers { get; init; } = 100;

    /// <summary>Connects that are not answered yet.</summary>
    public int MaxHalfOpen { get; init; } = 16;

    /// <summary>Connections with one address, loopback excepted.</summary>
    public int MaxPeersPerAddress { get; init; } = 4;

    /// <summary>Connections beyond which none is made, only taken: the others need slots too.</summary>
    public int MaxOutgoing { get; init; } = 60;

    /// <summary>Peers that are served at once, the optimistic one included.</summary>
    public int UploadSlots { get; init; } = 8;

    /// <summary>Bytes of unfinished pieces held in memory, above which blocks go to the disk before their piece is complete.</summary>
    public long MaxHeldBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>Blocks of a piece that takes longer go to the disk before it is complete, so that little of it is lost when the process is killed.</summary>
    public TimeSpan KeepAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether peers of peers are used and told (BEP 11); false in private torrents (BEP 27).</summary>
    public bool PeerExchange { get; init; } = true;
}
