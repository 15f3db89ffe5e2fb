using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using Starling.Bench.Swarms;
using Starling.Runtime.Wasm.Worker;

namespace Starling.Bench.Wasm;

/// <summary>
/// Five programs in C (programs/*.c), once as gcc -O2 makes them for this processor, once as clang -O2 makes modules of them that a warm worker runs, in turn; and what the start of a
/// run costs in a warm worker. Needs gcc, clang, lld and wasi-libc.
/// </summary>
internal static class WasmBench
{
    private const int Rounds = 5;
    private const int Starts = 2_000;
    private static readonly string[] Programs = ["sha256", "sieve", "matmul", "quicksort", "nbody"];

    public static int Run()
    {
        using var folder = new ScratchFolder();
        string sources = Path.Combine(Repository.Root, "bench", "Starling.Bench", "Wasm", "programs");
        var ratios = new List<double>();
        Console.WriteLine("program    native ms  module ms  module / native (median of rounds)  fuel");
        foreach (string name in Programs)
        {
            string source = Path.Combine(sources, name + ".c");
            string native = Path.Combine(folder.Path, name);
            string module = native + ".wasm";
            Do("gcc", "-O2", source, "-o", native, "-lm");
            Do("clang", "--target=wasm32-wasi", "--sysroot=/usr", "-O2", source, "-o", module);
            using var worker = new Worker();

            // The first run starts the worker and compiles the module.
            Result first = worker.Run(module);
            var rounds = new List<(double Native, double Module)>();
            for (int round = 0; round < Rounds; round++)
            {
                long start = Stopwatch.GetTimestamp();
                string expected = Do(native);
                double nativeMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                Result run = worker.Run(module);
                if (run.Output != expected || run.Fuel != first.Fuel)
                {
                    throw new InvalidOperationException($"{name}: {run} instead of {expected}, fuel {first.Fuel}");
                }

                rounds.Add((nativeMs, run.Milliseconds));
            }

            double ratio = Median(rounds.Select(round => round.Module / round.Native));
            ratios.Add(ratio);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-10} {Median(rounds.Select(round => round.Native)),9:F0}  {Median(rounds.Select(round => round.Module)),9:F0}  {ratio,34:F2}  {first.Fuel}"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"median {Median(ratios):F2}, worst {ratios.Max():F2}"));
        MeasureStart(Path.Combine(Repository.Root, "examples", "wasm", "collatz.wasm"), "a module of 966 bytes");
        return 0;
    }

    /// <summary>Runs that do nothing but begin: of 10,000,000 pieces each has one number.</summary>
    private static void MeasureStart(string module, string what)
    {
        using var worker = new Worker();
        var times = new List<double>();
        for (int i = 0; i < Starts; i++)
        {
            times.Add(worker.Run(module, "PIECE_IDX=0", "PIECE_COUNT=10000000").Milliseconds);
        }

        times.Sort();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"start of a run in a warm worker, {what}, {Starts} runs: median {times[Starts / 2]:F3} ms, 99 of 100 below {times[Starts * 99 / 100]:F3} ms; the first, with the worker, {times[^1]:F0} ms"));
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private static string Do(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: exit {process.ExitCode}");
    }

    private readonly record struct Result(string Output, long Fuel, double Milliseconds);

    /// <summary>The program as a worker, without walls.</summary>
    private sealed class Worker : IDisposable
    {
        private readonly Process _process;

        public Worker()
        {
            var start = new ProcessStartInfo(Repository.Program, [WasmServer.Argument]) { RedirectStandardInput = true, RedirectStandardOutput = true };
            start.Environment["DOTNET_TieredPGO"] = "0";
            start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
            _process = Process.Start(start)!;
        }

        public Result Run(string module, params string[] variables)
        {
            byte[] request = new WasmRequest
            {
                Module = module,
                Arguments = [module],
                Variables = variables,
                Inputs = [],
                Chunk = null,
                Fuel = long.MaxValue,
                Pages = 65_536,
                Seed = new byte[32],
            }.Encode();
            long start = Stopwatch.GetTimestamp();
            var frame = new byte[4 + request.Length];
            BinaryPrimitives.WriteInt32LittleEndian(frame, request.Length);
            request.CopyTo(frame, 4);
            Stream input = _process.StandardInput.BaseStream;
            input.Write(frame);
            input.Flush();
            var output = new MemoryStream();
            WasmEnd? end = null;
            var reader = new WasmReplyReader();
            var buffer = new byte[65_536];
            while (end is null)
            {
                int count = _process.StandardOutput.BaseStream.Read(buffer);
                bool isTaken = count > 0 && reader.Append(buffer.AsSpan(0, count), (kind, content) =>
                {
                    if (kind == WasmReplyKind.Output)
                    {
                        output.Write(content);
                    }

                    return kind != WasmReplyKind.End || WasmEnd.TryDecode(content.ToArray(), out end);
                });
                if (!isTaken)
                {
                    throw new InvalidOperationException("the worker ended");
                }
            }

            double elapsed = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            return end.Problem is null && end.Status == 0
                ? new Result(System.Text.Encoding.UTF8.GetString(output.ToArray()), end.Fuel, elapsed)
                : throw new InvalidOperationException($"{module}: status {end.Status}, {end.Problem}");
        }

        public void Dispose()
        {
            _process.StandardInput.Close();
            _process.WaitForExit();
            _process.Dispose();
        }
    }
}
