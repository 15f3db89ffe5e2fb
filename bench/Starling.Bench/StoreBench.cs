using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Engine;
using Starling.Runtime.Storage;

namespace Starling.Bench;

/// <summary>
/// What the piece store reaches on the disk under a folder: tiny results with two in flight (as two slots make them) and with many, and
/// results of 1 MiB by runs and by downloads; beside each the same bytes as plain files, written and flushed one by one. Store and plain
/// files take turns, the ratio is taken within each round.
/// </summary>
internal static class StoreBench
{
    private const int Rounds = 3;
    private const int TinyResults = 2000;
    private const int LargeResults = 64;
    private const int LargeSize = 1024 * 1024;

    public static int Run(string? parent)
    {
        string root = Path.Combine(parent ?? Path.GetTempPath(), "starling-bench-" + Guid.NewGuid().ToString("N"));
        byte[] tiny = new byte[16];
        byte[] large = new byte[LargeSize];
        Random.Shared.NextBytes(large);
        try
        {
            Compare(root, "tiny results, 2 in flight", TinyResults, tiny, 2, download: false);
            Compare(root, "tiny results, 64 in flight", TinyResults, tiny, 64, download: false);
            Compare(root, "results of 1 MiB by runs, 4 in flight", LargeResults, large, 4, download: false);
            Compare(root, "results of 1 MiB by downloads, 4 in flight", LargeResults, large, 4, download: true);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }

        return 0;
    }

    private static void Compare(string root, string name, int results, byte[] content, int inFlight, bool download)
    {
        var seconds = new double[Rounds];
        var plain = new double[Rounds];
        for (int round = 0; round < Rounds; round++)
        {
            plain[round] = PlainFiles(Path.Combine(root, "plain"), results, content);
            seconds[round] = Store(Path.Combine(root, "task"), results, content, inFlight, download).GetAwaiter().GetResult();
        }

        double median = seconds.Order().ElementAt(Rounds / 2);
        double ratio = seconds.Zip(plain, (ours, theirs) => theirs / ours).Order().ElementAt(Rounds / 2);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-44} {results / median,8:0}/s {results * (double)content.Length / median / (1 << 20),8:0.0} MiB/s   {ratio,5:0.00} x plain files with a flush each"));
    }

    private static async Task<double> Store(string root, int results, byte[] content, int inFlight, bool download)
    {
        var info = new TaskInfo
        {
            Name = "bench",
            Run = new RunSpec.Shell("true"),
            Files = [new OutputFile("bench", results)],
            Verify = new VerifySpec.Own(),
        };
        if (!TaskFolder.TryOpen(root, info, default, out TaskFolder? folder, out Problem? problem))
        {
            throw new IOException(problem.ToString());
        }

        using (folder)
        {
            using var free = new SemaphoreSlim(inFlight);
            int failures = 0;
            void Post(NodeInput answer)
            {
                failures += answer is NodeInput.ResultStored ? 0 : 1;
                free.Release();
            }

            if (!PieceStore.TryOpen(folder, Post, new PieceStoreOptions(), out PieceStore? store, out problem))
            {
                throw new IOException(problem.ToString());
            }

            ResultId result = MerkleTree.ResultOf(content);
            var batch = new byte[200];
            long start = Stopwatch.GetTimestamp();
            for (int piece = 0; piece < results; piece++)
            {
                free.Wait();
                if (download)
                {
                    Download(store, piece, result, content);
                }
                else
                {
                    Compute(store, piece, content, batch);
                }
            }

            for (int i = 0; i < inFlight; i++)
            {
                free.Wait();
            }

            double elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
            await store.DisposeAsync().ConfigureAwait(false);
            if (failures > 0)
            {
                throw new IOException($"{failures} results were not stored");
            }

            Directory.Delete(root, recursive: true);
            return elapsed;
        }
    }

    private static void Compute(PieceStore store, int piece, byte[] content, byte[] batch)
    {
        using IOutputSink sink = store.OpenOutput(new JobId(piece));
        sink.TryWrite(content);
        store.KeepOutputs([new KeptOutput(new JobId(piece), piece, sink.Complete())], batch);
    }

    private static void Download(PieceStore store, int piece, ResultId result, byte[] content)
    {
        for (int block = 0; block < result.BlockCount; block++)
        {
            // The engine has hashed it when it checked it.
            ReadOnlyMemory<byte> data = content.AsMemory(block * MerkleTree.BlockSize, MerkleTree.BlockSize);
            store.WriteBlock(piece, result, block, data, Hash256.Of(data.Span));
        }

        store.CommitDownload(piece, result);
    }

    private static double PlainFiles(string root, int files, byte[] content)
    {
        Directory.CreateDirectory(root);
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < files; i++)
        {
            using FileStream file = new(Path.Combine(root, i.ToString(CultureInfo.InvariantCulture)), FileMode.Create);
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        double elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Directory.Delete(root, recursive: true);
        return elapsed;
    }
}
