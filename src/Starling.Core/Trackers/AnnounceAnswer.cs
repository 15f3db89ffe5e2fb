using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Trackers;

/// <summary>What a tracker answered to an announce. Numbers are as it said them, within 0..2^31-1; <see cref="AnnounceSchedule"/> clamps the times.</summary>
public sealed record AnnounceAnswer
{
    /// <summary>Peers taken from one answer; the rest is left.</summary>
    public const int MaxPeers = 500;

    /// <summary>Seconds until the next announce; null: it did not say.</summary>
    public int? Interval { get; init; }

    /// <summary>Seconds that must be between two announces; null: it did not say.</summary>
    public int? MinInterval { get; init; }

    /// <summary>Peers that have everything.</summary>
    public int? Complete { get; init; }

    /// <summary>Peers that lack something.</summary>
    public int? Incomplete { get; init; }

    /// <summary>Peers of the swarm, as it said: <see cref="FoundPeers"/> sorts out what is no address to connect to.</summary>
    public IReadOnlyList<PeerAddress> Peers { get; init; } = [];

    /// <summary>To be sent back in later announces; empty: nothing was said, an earlier one stays.</summary>
    public ReadOnlyMemory<byte> TrackerId { get; init; }

    /// <summary>For a person to read; null: none.</summary>
    public string? Warning { get; init; }

    /// <summary>Under which address the tracker saw this peer (BEP 24), port 0; null: it did not say.</summary>
    public PeerAddress? ExternalAddress { get; init; }
}

/// <summary>Counts of one swarm (BEP 48, BEP 15).</summary>
/// <param name="Complete">Peers that have everything.</param>
/// <param name="Downloaded">How often one became complete.</param>
/// <param name="Incomplete">Peers that lack something.</param>
public readonly record struct ScrapeCounts(int Complete, int Downloaded, int Incomplete);

/// <summary>Why an announce brought nothing.</summary>
/// <param name="Reason">For a person, without a full stop.</param>
public sealed record TrackerFailure(string Reason)
{
    /// <summary>Whether the tracker itself refused; else it was not reached or not understood.</summary>
    public bool Refused { get; init; }

    /// <summary>When it wants to be asked again (BEP 31); null: it did not say.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
