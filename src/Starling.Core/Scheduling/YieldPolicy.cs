using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Scheduling;

/// <summary>Rule 2 of DESIGN section 5: which of more runs than are wanted give way.</summary>
public static class YieldPolicy
{
    /// <summary>
    /// Whether <paramref name="mine"/> is one of the surplus runs and young enough to stop. Of two runs the one that is clearly older goes on; started at
    /// about the same time (the difference could be the messages' delay), the one with the smaller H goes on. Two workers that
    /// measure the difference on both sides of that border would both go on, or both stop: if both still run when they must have heard
    /// each other, H alone decides.
    /// </summary>
    /// <param name="mine">My run, as others see it.</param>
    /// <param name="others">The live claims of others on the same piece.</param>
    /// <param name="wanted">Runs that may go on.</param>
    /// <param name="delay">How long a claim travels.</param>
    /// <param name="now">The time.</param>
    /// <param name="options">Constants.</param>
    public static bool GivesWay(
        LiveClaim mine, IReadOnlyList<LiveClaim> others, int wanted, TimeSpan delay, Instant now, SchedulingOptions options)
    {
        ArgumentNullException.ThrowIfNull(others);
        ArgumentNullException.ThrowIfNull(options);
        if (others.Count < wanted || !IsYoung(mine, delay, now, options))
        {
            return false;
        }

        int ahead = 0;
        for (int i = 0; i < others.Count; i++)
        {
            ahead += GoesFirst(others[i], mine, delay, now, options) ? 1 : 0;
        }

        return ahead >= wanted;
    }

    /// <summary>Whether a run is still cheap to stop: younger than a few message delays or a small part of its expected time.</summary>
    public static bool IsYoung(LiveClaim run, TimeSpan delay, Instant now, SchedulingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        TimeSpan elapsed = now - run.StartedAt;
        return elapsed <= delay * options.YieldDelays || elapsed <= run.Expected * options.YieldFraction;
    }

    /// <summary>When two runs that know of each other are decided for good: the owner looks again then.</summary>
    public static Instant Settled(LiveClaim a, LiveClaim b, TimeSpan delay, SchedulingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Instant later = a.StartedAt > b.StartedAt ? a.StartedAt : b.StartedAt;
        return later + (delay * options.YieldDelays * 2);
    }

    private static bool GoesFirst(LiveClaim other, LiveClaim mine, TimeSpan delay, Instant now, SchedulingOptions options)
    {
        TimeSpan older = mine.StartedAt - other.StartedAt;
        TimeSpan border = delay * options.YieldDelays;
        bool settled = now >= Settled(mine, other, delay, options);
        if (older.Duration() > (settled ? border * 2 : border))
        {
            return older > TimeSpan.Zero;
        }

        ulong theirs = Rendezvous.Weight(Rendezvous.Number(other.Worker), other.Piece);
        ulong own = Rendezvous.Weight(Rendezvous.Number(mine.Worker), mine.Piece);
        return theirs != own ? theirs < own : other.Worker.CompareTo(mine.Worker) < 0;
    }
}
