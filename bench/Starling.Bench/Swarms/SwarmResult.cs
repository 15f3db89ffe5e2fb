using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;

namespace Starling.Bench.Swarms;

/// <summary>One measured swarm, a row of docs/data/swarm.csv.</summary>
internal sealed record SwarmResult(int Pieces, int Peers, double Seconds, double Greedy, double Extra, int Runs, int Aborted, int Right)
{
    private const string Header = "pieces,peers,seconds,greedy,extra,runs,aborted,right";

    private static string File => Path.Combine(Repository.Root, "docs", "data", "swarm.csv");

    public double Ratio => Seconds / Greedy;

    public static IReadOnlyList<SwarmResult> Load() =>
        System.IO.File.Exists(File) ? [.. System.IO.File.ReadLines(File).Skip(1).Select(Parse)] : [];

    /// <summary>Replaces the rows of these settings and keeps the others.</summary>
    public static void Save(IReadOnlyList<SwarmResult> results)
    {
        IEnumerable<SwarmResult> kept = Load().Where(old => !results.Any(one => one.Pieces == old.Pieces && one.Peers == old.Peers));
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        System.IO.File.WriteAllLines(
            File, [Header, .. kept.Concat(results).OrderBy(one => one.Pieces).ThenBy(one => one.Peers).Select(one => one.Row())]);
    }

    private static SwarmResult Parse(string row)
    {
        string[] fields = row.Split(',');
        return new SwarmResult(
            Whole(fields[0]), Whole(fields[1]), Fraction(fields[2]), Fraction(fields[3]), Fraction(fields[4]), Whole(fields[5]), Whole(fields[6]), Whole(fields[7]));
    }

    private static int Whole(string field) => int.Parse(field, CultureInfo.InvariantCulture);

    private static double Fraction(string field) => double.Parse(field, CultureInfo.InvariantCulture);

    private string Row() => string.Create(
        CultureInfo.InvariantCulture, $"{Pieces},{Peers},{Seconds:F3},{Greedy:F3},{Extra:F4},{Runs},{Aborted},{Right}");
}
