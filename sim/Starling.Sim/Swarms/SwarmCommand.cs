using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using Starling.Sim.Adversaries;
using Starling.Core.Engine;

namespace Starling.Sim.Swarms;

/// <summary>The commands <c>swarm</c> (one swarm of full nodes) and <c>seeds</c> (many random ones).</summary>
internal static class SwarmCommand
{
    private const int LargeSwarm = 500;

    private const string SwarmUsage =
        "usage: swarm [--peers N] [--pieces N] [--seconds S] [--seed N] [--scenario NAME] [--latency S] [--jitter X] [--slots N] [--bytes N]\n"
        + "             [--links N] [--gossip S] [--quantum S] [--keep all|own|N] [--replicas K [--members]] [--spread S]\n"
        + "             [--trust T] [--sealed S] [--known N] [--adversary KIND[+KIND]:AMOUNT[,…]] [--lie SHARE] [--lie-after N] [--identities N] [--copies N]\n"
        + "             [--beside] [--frame-cost S] [--rate BYTES] [--orphaned-at S] [--fast] [--runs] [--trace HOST]";

    /// <summary>One swarm; prints what it came to.</summary>
    public static int One(string[] args)
    {
        var options = new SimOptions();
        string scenario = "calm";
        bool beside = false;
        for (int i = 0; i < args.Length; i++)
        {
            if (args[i] == "--fast")
            {
                options = options with { CheckEveryStep = false };
                continue;
            }

            if (args[i] == "--members")
            {
                options = options with { Members = true };
                continue;
            }

            if (args[i] == "--beside")
            {
                beside = true;
                continue;
            }

            if (args[i] == "--runs")
            {
                options = options with { LogRuns = true };
                continue;
            }

            if (i + 1 == args.Length || !TrySet(args[i], args[i + 1], ref options, ref scenario))
            {
                Console.Error.WriteLine($"swarm: '{args[i]}' is no option, or its value is wrong");
                Console.Error.WriteLine(SwarmUsage);
                Console.Error.WriteLine($"scenarios: {string.Join(", ", Scenario.Names)}");
                Console.Error.WriteLine($"adversaries: {string.Join(", ", AdversaryKinds.Names)}");
                return 2;
            }

            i++;
        }

        if ((Scenario.Apply(scenario, options) is { } applied ? applied with { TraceHost = options.TraceHost } : null) is not { } swarm)
        {
            Console.Error.WriteLine($"swarm: there is no scenario '{scenario}'; there are: {string.Join(", ", Scenario.Names)}");
            return 2;
        }

        string command = $"swarm {string.Join(' ', args)}";
        return (beside ? RunBeside(swarm, command) : Run(swarm, command, verbose: true) is not null) ? 0 : 1;
    }

    /// <summary>Random swarms of consecutive seeds; names each that fails and how to run it again.</summary>
    public static int Many(string[] args)
    {
        ulong from = 1;
        if (args.Length is not (1 or 3)
            || !int.TryParse(args[0], NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            || (args.Length == 3 && (args[1] != "--from" || !ulong.TryParse(args[2], NumberStyles.None, CultureInfo.InvariantCulture, out from))))
        {
            Console.Error.WriteLine("usage: seeds N [--from S]");
            return 2;
        }

        int failed = 0;
        var watch = Stopwatch.StartNew();
        for (ulong seed = from; seed < from + (ulong)count; seed++)
        {
            if (Run(Scenario.Random(seed), $"swarm --seed {seed} --scenario random", verbose: false) is null)
            {
                failed++;
            }
        }

        Console.WriteLine($"{count} seeds from {from} on: {(failed == 0 ? "all well" : $"{failed} FAILED")} ({watch.Elapsed.TotalSeconds:F0} s)");
        return failed == 0 ? 0 : 1;
    }

    /// <summary>A large swarm takes minutes: what it costs so far is told on the standard error every virtual half minute.</summary>
    public static void TellProgressOfLarge(SimWorld world)
    {
        if (world.Options.Peers >= LargeSwarm)
        {
            TellProgress(world);
        }
    }

    /// <summary>The honest hosts alone, and then the same ones beside the adversaries: how much longer they need.</summary>
    private static bool RunBeside(SimOptions options, string command)
    {
        Console.WriteLine("honest hosts alone:");
        SimReport? alone = Run(options with { Adversaries = [] }, command, verbose: true);
        Console.WriteLine($"beside {string.Join(", ", options.Adversaries)}:");
        SimReport? beside = alone is null ? null : Run(options, command, verbose: true);
        if (alone is null || beside is null)
        {
            return false;
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"time beside adversaries ÷ alone: {(beside.LastComplete - beside.FirstStart) / (alone.LastComplete - alone.FirstStart):F3} until the last honest host has everything, "
            + $"{(beside.FirstComplete - beside.FirstStart) / (alone.FirstComplete - alone.FirstStart):F3} until the first has"));
        return true;
    }

    private static SimReport? Run(SimOptions options, string command, bool verbose)
    {
        try
        {
            var world = new SimWorld(options);
            if (verbose)
            {
                TellProgressOfLarge(world);
            }

            SimReport report = world.Run();
            if (verbose)
            {
                Console.WriteLine(report);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"computed in {Environment.CpuUsage.TotalTime.TotalSeconds:F1} s of processor time ({GC.GetTotalPauseDuration().TotalSeconds:F1} s of pauses, {GC.CollectionCount(0)}/{GC.CollectionCount(1)}/{GC.CollectionCount(2)} collections), {Environment.WorkingSet >> 20} MiB"));
            }

            return report;
        }
        catch (SimFailureException failure)
        {
            return Failed(options, command, failure.Message);
        }
        catch (Exception bug) when (bug is InvalidOperationException or ArgumentException or IndexOutOfRangeException or NullReferenceException
            or KeyNotFoundException or OverflowException)
        {
            return Failed(options, command, bug.ToString());
        }
    }

    private static void TellProgress(SimWorld world) => world.Events.After(TimeSpan.FromSeconds(30), () =>
    {
        Console.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  {world.Events.Now.Seconds:F0} s simulated in {Environment.CpuUsage.TotalTime.TotalSeconds:F0} s of processor time, {Environment.WorkingSet >> 20} MiB"));
        TellProgress(world);
    });

    private static SimReport? Failed(SimOptions options, string command, string what)
    {
        Console.WriteLine($"seed {options.Seed} FAILED: {what}");
        Console.WriteLine(options);
        Console.WriteLine($"replay: dotnet run --project sim/Starling.Sim -c Release -- {command}");
        return null;
    }

    private static bool TrySet(string name, string text, ref SimOptions options, ref string scenario)
    {
        bool isNumber = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && number >= 0 && number <= 1e9;
        SimOptions? changed = name switch
        {
            "--scenario" => options,
            "--seed" when ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed) => options with { Seed = seed },
            "--peers" when isNumber && number >= 1 => options with { Peers = (int)number },
            "--pieces" when isNumber && number >= 1 => options with { Pieces = (int)number },
            "--seconds" when isNumber => options with { PieceSeconds = number },
            "--latency" when isNumber => options with { Latency = number },
            "--jitter" when isNumber => options with { Jitter = number },
            "--slots" when isNumber && number >= 1 => options with { Slots = (int)number },
            "--bytes" when isNumber => options with { PieceBytes = (int)number },
            "--gossip" when isNumber => options with { GossipDelay = number },
            "--quantum" when isNumber => options with { Quantum = number },
            "--links" when isNumber && number >= 1 => options with { MaxLinks = (int)number },
            "--trust" when isNumber && number >= 2 => options with { Trust = (int)number },
            "--variants" when isNumber && number >= 1 => options with { Variants = (int)number },
            "--known" when isNumber => options with { Known = (int)number },
            "--lie" when isNumber && number <= 1 => options with { LieRate = number },
            "--lie-after" when isNumber => options with { LieAfter = (int)number },
            "--keep" when KeepRule.TryParse(text, out KeepRule keep) => options with { Keep = keep },
            "--sealed" when isNumber => options with { Sealed = number },
            "--replicas" when isNumber => options with { Replicas = (int)number },
            "--spread" when isNumber => options with { StartSpread = number },
            "--trace" when isNumber => options with { TraceHost = (int)number },
            "--adversary" when AdversaryMix.TryParse(text, out IReadOnlyList<AdversaryGroup> groups) => options with { Adversaries = [.. options.Adversaries, .. groups] },
            "--identities" when isNumber => options with { Identities = (int)number },
            "--copies" when isNumber => options with { SybilCopies = (int)number },
            "--frame-cost" when isNumber => options with { FrameSeconds = number },
            "--rate" when isNumber => options with { UploadRate = number },
            "--orphaned-at" when isNumber => options with { OrphanedAt = number },
            _ => null,
        };
        scenario = name == "--scenario" ? text : scenario;
        options = changed ?? options;
        return changed is not null;
    }
}
