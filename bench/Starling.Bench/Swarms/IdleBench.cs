using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;

namespace Starling.Bench.Swarms;

/// <summary>What a finished, connected peer costs that has nothing to do: processor time and memory, among 16 with 64 pieces of 1 MiB.</summary>
internal static class IdleBench
{
    private const int Peers = 16;
    private const double SettleSeconds = 5;
    private const double MeasureSeconds = 20;

    public static int Run()
    {
        var task = new PieceTask(64, 0, 1024 * 1024);
        using var folder = new ScratchFolder();
        string spec = folder.File("idle.yaml", task.Yaml("idle"));
        using var swarm = new StarlingProcess(
            ["run", spec, "--dir", Path.Combine(folder.Path, "out"), "--local-peers", $"{Peers}", "--slots", "1", "--trust", "--json"]);
        if (!swarm.WaitFor("complete", Peers, TimeSpan.FromMinutes(3)))
        {
            Console.WriteLine($"not complete: {swarm.StandardError}");
            return 1;
        }

        Thread.Sleep(TimeSpan.FromSeconds(SettleSeconds));
        List<int> children = ChildrenOf(swarm.Id);
        Measure(children, "the first 20 s, in which the runtime recompiles what was hot");
        return Measure(children, "then");
    }

    private static int Measure(List<int> children, string when)
    {
        double[] before = [.. children.Select(ProcessorTime.Of)];
        Thread.Sleep(TimeSpan.FromSeconds(MeasureSeconds));
        double[] share = [.. children.Select((pid, i) => (ProcessorTime.Of(pid) - before[i]) / MeasureSeconds * 100)];
        double[] memory = [.. children.Select(pid => Status(pid, "VmRSS:"))];
        double[] most = [.. children.Select(pid => Status(pid, "VmHWM:"))];
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{children.Count} peers, finished and connected, over {MeasureSeconds} s, {when}: "
            + $"CPU of a core: median {Median(share):F2} %, most {share.Max():F2} %; "
            + $"resident memory: median {Median(memory):F0} MB, most {memory.Max():F0} MB; highest ever {most.Max():F0} MB"));
        return 0;
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    private static List<int> ChildrenOf(int parent)
    {
        var children = new List<int>();
        foreach (string folder in Directory.GetDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out int pid)
                && ProcessorTime.Stat(pid) is { } fields
                && int.Parse(fields[1], CultureInfo.InvariantCulture) == parent
                && File.ReadAllText($"/proc/{pid}/comm").StartsWith("starling", StringComparison.Ordinal))
            {
                children.Add(pid);
            }
        }

        return children;
    }

    /// <summary>A line of /proc/PID/status, in MB of 10^6 bytes.</summary>
    private static double Status(int pid, string key)
    {
        string line = File.ReadLines($"/proc/{pid}/status").First(text => text.StartsWith(key, StringComparison.Ordinal));
        return double.Parse(line[key.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) * 1024 / 1e6;
    }
}
