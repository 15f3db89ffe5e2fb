using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using Starling.Bench.Swarms;
using Starling.Core.Metainfo;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Runtime.Torrents;

namespace Starling.Bench;

/// <summary>
/// What the state of a torrent of 100 GiB costs: a process reads its .torrent, opens its files with the saved state of a complete download, and says how long that took and how
/// much memory it holds then. The files are sparse and the hashes are made up: nothing is hashed, which is the point.
/// </summary>
internal static class TorrentBench
{
    public const string WorkerCommand = "torrent-open";

    private const long Size = 100L << 30;
    private const int PieceLength = 256 * 1024;
    private const int ManyFiles = 10_000;
    private const int Rounds = 3;

    public static int Run()
    {
        Measure("one file, hybrid, pieces of 256 KiB", One());
        Measure("10,000 files, v1, pieces of 256 KiB", Many());
        return 0;
    }

    /// <summary>The process that is measured: its own figures, in one line.</summary>
    public static int Open(string torrent, string folder)
    {
        GC.Collect();
        using var self = Process.GetCurrentProcess();
        long residentBefore = self.WorkingSet64;
        TimeSpan processorBefore = self.TotalProcessorTime;
        long start = Stopwatch.GetTimestamp();
        byte[] bytes = File.ReadAllBytes(torrent);
        if (!TorrentFile.TryRead(bytes, out TorrentFile? file, out Problem? problem)
            || !TorrentStorage.TryOpen(file.Info, folder, new TorrentStorageOptions(), out TorrentStorage? storage, out problem))
        {
            Console.Error.WriteLine(problem);
            return 1;
        }

        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        int pieces = Enumerable.Range(0, file.Info.PieceCount).Count(piece => TorrentResume.Has(storage.Resume.Pieces, piece));
        int doubtful = Enumerable.Range(0, file.Info.PieceCount).Count(piece => TorrentResume.Has(storage.Resume.Unchecked, piece));
        self.Refresh();
        double processor = (self.TotalProcessorTime - processorBefore).TotalSeconds;
        long residentAtOnce = self.WorkingSet64 - residentBefore;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        self.Refresh();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{seconds:0.000} {GC.GetTotalMemory(false) / 1048576.0:0.0} {residentAtOnce / 1048576.0:0.0} {(self.WorkingSet64 - residentBefore) / 1048576.0:0.0} {pieces} {doubtful} {processor:0.000}"));
        GC.KeepAlive(file);
        storage.Dispose();
        return 0;
    }

    private static void Measure(string name, CreatedTorrent created)
    {
        using var folder = new ScratchFolder();
        if (!created.TryToFile(out TorrentFile? file, out Problem? problem))
        {
            throw new InvalidOperationException(problem.ToString());
        }

        string torrent = Path.Combine(folder.Path, "t.torrent");
        File.WriteAllBytes(torrent, file.ToBytes());
        using (TorrentStorage storage = Make(file.Info, folder.Path))
        {
            // A byte to the first piece of each file makes the files, sparse; then all pieces are said to be there.
            foreach (TorrentFileEntry entry in file.Info.Files)
            {
                Check(storage.Write((int)(entry.Offset / PieceLength), (int)(entry.Offset % PieceLength), new byte[1]));
            }

            Check(storage.SaveResume(Recheck.All(file.Info), [], closing: true));
        }

        for (int round = 0; round < Rounds; round++)
        {
            using Process child = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [WorkerCommand, torrent, folder.Path]) { RedirectStandardOutput = true })!;
            string[] figures = child.StandardOutput.ReadToEnd().Trim().Split(' ');
            child.WaitForExit();
            Console.WriteLine(
                $"{name,-40} start {figures[0]} s ({figures[6]} s of processor)   heap {figures[1]} MiB   resident +{figures[2]} MiB at once, +{figures[3]} MiB after collection   {figures[4]} of {file.Info.PieceCount} pieces believed, {figures[5]} to check   .torrent {new FileInfo(torrent).Length / 1048576.0:0.0} MiB");
        }
    }

    private static CreatedTorrent One()
    {
        int pieces = (int)(Size / PieceLength);
        var random = new DeterministicRandom(1);
        var v1 = new byte[pieces * InfoHash.Size];
        random.Fill(v1);
        var layer = new Hash256[pieces];
        var bytes = new byte[Hash256.Size];
        for (int i = 0; i < layer.Length; i++)
        {
            random.Fill(bytes);
            layer[i] = new Hash256(bytes);
        }

        var padded = new List<Hash256>(layer);
        padded.AddRange(Enumerable.Repeat(MerkleTree.ZeroRoot(PieceLength / MerkleTree.BlockSize), (1 << 19) - pieces));
        return CreatedTorrent.OfFile(new HashedFile("large.bin", Size, MerkleTree.Root(padded), layer, v1), PieceLength);
    }

    private static CreatedTorrent Many()
    {
        var v1 = new byte[(int)(Size / PieceLength) * InfoHash.Size];
        new DeterministicRandom(2).Fill(v1);
        long each = Size / ManyFiles;
        HashedFile[] files = [.. Enumerable.Range(0, ManyFiles).Select(i => new HashedFile(
            string.Create(CultureInfo.InvariantCulture, $"folder-{i / 1000:00}/file-{i:00000}.dat"),
            i == ManyFiles - 1 ? Size - (each * (ManyFiles - 1)) : each,
            Hash256.Zero,
            [],
            i == 0 ? v1 : []))];
        return CreatedTorrent.OfFolder("many", PieceLength, files, TorrentVersion.V1);
    }

    private static TorrentStorage Make(TorrentInfo info, string folder) =>
        TorrentStorage.TryOpen(info, folder, new TorrentStorageOptions(), out TorrentStorage? storage, out Problem? problem) ? storage : throw new IOException(problem.ToString());

    private static void Check(Problem? problem)
    {
        if (problem is not null)
        {
            throw new IOException(problem.ToString());
        }
    }
}
