using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Scheduling;

/// <summary>Rule 4 of DESIGN section 5: when an idle slot runs a piece that others are running.</summary>
public static class StragglerPolicy
{
    private const double PatiencesPerClaim = 4;

    /// <summary>
    /// From when on one more run of the piece is worth it: its oldest run is overdue and would not end before a new one would; or the piece has
    /// been claimed for so long that claims no longer count for much. <see cref="Instant.Never"/>: it has runs enough for now.
    /// </summary>
    /// <param name="claims">The live claims of the piece; at least one.</param>
    /// <param name="claimedSince">Since when it has been claimed by anybody.</param>
    /// <param name="wanted">Runs that the policy wants.</param>
    /// <param name="median">Median run time of the swarm.</param>
    /// <param name="newRun">How long a new run here would take.</param>
    /// <param name="options">Constants.</param>
    public static Instant WorthFrom(
        IReadOnlyList<LiveClaim> claims, Instant claimedSince, int wanted, TimeSpan? median, TimeSpan newRun, SchedulingOptions options)
    {
        ArgumentNullException.ThrowIfNull(claims);
        ArgumentNullException.ThrowIfNull(options);
        TimeSpan usual = median ?? options.LeaseUnknown;
        TimeSpan patience = usual * options.LeaseFactor;
        if (claims.Count - wanted >= options.MaxStragglerCopies)
        {
            // More claims must not block a piece for ever: each further one of a worker that has delivered buys a bounded time, and those of
            // workers that never did, whose names may cost nothing, only as much as the logarithm of their number.
            int proven = 0;
            for (int i = 0; i < claims.Count; i++)
            {
                proven += claims[i].IsProven ? 1 : 0;
            }

            int beyond = Math.Max(0, proven - wanted - options.MaxStragglerCopies + 1);
            return claimedSince + (patience * ((PatiencesPerClaim * beyond) + Math.Log2(2 + claims.Count - proven)));
        }

        LiveClaim oldest = claims[0];
        for (int i = 1; i < claims.Count; i++)
        {
            oldest = claims[i].StartedAt < oldest.StartedAt ? claims[i] : oldest;
        }

        TimeSpan overdue = usual * options.StragglerFactor;
        if (oldest.Expected > usual && oldest.Expected - overdue <= newRun)
        {
            // It said that it is slow and will be done before a new run would: it is late only by its own measure.
            overdue = oldest.Expected * options.StragglerFactor;
        }

        return Instant.Min(oldest.StartedAt + overdue, claimedSince + patience);
    }
}
