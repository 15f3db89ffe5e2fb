using System;
using System.Collections.Generic;

namespace Starling.Sim.Swarms;

/// <summary>What a central scheduler would need: every run goes to the slot that would end it first (greedy list scheduling).</summary>
internal static class ListSchedule
{
    /// <summary>The time at which the last of <paramref name="runs"/> equal runs ends.</summary>
    /// <param name="slots">For each slot when it is there, and how long a run takes it, in seconds.</param>
    /// <param name="runs">Number of runs.</param>
    public static double End(IEnumerable<(double From, double Run)> slots, int runs)
    {
        var queue = new PriorityQueue<(double End, double Run), double>();
        foreach ((double from, double run) in slots)
        {
            queue.Enqueue((from + run, run), from + run);
        }

        double last = 0;
        for (int i = 0; i < runs && queue.Count > 0; i++)
        {
            (double end, double run) = queue.Dequeue();
            last = Math.Max(last, end);
            queue.Enqueue((end + run, run), end + run);
        }

        return last;
    }
}
