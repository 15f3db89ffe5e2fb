using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Runtime.Storage;

namespace Starling.Tests.Runtime.Storage;

/// <summary>Disks that are full or fail: clear problems, nothing damaged, and work goes on afterwards.</summary>
public sealed class StoreFailureTests
{
    private const int NoSpace = 28;

    [TmpfsFact]
    public async Task On_a_full_disk_results_are_refused_and_taken_again_when_there_is_room()
    {
        using SmallDisk disk = SmallDisk.TryMount(1024 * 1024)!;
        await using var store = new TestStore(disk.Path);
        store.Open();
        byte[] first = TestStore.ContentOf(1, 10_000);
        store.KeepAndWait(1, first);

        // Too large for the disk: refused, and its room is given back, so that others fit.
        byte[] tooLarge = TestStore.ContentOf(2, 2 * 1024 * 1024);
        store.RunAndKeep(2, tooLarge);
        AssertDiskFull(store.NextFailure());
        store.Download(3, tooLarge, MerkleTree.ResultOf(tooLarge));
        AssertDiskFull(store.NextFailure());
        byte[] second = TestStore.ContentOf(4, 500_000);
        store.KeepAndWait(4, second);

        // Not a byte left: even the journal can't grow.
        string filler = Path.Combine(disk.Path, "filler");
        Fill(filler);
        store.RunAndKeep(5, first);
        AssertDiskFull(store.NextFailure());
        store.RunAndKeep(6, tooLarge);
        AssertDiskFull(store.NextFailure());
        store.Store.SaveBatch(new byte[50_000]);
        store.RunAndKeep(7, first);
        AssertDiskFull(store.NextFailure());
        store.AssertHeld(1, first);
        store.AssertHeld(4, second);

        File.Delete(filler);
        store.KeepAndWait(5, first);
        PieceStore again = await store.ReopenAsync();
        Assert.Null(again.Damage);
        Assert.Equal([1, 4, 5], again.Restored.Held.Select(held => held.Piece));
        Assert.Equal([1, 4, 5], again.Restored.Batches.Select(batch => (int)batch.Span[0]));
        store.AssertHeld(1, first);
        store.AssertHeld(4, second);
        store.AssertHeld(5, first);
    }

    [TmpfsFact]
    public async Task A_folder_that_cannot_be_made_on_a_full_disk_says_so()
    {
        using SmallDisk disk = SmallDisk.TryMount(64 * 1024)!;
        Fill(Path.Combine(disk.Path, "filler"));
        await using var store = new TestStore(Path.Combine(disk.Path, "task"));
        AssertDiskFull(Assert.IsType<Problem>(store.TryOpen()));
    }

    [Theory]
    [InlineData(StoreStep.FlushFile)]
    [InlineData(StoreStep.PlaceFile)]
    [InlineData(StoreStep.FlushFolder)]
    [InlineData(StoreStep.WriteJournal)]
    [InlineData(StoreStep.FlushJournal)]
    [InlineData(StoreStep.WriteTemporary)]
    public async Task A_step_that_fails_once_stores_nothing_and_harms_nothing(StoreStep failing)
    {
        await using var store = new TestStore();
        bool fails = false;
        store.Options = new PieceStoreOptions
        {
            FailPoint = (step, _) =>
            {
                if (fails && step == failing)
                {
                    fails = false;
                    throw new IOException("No space left on device", NoSpace);
                }
            },
        };
        store.Open();
        byte[] large = TestStore.ContentOf(1, 50_000);
        byte[] small = TestStore.ContentOf(2, 500);
        store.KeepAndWait(1, large);
        store.KeepAndWait(2, small);

        fails = true;
        ResultId one = store.Run(3, large);
        ResultId two = store.Run(4, small);
        store.Store.KeepOutputs([new KeptOutput(new JobId(3), 3, one), new KeptOutput(new JobId(4), 4, two)], new byte[] { 99 });
        AssertDiskFull(store.NextFailure());
        AssertDiskFull(store.NextFailure());
        Assert.False(fails);
        Assert.False(store.Holds(3, large));
        Assert.False(store.Holds(4, small));

        store.KeepAndWait(5, large);
        store.KeepAndWait(6, small);
        for (int round = 0; round < 2; round++)
        {
            store.AssertHeld(1, large);
            store.AssertHeld(2, small);
            store.AssertHeld(5, large);
            store.AssertHeld(6, small);
            Assert.Equal(2, Directory.GetFiles(store.Folder.Pieces).Length);
            Assert.Empty(Directory.GetFiles(store.Folder.Temporary));
            await store.ReopenAsync();
            Assert.Equal([1, 2, 5, 6], store.Store.Restored.Held.Select(held => held.Piece));
            Assert.Equal([1, 2, 5, 6], store.Store.Restored.Batches.Select(batch => (int)batch.Span[0]));
        }
    }

    [Fact]
    public async Task While_a_journal_that_failed_to_flush_cannot_be_rewritten_nothing_is_announced_and_reading_goes_on()
    {
        await using var store = new TestStore();
        bool broken = false;
        store.Options = new PieceStoreOptions
        {
            FailPoint = (step, _) =>
            {
                if (broken && step is StoreStep.FlushJournal or StoreStep.PlaceNewJournal)
                {
                    throw new IOException("Input/output error", 5);
                }
            },
        };
        store.Open();
        byte[] small = TestStore.ContentOf(1, 500);
        store.KeepAndWait(1, small);
        broken = true;
        for (int piece = 2; piece < 5; piece++)
        {
            store.RunAndKeep(piece, [2]);
            Assert.Equal("disk-error", store.NextFailure().Code);
            store.AssertHeld(1, small);
        }

        broken = false;
        store.KeepAndWait(5, [5]);
        store.AssertHeld(1, small);
        Assert.Equal([1, 5], (await store.ReopenAsync()).Restored.Held.Select(held => held.Piece));
        store.AssertHeld(1, small);
    }

    private static void AssertDiskFull(Problem problem)
    {
        Assert.Equal("disk-full", problem.Code);
        Assert.Contains("missing", problem.Reason);
        Assert.Contains("--dir", problem.Hint);
    }

    private static void Fill(string path)
    {
        using FileStream filler = new(path, FileMode.Create, FileAccess.Write, FileShare.None, 1);
        for (int size = 64 * 1024; size > 0; size /= 2)
        {
            try
            {
                while (true)
                {
                    filler.Write(new byte[size]);
                }
            }
            catch (IOException)
            {
            }
        }
    }
}
