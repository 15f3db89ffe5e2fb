using System;
using System.Collections.Generic;
using System.Linq;

namespace Starling.Sim.Reduced;

/// <summary>The omniscient schedule: every piece goes at once to the worker that would end it first, and everybody knows everything.</summary>
internal static class GreedySchedule
{
    /// <summary>Seconds from the first start until the last piece is done.</summary>
    internal static double Time(ReducedOptions options, ReducedWorld world)
    {
        var ends = new PriorityQueue<(int Peer, double Free), double>();
        for (int i = 0; i < options.Peers; i++)
        {
            ends.Enqueue((i, world.Start[i]), world.Start[i] + (options.Seconds * world.Slowness[i]));
        }

        double last = 0;
        for (int piece = 0; piece < options.Pieces; piece++)
        {
            (int peer, double free) = ends.Dequeue();
            double end = free + world.Run(peer, piece);
            last = Math.Max(last, end);
            ends.Enqueue((peer, end), end + (options.Seconds * world.Slowness[peer]));
        }

        return last - world.Start.Min();
    }
}
