using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Sim.Adversaries;

namespace Starling.Sim.Swarms;

/// <summary>Swarms by name, and random ones by seed.</summary>
internal static class Scenario
{
    /// <summary>All names, in the order of the usage text.</summary>
    public static IReadOnlyList<string> Names { get; } =
        ["calm", "churn", "partitions", "crashes", "disks", "slow", "replicas", "search", "magnet", "exit", "hostile", "liars", "checker", "sealed", "variants", "arbiters", "orphans", "owners", "random"];

    /// <summary>Turns a swarm into one in which that happens; null: no such name.</summary>
    public static SimOptions? Apply(string name, SimOptions options) => name switch
    {
        "calm" => options,
        "churn" => Longer(options) with { LeavesPerHour = 120, CrashesPerHour = 20, StartSpread = 10, FaultSeconds = 60 },
        "partitions" => Longer(options) with { PartitionsPerHour = 240, Loss = 0.02, FaultSeconds = 120, PieceBytes = 40_000 },
        "crashes" => Longer(options) with { CrashesPerHour = 240, FaultSeconds = 60 },
        "disks" => Longer(options) with { FullDisksPerHour = 120, CrashesPerHour = 60, FailureShare = 0.1, BrokenShare = 0.2, FaultSeconds = 60 },
        "slow" => options with { SlowShare = 0.3, Loss = 0.02, UploadRate = 200_000, PieceBytes = 100_000, EmptyShare = 0.2, Slots = 2 },
        "replicas" => Longer(options) with { Replicas = 2, CrashesPerHour = 60, FaultSeconds = 30 },
        "search" => options with { Search = true, CrashesPerHour = 60, FaultSeconds = 20, Replicas = options.Seed % 2 == 0 ? 0 : 2 },
        "magnet" => options with { MagnetShare = 0.7, StartSpread = 5, Files = 3, EmptyShare = 0.1, PieceBytes = 200 * 1024 },
        "exit" => options with { ExitWhenDone = true, StartSpread = 3, PieceBytes = 100_000, UploadRate = 1_000_000 },
        "hostile" => options with { Adversaries = Rude(Math.Max(6, options.Peers / 2)) },
        "liars" => Longer(options) with { Trust = 20, Adversaries = Liars(options), LieRate = options.Seed % 2 == 0 ? 1 : 0.2, CrashesPerHour = 60, FaultSeconds = 30 },
        "checker" => Longer(options) with { Checker = true, Adversaries = Liars(options), LieRate = 0.5, CrashesPerHour = 60, FaultSeconds = 30, FailureShare = 0.05 },
        "sealed" => Longer(options) with { Replicas = 2 + (int)(options.Seed % 2), Sealed = 20, Adversaries = Liars(options), LieRate = 0.5, CrashesPerHour = 60, FaultSeconds = 30 },
        "variants" => Longer(options) with { Replicas = 2, Variants = 3, Adversaries = options.Seed % 2 == 0 ? [] : Liars(options), CrashesPerHour = 60, FaultSeconds = 30 },
        "arbiters" => Longer(options) with { Arbiters = 3, Pieces = options.Pieces / 2, Adversaries = Liars(options), CrashesPerHour = 60, FaultSeconds = 30 },
        "orphans" => Longer(options) with { OrphanedAt = 2 * 6 * options.PieceSeconds, MagnetShare = 1, Replicas = 2 },
        "owners" => Longer(options) with { GrantsPerHour = 400, Slots = 1 + (int)(options.Seed % 3), PieceBytes = 40_000, CrashesPerHour = 60, FaultSeconds = 60 },
        "random" => Random(options.Seed),
        _ => null,
    };

    private static AdversaryGroup[] Liars(SimOptions options) => [new(["lie"], Math.Max(1, options.Peers / 4))];

    /// <summary>So many hosts that break rules, of each kind in turn.</summary>
    public static IReadOnlyList<AdversaryGroup> Rude(int count)
    {
        var groups = new List<AdversaryGroup>();
        for (int i = 0; i < count; i++)
        {
            groups.Add(AdversaryKinds.Rude[i % AdversaryKinds.Rude.Count]);
        }

        return groups;
    }

    /// <summary>Work that lasts as long as the faults do.</summary>
    private static SimOptions Longer(SimOptions options) => options with { PieceSeconds = options.PieceSeconds * 6 };

    /// <summary>A small swarm in which anything may be wrong; everything follows from the seed.</summary>
    public static SimOptions Random(ulong seed)
    {
        var random = new DeterministicRandom(seed ^ 0x5CE7A210);
        bool Lot(int of) => random.Next(of) == 0;
        bool faults = !Lot(4);
        int[] sizes = [0, 100, 1_000, 20_000, 200 * 1024];
        var options = new SimOptions
        {
            Seed = seed,
            Peers = 2 + random.Next(14),
            Pieces = 1 + random.Next(60),
            Files = 1 + random.Next(4),
            PieceSeconds = 0.05 + (random.NextDouble() * 4),
            Jitter = random.NextDouble() * 0.5,
            PieceBytes = sizes[random.Next(sizes.Length)],
            EmptyShare = Lot(3) ? random.NextDouble() : 0,
            Slots = Lot(3) ? 1 + random.Next(4) : 1,
            Replicas = Lot(3) ? 2 + random.Next(2) : 0,
            Search = Lot(6),
            ExitWhenDone = Lot(4),
            Latency = Lot(3) ? 0.3 : 0.001 + (random.NextDouble() * 0.1),
            Loss = Lot(3) ? random.NextDouble() * 0.1 : 0,
            UploadRate = Lot(3) ? 50_000 + random.Next(1_000_000) : 0,
            KnownPeers = 1 + random.Next(8),
            MaxLinks = Lot(4) ? 4 + random.Next(8) : 50,
            MagnetShare = Lot(4) ? random.NextDouble() : 0,
            StartSpread = Lot(2) ? random.NextDouble() * 20 : 0,
            SlowShare = Lot(3) ? random.NextDouble() * 0.5 : 0,
            FailureShare = Lot(3) ? random.NextDouble() * 0.3 : 0,
            BrokenShare = Lot(5) ? random.NextDouble() * 0.4 : 0,
        };
        // Drawn apart, so that seeds of before stay what they were.
        options = options with
        {
            Keep = (seed % 7) switch
            {
                3 => KeepRule.Own,
                5 => KeepRule.Of(1 + (int)(seed / 7 % 3)),
                _ => KeepRule.All,
            },
        };
        if (options.Replicas > options.Peers)
        {
            options = options with { Replicas = 0 };
        }

        if (faults)
        {
            options = options with
            {
                FaultSeconds = 5 + (random.NextDouble() * 60),
                CrashesPerHour = Lot(2) ? random.Next(300) : 0,
                LeavesPerHour = Lot(2) ? random.Next(200) : 0,
                PartitionsPerHour = Lot(2) ? random.Next(300) : 0,
                FullDisksPerHour = Lot(3) ? random.Next(200) : 0,
            };
        }

        if (options.Search)
        {
            options = options with { PieceBytes = Math.Max(1, options.PieceBytes) };
        }

        // Who exits when done may leave a peer alone that can do nothing alone: not what is judged here.
        options = options.Replicas > 0 ? options with { BrokenShare = 0 } : options;
        return options.ExitWhenDone ? options with { BrokenShare = 0, MagnetShare = 0 }
            : Lot(4) ? options with { Adversaries = Rude(1 + random.Next(6)) }
            : options;
    }
}
