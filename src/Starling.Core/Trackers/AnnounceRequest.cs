using System;
using Starling.Core.Primitives;
using Starling.Core.Wire;

namespace Starling.Core.Trackers;

/// <summary>Why a tracker is asked; the values are those of BEP 15.</summary>
public enum AnnounceEvent
{
    /// <summary>The interval is over, or more peers are wanted.</summary>
    None = 0,

    /// <summary>The last missing byte has come, in this session.</summary>
    Completed = 1,

    /// <summary>The first announce of this session.</summary>
    Started = 2,

    /// <summary>This peer leaves.</summary>
    Stopped = 3,
}

/// <summary>What is told to a tracker (BEP 3, BEP 15).</summary>
public sealed record AnnounceRequest
{
    /// <summary>Peers asked for where nothing else is said (BEP 3).</summary>
    public const int DefaultWanted = 50;

    /// <summary>Peers asked for at most: their addresses still fit one datagram.</summary>
    public const int MaxWanted = 200;

    /// <summary>The swarm.</summary>
    public required InfoHash InfoHash { get; init; }

    /// <summary>This process, as in its handshakes or not: trackers only count by it.</summary>
    public required PeerId PeerId { get; init; }

    /// <summary>The port under which others reach this peer, 1..65535.</summary>
    public required int Port { get; init; }

    /// <summary>Bytes sent to peers in this session.</summary>
    public long Uploaded { get; init; }

    /// <summary>Bytes got from peers in this session.</summary>
    public long Downloaded { get; init; }

    /// <summary>Bytes that are missing; 0 makes a seed.</summary>
    public long Left { get; init; }

    /// <summary>Why it asks.</summary>
    public AnnounceEvent Event { get; init; }

    /// <summary>The same in all announces of a session, also over another family (BEP 7): random, 32 bits.</summary>
    public uint Key { get; init; }

    /// <summary>Peers asked for, 0..<see cref="MaxWanted"/>.</summary>
    public int Wanted { get; init; } = DefaultWanted;

    /// <summary>What this tracker said under <c>tracker id</c>; empty: nothing.</summary>
    public ReadOnlyMemory<byte> TrackerId { get; init; }
}
