using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;

namespace Starling.Bench.Swarms;

/// <summary>
/// Table 2 of Goldsmith's paper: SAXPY over 40 chunks, each chunk computed once or, two-fold, by two members whose results are compared. Each peer is a process with one
/// slot; a chunk takes a fixed time (it sleeps, so that 16 peers fit on any machine). Speed-up: chunks · time of a chunk ÷ time from the first run's start until every
/// peer has every result.
/// </summary>
internal static class CompTorrentBench
{
    private const int Elements = 1_000;
    private const string DefaultPeers = "1,2,4,8,16";
    private const string DefaultChunks = "40";

    public static int Run(string[] args)
    {
        double seconds = args.Length > 0 ? double.Parse(args[0], CultureInfo.InvariantCulture) : 10;
        int[] peers = Numbers(args.Length > 1 ? args[1] : DefaultPeers);
        int[] chunks = Numbers(args.Length > 2 ? args[2] : DefaultChunks);
        bool isWell = true;
        Console.WriteLine("chunks  seconds of one  folds  peers  wall s  speed-up  ideal  runs  stopped  right peers");
        foreach (int count in chunks)
        {
            foreach (int folds in (int[])[1, 2])
            {
                foreach (int size in peers)
                {
                    isWell &= Measure(count, seconds, folds, size);
                }
            }
        }

        return isWell ? 0 : 1;
    }

    private static bool Measure(int chunks, double seconds, int folds, int peers)
    {
        using var folder = new ScratchFolder();

        // Whoever signs a task runs its commands without more ado; this identity is gone with the folder.
        Environment.SetEnvironmentVariable("STARLING_HOME", Path.Combine(folder.Path, "home"));
        string spec = folder.File("saxpy.yaml", Yaml(chunks, seconds, folds));
        string task = Path.Combine(folder.Path, "saxpy.starling");
        using (var create = new StarlingProcess(["create", spec, "-o", task]))
        {
            create.WaitForExit(TimeSpan.FromMinutes(1));
        }

        string output = Path.Combine(folder.Path, "out");
        using var swarm = new StarlingProcess(["run", task, "--dir", output, "--local-peers", $"{peers}", "--slots", "1", "--no-dht", "--no-port-mapping", "--exit", "--json"]);
        int exit = swarm.WaitForExit(TimeSpan.FromSeconds(120 + (3 * folds * chunks * seconds)));
        IReadOnlyList<JsonElement> events = swarm.Events;
        if (exit != 0)
        {
            Console.WriteLine($"{chunks,6}  {folds,5}  {peers,5}  exit {exit}: {swarm.StandardError}");
            return false;
        }

        double start = events.Where(e => Name(e) == "computing").Min(Time);
        double end = events.Where(e => Name(e) == "piece").Max(Time);
        int runs = events.Count(e => Name(e) == "piece" && e.GetProperty("source").GetString() == "computed");
        int stopped = events.Count(e => Name(e) is "aborted" or "failed");
        string[] outputs = [.. Enumerable.Range(0, peers).Select(peer => Path.Combine(output, peers == 1 ? "" : $"peer-{peer}", "saxpy"))];
        int right = outputs.Count(path => File.Exists(path) && File.ReadAllText(path) == Expected(chunks));
        int runsOfOne = Math.Min(folds, peers);
        double ideal = chunks / Math.Ceiling(chunks * (double)runsOfOne / peers);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{chunks,6}  {seconds,14:F1}  {folds,5}  {peers,5}  {end - start,6:F2}  {chunks * seconds / (end - start),8:F2}  {ideal,5:F2}  {runs,4}  {stopped,7}  {right}/{peers}"));
        return right == peers;
    }

    /// <summary>Chunk c has x = 0, 1, 2, … and y = c: a line of the result is 0.5 · x + y.</summary>
    private static string Yaml(int chunks, double seconds, int folds) => string.Create(CultureInfo.InvariantCulture, $$"""
        name: saxpy
        pieces: {{chunks}}
        run: sleep {{seconds}}; awk -v y=$PIECE_IDX 'BEGIN { for (x = 0; x < {{Elements}}; x++) printf "%.1f\n", 0.5 * x + y }'
        piece length: 1MiB
        verify: {{(folds == 1 ? "own" : $"{{ replicas: {folds} }}")}}

        """);

    private static string Expected(int chunks)
    {
        var text = new StringBuilder();
        for (int chunk = 0; chunk < chunks; chunk++)
        {
            for (int x = 0; x < Elements; x++)
            {
                text.Append(CultureInfo.InvariantCulture, $"{(0.5 * x) + chunk:F1}\n");
            }
        }

        return text.ToString();
    }

    private static string? Name(JsonElement one) => one.GetProperty("event").GetString();

    private static double Time(JsonElement one) => one.GetProperty("time").GetDouble();

    private static int[] Numbers(string text) => [.. text.Split(',').Select(part => int.Parse(part, CultureInfo.InvariantCulture))];
}
