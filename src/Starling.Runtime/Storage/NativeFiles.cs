using System;
using System.IO;
using System.Runtime.InteropServices;

namespace Starling.Runtime.Storage;

/// <summary>The two calls on files that .NET does not offer: flushing a folder, and hard links.</summary>
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

    private const int InvalidArgument = 22;

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
