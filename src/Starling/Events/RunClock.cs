using System;
using System.Diagnostics;

namespace Starling.Events;

/// <summary>The two times of an event: seconds since the process that the user started, and Unix seconds. They stay in step with each other.</summary>
internal sealed class RunClock
{
    private readonly long _origin = Stopwatch.GetTimestamp();

    /// <summary>Unix seconds of the origin.</summary>
    public double StartedAt { get; } = (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds;

    public double Elapsed => Stopwatch.GetElapsedTime(_origin).TotalSeconds;

    /// <summary>A time of this clock as it is printed.</summary>
    public static double Round(double seconds) => Math.Round(seconds, 6);
}
