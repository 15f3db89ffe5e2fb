using System;
using System.IO;
using System.Linq;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Torrents;
using Starling.Runtime.Torrents;
using Starling.Tests.Core.Metainfo;
using Starling.Tests.Runtime.Tasks;

namespace Starling.Tests.Runtime.Torrents;

/// <summary>What a restart believes without hashing, and what it checks again.</summary>
public sealed class ResumeTests : IDisposable
{
    private static readonly TorrentFile Torrent = TorrentSamples.Folder(TorrentVersion.V1, TorrentSamples.Tree).File();
    private static readonly byte[][] Pieces = TorrentSamples.PieceContents(Torrent.Info, TorrentSamples.Tree);
    private static readonly byte[] All = Recheck.All(Torrent.Info);
    private static readonly byte[] None = new byte[All.Length];

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void After_a_clean_end_nothing_is_checked_again()
    {
        WriteAll(closing: true);
        using TorrentStorage storage = Open();
        Assert.Equal(All, storage.Resume.Pieces);
        Assert.Equal(None, storage.Resume.Unchecked);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_file_of_another_size_is_checked_again_and_no_other(bool clean)
    {
        WriteAll(clean);
        using (FileStream file = new(PathOf("b.txt"), FileMode.Append))
        {
            file.WriteByte(1);
        }

        // b.txt lies in [56389, 126389): pieces 3 to 7.
        using TorrentStorage storage = Open();
        Assert.Equal([0, 1, 2], Set(storage.Resume.Pieces));
        Assert.Equal([3, 4, 5, 6, 7], Set(storage.Resume.Unchecked));
    }

    [Fact]
    public void After_a_clean_end_another_date_is_enough_to_check_again()
    {
        WriteAll(closing: true);
        File.SetLastWriteTimeUtc(PathOf("a.bin"), File.GetLastWriteTimeUtc(PathOf("a.bin")).AddSeconds(1));
        using TorrentStorage storage = Open();
        Assert.Equal([0, 1, 2], Set(storage.Resume.Unchecked));
        Assert.Equal([3, 4, 5, 6, 7], Set(storage.Resume.Pieces));
    }

    [Fact]
    public void What_the_caller_has_just_checked_is_shared_from_where_it_lies_and_nothing_is_written_there()
    {
        using var elsewhere = new TemporaryFolder();
        WriteAll(closing: true);
        Directory.Delete(Path.Combine(_folder.Path, ".starling"), recursive: true);
        var options = new TorrentStorageOptions { StateFolder = elsewhere.Path, IsChecked = true };
        Assert.True(TorrentStorage.TryOpen(Torrent.Info, _folder.Path, options, out TorrentStorage? storage, out _));
        using (storage)
        {
            Assert.Equal(All, storage.Resume.Pieces);
            Assert.Equal(None, storage.Resume.Unchecked);
            Assert.Null(storage.SaveResume(All, [], closing: true));
        }

        Assert.False(Directory.Exists(Path.Combine(_folder.Path, ".starling")));
        Assert.Single(Directory.GetDirectories(elsewhere.Path));

        // A file that has shrunk since is not believed.
        using (FileStream file = new(PathOf("b.txt"), FileMode.Open))
        {
            file.SetLength(10);
        }

        Assert.True(TorrentStorage.TryOpen(Torrent.Info, _folder.Path, options, out storage, out _));
        using (storage)
        {
            Assert.Equal([0, 1, 2], Set(storage.Resume.Pieces));
        }
    }

    [Fact]
    public void A_missing_file_is_missing_and_there_is_nothing_to_check()
    {
        WriteAll(closing: true);
        File.Delete(PathOf("a.bin"));
        using TorrentStorage storage = Open();
        Assert.Equal([3, 4, 5, 6, 7], Set(storage.Resume.Pieces));
        Assert.Equal(None, storage.Resume.Unchecked);
    }

    [Fact]
    public void After_a_kill_what_was_saved_is_believed_and_what_was_written_later_is_checked()
    {
        using (TorrentStorage storage = Open())
        {
            TorrentStorageTests.Write(storage, 0, Pieces[0]);
            Assert.Null(storage.SaveResume(Bits(0), [new PartialPiece(1, [0x80])], closing: false));
            TorrentStorageTests.Write(storage, 1, Pieces[1]);
            TorrentStorageTests.Write(storage, 6, Pieces[6]);
        }

        using TorrentStorage again = Open();
        Assert.Equal([0], Set(again.Resume.Pieces));

        // Its neighbours share pages of the file with it.
        Assert.All(Set(again.Resume.Unchecked), piece => Assert.InRange(piece, 5, 7));
        Assert.Contains(6, Set(again.Resume.Unchecked));
        Assert.Equal((1, 0x80), (Assert.Single(again.Resume.Partial).Piece, again.Resume.Partial[0].Blocks[0]));
    }

    [Fact]
    public void After_a_kill_a_file_that_changed_long_after_the_last_save_is_checked_again()
    {
        WriteAll(closing: false);
        File.SetLastWriteTimeUtc(PathOf("a.bin"), DateTime.UtcNow + ResumeState.KillWindow + TimeSpan.FromMinutes(1));
        File.SetLastWriteTimeUtc(PathOf("b.txt"), DateTime.UtcNow + ResumeState.KillWindow - TimeSpan.FromMinutes(1));
        using TorrentStorage storage = Open();
        Assert.Equal([0, 1, 2], Set(storage.Resume.Unchecked));
    }

    [Fact]
    public void A_seeder_that_writes_again_after_a_clean_end_is_not_taken_for_a_stranger()
    {
        WriteAll(closing: true);
        using (TorrentStorage storage = Open())
        {
            // Killed before anything was saved by hand.
            TorrentStorageTests.Write(storage, 0, Pieces[0]);
        }

        using TorrentStorage again = Open();
        Assert.Equal(All, again.Resume.Pieces);
    }

    [Fact]
    public void Files_that_were_there_before_are_checked_before_they_count()
    {
        foreach ((string path, byte[] content) in TorrentSamples.Tree)
        {
            _folder.Write("tree/" + path, content);
        }

        using TorrentStorage storage = Open();
        Assert.Equal(None, storage.Resume.Pieces);
        Assert.Equal(All, storage.Resume.Unchecked);
        var found = new byte[All.Length];
        Assert.Null(Recheck.Run(storage, null, storage.Resume.Unchecked, 1, (piece, right) => TorrentResume.Set(found, piece, right), default));
        Assert.Equal(All, found);
    }

    [Fact]
    public void A_damaged_state_counts_as_none()
    {
        WriteAll(closing: true);
        string path = Directory.EnumerateFiles(_folder.Path, "resume", SearchOption.AllDirectories).Single();
        byte[] right = File.ReadAllBytes(path);
        for (int i = 0; i < right.Length; i += 13)
        {
            byte[] wrong = [.. right];
            wrong[i] ^= 0x20;
            File.WriteAllBytes(path, wrong);
            using TorrentStorage storage = Open();
            Assert.Equal(All, storage.Resume.Unchecked);
        }

        foreach (int length in (int[])[0, 1, 31, 32, 33, right.Length - 1])
        {
            File.WriteAllBytes(path, right[..length]);
            using TorrentStorage storage = Open();
            Assert.Equal(All, storage.Resume.Unchecked);
        }
    }

    [Fact]
    public void Unfinished_pieces_are_bounded()
    {
        TorrentFile file = TorrentSamples.Single(TorrentVersion.V1, "x", new byte[(TorrentResume.MaxPartial + 1) * 16_384]).File();
        PartialPiece[] partial = [.. Enumerable.Range(0, TorrentResume.MaxPartial + 1).Select(piece => new PartialPiece(piece, [0x80]))];
        var bits = new byte[TorrentResume.SizeOf(file.Info.PieceCount)];
        using (TorrentStorage storage = Open(file))
        {
            Assert.Null(storage.Write(0, 0, new byte[1]));
            Assert.Null(storage.SaveResume(bits, partial, closing: true));
        }

        using TorrentStorage again = Open(file);
        Assert.Equal(TorrentResume.MaxPartial, again.Resume.Partial.Count);
    }

    public void Dispose() => _folder.Dispose();

    private static byte[] Bits(params int[] pieces)
    {
        var bits = new byte[All.Length];
        Array.ForEach(pieces, piece => TorrentResume.Set(bits, piece, true));
        return bits;
    }

    private static int[] Set(byte[] bits) => [.. Enumerable.Range(0, Torrent.Info.PieceCount).Where(piece => TorrentResume.Has(bits, piece))];

    private void WriteAll(bool closing)
    {
        using TorrentStorage storage = Open();
        for (int piece = 0; piece < Pieces.Length; piece++)
        {
            TorrentStorageTests.Write(storage, piece, Pieces[piece]);
        }

        Assert.Null(storage.SaveResume(All, [], closing));
    }

    private TorrentStorage Open(TorrentFile? file = null) =>
        TorrentStorage.TryOpen((file ?? Torrent).Info, _folder.Path, new TorrentStorageOptions(), out TorrentStorage? storage, out Problem? problem)
            ? storage : throw new IOException(problem.ToString());

    private string PathOf(string file) => Path.Combine(_folder.Path, "tree", file);
}
