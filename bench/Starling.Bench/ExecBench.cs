using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Execution;
using Starling.Runtime.Storage;

namespace Starling.Bench;

/// <summary>
/// What a run costs beside its command: 2,000 pieces of shell <c>true</c> on two slots, each result durable, beside
/// <c>xargs -P2 -n1 bash -c true</c> and GNU parallel in the same round. No node and no network: the executor and the store alone.
/// </summary>
internal static class ExecBench
{
    private const int Pieces = 2_000;
    private const int Slots = 2;
    private const int Rounds = 5;

    public static int Compare()
    {
        bool parallel = Run("command -v parallel") == 0;
        var againstXargs = new List<double>();
        Console.WriteLine("round   starling s   per run us   xargs s   parallel s   starling/xargs");
        for (int round = 0; round < Rounds; round++)
        {
            // Alternating which goes first, so that a drift of the machine favours nobody.
            double own = round % 2 == 0 ? OwnSeconds() : 0;
            double xargs = Seconds($"seq {Pieces} | xargs -P{Slots} -n1 bash -c true");
            own = round % 2 == 0 ? own : OwnSeconds();
            double others = parallel ? Seconds($"seq {Pieces} | parallel -j{Slots} true") : double.NaN;
            againstXargs.Add(own / xargs);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{round,5}   {own,10:0.000}   {own * 1e6 / Pieces,10:0}   {xargs,7:0.000}   {others,10:0.000}   {own / xargs,14:0.00}"));
        }

        againstXargs.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"median starling/xargs: {againstXargs[Rounds / 2]:0.00}"));
        return 0;
    }

    private static double OwnSeconds()
    {
        string root = Directory.CreateTempSubdirectory("starling-bench-").FullName;
        try
        {
            return OwnSecondsAsync(root).GetAwaiter().GetResult();
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static async Task<double> OwnSecondsAsync(string root)
    {
        var task = new TaskInfo
        {
            Name = "true",
            Run = new RunSpec.Shell("true"),
            Files = [new OutputFile("true", Pieces)],
            Verify = new VerifySpec.Own(),
        };
        using var posted = new BlockingCollection<NodeInput>();
        using var launcher = new ProcessLauncher();
        if (!TaskFolder.TryOpen(root, task, Hash256.Zero, out TaskFolder? folder, out Problem? problem)
            || !PieceStore.TryOpen(folder, posted.Add, new PieceStoreOptions(), out PieceStore? store, out problem))
        {
            throw new IOException(problem.ToString());
        }

        double seconds;
        await using (store)
        await using (var runner = new JobRunner(task, folder, store, posted.Add, launcher, new RunnerOptions()))
        {
            long start = Stopwatch.GetTimestamp();
            for (int slot = 0; slot < Slots; slot++)
            {
                runner.Start(new JobId(slot), slot, slot, 1);
            }

            for (int stored = 0; stored < Pieces;)
            {
                switch (posted.Take())
                {
                    case NodeInput.JobExited { Outcome: JobOutcome.Succeeded success } exited:
                        int piece = (int)exited.Job.Value;
                        if (piece + Slots < Pieces)
                        {
                            runner.Start(new JobId(piece + Slots), piece % Slots, piece + Slots, 1);
                        }

                        store.KeepOutputs([new KeptOutput(exited.Job, piece, success.Result)], new byte[200]);
                        break;
                    case NodeInput.ResultStored:
                        stored++;
                        break;
                    case NodeInput other:
                        throw new InvalidOperationException(other.ToString());
                }
            }

            seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        folder.Dispose();
        return seconds;
    }

    private static double Seconds(string command)
    {
        long start = Stopwatch.GetTimestamp();
        return Run(command) == 0 ? Stopwatch.GetElapsedTime(start).TotalSeconds : double.NaN;
    }

    private static int Run(string command)
    {
        using Process shell = Process.Start(new ProcessStartInfo("/bin/bash", ["-c", command + " > /dev/null 2>&1"]))!;
        shell.WaitForExit();
        return shell.ExitCode;
    }
}
