using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Starling.Runtime.Storage;

/// <summary>The calls on files that .NET does not offer: flushing a folder, hard links, and the holes of sparse files.</summary>
internal static partial class NativeFiles
{
    /// <summary>Makes the names in a folder durable. On Windows the file system's own log does that.</summary>
    /// <exception cref="IOException">The folder can't be opened or flushed.</exception>
    public static void FlushFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        int closeOnExec = OperatingSystem.IsMacOS() ? 0x1000000 : 0x80000;
        int descriptor = Open(path, closeOnExec);
        if (descriptor < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            throw new IOException($"cannot open folder {path}: {Marshal.GetPInvokeErrorMessage(error)}", error);
        }

        int failed = Flush(descriptor);
        int flushError = Marshal.GetLastPInvokeError();
        _ = Close(descriptor);

        // File systems that cannot flush a folder say EINVAL; there is nothing more to be had from them.
        if (failed != 0 && flushError != InvalidArgument)
        {
            throw new IOException($"cannot flush folder {path}: {Marshal.GetPInvokeErrorMessage(flushError)}", flushError);
        }
    }

    /// <summary>Gives a file a second name; false when the file system can't.</summary>
    public static bool TryLink(string existing, string created) =>
        OperatingSystem.IsWindows() ? CreateHardLink(created, existing, 0) != 0 : Link(existing, created) == 0;

    /// <summary>The parts of a file that are no holes, in order; where the system does not tell (Linux does), all of it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="length">Bytes of it that matter.</param>
    /// <exception cref="IOException">The file can't be opened.</exception>
    public static IReadOnlyList<(long Start, long End)> WrittenParts(string path, long length)
    {
        if (!OperatingSystem.IsLinux())
        {
            return [(0, length)];
        }

        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var parts = new List<(long, long)>();
        for (long end = 0; end < length && parts.Count < MaxParts;)
        {
            long start = Seek(file, end, SeekData);
            if (start < 0)
            {
                // No data up to the end; anything else means that the file system can't tell.
                return Marshal.GetLastPInvokeError() == NoSuchAddress ? parts : [(0, length)];
            }

            end = Seek(file, start, SeekHole);
            parts.Add((start, end < 0 || parts.Count == MaxParts - 1 ? length : Math.Min(end, length)));
            end = end < 0 ? length : end;
        }

        return parts;
    }

    private const int InvalidArgument = 22;
    private const int NoSuchAddress = 6;
    private const int SeekData = 3;
    private const int SeekHole = 4;

    /// <summary>Parts that are told apart; what follows counts as one.</summary>
    private const int MaxParts = 4_096;

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(SafeFileHandle file, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Flush(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string created);

    [LibraryImport("kernel32", EntryPoint = "CreateHardLinkW", StringMarshalling = StringMarshalling.Utf16)]
    private static partial int CreateHardLink(string created, string existing, nint security);
}
