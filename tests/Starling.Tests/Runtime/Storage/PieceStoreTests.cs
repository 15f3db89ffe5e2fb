using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Runtime.Engine;
using Starling.Runtime.Storage;

namespace Starling.Tests.Runtime.Storage;

public sealed class PieceStoreTests
{
    public static TheoryData<int> Lengths =>
    [
        0, 1, 16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1, 32 * 1024, 100_000, 1024 * 1024, TestStore.PieceLength,
    ];

    [Theory]
    [MemberData(nameof(Lengths))]
    public async Task A_kept_output_is_held_also_after_a_restart(int length)
    {
        await using var bench = new TestStore();
        bench.Open();
        byte[] content = TestStore.ContentOf(7, length);
        ResultId result = bench.KeepAndWait(7, content);
        Assert.Equal(MerkleTree.ResultOf(content), result);
        bench.AssertHeld(7, content);

        PieceStore again = await bench.ReopenAsync();
        bench.AssertHeld(7, content);
        Assert.Equal([(7, result)], again.Restored.Held);
        Assert.Equal([7], again.Restored.Batches.Single().ToArray());
        Assert.Null(again.Damage);
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public async Task A_download_is_held_also_after_a_restart(int length)
    {
        await using var bench = new TestStore();
        bench.Open();
        byte[] content = TestStore.ContentOf(8, length);
        ResultId result = MerkleTree.ResultOf(content);
        bench.Download(8, content, result);
        Assert.Equal(new NodeInput.ResultStored(8, result), bench.Next());
        bench.AssertHeld(8, content);

        PieceStore again = await bench.ReopenAsync();
        bench.AssertHeld(8, content);
        Assert.Equal([(8, result)], again.Restored.Held);
        Assert.Empty(again.Restored.Batches);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4_096)]
    [InlineData(16_385)]
    [InlineData(70_000)]
    public async Task An_output_has_the_same_root_however_it_is_cut(int step)
    {
        await using var bench = new TestStore();
        PieceStore store = bench.Open();
        byte[] content = TestStore.ContentOf(1, 150_001);
        using IOutputSink sink = store.OpenOutput(new JobId(1));
        for (int start = 0; start < content.Length; start += step)
        {
            Assert.True(sink.TryWrite(content.AsSpan(start, Math.Min(step, content.Length - start))));
        }

        ResultId result = sink.Complete();
        Assert.Equal(MerkleTree.ResultOf(content), result);
        store.KeepOutputs([new KeptOutput(new JobId(1), 1, result)], default);
        Assert.IsType<NodeInput.ResultStored>(bench.Next());
        bench.AssertHeld(1, content);
    }

    [Fact]
    public async Task An_output_may_have_the_piece_length_and_no_byte_more()
    {
        await using var bench = new TestStore();
        PieceStore store = bench.Open();
        using IOutputSink sink = store.OpenOutput(new JobId(1));
        Assert.True(sink.TryWrite(new byte[TestStore.PieceLength]));
        Assert.False(sink.TryWrite(new byte[1]));
        sink.Dispose();
        Assert.Empty(Directory.GetFiles(bench.Folder.Temporary));
    }

    [Fact]
    public async Task Outputs_that_are_discarded_or_never_ended_leave_nothing()
    {
        await using var bench = new TestStore();
        PieceStore store = bench.Open();
        bench.Run(1, TestStore.ContentOf(1, 100_000));
        store.DiscardOutput(new JobId(1));
        store.DiscardOutput(new JobId(99));
        using (IOutputSink sink = store.OpenOutput(new JobId(2)))
        {
            sink.TryWrite(TestStore.ContentOf(2, 100_000));
        }

        bench.KeepAndWait(3, [1]);
        Assert.Empty(Directory.GetFiles(bench.Folder.Temporary));
        Assert.Empty(Directory.GetFiles(bench.Folder.Pieces));
    }

    [Fact]
    public async Task Two_results_of_one_piece_are_held_side_by_side()
    {
        await using var bench = new TestStore();
        bench.Open();
        byte[] one = TestStore.ContentOf(1, 40_000);
        byte[] other = TestStore.ContentOf(2, 40_000);
        ResultId first = bench.Run(1, one);
        ResultId second = bench.Run(2, other);
        bench.Store.KeepOutputs([new KeptOutput(new JobId(1), 5, first), new KeptOutput(new JobId(2), 5, second)], default);
        Assert.Equal([new NodeInput.ResultStored(5, first), new NodeInput.ResultStored(5, second)], [bench.Next(), bench.Next()]);
        await bench.ReopenAsync();
        bench.AssertHeld(5, one);
        bench.AssertHeld(5, other);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(100_000)]
    public async Task What_is_held_already_is_stored_once_and_answered_again(int length)
    {
        await using var bench = new TestStore();
        bench.Open();
        byte[] content = TestStore.ContentOf(4, length);
        ResultId result = bench.KeepAndWait(4, content);
        bench.Download(4, content, result);
        Assert.Equal(new NodeInput.ResultStored(4, result), bench.Next());
        bench.RunAndKeep(4, content);
        bench.RunAndKeep(4, content);
        Assert.IsType<NodeInput.ResultStored>(bench.Next());
        Assert.IsType<NodeInput.ResultStored>(bench.Next());
        Assert.Empty(Directory.GetFiles(bench.Folder.Temporary));
        PieceStore again = await bench.ReopenAsync();
        Assert.Single(again.Restored.Held);
        Assert.Equal(3, again.Restored.Batches.Count);
        bench.AssertHeld(4, content);
    }

    [Fact]
    public async Task A_step_with_an_unknown_output_stores_nothing_of_it_and_no_batch()
    {
        await using var bench = new TestStore();
        PieceStore store = bench.Open();
        byte[] content = TestStore.ContentOf(1, 100_000);
        ResultId result = bench.Run(1, content);
        store.KeepOutputs(
            [new KeptOutput(new JobId(1), 1, result), new KeptOutput(new JobId(2), 2, result)], new byte[] { 1, 2, 3 });
        Assert.Equal("unknown-output", bench.NextFailure().Code);
        Assert.Equal("unknown-output", bench.NextFailure().Code);
        Assert.False(bench.Holds(1, content));
        PieceStore again = await bench.ReopenAsync();
        Assert.Empty(again.Restored.Held);
        Assert.Empty(again.Restored.Batches);
        Assert.Empty(Directory.GetFiles(bench.Folder.Pieces));
        Assert.Empty(Directory.GetFiles(bench.Folder.Temporary));
    }

    [Fact]
    public async Task A_download_with_a_missing_or_wrong_block_fails_and_can_be_done_again()
    {
        await using var bench = new TestStore();
        PieceStore store = bench.Open();
        byte[] content = TestStore.ContentOf(1, 50_000);
        ResultId result = MerkleTree.ResultOf(content);
        bench.Write(1, result, 0, content.AsMemory(0, MerkleTree.BlockSize));
        store.CommitDownload(1, result);
        Assert.Equal("incomplete-download", bench.NextFailure().Code);

        byte[] wrong = (byte[])content.Clone();
        wrong[20_000]++;
        bench.Download(1, wrong, result);
        Assert.Equal("wrong-root", bench.NextFailure().Code);

        bench.Write(1, result, 0, content.AsMemory(0, 10));
        store.CommitDownload(1, result);
        Assert.Equal("wrong-block", bench.NextFailure().Code);

        bench.Write(1, result, 9, content.AsMemory(0, MerkleTree.BlockSize));
        store.CommitDownload(1, result);
        Assert.Equal("wrong-block", bench.NextFailure().Code);

        var tooLong = new ResultId(TestStore.PieceLength + 1, result.Root);
        store.CommitDownload(1, tooLong);
        Assert.Equal("too-long", bench.NextFailure().Code);

        bench.Write(1, result, 0, wrong.AsMemory(0, MerkleTree.BlockSize));
        store.AbandonDownload(1, result);
        bench.Download(1, content, result);
        Assert.IsType<NodeInput.ResultStored>(bench.Next());
        bench.AssertHeld(1, content);
        Assert.Empty(Directory.GetFiles(bench.Folder.Temporary));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100_000)]
    public async Task A_dropped_result_is_gone_also_after_a_restart_and_may_come_back(int length)
    {
        await using var bench = new TestStore();
        bench.Open();
        byte[] content = TestStore.ContentOf(1, length);
        ResultId result = bench.KeepAndWait(1, content);
        bench.Store.DropResult(1, result);
        bench.Store.DropResult(2, result);
        bench.KeepAndWait(3, [3]);
        Assert.False(bench.Holds(1, content));
        Assert.Empty(Directory.GetFiles(bench.Folder.Pieces));
        PieceStore again = await bench.ReopenAsync();
        Assert.Equal(3, Assert.Single(again.Restored.Held).Piece);

        bench.KeepAndWait(1, content);
        await bench.ReopenAsync();
        bench.AssertHeld(1, content);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100_000)]
    public async Task A_released_result_is_gone_and_remembered_until_it_comes_back(int length)
    {
        await using var bench = new TestStore();
        bench.Open();
        byte[] content = TestStore.ContentOf(1, length);
        ResultId result = bench.KeepAndWait(1, content);
        bench.Store.ReleaseResult(1, result);
        bench.Store.ReleaseResult(2, result);
        bench.KeepAndWait(3, [3]);
        Assert.False(bench.Holds(1, content));
        Assert.Empty(Directory.GetFiles(bench.Folder.Pieces));
        PieceStore again = await bench.ReopenAsync();
        Assert.Equal(3, Assert.Single(again.Restored.Held).Piece);
        Assert.Equal([(1, result)], again.Restored.Released);

        bench.KeepAndWait(1, content);
        again = await bench.ReopenAsync();
        bench.AssertHeld(1, content);
        Assert.Empty(again.Restored.Released);
    }

    [Fact]
    public async Task Batches_and_accepted_results_come_back_in_order()
    {
        await using var bench = new TestStore();
        PieceStore store = bench.Open();
        ResultId result = MerkleTree.ResultOf([1]);
        byte[][] batches = [[1, 2], [], [3, 4, 5], new byte[100_000]];
        foreach (byte[] batch in batches)
        {
            store.SaveBatch(batch);
        }

        store.SaveAccepted(9, result, accepted: true);
        store.SaveAccepted(2, result, accepted: true);
        store.SaveAccepted(5, result, accepted: true);
        store.SaveAccepted(5, result, accepted: false);
        RestoredState restored = (await bench.ReopenAsync()).Restored;
        Assert.Equal(batches.Select(Convert.ToHexString), restored.Batches.Select(batch => Convert.ToHexString(batch.Span)));
        Assert.Equal([(2, result), (9, result)], restored.Accepted);
    }

    [Fact]
    public async Task Leaves_and_small_contents_are_loaded_and_what_is_not_held_is_null()
    {
        await using var bench = new TestStore();
        PieceStore store = bench.Open();
        int[] lengths = [0, 5, 60_000, 1_000_000];
        for (int piece = 0; piece < lengths.Length; piece++)
        {
            bench.KeepAndWait(piece, TestStore.ContentOf(piece, lengths[piece]));
        }

        // Once from what was hashed while it came, once from the files.
        for (int round = 0; round < 2; round++)
        {
            for (int piece = 0; piece < lengths.Length; piece++)
            {
                byte[] content = TestStore.ContentOf(piece, lengths[piece]);
                bench.Store.LoadLeaves(piece, MerkleTree.ResultOf(content));
                Assert.Equal(MerkleTree.Leaves(content), Assert.IsType<NodeInput.LeavesLoaded>(bench.Next()).Leaves);
                bench.Store.LoadContent(piece, MerkleTree.ResultOf(content));
                var loaded = Assert.IsType<NodeInput.ContentLoaded>(bench.Next());
                Assert.Equal(content.Length <= PieceStore.MaxLoadedContent ? content : null, loaded.Content?.ToArray());
            }

            await bench.ReopenAsync();
        }

        bench.Store.LoadLeaves(9, MerkleTree.ResultOf([1]));
        Assert.Null(Assert.IsType<NodeInput.LeavesLoaded>(bench.Next()).Leaves);
        bench.Store.LoadContent(9, MerkleTree.ResultOf([1]));
        Assert.Null(Assert.IsType<NodeInput.ContentLoaded>(bench.Next()).Content);
    }

    [Fact]
    public async Task A_start_does_not_read_contents_and_leaves_of_a_file_that_was_changed_behind_our_back_are_null()
    {
        await using var bench = new TestStore();
        bench.Open();
        byte[] content = TestStore.ContentOf(1, 60_000);
        ResultId result = bench.KeepAndWait(1, content);
        await bench.CloseAsync();
        string path = Directory.GetFiles(Path.Combine(bench.Root, ".starling", "pieces")).Single();
        File.Delete(path);
        content[30_000]++;
        File.WriteAllBytes(path, content);
        Assert.Equal([(1, result)], bench.Open().Restored.Held);
        bench.Store.LoadLeaves(1, result);
        Assert.Null(Assert.IsType<NodeInput.LeavesLoaded>(bench.Next()).Leaves);
    }

    [Fact]
    public async Task Reads_stay_within_the_result()
    {
        await using var bench = new TestStore();
        PieceStore store = bench.Open();
        byte[] small = TestStore.ContentOf(1, 100);
        byte[] large = TestStore.ContentOf(2, 50_000);
        ResultId first = bench.KeepAndWait(1, small);
        ResultId second = bench.KeepAndWait(2, large);
        foreach ((int piece, ResultId result, byte[] content) in new[] { (1, first, small), (2, second, large) })
        {
            var part = new byte[40];
            Assert.True(store.TryRead(piece, result, content.Length - 40, part));
            Assert.Equal(content[^40..], part);
            Assert.False(store.TryRead(piece, result, content.Length - 39, part));
            Assert.False(store.TryRead(piece, result, -1, part));
            Assert.False(store.TryRead(piece, result, int.MaxValue, part));
            Assert.True(store.TryRead(piece, result, content.Length, []));
            Assert.False(store.TryRead(piece + 1000, result, 0, part));
        }
    }

    [Fact]
    public async Task More_results_than_open_files_are_read_by_many_threads()
    {
        await using var bench = new TestStore();
        bench.Options = new PieceStoreOptions { MaxOpenFiles = 3 };
        bench.Open();
        byte[][] contents = [.. Enumerable.Range(0, 12).Select(piece => TestStore.ContentOf(piece, 20_000))];
        for (int piece = 0; piece < contents.Length; piece++)
        {
            bench.KeepAndWait(piece, contents[piece]);
        }

        int wrong = 0;
        Parallel.For(0, 400, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
        {
            if (!bench.Holds(i % contents.Length, contents[i % contents.Length]))
            {
                System.Threading.Interlocked.Increment(ref wrong);
            }
        });
        Assert.Equal(0, wrong);
    }

    [Fact]
    public async Task Results_are_laid_out_for_a_merge_under_short_names()
    {
        await using var bench = new TestStore();
        PieceStore store = bench.Open();
        int[] lengths = [10, 30_000, 0];
        var parts = new List<(int, ResultId)>();
        for (int piece = 0; piece < lengths.Length; piece++)
        {
            parts.Add((piece, bench.KeepAndWait(piece, TestStore.ContentOf(piece, lengths[piece]))));
        }

        for (int round = 0; round < 2; round++)
        {
            (string folder, IReadOnlyList<string> names) = store.Materialise(3, parts);
            Assert.Equal(Path.Combine(bench.Root, ".starling", "merge-3"), folder);
            Assert.Equal(["000000", "000001", "000002"], names);
            for (int piece = 0; piece < lengths.Length; piece++)
            {
                Assert.Equal(TestStore.ContentOf(piece, lengths[piece]), File.ReadAllBytes(Path.Combine(folder, names[piece])));
            }
        }

        Assert.Throws<FileNotFoundException>(() => store.Materialise(4, [(9, parts[0].Item2)]));
        await bench.ReopenAsync();
        Assert.False(Directory.Exists(Path.Combine(bench.Root, ".starling", "merge-3")));
        bench.AssertHeld(1, TestStore.ContentOf(1, 30_000));
    }

    [Fact]
    public async Task A_file_of_a_result_that_is_missing_or_short_makes_it_not_held()
    {
        await using var bench = new TestStore();
        bench.Open();
        for (int piece = 0; piece < 3; piece++)
        {
            bench.KeepAndWait(piece, TestStore.ContentOf(piece, 20_000));
        }

        await bench.CloseAsync();
        string[] files = [.. Directory.GetFiles(Path.Combine(bench.Root, ".starling", "pieces")).Order()];
        File.Delete(files[0]);
        File.Delete(files[1]);
        File.WriteAllBytes(files[1], new byte[19_999]);
        File.WriteAllBytes(Path.Combine(bench.Root, ".starling", "pieces", "stranger"), [1]);
        PieceStore again = bench.Open();
        Assert.Equal(2, Assert.Single(again.Restored.Held).Piece);
        Assert.Null(again.Damage);
        Assert.Equal(files[2], Directory.GetFiles(bench.Folder.Pieces).Single());
    }

    [Fact]
    public async Task A_journal_that_is_mostly_garbage_is_rewritten_at_the_next_start()
    {
        await using var bench = new TestStore();
        bench.Options = new PieceStoreOptions { MinGarbage = 20_000 };
        bench.Open();
        ResultId kept = bench.KeepAndWait(1, TestStore.ContentOf(1, 3_000));
        bench.Store.SaveAccepted(1, kept, accepted: true);
        byte[] large = TestStore.ContentOf(2, 50_000);
        bench.KeepAndWait(2, large);
        for (int piece = 3; piece < 10; piece++)
        {
            bench.Store.DropResult(piece, bench.KeepAndWait(piece, TestStore.ContentOf(piece, 10_000)));
        }

        ResultId released = bench.KeepAndWait(11, TestStore.ContentOf(11, 10_000));
        bench.Store.ReleaseResult(11, released);
        long log = bench.Store.Restored.Log;
        await bench.CloseAsync();
        long before = new FileInfo(bench.JournalPath).Length;
        PieceStore again = bench.Open();
        Assert.InRange(new FileInfo(bench.JournalPath).Length, 1, before / 10);
        Assert.Equal([1, 2], again.Restored.Held.Select(held => held.Piece));
        Assert.Equal([(1, kept)], again.Restored.Accepted);
        Assert.Equal([(11, released)], again.Restored.Released);
        Assert.Equal(10, again.Restored.Batches.Count);
        Assert.Equal(log, again.Restored.Log);
        bench.AssertHeld(1, TestStore.ContentOf(1, 3_000));
        bench.AssertHeld(2, large);
        bench.KeepAndWait(11, [1]);
        await bench.ReopenAsync();
        bench.AssertHeld(11, [1]);
        bench.AssertHeld(1, TestStore.ContentOf(1, 3_000));
    }

    [Fact]
    public async Task A_slow_disk_makes_downloads_fail_and_loads_answer_null_but_keeps_outputs()
    {
        await using var bench = new TestStore();
        using var gate = new System.Threading.ManualResetEventSlim();
        using var reached = new System.Threading.ManualResetEventSlim();
        bench.Options = new PieceStoreOptions
        {
            MaxQueuedBytes = 20_000,
            FailPoint = (step, _) =>
            {
                if (step == StoreStep.WriteJournal)
                {
                    reached.Set();
                    gate.Wait();
                }
            },
        };
        PieceStore store = bench.Open();
        bench.RunAndKeep(1, [1]);
        reached.Wait();
        byte[] content = TestStore.ContentOf(2, 40_000);
        ResultId result = MerkleTree.ResultOf(content);
        bench.Download(2, content, result);
        bench.RunAndKeep(3, [3]);
        gate.Set();
        Assert.Equal(1, Assert.IsType<NodeInput.ResultStored>(bench.Next()).Piece);
        Assert.Equal("disk-slow", bench.NextFailure().Code);
        Assert.Equal(3, Assert.IsType<NodeInput.ResultStored>(bench.Next()).Piece);
        await bench.CloseAsync();
    }

    [Fact]
    public async Task A_thousand_tiny_results_share_few_flushes()
    {
        await using var bench = new TestStore();
        int flushes = 0;
        bench.Options = new PieceStoreOptions { FailPoint = (step, _) => flushes += step == StoreStep.FlushJournal ? 1 : 0 };
        bench.Open();
        for (int piece = 0; piece < 1000; piece++)
        {
            bench.RunAndKeep(piece, [1, 2, 3]);
        }

        for (int piece = 0; piece < 1000; piece++)
        {
            Assert.Equal(piece, Assert.IsType<NodeInput.ResultStored>(bench.Next()).Piece);
        }

        Assert.InRange(flushes, 1, 999);
        await bench.CloseAsync();
        Assert.Equal(1000, bench.Open().Restored.Held.Count);
    }
}
