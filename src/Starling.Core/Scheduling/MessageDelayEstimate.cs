using System;

namespace Starling.Core.Scheduling;

/// <summary>
/// How long a claim needs to reach the swarm, from the ages that relays tell of claims that are news here: a small swarm on one network hears each
/// other at once, one of a thousand peers after several hops that each gather. The time between two hops is in no age, so some is added.
/// What peers say of ages is not proved: the estimate stays between <see cref="SchedulingOptions.MessageDelay"/> and <see cref="Longest"/>.
/// </summary>
public sealed class MessageDelayEstimate(SchedulingOptions options)
{
    /// <summary>No estimate is longer; older claims are what a newcomer is told, not news.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(3);

    private const double Underway = 1.5;

    private readonly DurationMedian _ages = new(options.MedianSamples);

    /// <summary>The estimate now.</summary>
    public TimeSpan Value { get; private set; } = options.MessageDelay;

    /// <summary>A claim was heard for the first time, this long after it was signed as far as it was told.</summary>
    public void Heard(TimeSpan age)
    {
        if (age > Longest)
        {
            return;
        }

        // Neighbours' own claims come with no age at all; they count, else few old ones would make the whole.
        _ages.Add(age > TimeSpan.Zero ? age : TimeSpan.FromTicks(1));
        TimeSpan usual = _ages.Value.GetValueOrDefault() * Underway;
        Value = usual < options.MessageDelay ? options.MessageDelay : usual > Longest ? Longest : usual;
    }
}
