using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Runtime.Torrents;
using Starling.Tests.Core.Metainfo;
using Starling.Tests.Runtime.Storage;
using Starling.Tests.Runtime.Tasks;

namespace Starling.Tests.Runtime.Torrents;

public sealed class TorrentStorageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<TorrentVersion> Versions => [TorrentVersion.V1, TorrentVersion.V2, TorrentVersion.Hybrid];

    [Theory]
    [MemberData(nameof(Versions))]
    public void Pieces_written_in_any_order_become_the_files(TorrentVersion version)
    {
        TorrentFile file = TorrentSamples.Folder(version, TorrentSamples.Tree, 32_768).File();
        byte[][] pieces = TorrentSamples.PieceContents(file.Info, TorrentSamples.Tree);
        using (TorrentStorage storage = Open(file.Info, new TorrentStorageOptions { MaxOpenFiles = 2 }))
        {
            Assert.All(storage.Resume.Pieces, bits => Assert.Equal(0, bits));
            for (int piece = pieces.Length - 1; piece >= 0; piece--)
            {
                Assert.Null(storage.Check(piece, file.Layers, out PieceVerdict before));
                Assert.Equal(PieceVerdict.Wrong, before);
                Write(storage, piece, pieces[piece]);
                Assert.Null(storage.Check(piece, file.Layers, out PieceVerdict after));
                Assert.Equal(PieceVerdict.Right, after);
                Assert.InRange(storage.OpenFileCount, 1, 2);
            }

            byte[] read = new byte[pieces[0].Length - 100];
            Assert.Null(storage.Read(0, 100, read));
            Assert.Equal(pieces[0][100..], read);
        }

        foreach ((string path, byte[] content) in TorrentSamples.Tree)
        {
            Assert.Equal(content, File.ReadAllBytes(PathOf("tree", path)));
        }

        Assert.Equal([".starling", "tree"], Entries(_folder.Path));
        Assert.Equal(["a.bin", "b", "b.txt", "empty"], Entries(PathOf("tree")));
    }

    [Fact]
    public void A_file_of_preallocated_space_has_its_length_at_once_and_a_sparse_one_takes_no_space()
    {
        TorrentFile file = TorrentSamples.Single(TorrentVersion.V1, "x.bin", TorrentSamples.Content(300_000, 1)).File();
        foreach (bool preallocate in (bool[])[true, false])
        {
            using TorrentStorage storage = Open(file.Info, new TorrentStorageOptions { Preallocate = preallocate });
            Assert.Null(storage.Write(0, 0, new byte[10]));
            Assert.Equal(300_000, new FileInfo(PathOf("x.bin")).Length);
            storage.Dispose();
            File.Delete(PathOf("x.bin"));
        }
    }

    [Fact]
    public void Many_threads_at_once_lose_nothing()
    {
        (string Path, byte[] Content)[] files = [.. Enumerable.Range(0, 40).Select(i => ($"{i:00}", TorrentSamples.Content(5_000 + i, i)))];
        TorrentFile file = TorrentSamples.Folder(TorrentVersion.V1, files).File();
        byte[][] pieces = TorrentSamples.PieceContents(file.Info, files);
        using TorrentStorage storage = Open(file.Info, new TorrentStorageOptions { MaxOpenFiles = 3 });
        Parallel.For(0, 4 * pieces.Length, new ParallelOptions { MaxDegreeOfParallelism = 8 }, round =>
        {
            int piece = round % pieces.Length;
            Assert.Null(storage.Write(piece, 0, pieces[piece]));
            var read = new byte[pieces[piece].Length];
            Assert.Null(storage.Read(piece, 0, read));
            Assert.Equal(pieces[piece], read);
        });
        Assert.InRange(storage.OpenFileCount, 1, 8);
        int right = 0;
        Assert.Null(Recheck.Run(storage, null, Recheck.All(file.Info), 4, (_, isRight) => Interlocked.Add(ref right, isRight ? 1 : 0), default));
        Assert.Equal(pieces.Length, right);
    }

    [Fact]
    public void Parts_of_unwanted_files_stay_out_of_sight_and_move_when_the_file_is_wanted()
    {
        TorrentFile file = TorrentSamples.Folder(TorrentVersion.V1, TorrentSamples.Tree).File();
        byte[][] pieces = TorrentSamples.PieceContents(file.Info, TorrentSamples.Tree);
        var options = new TorrentStorageOptions { Wanted = [false, true, false, false, true] };
        var bits = new byte[TorrentResume.SizeOf(pieces.Length)];
        using (TorrentStorage storage = Open(file.Info, options))
        {
            // b/c.bin lies in [40000, 56384): pieces 2 and 3; each shares with a neighbour.
            Assert.Equal([2, 3], Enumerable.Range(0, pieces.Length).Where(storage.IsWanted));
            foreach (int piece in (int[])[2, 3])
            {
                Write(storage, piece, pieces[piece]);
                Assert.Null(storage.Check(piece, null, out PieceVerdict verdict));
                Assert.Equal(PieceVerdict.Right, verdict);
                TorrentResume.Set(bits, piece, true);
            }

            Assert.Null(storage.SaveResume(bits, [], closing: true));
        }

        Assert.Equal(["b", "empty"], Entries(PathOf("tree")));
        Assert.Equal(["c.bin"], Entries(PathOf("tree", "b")));
        Assert.Equal(TorrentSamples.Tree[1].Content, File.ReadAllBytes(PathOf("tree", "b", "c.bin")));

        // The same selection: nothing to check. Another one: what was aside moves, and is checked again.
        using (TorrentStorage storage = Open(file.Info, options))
        {
            Assert.Equal(bits, storage.Resume.Pieces);
            Assert.Equal(new byte[bits.Length], storage.Resume.Unchecked);
            Assert.Null(storage.Check(2, null, out PieceVerdict verdict));
            Assert.Equal(PieceVerdict.Right, verdict);
        }

        using (TorrentStorage storage = Open(file.Info, new TorrentStorageOptions()))
        {
            Assert.Equal(bits, storage.Resume.Unchecked);
            foreach (int piece in (int[])[2, 3])
            {
                Assert.Null(storage.Check(piece, null, out PieceVerdict verdict));
                Assert.Equal(PieceVerdict.Right, verdict);
            }

            Assert.Null(storage.SaveResume(bits, [], closing: true));
            Assert.Equal(TorrentSamples.Tree[0].Content[32_768..], File.ReadAllBytes(PathOf("tree", "a.bin"))[32_768..]);
        }

        Assert.Empty(Directory.EnumerateFiles(_folder.Path, "parts", SearchOption.AllDirectories));
    }

    [Fact]
    public void Symbolic_links_on_the_way_are_refused()
    {
        TorrentFile file = TorrentSamples.Folder(TorrentVersion.Hybrid, TorrentSamples.Tree).File();
        byte[][] pieces = TorrentSamples.PieceContents(file.Info, TorrentSamples.Tree);
        string outside = Directory.CreateDirectory(PathOf("outside")).FullName;
        File.WriteAllText(Path.Combine(outside, "c.bin"), "precious");
        Directory.CreateDirectory(PathOf("dir", "tree"));
        Directory.CreateSymbolicLink(PathOf("dir", "tree", "b"), outside);
        File.CreateSymbolicLink(PathOf("dir", "tree", "a.bin"), Path.Combine(outside, "c.bin"));
        using TorrentStorage storage = Open(file.Info, new TorrentStorageOptions(), "dir");
        foreach (int piece in (int[])[0, 3])
        {
            Assert.Equal(StorageProblem.UnsafeCode, storage.Write(piece, 0, pieces[piece])?.Code);
            Assert.Equal(StorageProblem.UnsafeCode, storage.Read(piece, 0, new byte[10])?.Code);
        }

        Assert.Equal(["c.bin"], Entries(outside));
        Assert.Equal("precious", File.ReadAllText(Path.Combine(outside, "c.bin")));

        Directory.CreateDirectory(PathOf("other"));
        Directory.CreateSymbolicLink(PathOf("other", ".starling"), outside);
        Assert.False(TorrentStorage.TryOpen(file.Info, PathOf("other"), new TorrentStorageOptions(), out _, out Problem? problem));
        Assert.Equal(StorageProblem.UnsafeCode, problem.Code);
    }

    [Fact]
    public void What_is_in_the_way_is_named_with_what_to_do()
    {
        TorrentFile file = TorrentSamples.Folder(TorrentVersion.Hybrid, [("a", TorrentSamples.Content(10, 1)), ("b/c", TorrentSamples.Content(10, 2))]).File();
        Directory.CreateDirectory(PathOf("tree", "a"));
        File.WriteAllText(PathOf("tree", "b"), "");
        using TorrentStorage storage = Open(file.Info, new TorrentStorageOptions());
        Problem folder = storage.Write(0, 0, new byte[10])!;
        Assert.Equal("is-folder", folder.Code);
        Assert.Contains(PathOf("tree", "a"), folder.Reason, StringComparison.Ordinal);
        Problem fileInTheWay = storage.Write(1, 0, new byte[10])!;
        Assert.Equal("is-file", fileInTheWay.Code);
        Assert.Contains(PathOf("tree", "b"), fileInTheWay.Reason, StringComparison.Ordinal);
        Assert.NotEmpty(fileInTheWay.Hint);
    }

    [Fact]
    public void A_second_process_is_told_who_has_the_torrent_and_other_torrents_may_share_the_folder()
    {
        TorrentFile file = TorrentSamples.Single(TorrentVersion.V1, "x", TorrentSamples.Content(100, 1)).File();
        using TorrentStorage storage = Open(file.Info, new TorrentStorageOptions());
        Assert.False(TorrentStorage.TryOpen(file.Info, _folder.Path, new TorrentStorageOptions(), out _, out Problem? problem));
        Assert.Equal("folder-in-use", problem.Code);
        Assert.Contains(_folder.Path, problem.Reason, StringComparison.Ordinal);
        using TorrentStorage other = Open(TorrentSamples.Single(TorrentVersion.V1, "y", TorrentSamples.Content(100, 1)).File().Info, new TorrentStorageOptions());
    }

    [Fact]
    public void The_torrent_itself_is_kept_for_the_next_start()
    {
        TorrentFile file = TorrentSamples.Folder(TorrentVersion.Hybrid, TorrentSamples.Tree).File();
        using (TorrentStorage storage = Open(file.Info, new TorrentStorageOptions()))
        {
            Assert.Null(storage.SaveTorrent(file));
        }

        Assert.Equal(file.ToBytes(), TorrentFolder.ReadTorrent(_folder.Path, file.Info.SwarmHashes[0])?.ToBytes());
        Assert.Null(TorrentFolder.ReadTorrent(_folder.Path, new InfoHash(new byte[20])));
    }

    [Fact]
    public void The_gap_behind_a_v2_file_reads_as_zeros()
    {
        TorrentFile file = TorrentSamples.Folder(TorrentVersion.V2, TorrentSamples.Tree).File();
        byte[][] pieces = TorrentSamples.PieceContents(file.Info, TorrentSamples.Tree);
        using TorrentStorage storage = Open(file.Info, new TorrentStorageOptions());
        Write(storage, 2, pieces[2]);
        byte[] read = [.. Enumerable.Repeat((byte)7, 16_384)];
        Assert.Null(storage.Read(2, 0, read));
        Assert.Equal([.. pieces[2], .. new byte[16_384 - pieces[2].Length]], read);
        Assert.Null(storage.Read(2, 16_000, read.AsSpan(0, 384)));
        Assert.Equal(new byte[384], read[..384]);
        Assert.Throws<ArgumentOutOfRangeException>(() => storage.Read(2, 1, read));
    }

    [Fact]
    public void A_range_beyond_the_piece_is_a_bug_of_the_caller()
    {
        TorrentFile file = TorrentSamples.Single(TorrentVersion.V1, "x", TorrentSamples.Content(100, 1)).File();
        using TorrentStorage storage = Open(file.Info, new TorrentStorageOptions());
        Assert.Throws<ArgumentOutOfRangeException>(() => storage.Write(0, 1, new byte[100]));
        Assert.Throws<ArgumentOutOfRangeException>(() => storage.Read(0, 0, new byte[101]));
        Assert.Throws<ArgumentOutOfRangeException>(() => storage.Read(1, 0, new byte[1]));
    }

    [TmpfsFact]
    public void A_full_disk_says_so_and_names_what_to_do()
    {
        TorrentFile file = TorrentSamples.Single(TorrentVersion.V1, "x", TorrentSamples.Content(3 << 20, 1), 1 << 20).File();
        using SmallDisk disk = SmallDisk.TryMount(2 << 20)!;
        Assert.True(TorrentStorage.TryOpen(file.Info, disk.Path, new TorrentStorageOptions(), out TorrentStorage? storage, out _));
        using (storage)
        {
            Problem? problem = null;
            for (int piece = 0; piece < 3; piece++)
            {
                problem ??= storage.Write(piece, 0, new byte[1 << 20]);
            }

            Assert.Equal("disk-full", problem?.Code);
            Assert.Contains("--dir", problem!.Hint, StringComparison.Ordinal);
        }
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Writes a piece as blocks that came in any lengths, gathered.</summary>
    internal static void Write(TorrentStorage storage, int piece, byte[] content)
    {
        var parts = new List<ReadOnlyMemory<byte>>();
        for (int at = 0; at < content.Length; at += 10_000)
        {
            parts.Add(content.AsMemory(at, Math.Min(10_000, content.Length - at)));
        }

        Assert.Null(storage.Write(piece, 0, parts));
    }

    private static string[] Entries(string folder) => [.. Directory.EnumerateFileSystemEntries(folder).Select(entry => Path.GetFileName(entry)).Order(StringComparer.Ordinal)];

    private TorrentStorage Open(TorrentInfo info, TorrentStorageOptions options, string folder = "") =>
        TorrentStorage.TryOpen(info, Path.Combine(_folder.Path, folder), options, out TorrentStorage? storage, out Problem? problem) ? storage : throw new IOException(problem.ToString());

    private string PathOf(params string[] parts) => Path.Combine([_folder.Path, .. parts]);
}
