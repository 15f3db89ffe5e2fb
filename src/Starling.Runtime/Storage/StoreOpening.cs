using System;
using System.IO;
using Microsoft.Win32.SafeHandles;
using Starling.Core.Primitives;

namespace Starling.Runtime.Storage;

/// <summary>What was found when a folder's store was opened.</summary>
/// <param name="Journal">The journal, ready to be appended to.</param>
/// <param name="Contents">What it says, as far as the files agree.</param>
/// <param name="Damage">What was lost, and what was done about it; null when nothing was.</param>
internal sealed record OpenedJournal(Journal Journal, JournalContents Contents, Problem? Damage);

/// <summary>
/// Opens the journal of a folder: cuts a torn tail, salvages what is sound of a damaged one, rewrites one that is mostly garbage, and
/// clears what a killed process left lying about.
/// </summary>
internal static class StoreOpening
{
    /// <summary>Opens it; on false, <paramref name="problem"/> says why the folder can't be used.</summary>
    public static bool TryOpen(
        TaskFolder folder, ResultFiles files, PieceStoreOptions options, out OpenedJournal? opened, out Problem? problem)
    {
        opened = null;
        problem = null;
        SafeFileHandle? file = null;
        try
        {
            ClearLeftovers(folder);
            JournalHeader? header = null;
            int version = 0;
            bool exists = File.Exists(folder.Journal);
            if (exists)
            {
                file = File.OpenHandle(folder.Journal, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
                JournalHeader.TryDecode(ReadStart(file), out header, out version);
            }

            problem = Unusable(folder, header, version);
            if (problem is null)
            {
                opened = header is null
                    ? StartAnew(folder, files, options, exists)
                    : Continue(folder, files, options, file!, header);
                file = header is not null && opened.Journal.File == file ? null : file;
            }

            return opened is not null;
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            problem = StoreProblem.IsDiskFull(failure)
                ? StoreProblem.OfWrite(failure, folder.Private, JournalHeader.Size)
                : StoreProblem.OfAccess(failure, "folder-unusable", $"cannot open the results below {folder.Private}");
            return false;
        }
        finally
        {
            file?.Dispose();
        }
    }

    private static Problem? Unusable(TaskFolder folder, JournalHeader? header, int version)
    {
        if (version != 0 && header is null)
        {
            return new Problem(
                "journal-version",
                $"{folder.Journal} was written by another version of this program (format {version}, this one knows {JournalHeader.Version})",
                "Use that version, or another folder with --dir.");
        }

        if (header is not null && header.TaskId != folder.TaskId)
        {
            return new Problem(
                "folder-of-another-task",
                $"{folder.Root} holds the results of task {header.TaskId}, not of {folder.TaskId}",
                "Choose another folder with --dir.");
        }

        return null;
    }

    /// <summary>No journal, or one whose header is gone: a fresh log, and of the files what is provably a result.</summary>
    private static OpenedJournal StartAnew(TaskFolder folder, ResultFiles files, PieceStoreOptions options, bool damaged)
    {
        string? kept = damaged ? SetAside(folder) : null;
        var contents = new JournalContents();
        files.Reconcile(contents, adopt: true, folder.PieceCount, folder.PieceLength);
        int adopted = contents.Held.Count;
        JournalHeader header = JournalHeader.Create(folder.TaskId, Now(options));
        Journal journal = Journal.Replace(folder.Journal, header, contents, null, options.FailPoint);
        Problem? damage = !damaged && adopted == 0 ? null : new Problem(
            "journal-damaged",
            damaged
                ? $"{folder.Journal} can't be read: both copies of its header are damaged"
                : $"{folder.Journal} is missing",
            $"{adopted} results were recovered from their files, the others are fetched or computed again.{Where(kept)}");
        return new OpenedJournal(journal, contents, damage);
    }

    private static OpenedJournal Continue(
        TaskFolder folder, ResultFiles files, PieceStoreOptions options, SafeFileHandle file, JournalHeader header)
    {
        JournalContents contents = new JournalReader(
            file, header, RandomAccess.GetLength(file), folder.PieceCount, folder.PieceLength).Read();
        bool damaged = contents.DamagedBytes > 0;
        if (!damaged)
        {
            long garbage = contents.SoundLength - contents.LiveBytes;
            files.Reconcile(contents, adopt: false, folder.PieceCount, folder.PieceLength);
            bool rewrite = garbage >= options.MinGarbage && garbage > contents.LiveBytes;
            Journal journal = rewrite
                ? Journal.Replace(
                    folder.Journal, JournalHeader.Create(folder.TaskId, header.Log), contents, file, options.FailPoint)
                : Journal.Continue(folder.Journal, file, header, contents.SoundLength, options.FailPoint);
            return new OpenedJournal(journal, contents, null);
        }

        // Batches of my own may be among what is lost. Their numbers must not be given to others: another log starts.
        long lost = contents.DamagedBytes;
        string? kept = SetAside(folder);
        files.Reconcile(contents, adopt: true, folder.PieceCount, folder.PieceLength);
        JournalHeader fresh = JournalHeader.Create(folder.TaskId, Math.Max(Now(options), header.Log + 1));
        Journal salvaged = Journal.Replace(folder.Journal, fresh, contents, file, options.FailPoint);
        var damage = new Problem(
            "journal-damaged",
            $"{lost} bytes in the middle of {folder.Journal} were damaged after they had been written",
            $"{contents.Held.Count} results are sound, the others are fetched or computed again. Check the disk.{Where(kept)}");
        return new OpenedJournal(salvaged, contents, damage);
    }

    private static string? SetAside(TaskFolder folder)
    {
        string kept = folder.Journal + ".damaged";
        File.Delete(kept);
        if (!NativeFiles.TryLink(folder.Journal, kept))
        {
            File.Copy(folder.Journal, kept);
        }

        return kept;
    }

    private static string Where(string? kept) => kept is null ? "" : $" The damaged journal is kept as {kept}.";

    private static long Now(PieceStoreOptions options) => options.Clock.GetUtcNow().ToUnixTimeMilliseconds();

    private static void ClearLeftovers(TaskFolder folder)
    {
        File.Delete(folder.Journal + ".new");
        foreach (string file in Directory.EnumerateFiles(folder.Temporary))
        {
            File.Delete(file);
        }

        foreach (string merge in Directory.EnumerateDirectories(folder.Private, "merge-*"))
        {
            Directory.Delete(merge, recursive: true);
        }
    }

    private static byte[] ReadStart(SafeFileHandle file)
    {
        var bytes = new byte[Math.Min(JournalHeader.Size, RandomAccess.GetLength(file))];
        return FileReading.TryReadAt(file, 0, bytes) ? bytes : [];
    }
}
