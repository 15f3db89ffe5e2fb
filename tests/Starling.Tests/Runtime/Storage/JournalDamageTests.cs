using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Runtime.Storage;

namespace Starling.Tests.Runtime.Storage;

public sealed class JournalDamageTests
{
    [Fact]
    public async Task A_journal_cut_at_any_byte_opens_with_what_lies_before_and_goes_on()
    {
        await using var store = TestStore.InMemory();
        (byte[] journal, List<long> ends) = await SampleAsync(store);
        for (int length = JournalHeaderSize; length <= journal.Length; length++)
        {
            File.WriteAllBytes(store.JournalPath, journal[..length]);
            PieceStore opened = store.Open();
            Assert.Null(opened.Damage);
            int whole = ends.Count(end => end <= length);
            Assert.Equal(Enumerable.Range(0, whole), opened.Restored.Held.Select(held => held.Piece));
            for (int piece = 0; piece < whole; piece++)
            {
                store.AssertHeld(piece, ContentOf(piece));
            }

            if (length % 16 == 0)
            {
                store.KeepAndWait(50, [9]);
                store.Store.DropResult(50, MerkleTree.ResultOf([9]));
                Assert.Equal(whole, (await store.ReopenAsync()).Restored.Held.Count);
            }

            await store.CloseAsync();
        }
    }

    [Fact]
    public async Task A_header_that_is_cut_short_is_told_and_a_fresh_journal_starts()
    {
        await using var store = TestStore.InMemory();
        (byte[] journal, _) = await SampleAsync(store);
        for (int length = 0; length < JournalHeaderSize; length++)
        {
            File.WriteAllBytes(store.JournalPath, journal[..length]);
            PieceStore opened = store.Open();

            // The first of the two copies is enough for a header, and then nothing else was there.
            Assert.Equal(length < JournalHeaderSize / 2 ? "journal-damaged" : null, opened.Damage?.Code);
            Assert.Empty(opened.Restored.Held);
            store.KeepAndWait(1, [1]);
            Assert.Single((await store.ReopenAsync()).Restored.Held);
            await store.CloseAsync();
        }
    }

    [Fact]
    public async Task One_wrong_byte_anywhere_costs_at_most_its_own_group_and_never_gives_wrong_bytes()
    {
        await using var store = TestStore.InMemory();
        (byte[] journal, List<long> ends) = await SampleAsync(store);
        for (int at = 0; at < journal.Length; at += 3)
        {
            byte[] damaged = (byte[])journal.Clone();
            damaged[at] ^= 0x40;
            File.WriteAllBytes(store.JournalPath, damaged);
            PieceStore opened = store.Open();
            int hit = ends.FindIndex(end => at < end);
            int[] expected = [.. Enumerable.Range(0, ends.Count).Where(piece => at < JournalHeaderSize || piece != hit)];
            int[] held = [.. opened.Restored.Held.Select(item => item.Piece)];
            Assert.Subset(held.ToHashSet(), expected.ToHashSet());

            // A wrong byte within a content is not looked for at start; whoever reads it finds out.
            foreach (int piece in expected)
            {
                store.AssertHeld(piece, ContentOf(piece));
            }

            if (at >= JournalHeaderSize && hit >= 0 && !held.Contains(hit))
            {
                Assert.Equal("journal-damaged", opened.Damage?.Code);
                Assert.True(opened.Restored.Log > 1, "numbers of the log that was damaged may have been given out");
                Assert.True(File.Exists(store.JournalPath + ".damaged"));
                Assert.Null((await store.ReopenAsync()).Damage);
                Assert.Equal(expected, store.Store.Restored.Held.Select(item => item.Piece));
            }

            await store.CloseAsync();
        }
    }

    [Fact]
    public async Task A_content_that_looks_like_records_is_not_taken_for_them()
    {
        await using var store = TestStore.InMemory();
        store.Open();
        store.KeepAndWait(0, [1]);
        await store.CloseAsync();
        byte[] bait = File.ReadAllBytes(store.JournalPath)[JournalHeaderSize..];
        store.Open();
        store.KeepAndWait(1, bait);
        store.KeepAndWait(2, [2]);
        await store.CloseAsync();
        byte[] journal = File.ReadAllBytes(store.JournalPath);
        int head = journal.AsSpan(JournalHeaderSize + bait.Length).IndexOf("SGRP"u8) + JournalHeaderSize + bait.Length;
        journal[head + 20] ^= 1;
        File.WriteAllBytes(store.JournalPath, journal);
        PieceStore opened = store.Open();
        Assert.Equal("journal-damaged", opened.Damage?.Code);
        Assert.Equal([0, 2], opened.Restored.Held.Select(held => held.Piece));
    }

    [Fact]
    public async Task Without_its_journal_a_folder_gives_back_the_files_that_are_what_their_names_say()
    {
        await using var store = TestStore.InMemory();
        store.Open();
        byte[] sound = TestStore.ContentOf(1, 40_000);
        store.KeepAndWait(1, sound);
        store.KeepAndWait(2, TestStore.ContentOf(2, 40_000));
        await store.CloseAsync();
        string changed = Directory.GetFiles(Path.Combine(store.Root, ".starling", "pieces"), "000002.*").Single();
        File.Delete(changed);
        File.WriteAllBytes(changed, new byte[40_000]);
        byte[] journal = File.ReadAllBytes(store.JournalPath);
        foreach (bool missing in new[] { false, true })
        {
            journal.AsSpan(0, JournalHeaderSize).Clear();
            File.WriteAllBytes(store.JournalPath, journal);
            if (missing)
            {
                File.Delete(store.JournalPath);
            }

            PieceStore opened = store.Open();
            Assert.Equal("journal-damaged", opened.Damage?.Code);
            Assert.Equal(1, opened.Restored.Held.Single().Piece);
            store.AssertHeld(1, sound);
            await store.CloseAsync();
            Assert.False(File.Exists(changed));
        }
    }

    [Fact]
    public async Task A_folder_of_another_task_or_of_a_later_version_is_refused_untouched()
    {
        await using var store = TestStore.InMemory();
        await SampleAsync(store);
        byte[] journal = File.ReadAllBytes(store.JournalPath);
        Refuse(journal, header => header[20]++, "folder-of-another-task");
        Refuse(journal, header => header[8]++, "journal-version");

        void Refuse(byte[] original, Action<byte[]> change, string code)
        {
            byte[] header = original[..96];
            change(header);
            byte[] copy = [.. header, .. Hash256.Of(header).ToArray()];
            byte[] changed = [.. copy, .. copy, .. original[JournalHeaderSize..]];
            File.WriteAllBytes(store.JournalPath, changed);
            Assert.Equal(code, store.TryOpen()?.Code);
            Assert.Equal(changed, File.ReadAllBytes(store.JournalPath));
        }
    }

    private const int JournalHeaderSize = 256;

    private static byte[] ContentOf(int piece) => TestStore.ContentOf(piece, 20 + (piece * 7));

    /// <summary>Six small results, each in a group of its own; where each group ends.</summary>
    private static async Task<(byte[] Journal, List<long> Ends)> SampleAsync(TestStore store)
    {
        var ends = new List<long>();
        store.Open();
        for (int piece = 0; piece < 6; piece++)
        {
            store.KeepAndWait(piece, ContentOf(piece));
            ends.Add(new FileInfo(store.JournalPath).Length);
        }

        await store.CloseAsync();
        return (File.ReadAllBytes(store.JournalPath), ends);
    }
}
