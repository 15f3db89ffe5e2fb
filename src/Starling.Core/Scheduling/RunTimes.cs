using System;

namespace Starling.Core.Scheduling;

/// <summary>How long runs take: in the swarm, and on this machine.</summary>
internal sealed class RunTimes(SchedulingOptions options)
{
    private readonly DurationMedian _swarm = new(options.MedianSamples);
    private readonly DurationMedian _own = new(options.MedianSamples);

    /// <summary>Median of the swarm, my own runs included; null before the first is known.</summary>
    internal TimeSpan? Median => _swarm.Value;

    /// <summary>Whether a run of this machine has ended well.</summary>
    internal bool OwnIsKnown => _own.Value is not null;

    /// <summary>What a run here is expected to take; zero: nothing is known.</summary>
    internal TimeSpan ExpectedRun => _own.Value ?? _swarm.Value ?? TimeSpan.Zero;

    internal void Observe(TimeSpan duration) => _swarm.Add(duration);

    internal void ObserveOwn(TimeSpan duration) => _own.Add(duration);

    /// <summary>What is reckoned with where a worker's own time is not known (zero).</summary>
    internal TimeSpan RunOf(TimeSpan known) =>
        known > TimeSpan.Zero ? known : Median ?? (options.LeaseUnknown / options.LeaseFactor);
}
