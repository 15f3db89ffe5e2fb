using System;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.IO;
using System.Text;
using Starling.Core.Primitives;

namespace Starling.Runtime.Storage;

/// <summary>
/// One process per folder: an advisory lock that the system gives back when the process ends, however it ends. Beside it, a note says
/// who holds it, for the message to a second process.
/// </summary>
internal sealed class FolderLock : IDisposable
{
    private const int MaxNoteLength = 256;

    private readonly FileStream _file;

    private FolderLock(FileStream file) => _file = file;

    /// <summary>Takes the lock of <paramref name="folder"/>, or says who has it.</summary>
    /// <param name="folder">Where the lock lies.</param>
    /// <param name="shown">The folder as the user knows it.</param>
    /// <param name="taken">The lock.</param>
    /// <param name="problem">Who has it.</param>
    public static bool TryTake(string folder, string shown, [NotNullWhen(true)] out FolderLock? taken, [NotNullWhen(false)] out Problem? problem)
    {
        taken = null;
        problem = null;
        string note = Path.Combine(folder, "lock.holder");
        FileStream file;
        try
        {
            file = new FileStream(Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (IOException failure) when (IsHeldElsewhere(failure))
        {
            problem = new Problem(
                "folder-in-use",
                $"{shown} is in use by {ReadNote(note)}",
                "Stop that process first, or choose another folder with --dir.");
            return false;
        }

        WriteNote(note);
        taken = new FolderLock(file);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>Whether a file could not be opened because another process has it locked.</summary>
    public static bool IsHeldElsewhere(IOException failure)
    {
        const int sharingViolation = 0x20;
        int wouldBlock = OperatingSystem.IsMacOS() ? 35 : 11;
        return OperatingSystem.IsWindows() ? (failure.HResult & 0xFFFF) == sharingViolation : failure.HResult == wouldBlock;
    }

    private static void WriteNote(string path)
    {
        try
        {
            File.WriteAllText(
                path, string.Create(CultureInfo.InvariantCulture, $"process {Environment.ProcessId} on {Environment.MachineName}"));
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            // The lock holds without it.
        }
    }

    private static string ReadNote(string path)
    {
        try
        {
            using FileStream note = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            Span<byte> bytes = stackalloc byte[MaxNoteLength];
            int read = note.ReadAtLeast(bytes, MaxNoteLength, throwOnEndOfStream: false);
            string text = Encoding.UTF8.GetString(bytes[..read]).Trim();
            return text.Length == 0 ? "another process" : text;
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            return "another process";
        }
    }
}
