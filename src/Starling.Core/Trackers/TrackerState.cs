using System;
using Starling.Core.Primitives;

namespace Starling.Core.Trackers;

/// <summary>What is to be told to a tracker now.</summary>
/// <param name="Tracker">Its number in the schedule.</param>
/// <param name="Url">Its address.</param>
/// <param name="Event">Why.</param>
/// <param name="TrackerId">What it wants to have back; empty: nothing.</param>
public sealed record TrackerAnnounce(int Tracker, TrackerUrl Url, AnnounceEvent Event, ReadOnlyMemory<byte> TrackerId);

/// <summary>One tracker, for a person to read.</summary>
public sealed record TrackerState
{
    /// <summary>Its address.</summary>
    public required TrackerUrl Url { get; init; }

    /// <summary>Its tier, 0 first.</summary>
    public required int Tier { get; init; }

    /// <summary>An announce is under way.</summary>
    public bool IsUnderWay { get; init; }

    /// <summary>Whether the last announce was answered; null: there was none yet.</summary>
    public bool? Works { get; init; }

    /// <summary>Failures in a row.</summary>
    public int Failures { get; init; }

    /// <summary>Why the last one failed; null: it did not.</summary>
    public string? LastError { get; init; }

    /// <summary>Peers in its last answer.</summary>
    public int Peers { get; init; }

    /// <summary>Peers that have everything, as it says.</summary>
    public int? Complete { get; init; }

    /// <summary>Peers that lack something, as it says.</summary>
    public int? Incomplete { get; init; }

    /// <summary>Under which address it sees this peer (BEP 24).</summary>
    public PeerAddress? ExternalAddress { get; init; }
}
