using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;

namespace Starling.Bench.Swarms;

/// <summary>
/// The experiment of BitWorker's authors, scaled down: pieces of <c>sleep 1</c> and 256 KiB on peers of one slot, each a process of its own.
/// Time from the first run's start until the first peer has everything (its last piece is durable, before the merge), beside a central scheduler's from the same start times.
/// </summary>
internal static class SwarmBench
{
    private static readonly int[] AllPieces = [64, 128, 192];
    private static readonly int[] AllPeers = [4, 8, 12, 16];

    public static int Run(string[] args)
    {
        bool save = args is ["--save", ..];
        string[] sizes = save ? args[1..] : args;
        int[] pieces = sizes.Length > 0 ? Numbers(sizes[0]) : AllPieces;
        int[] peers = sizes.Length > 1 ? Numbers(sizes[1]) : AllPeers;
        var results = new List<SwarmResult>();
        Console.WriteLine("pieces  peers  seconds  greedy  ratio  extra %  runs  aborted  right peers");
        foreach (int count in pieces)
        {
            foreach (int size in peers)
            {
                if (Measure(new PieceTask(count, 1, 256 * 1024), size) is { } result)
                {
                    results.Add(result);
                }
            }
        }

        if (save)
        {
            SwarmResult.Save(results);
        }

        return results.Count == pieces.Length * peers.Length ? 0 : 1;
    }

    private static SwarmResult? Measure(PieceTask task, int peers)
    {
        using var folder = new ScratchFolder();
        string spec = folder.File("experiment.yaml", task.Yaml("experiment"));
        string output = Path.Combine(folder.Path, "out");
        using var swarm = new StarlingProcess(
            ["run", spec, "--dir", output, "--local-peers", $"{peers}", "--slots", "1", "--trust", "--exit", "--json"]);
        int exit = swarm.WaitForExit(TimeSpan.FromMinutes(5));
        IReadOnlyList<JsonElement> events = swarm.Events;
        if (exit != 0)
        {
            Console.WriteLine($"{task.Pieces,6}  {peers,5}  exit {exit}: {swarm.StandardError}");
            return null;
        }

        double[] starts = [.. Enumerable.Range(0, peers).Select(peer => FirstTime(events, "started", peer))];
        double firstRun = events.Where(e => Name(e) == "computing").Min(Time);
        double[] ready = [.. starts.Select(start => Math.Max(start, firstRun))];
        double end = Enumerable.Range(0, peers).Min(peer => events.Where(e => Name(e) == "piece" && Peer(e) == peer).Max(Time));
        double seconds = end - firstRun;
        double greedy = GreedySchedule.Length(ready, task.Pieces, task.Seconds);

        // Needed: one run of each piece. Everything else that ran, to its end or not, is extra.
        double[] runs = [.. events.Where(e => Name(e) == "piece" && e.GetProperty("source").GetString() == "computed").Select(Seconds)];
        double[] aborted = [.. events.Where(e => Name(e) is "aborted" or "failed").Select(Seconds)];
        double needed = runs.Order().Take(task.Pieces).Sum();
        double extra = (runs.Sum() + aborted.Sum() - needed) / needed;
        int right = Enumerable.Range(0, peers).Count(peer => task.IsRight(Path.Combine(output, $"peer-{peer}", "experiment")));
        var result = new SwarmResult(task.Pieces, peers, seconds, greedy, extra, runs.Length, aborted.Length, right);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{task.Pieces,6}  {peers,5}  {seconds,7:F2}  {greedy,6:F2}  {result.Ratio,5:F3}  {extra * 100,7:F2}  {runs.Length,4}  {aborted.Length,7}  {right}/{peers}"));
        return result;
    }

    private static double FirstTime(IReadOnlyList<JsonElement> events, string name, int peer) =>
        events.Where(e => Name(e) == name && Peer(e) == peer).Min(Time);

    private static int Peer(JsonElement one) => one.GetProperty("peer").GetInt32();

    private static string? Name(JsonElement one) => one.GetProperty("event").GetString();

    private static double Time(JsonElement one) => one.GetProperty("time").GetDouble();

    private static double Seconds(JsonElement one) => one.TryGetProperty("seconds", out JsonElement value) ? value.GetDouble() : 0;

    private static int[] Numbers(string text) => [.. text.Split(',').Select(part => int.Parse(part, CultureInfo.InvariantCulture))];
}
