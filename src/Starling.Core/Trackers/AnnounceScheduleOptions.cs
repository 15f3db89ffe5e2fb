using System;

namespace Starling.Core.Trackers;

/// <summary>How often trackers are asked.</summary>
public sealed record AnnounceScheduleOptions
{
    /// <summary>
    /// A private torrent (BEP 27): one tracker at a time, tiers strictly in order (BEP 12). Else each tier is asked on its own, so that peers who
    /// reach different trackers only still meet.
    /// </summary>
    public bool IsPrivate { get; init; }

    /// <summary>Between two announces where the tracker does not say.</summary>
    public TimeSpan DefaultInterval { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>The shortest interval, whatever the tracker says.</summary>
    public TimeSpan ShortestInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The longest interval, whatever the tracker says.</summary>
    public TimeSpan LongestInterval { get; init; } = TimeSpan.FromHours(2);

    /// <summary>The first wait of a swarm with few peers where the tracker names no <c>min interval</c>; doubled each time, up to the interval.</summary>
    public TimeSpan DefaultMinInterval { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Connected peers below which a swarm has few.</summary>
    public int EnoughPeers { get; init; } = 5;

    /// <summary>The wait after a first failure of a tracker; doubled with each further one, a quarter more or less.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest wait after a failure.</summary>
    public TimeSpan LongestRetry { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>The shortest wait after the tracker refused.</summary>
    public TimeSpan RefusedRetry { get; init; } = TimeSpan.FromMinutes(2);
}
