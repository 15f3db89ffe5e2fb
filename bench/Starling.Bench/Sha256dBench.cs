using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Threading;
using Starling.Core.Tasks;
using Starling.Runtime.Kernels;
using Starling.Runtime.Kernels.Hashing;

namespace Starling.Bench;

/// <summary>
/// Nonces a second of the kernel sha256d-search on one core, beside the 64-byte blocks a second that SHA-256 of openssl reaches on the same
/// core. Rounds of all contestants take turns, because a shared machine changes its speed; the ratio is taken within each round. Rates are
/// per second of processor time, as openssl counts too.
/// </summary>
internal static class Sha256dBench
{
    public const string WorkerCommand = "sha256d-worker";

    private const int Rounds = 3;
    private const int SecondsEach = 3;
    private const int Pieces = 1 << 14;

    private const string GenesisHeader =
        "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a"
        + "29ab5f49ffff001d1dac2b7c";

    /// <summary>Switches of the runtime that leave a path as the best one; a path that the processor lacks is not printed twice.</summary>
    private static readonly (string Name, string? Value)[] Switches =
    [
        ("DOTNET_EnableAVX512", null),
        ("DOTNET_EnableAVX512", "0"),
        ("DOTNET_EnableAVX2", "0"),
        ("DOTNET_EnableHWIntrinsic", "0"),
    ];

    public static int Compare()
    {
        double[] blocks = new double[Rounds];
        var paths = new List<(string Path, double[] Rates)>();
        for (int round = 0; round < Rounds; round++)
        {
            blocks[round] = OpensslBlocks();
            for (int i = 0; i < Switches.Length; i++)
            {
                (string path, double rate) = RunWorker(Switches[i]);
                if (round == 0)
                {
                    paths.Add((path, new double[Rounds]));
                }

                paths[i].Rates[round] = rate;
            }
        }

        Print("openssl sha256, 64-byte blocks", blocks, blocks);
        foreach ((string path, double[] rates) in paths.DistinctBy(p => p.Path))
        {
            Print($"sha256d-search, {path}", rates, blocks);
        }

        return 0;
    }

    /// <summary>The measured process: searches pieces of the whole range for some seconds and prints path and rate.</summary>
    public static int Work(string seconds)
    {
        var spec = new RunSpec.Kernel("sha256d-search", [new("count", "4294967296"), new("header", GenesisHeader), new("start", "0")]);
        var task = new TaskInfo
        {
            Name = "bench",
            Run = spec,
            Files = [new OutputFile("bench", Pieces)],
            Verify = new VerifySpec.Own(),
        };
        if (!KernelRegistry.TryCreate(spec, task, out IKernel? kernel, out var problem))
        {
            Console.Error.WriteLine(problem);
            return 1;
        }

        using var sink = new DiscardingSink();
        kernel.Run(0, sink, CancellationToken.None);
        TimeSpan end = TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture));
        var process = Process.GetCurrentProcess();
        TimeSpan before = process.TotalProcessorTime;
        TimeSpan used = TimeSpan.Zero;
        long nonces = 0;
        for (int piece = 1; used < end; piece = (piece + 1) % Pieces)
        {
            kernel.Run(piece, sink, CancellationToken.None);
            nonces += (1L << 32) / Pieces;
            process.Refresh();
            used = process.TotalProcessorTime - before;
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{VectorPaths.Best} {nonces / used.TotalSeconds:F0}"));
        return 0;
    }

    private static (string Path, double Rate) RunWorker((string Name, string? Value) setting)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Environment.ProcessPath!.EndsWith("dotnet", StringComparison.Ordinal))
        {
            start.ArgumentList.Add(typeof(Sha256dBench).Assembly.Location);
        }

        start.ArgumentList.Add(WorkerCommand);
        start.ArgumentList.Add(SecondsEach.ToString(CultureInfo.InvariantCulture));
        if (setting.Value is not null)
        {
            start.Environment[setting.Name] = setting.Value;
        }

        string[] words = Output(start).Split(' ', StringSplitOptions.TrimEntries);
        return (words[0], double.Parse(words[1], CultureInfo.InvariantCulture));
    }

    /// <summary>The last line of <c>openssl speed</c> ends with thousands of bytes a second and a k.</summary>
    private static double OpensslBlocks()
    {
        var start = new ProcessStartInfo("openssl") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["speed", "-evp", "sha256", "-bytes", "16384", "-seconds", $"{SecondsEach}"])
        {
            start.ArgumentList.Add(argument);
        }

        string rate = Output(start).Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries)[^1];
        return double.Parse(rate.TrimEnd('k'), CultureInfo.InvariantCulture) * 1000 / 64;
    }

    private static string Output(ProcessStartInfo start)
    {
        using Process process = Process.Start(start)!;
        if (start.RedirectStandardError)
        {
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
        }

        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{start.FileName} ended with {process.ExitCode}");
    }

    private static void Print(string name, double[] rates, double[] blocks)
    {
        string all = string.Join(' ', rates.Select(r => (r / 1e6).ToString("F2", CultureInfo.InvariantCulture)));
        double ratio = Median(rates.Zip(blocks, (r, b) => r / b));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-34} {Median(rates) / 1e6,8:F2} M/s   ({all})   {ratio:F2} x openssl"));
    }

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(Rounds / 2);
}
