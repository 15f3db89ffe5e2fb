using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;

namespace Starling.Bench.Swarms;

/// <summary>
/// How the owner's rules hold on real processes: the share of all cores that busy, forking runs take under <c>cpu: 25%</c>, and how long it takes from a change of the file until
/// every process of every run stands still.
/// </summary>
internal static class OwnerBench
{
    private const double MeasureSeconds = 20;
    private const int Rounds = 20;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>One loop that only counts, one that makes children which count, one that makes children which end at once.</summary>
    private const string Busy =
        "(while :; do :; done) & (while :; do sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'; done) & while :; do sh -c :; done";

    public static int Run()
    {
        using var folder = new ScratchFolder();
        string config = folder.File("config.yaml", "");
        Environment.SetEnvironmentVariable("STARLING_HOME", folder.Path);
        string commands = folder.File("busy.yaml", $"name: busy\npieces: 16\nrun: {Quoted(Busy)}\nlimits: {{wall: 1h}}\n");
        string kernel = folder.File(
            "kernel.yaml", "name: kernel\npieces: 16\nrun: {kernel: hash-search, algorithm: sha256, start: 0, count: 1000000000000, zero-bits: 200}\nlimits: {wall: 1h}\n");
        Share(folder, config, commands, "commands, three busy processes each, two of which make children", 1);
        Share(folder, config, kernel, "a kernel", 1);
        Share(folder, config, commands, "commands of two processes of the program", 2);
        return Reaction(folder, config, commands);
    }

    private static void Share(ScratchFolder folder, string config, string task, string what, int peers)
    {
        foreach (int percent in (int[])[25, 50])
        {
            File.WriteAllText(config, $"cpu: {percent}%\n");
            using StarlingProcess run = Start(folder, task, peers);
            if (!run.WaitFor("computing", 2 * peers, Patience))
            {
                Console.WriteLine($"nothing runs: {run.StandardError}");
                return;
            }

            Thread.Sleep(TimeSpan.FromSeconds(2));
            bool isKernel = Path.GetFileName(task) == "kernel.yaml";
            double before = Used(run.Id, isKernel);
            long at = Stopwatch.GetTimestamp();
            Thread.Sleep(TimeSpan.FromSeconds(MeasureSeconds));
            double share = 100 * (Used(run.Id, isKernel) - before) / Stopwatch.GetElapsedTime(at).TotalSeconds / Environment.ProcessorCount;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"cpu: {percent}%, {what}: {share:F1} % of {Environment.ProcessorCount} cores over {MeasureSeconds} s"));
        }
    }

    private static int Reaction(ScratchFolder folder, string config, string task)
    {
        File.WriteAllText(config, "");
        using StarlingProcess run = Start(folder, task, 1);
        if (!run.WaitFor("computing", 2, Patience))
        {
            Console.WriteLine($"nothing runs: {run.StandardError}");
            return 1;
        }

        var frozen = new List<double>();
        var going = new List<double>();
        for (int round = 0; round < Rounds; round++)
        {
            Thread.Sleep(700 + (round * 37 % 500));
            frozen.Add(After(config, "hours: none\n", () => Standing(run.Id)));
            Thread.Sleep(700 + (round * 61 % 500));
            going.Add(After(config, "", () => !Standing(run.Id)));
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"from a change of the file, {Rounds} times: until every process stands still median {Median(frozen):F2} s, most {frozen.Max():F2} s; until they go on median {Median(going):F2} s, most {going.Max():F2} s"));
        return frozen.Max() <= 2 && going.Max() <= 2 ? 0 : 1;
    }

    private static StarlingProcess Start(ScratchFolder folder, string task, int peers) => new(
        ["run", task, "--dir", Path.Combine(folder.Path, Guid.NewGuid().ToString("N")), "--slots", "2", "--local-peers", $"{peers}", "--trust", "--json", "--listen", "127.0.0.1:0", "--no-dht", "--no-port-mapping"]);

    private static double After(string config, string text, Func<bool> holds)
    {
        long at = Stopwatch.GetTimestamp();
        File.WriteAllText(config, text);
        while (!holds() && Stopwatch.GetElapsedTime(at) < Patience)
        {
            Thread.Sleep(10);
        }

        return Stopwatch.GetElapsedTime(at).TotalSeconds;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static string Quoted(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>Processor seconds of the runs below a program; with a kernel, which runs inside, of the program itself.</summary>
    private static double Used(int program, bool isKernel)
    {
        double ticks = 0;
        foreach ((int pid, string[] fields) in Below(program))
        {
            ticks += isKernel == (pid == program) ? fields[11..(isKernel ? 13 : 15)].Sum(field => double.Parse(field, CultureInfo.InvariantCulture)) : 0;
        }

        return ticks / 100;
    }

    /// <summary>Whether every process of every run is stopped: nothing runs, sleeps or waits.</summary>
    private static bool Standing(int program) =>
        Below(program).All(entry => entry.Pid == program || entry.Fields[0] is "T" or "Z" || IsGuard(entry.Pid));

    private static bool IsGuard(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/environ").Contains("STARLING_GUARD=", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <summary>The program and what descends from it; of several local peers, those count as the program too.</summary>
    private static List<(int Pid, string[] Fields)> Below(int program)
    {
        var all = new Dictionary<int, string[]>();
        foreach (string folder in Directory.GetDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out int pid) && ProcessorTime.Stat(pid) is { } fields)
            {
                all[pid] = fields;
            }
        }

        var found = new List<(int Pid, string[] Fields)>();
        var members = new HashSet<int> { program };
        for (bool grew = true; grew;)
        {
            grew = false;
            foreach ((int pid, string[] fields) in all)
            {
                grew |= members.Contains(int.Parse(fields[1], CultureInfo.InvariantCulture)) && members.Add(pid);
            }
        }

        foreach ((int pid, string[] fields) in all)
        {
            if (members.Contains(pid) && (pid == program || !IsStarling(pid)))
            {
                found.Add((pid, fields));
            }
        }

        return found;
    }

    private static bool IsStarling(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/comm").StartsWith("starling", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return true;
        }
    }
}
