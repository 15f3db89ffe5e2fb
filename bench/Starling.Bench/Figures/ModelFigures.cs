using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Starling.Bench.Swarms;
using Starling.Core.Model;

namespace Starling.Bench.Figures;

/// <summary>
/// The two figures of BitWorker's paper redrawn: completion time and speed-up over the number of peers, as its model of random choice expects
/// them, beside what swarms of this program were measured to need (docs/data/swarm.csv, written by the bench <c>swarm</c>).
/// </summary>
internal static class ModelFigures
{
    private static readonly int[] Pieces = [64, 128, 192];
    private static readonly int[] Peers = [4, 8, 12, 16];
    private static readonly string[] Colours = ["#1f6fb4", "#c0392b", "#2e8b57"];

    public static int Draw()
    {
        string folder = Path.Combine(Repository.Root, "docs", "figures");
        Directory.CreateDirectory(folder);
        IReadOnlyList<SwarmResult> measured = SwarmResult.Load();
        var completion = new LineChart("Completion time, pieces of one second", "peers", "seconds");
        var speedUp = new LineChart("Speed-up over one peer", "peers", "times");
        for (int i = 0; i < Pieces.Length; i++)
        {
            int n = Pieces[i];
            (double X, double Y)[] model = [.. Peers.Select(m => ((double)m, ExpectedCompletion.Of(n, m).Rounds))];
            (double X, double Y)[] mine = [.. measured.Where(one => one.Pieces == n).OrderBy(one => one.Peers).Select(one => ((double)one.Peers, one.Seconds))];
            completion.Add(new Series($"{n}: random choice", Colours[i], IsDashed: true, IsMeasured: false, model));
            speedUp.Add(new Series($"{n}: random choice", Colours[i], IsDashed: true, IsMeasured: false, [.. model.Select(p => (p.X, n / p.Y))]));
            if (mine.Length > 0)
            {
                completion.Add(new Series($"{n}: measured", Colours[i], IsDashed: false, IsMeasured: true, mine));
                speedUp.Add(new Series($"{n}: measured", Colours[i], IsDashed: false, IsMeasured: true, [.. mine.Select(p => (p.X, n / p.Y))]));
            }
        }

        File.WriteAllText(Path.Combine(folder, "completion.svg"), completion.ToSvg());
        File.WriteAllText(Path.Combine(folder, "speed-up.svg"), speedUp.ToSvg());
        Console.WriteLine($"drawn from {measured.Count} measurements: docs/figures/completion.svg, docs/figures/speed-up.svg");
        return 0;
    }
}
