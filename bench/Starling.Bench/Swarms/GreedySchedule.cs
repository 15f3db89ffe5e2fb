using System;
using System.Collections.Generic;

namespace Starling.Bench.Swarms;

/// <summary>What a central scheduler that knows everything at once would need: each piece goes to the peer that is free first.</summary>
internal static class GreedySchedule
{
    /// <summary>Seconds from the first peer's start until the last of <paramref name="pieces"/> runs of <paramref name="seconds"/> ends.</summary>
    public static double Length(IReadOnlyCollection<double> starts, int pieces, double seconds)
    {
        var free = new PriorityQueue<double, double>();
        double first = double.MaxValue;
        foreach (double start in starts)
        {
            free.Enqueue(start, start);
            first = Math.Min(first, start);
        }

        double last = first;
        for (int i = 0; i < pieces; i++)
        {
            double end = free.Dequeue() + seconds;
            free.Enqueue(end, end);
            last = Math.Max(last, end);
        }

        return last - first;
    }
}
