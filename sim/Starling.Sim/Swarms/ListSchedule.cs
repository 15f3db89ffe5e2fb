using System;
using System.Collections.Generic;

namespace Starling.Sim.Swarms;

/// <summary>What a central scheduler would need that knows everything at once: every run goes to the slot that is free first (greedy list scheduling).</summary>
internal static class ListSchedule
{
    /// <summary>The time at which the last run ends; every piece is run <paramref name="runsOfEach"/> times.</summary>
    /// <param name="hosts">Who computes; each is there from its first start on.</param>
    /// <param name="slots">Slots of each.</param>
    /// <param name="pieces">Number of pieces.</param>
    /// <param name="runsOfEach">Runs of every piece.</param>
    public static double End(IReadOnlyList<SimHost> hosts, int slots, int pieces, int runsOfEach)
    {
        // By when a usual run would end there: a fast machine may be the better choice while it is busy.
        var queue = new PriorityQueue<(SimHost Host, double Free), (double End, long Number)>();
        long number = 0;
        foreach (SimHost host in hosts)
        {
            for (int i = 0; i < slots; i++)
            {
                queue.Enqueue((host, host.StartedAt.Seconds), (host.StartedAt.Seconds + host.UsualRun, number++));
            }
        }

        double last = 0;
        for (int run = 0; run < pieces * runsOfEach && queue.Count > 0; run++)
        {
            (SimHost host, double free) = queue.Dequeue();
            double end = free + host.DurationOfRun(run % pieces);
            last = Math.Max(last, end);
            queue.Enqueue((host, end), (end + host.UsualRun, number++));
        }

        return last;
    }
}
