using System;
using System.Collections.Generic;
using Starling.Core.Gossip;

namespace Starling.Core.Scheduling;

/// <summary>Rule 5 of DESIGN section 5: how long a claim counts without news of its worker.</summary>
public static class LeasePolicy
{
    /// <summary>
    /// The lease of one claim: <see cref="SchedulingOptions.LeaseUnknown"/> when the worker does not say what it expects, else a multiple of that,
    /// never below the floor and never above what is usual in the swarm (so that a stated year does not block a piece for three).
    /// </summary>
    public static TimeSpan Lease(TimeSpan expected, TimeSpan? median, SchedulingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (expected <= TimeSpan.Zero)
        {
            return options.LeaseUnknown;
        }

        long usual = Math.Max(options.LeaseUnknown.Ticks, Scale(median ?? TimeSpan.Zero, options.LeaseFactor));
        long wanted = Math.Max(options.LeaseFloor.Ticks, Scale(expected, options.LeaseFactor));
        return TimeSpan.FromTicks(Math.Min(usual, wanted));
    }

    /// <summary>
    /// How long somebody is taken for a worker who claims and has not delivered yet: a run and a half as it usually takes; null while nobody knows what that is.
    /// </summary>
    public static TimeSpan? BenefitOfDoubt(TimeSpan? median, SchedulingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return median is not { } usual ? null
            : TimeSpan.FromTicks(Math.Max(options.LeaseFloor.Ticks, Scale(usual, options.StragglerFactor)));
    }

    /// <summary>The lease of a batch: the longest of its claims, for a batch renews them all.</summary>
    public static TimeSpan Lease(IReadOnlyList<Claim> claims, TimeSpan? median, SchedulingOptions options)
    {
        ArgumentNullException.ThrowIfNull(claims);
        ArgumentNullException.ThrowIfNull(options);
        TimeSpan longest = TimeSpan.Zero;
        for (int i = 0; i < claims.Count; i++)
        {
            TimeSpan lease = Lease(claims[i].Expected, median, options);
            longest = lease > longest ? lease : longest;
        }

        return longest;
    }

    private static long Scale(TimeSpan span, double factor) => (long)Math.Min(long.MaxValue / 2, span.Ticks * factor);
}
