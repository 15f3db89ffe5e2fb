using System;

namespace Starling.Sim.Reduced;

/// <summary>What the schedule has no say in: start times, run times, who is whose neighbour, how long news travel. All by hash of the seed.</summary>
internal sealed class ReducedWorld
{
    private readonly ReducedOptions _options;
    private readonly ulong _seed;

    internal ReducedWorld(ReducedOptions options)
    {
        _options = options;
        _seed = options.Seed * 0x9E3779B97F4A7C15;
        Start = new double[options.Peers];
        Slowness = new double[options.Peers];
        for (int i = 0; i < options.Peers; i++)
        {
            Start[i] = options.Stagger * Draw(1, i, 0);
            Slowness[i] = 1 + (options.SpeedSpread * Draw(2, i, 0));
        }
    }

    internal double[] Start { get; }

    internal double[] Slowness { get; }

    internal double Run(int peer, int piece) =>
        _options.Seconds * Slowness[peer] * (1 + (_options.Jitter * ((2 * Draw(3, peer, piece)) - 1)));

    internal double Delay(int peer, int statement) => _options.Delay * (0.5 + Draw(4, peer, statement));

    internal double ClaimLuck(int peer, int statement) => Draw(5, peer, statement);

    internal bool AreNeighbours(int a, int b) =>
        _options.Links >= _options.Peers - 1 || Draw(6, Math.Min(a, b), Math.Max(a, b)) * (_options.Peers - 1) < _options.Links;

    private double Draw(ulong kind, int a, int b)
    {
        ulong z = _seed + (kind * 0xD6E8FEB86659FD93) + ((ulong)(uint)a << 32) + (uint)b;
        z = (z ^ (z >> 32)) * 0xD6E8FEB86659FD93;
        z = (z ^ (z >> 32)) * 0xD6E8FEB86659FD93;
        z ^= z >> 32;
        return (z >> 11) * (1.0 / (1UL << 53));
    }
}
