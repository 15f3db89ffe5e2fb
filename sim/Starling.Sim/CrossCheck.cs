using System;
using System.Globalization;
using Starling.Sim.Reduced;
using Starling.Sim.Swarms;

namespace Starling.Sim;

/// <summary>
/// The command <c>crosscheck</c>: the same swarms of full nodes and of the reduced model, side by side. The model's delay is what a result needed
/// between the full nodes, so that the two differ in nothing but what the model leaves out.
/// </summary>
internal static class CrossCheck
{
    private const string Usage = "usage: crosscheck [--peers N] [--pieces-per-peer N] [--seconds S] [--links N] [--seed N]";

    /// <summary>16, 100 and 1,000 peers, or the one number that is asked for.</summary>
    public static int Run(string[] args)
    {
        var options = new SimOptions
        {
            PieceSeconds = 60,
            MaxLinks = 20,
            Latency = 0.05,
            GossipDelay = 0.25,
            Quantum = 0.1,
            CheckEveryStep = false,
        };
        int perPeer = 10;
        int only = 0;
        for (int i = 0; i < args.Length; i += 2)
        {
            if (i + 1 == args.Length
                || !int.TryParse(args[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out int value)
                || value == 0
                || !TrySet(args[i], value, ref options, ref perPeer, ref only))
            {
                Console.Error.WriteLine(Usage);
                return 2;
            }
        }

        Console.WriteLine("  peers  pieces  seconds  links  delay | full nodes: time/greedy   extra | reduced model: time/greedy   extra | processor s");
        foreach (int peers in only > 0 ? (int[])[only] : [16, 100, 1_000])
        {
            Row(options with { Peers = peers, Pieces = peers * perPeer });
        }

        return 0;
    }

    private static void Row(SimOptions options)
    {
        double before = Environment.CpuUsage.TotalTime.TotalSeconds;
        var world = new SimWorld(options);
        SwarmCommand.TellProgressOfLarge(world);
        SimReport full = world.Run();
        double took = Environment.CpuUsage.TotalTime.TotalSeconds - before;
        ReducedResult reduced = ReducedSwarm.Run(new ReducedOptions
        {
            Peers = options.Peers,
            Pieces = options.Pieces,
            Seconds = options.PieceSeconds,
            Delay = full.NewsDelay,
            Links = Math.Min(options.MaxLinks, options.Peers - 1),
            Jitter = options.Jitter,
            Seed = options.Seed,
        });
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{options.Peers,7} {options.Pieces,7} {options.PieceSeconds,8} {options.MaxLinks,6} {full.NewsDelay,6:0.00} | {full.Ratio,23:0.0000} {full.ExtraWork,7:0.00%} | {reduced.TimeRatio,26:0.0000} {reduced.ExtraRatio,7:0.00%} | {took,11:0}"));
    }

    private static bool TrySet(string name, int value, ref SimOptions options, ref int perPeer, ref int only)
    {
        switch (name)
        {
            case "--peers":
                only = value;
                return true;
            case "--pieces-per-peer":
                perPeer = value;
                return true;
            case "--seconds":
                options = options with { PieceSeconds = value };
                return true;
            case "--links":
                options = options with { MaxLinks = value };
                return true;
            case "--seed":
                options = options with { Seed = (ulong)value };
                return true;
            default:
                return false;
        }
    }
}
