using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;

namespace Starling.Bench.Swarms;

/// <summary>
/// 2,000 commands that do nothing, two at a time: the overhead of a run whose result is made durable, beside <c>xargs</c> and GNU
/// parallel, in turn.
/// </summary>
internal static class CommandsBench
{
    private const int Count = 2_000;
    private const int Rounds = 3;

    public static int Run()
    {
        Console.WriteLine("round  starling s  xargs s  parallel s  starling / xargs  parallel / starling");
        for (int round = 1; round <= Rounds; round++)
        {
            double starling = Starling();
            double xargs = Shell($"seq {Count} | xargs -P2 -n1 bash -c true");
            double parallel = HasParallel() ? Shell($"seq {Count} | parallel -j2 true") : double.NaN;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{round,5}  {starling,10:F3}  {xargs,7:F3}  {parallel,10:F3}  {starling / xargs,16:F2}  {parallel / starling,19:F2}"));
        }

        return 0;
    }

    private static double Starling()
    {
        using var folder = new ScratchFolder();
        string spec = folder.File("true.yaml", $"name: true\npieces: {Count}\nrun: 'true'\n");
        using var run = new StarlingProcess(["run", spec, "--dir", Path.Combine(folder.Path, "out"), "--slots", "2", "--trust", "--exit", "--json"]);
        int exit = run.WaitForExit(TimeSpan.FromMinutes(2));
        if (exit != 0)
        {
            throw new InvalidOperationException($"exit {exit}: {run.StandardError}");
        }

        double first = run.Events.First(e => e.GetProperty("event").GetString() == "computing").GetProperty("time").GetDouble();
        double last = run.Events.Last(e => e.GetProperty("event").GetString() == "piece").GetProperty("time").GetDouble();
        return last - first;
    }

    private static bool HasParallel() => File.Exists("/usr/bin/parallel");

    private static double Shell(string command)
    {
        long start = Stopwatch.GetTimestamp();
        using Process process = Process.Start(new ProcessStartInfo("/bin/bash", ["-c", command]) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
