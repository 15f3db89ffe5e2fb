using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Starling.Runtime.Execution;

namespace Starling.Runtime.Containers;

/// <summary>
/// Calls of Linux that work in an open folder by a single name, so that no link is ever followed by the system. Names have no slash. Failures are <see cref="IOException"/>s with the error number, unless a method says otherwise.
/// </summary>
internal static unsafe partial class FolderCalls
{
    public const int NoEntry = 2;
    public const int Exists = 17;
    public const int NotAFolder = 20;
    public const int IsAFolder = 21;
    public const int TooManyLinks = 40;

    private const string Library = "libc";
    private const int WriteOnly = 1;
    private const int Create = 0x40;
    private const int Exclusive = 0x80;
    private const int NoFollow = 0x100;
    private const int MaxLink = 4096;

    /// <summary>Opens a folder by its path; links in it are followed, so the path is the caller's own.</summary>
    public static int OpenPath(string path) => Checked(OpenAt(LibC.CurrentFolder, path, LibC.FolderOnly | LibC.CloseOnExec, 0), path);

    /// <summary>Opens a folder in a folder, not through a link; -1 and <paramref name="error"/>: there is none.</summary>
    public static int TryOpen(int folder, string name, out int error)
    {
        int descriptor = OpenAt(folder, name, LibC.FolderOnly | LibC.NoLink | LibC.CloseOnExec, 0);
        error = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        return descriptor;
    }

    /// <summary>Makes a file that is not there yet; null: something of that name is.</summary>
    public static SafeFileHandle? TryCreateFile(int folder, string name)
    {
        int descriptor = OpenAt(folder, name, WriteOnly | Create | Exclusive | LibC.NoLink | LibC.CloseOnExec, 0x180);
        if (descriptor < 0 && Marshal.GetLastPInvokeError() == Exists)
        {
            return null;
        }

        return new SafeFileHandle(Checked(descriptor, name), ownsHandle: true);
    }

    /// <summary>Makes a folder; false: something of that name is there.</summary>
    public static bool TryCreateFolder(int folder, string name) => Made(MakeAt(folder, name, 0x1C0), name);

    /// <summary>Makes a symbolic link; false: something of that name is there.</summary>
    public static bool TryCreateLink(int folder, string name, string target) => Made(LinkTo(target, folder, name), name);

    /// <summary>Gives what is there under one name a second one; false: something of that name is there. A link is named, not followed.</summary>
    public static bool TryCreateName(int oldFolder, string oldName, int folder, string name) => Made(NameAt(oldFolder, oldName, folder, name, 0), name);

    /// <summary>Removes what is no folder; 0, or the error number.</summary>
    public static int TryRemove(int folder, string name) => RemoveAt(folder, name, 0) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Where a symbolic link points to; null: it is none.</summary>
    public static string? LinkTarget(int folder, string name)
    {
        byte* buffer = stackalloc byte[MaxLink];
        nint length = ReadLinkAt(folder, name, buffer, MaxLink);
        return length < 0 ? null : Encoding.UTF8.GetString(buffer, (int)length);
    }

    /// <summary>Sets the permission bits of an open file or folder.</summary>
    public static void SetMode(int descriptor, int mode, string name) => Checked(ChangeMode(descriptor, (uint)mode), name);

    /// <summary>Sets when a name was last changed; a time that the file system can't keep is left out.</summary>
    public static void SetTime(int folder, string name, long unixSeconds)
    {
        long* times = stackalloc long[4] { unixSeconds, 0, unixSeconds, 0 };
        _ = ChangeTimes(folder, name, times, NoFollow);
    }

    /// <summary>Makes everything durable that was written to the file system in which the folder lies.</summary>
    public static void Flush(int folder) => Checked(FlushAll(folder), "syncfs");

    /// <summary>Who this program is.</summary>
    [LibraryImport(Library, EntryPoint = "getuid")]
    public static partial uint UserId();

    /// <summary>The group of this program.</summary>
    [LibraryImport(Library, EntryPoint = "getgid")]
    public static partial uint GroupId();

    /// <summary>Closes a descriptor.</summary>
    public static void Close(int descriptor) => _ = CloseDescriptor(descriptor);

    /// <summary>Closes descriptors.</summary>
    public static void Close(IEnumerable<int> descriptors)
    {
        foreach (int descriptor in descriptors)
        {
            Close(descriptor);
        }
    }

    private static bool Made(int result, string name)
    {
        if (result < 0 && Marshal.GetLastPInvokeError() == Exists)
        {
            return false;
        }

        Checked(result, name);
        return true;
    }

    private static int Checked(int result, string name)
    {
        if (result < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            throw new IOException($"{name}: {Marshal.GetPInvokeErrorMessage(error)}", error);
        }

        return result;
    }

    [LibraryImport(Library, EntryPoint = "openat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int OpenAt(int folder, string name, int flags, uint mode);

    [LibraryImport(Library, EntryPoint = "mkdirat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int MakeAt(int folder, string name, uint mode);

    [LibraryImport(Library, EntryPoint = "symlinkat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int LinkTo(string target, int folder, string name);

    [LibraryImport(Library, EntryPoint = "linkat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int NameAt(int oldFolder, string oldName, int folder, string name, int flags);

    [LibraryImport(Library, EntryPoint = "unlinkat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int RemoveAt(int folder, string name, int flags);

    [LibraryImport(Library, EntryPoint = "readlinkat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial nint ReadLinkAt(int folder, string name, byte* buffer, nint size);

    [LibraryImport(Library, EntryPoint = "fchmod", SetLastError = true)]
    private static partial int ChangeMode(int descriptor, uint mode);

    [LibraryImport(Library, EntryPoint = "utimensat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int ChangeTimes(int folder, string name, long* times, int flags);

    [LibraryImport(Library, EntryPoint = "syncfs", SetLastError = true)]
    private static partial int FlushAll(int descriptor);

    [LibraryImport(Library, EntryPoint = "close")]
    private static partial int CloseDescriptor(int descriptor);
}
