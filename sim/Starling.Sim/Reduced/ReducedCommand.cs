using System;
using System.Diagnostics;
using System.Globalization;

namespace Starling.Sim.Reduced;

/// <summary>The commands <c>reduced</c> (one scenario) and <c>curve</c> (all that docs/scheduling.md shows).</summary>
internal static class ReducedCommand
{
    internal static int One(string[] args)
    {
        if (!TryParse(args, out ReducedOptions options, out string problem))
        {
            Console.Error.WriteLine(problem);
            return 2;
        }

        Header();
        Row(options);
        return 0;
    }

    /// <summary>One scenario with whole <see cref="Starling.Core.Scheduling.WorkScheduler"/>s, everybody a neighbour of everybody: up to some 200 peers.</summary>
    internal static int Schedulers(string[] args)
    {
        if (!TryParse(args, out ReducedOptions options, out string problem))
        {
            Console.Error.WriteLine(problem);
            return 2;
        }

        Header();
        Row(options, SchedulerSwarm.Run);
        return 0;
    }

    /// <summary>All scenarios of docs/scheduling.md; <c>--peers N</c> leaves out larger swarms.</summary>
    internal static int Curve(string[] args)
    {
        if (!TryParse(args, out ReducedOptions options, out string problem))
        {
            Console.Error.WriteLine(problem);
            return 2;
        }

        int largest = args.AsSpan().Contains("--peers") ? options.Peers : 10_000;
        Header();
        foreach (double seconds in (double[])[60, 20, 5, 1])
        {
            foreach (int peers in (int[])[16, 100, 1_000, 10_000])
            {
                if (peers <= largest)
                {
                    ReducedOptions scenario = options with { Peers = peers, Pieces = peers * 10, Seconds = seconds };
                    Row(scenario);
                    Row(scenario with { Stagger = seconds });
                    Row(scenario with { SpeedSpread = 1 });
                }
            }
        }

        Console.WriteLine("The small experiment: 1 s, 50 ms of gossip, 5 ms between runs");
        foreach (int pieces in (int[])[64, 128, 192])
        {
            foreach (int peers in (int[])[4, 8, 12, 16])
            {
                Row(options with { Peers = peers, Pieces = pieces, Seconds = 1, Delay = 0.05, Overhead = 0.005 });
            }
        }

        return 0;
    }

    internal static bool TryParse(string[] args, out ReducedOptions options, out string problem)
    {
        options = new ReducedOptions();
        problem = "";
        double perPeer = 10;
        int pieces = 0;
        for (int i = 0; i < args.Length; i++)
        {
            if (args[i] == "--uniform")
            {
                options = options with { Uniform = true };
                continue;
            }

            if (i + 1 == args.Length || !double.TryParse(args[i + 1], CultureInfo.InvariantCulture, out double value) || value < 0)
            {
                problem = $"{args[i]} needs a number";
                return false;
            }

            switch (args[i++])
            {
                case "--peers": options = options with { Peers = (int)value }; break;
                case "--pieces-per-peer": perPeer = value; break;
                case "--pieces": pieces = (int)value; break;
                case "--seconds": options = options with { Seconds = value }; break;
                case "--delay": options = options with { Delay = value }; break;
                case "--cap": options = options with { Cap = value }; break;
                case "--links": options = options with { Links = (int)value }; break;
                case "--jitter": options = options with { Jitter = value }; break;
                case "--spread": options = options with { SpeedSpread = value }; break;
                case "--stagger": options = options with { Stagger = value }; break;
                case "--overhead": options = options with { Overhead = value }; break;
                case "--seed": options = options with { Seed = (ulong)value }; break;
                default:
                    problem = $"unknown option {args[i - 1]}";
                    return false;
            }
        }

        options = options with { Pieces = pieces > 0 ? pieces : (int)(options.Peers * perPeer) };
        problem = options.Peers < 1 || options.Pieces < 1 || options.Seconds <= 0 ? "peers, pieces and seconds must be positive" : "";
        return problem.Length == 0;
    }

    private static void Header() => Console.WriteLine(
        "  peers  pieces  seconds  stagger  spread  seed |  time/greedy   extra |  yields  aborts  duplicates | wall s");

    private static void Row(ReducedOptions o) => Row(o, ReducedSwarm.Run);

    private static void Row(ReducedOptions o, Func<ReducedOptions, ReducedResult> run)
    {
        long begun = Stopwatch.GetTimestamp();
        ReducedResult r = run(o);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{o.Peers,7} {o.Pieces,7} {o.Seconds,8} {o.Stagger,8} {o.SpeedSpread,7} {o.Seed,5} | {r.TimeRatio,12:0.0000} {r.ExtraRatio,7:0.00%} | {r.Yields,7} {r.Aborts,7} {r.Duplicates,11} | {Stopwatch.GetElapsedTime(begun).TotalSeconds,6:0.0}"));
    }
}
