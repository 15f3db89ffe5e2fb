using System;
using System.Collections.Generic;
using System.IO;
using Starling.Core.Primitives;
using Starling.Core.Verification;
using Starling.Runtime.Reputation;
using Starling.Tests.Core.Crypto;

namespace Starling.Tests.Runtime.Reputation;

public sealed class StandingStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("starling-standings-").FullName;
    private readonly List<Problem> _problems = [];
    private readonly PublicKey _one = new StandInIdentity("one").PublicKey;
    private readonly PublicKey _two = new StandInIdentity("two").PublicKey;

    private string FilePath => Path.Combine(_folder, StandingStore.FileName);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_was_learnt_and_decided_is_there_after_a_restart()
    {
        using (StandingStore store = Open())
        {
            Assert.Null(store.Of(_one));
            Learn(store, _one, StandingChange.Confirmed, 12);
            Learn(store, _one, StandingChange.Refuted, 1);
            store.Decide(_two, StandingOverride.Deny);
        }

        using StandingStore again = Open();
        Assert.Equal(new StandingRecord(12, 1, 8, Standing.ProbationResults, StandingOverride.None), again.Of(_one));
        Assert.Equal(StandingOverride.Deny, again.Of(_two)!.Value.Override);
        Assert.Equal([_one, _two], [again.All()[0].Worker, again.All()[1].Worker]);
        Assert.Empty(_problems);
    }

    [Fact]
    public void Two_processes_learn_into_one_file()
    {
        using (StandingStore first = Open())
        using (StandingStore second = Open())
        {
            Learn(first, _one, StandingChange.Confirmed, 3);
            Learn(second, _one, StandingChange.Confirmed, 4);
            first.Flush();
            second.Flush();
            Learn(first, _one, StandingChange.Confirmed, 5);
        }

        using StandingStore both = Open();
        Assert.Equal(12, both.Of(_one)!.Value.Confirmed);
    }

    [Fact]
    public void A_file_cut_anywhere_loses_only_what_was_cut()
    {
        using (StandingStore store = Open())
        {
            Learn(store, _one, StandingChange.Confirmed, 4);
        }

        byte[] whole = File.ReadAllBytes(FilePath);
        for (int length = 0; length <= whole.Length; length++)
        {
            File.WriteAllBytes(FilePath, whole[..length]);
            using (StandingStore cut = Open())
            {
                Assert.Equal(length / 64, cut.Of(_one)?.Confirmed ?? 0);
                Assert.Equal(length % 64 == 0 ? 0 : 1, cut.Damaged);
                Learn(cut, _two, StandingChange.Confirmed, 1);
            }

            using StandingStore again = Open();
            Assert.Equal((length / 64, 1), (again.Of(_one)?.Confirmed ?? 0, again.Of(_two)!.Value.Confirmed));
        }

        Assert.Empty(_problems);
    }

    [Fact]
    public void A_damaged_entry_is_skipped_and_counted()
    {
        using (StandingStore store = Open())
        {
            Learn(store, _one, StandingChange.Confirmed, 3);
        }

        byte[] bytes = File.ReadAllBytes(FilePath);
        bytes[64 + 40] ^= 1;
        File.WriteAllBytes(FilePath, bytes);
        using StandingStore again = Open();
        Assert.Equal((2, 1), (again.Of(_one)!.Value.Confirmed, again.Damaged));
    }

    [Fact]
    public void A_long_file_is_rewritten_without_loss()
    {
        using (StandingStore store = Open())
        {
            Learn(store, _one, StandingChange.Confirmed, 6_000);
            Learn(store, _two, StandingChange.Confirmed, 20);
            Learn(store, _two, StandingChange.Refuted, 2);
            store.Decide(_two, StandingOverride.Allow);
        }

        long before = new FileInfo(FilePath).Length;
        StandingRecord? one;
        StandingRecord? two;
        using (StandingStore rewriting = Open())
        {
            (one, two) = (rewriting.Of(_one), rewriting.Of(_two));
            Assert.True(new FileInfo(FilePath).Length < before / 100);
            Learn(rewriting, _one, StandingChange.Confirmed, 1);
        }

        using StandingStore again = Open();
        Assert.Equal((6_001, two), (again.Of(_one)!.Value.Confirmed, again.Of(_two)));
        Assert.Equal(6_000, one!.Value.Confirmed);
    }

    [Fact]
    public void The_file_is_not_rewritten_under_another_process()
    {
        using (StandingStore store = Open())
        {
            Learn(store, _one, StandingChange.Confirmed, 6_000);
        }

        long before;
        using (StandingStore other = OpenWithoutRewriting())
        {
            before = new FileInfo(FilePath).Length;
            using StandingStore second = Open();
            Assert.Equal(before, new FileInfo(FilePath).Length);
        }
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_told_once_and_nothing_stops()
    {
        File.WriteAllText(Path.Combine(_folder, "file"), "");
        using StandingStore store = StandingStore.Open(Path.Combine(_folder, "file", "below"), _problems.Add);
        Learn(store, _one, StandingChange.Confirmed, 1);
        Assert.False(store.Flush());
        Learn(store, _one, StandingChange.Confirmed, 1);
        Assert.False(store.Flush());
        Assert.Equal("standings", Assert.Single(_problems).Code);
        Assert.Equal(2, store.Of(_one)!.Value.Confirmed);
    }

    private static void Learn(StandingStore store, PublicKey worker, StandingChange change, int times)
    {
        for (int i = 0; i < times; i++)
        {
            store.Add(worker, change);
        }
    }

    private StandingStore Open() => StandingStore.Open(_folder, _problems.Add);

    /// <summary>A process that had it open before it grew long.</summary>
    private StandingStore OpenWithoutRewriting()
    {
        byte[] grown = File.ReadAllBytes(FilePath);
        File.WriteAllBytes(FilePath, grown[..64]);
        StandingStore store = Open();
        File.WriteAllBytes(FilePath, grown);
        return store;
    }
}
