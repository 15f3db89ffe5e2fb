using System;
using System.Runtime.InteropServices;

namespace Starling.Runtime.Execution;

/// <summary>
/// The calls of Linux's C library that .NET does not offer. Numbers are those of x86-64 and arm64 Linux, which agree in all that is used
/// here. Every function sets <c>errno</c> unless said otherwise.
/// </summary>
internal static unsafe partial class LibC
{
    public const int ErrorInterrupted = 4;
    public const int ErrorNoChild = 10;
    public const int CloseOnExec = 0x80000;
    public const int ReadWrite = 2;
    public const int DescriptorFlagsGet = 1;
    public const int DescriptorFlagsSet = 2;
    public const int DescriptorCloseOnExec = 1;
    public const int SignalKill = 9;
    public const int SignalCpuLimit = 24;
    public const int SignalChild = 17;
    public const int WaitNoHang = 1;
    public const int PrctlSetChildSubreaper = 36;
    public const int ClockBootTime = 7;
    public const short PollIn = 1;
    public const short SpawnSetSignalDefaults = 0x04;
    public const short SpawnSetSignalMask = 0x08;
    public const short SpawnSetSession = 0x80;

    /// <summary>Larger than <c>sigset_t</c>, <c>posix_spawnattr_t</c>, <c>posix_spawn_file_actions_t</c> and <c>struct sigaction</c> of glibc and musl.</summary>
    public const int OpaqueSize = 512;

    private const string Library = "libc";
    private const long SyscallPidfdOpen = 434;
    private const long SyscallCloseRange = 436;
    private const long SyscallLandlockCreateRuleset = 444;
    private const int LandlockAskVersion = 1;
    private const int AccessWrite = 2;
    private const uint CloseRangeCloseOnExec = 4;

    /// <summary>One entry of <c>poll</c>; a negative descriptor is skipped.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    /// <summary><c>struct timespec</c> on 64-bit machines.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [LibraryImport(Library, EntryPoint = "pipe2", SetLastError = true)]
    public static partial int Pipe(int* descriptors, int flags);

    [LibraryImport(Library, EntryPoint = "open", SetLastError = true)]
    public static partial int Open(byte* path, int flags);

    [LibraryImport(Library, EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int descriptor);

    [LibraryImport(Library, EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int descriptor, byte* buffer, nint count);

    [LibraryImport(Library, EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int descriptor, byte* buffer, nint count);

    [LibraryImport(Library, EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(PollEntry* entries, nuint count, int timeoutMs);

    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    public static partial int DescriptorControl(int descriptor, int command, int argument = 0);

    [LibraryImport(Library, EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int pid, int signal);

    [LibraryImport(Library, EntryPoint = "waitpid", SetLastError = true)]
    public static partial int WaitPid(int pid, int* status, int options);

    [LibraryImport(Library, EntryPoint = "getsid", SetLastError = true)]
    public static partial int SessionOf(int pid);

    [LibraryImport(Library, EntryPoint = "prctl", SetLastError = true)]
    public static partial int ProcessControl(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport(Library, EntryPoint = "clock_gettime", SetLastError = true)]
    public static partial int ClockGetTime(int clock, TimeSpec* time);

    [LibraryImport(Library, EntryPoint = "sigaction", SetLastError = true)]
    public static partial int SignalAction(int signal, byte* action, byte* oldAction);

    [LibraryImport(Library, EntryPoint = "signal", SetLastError = true)]
    public static partial nint Signal(int signal, nint handler);

    [LibraryImport(Library, EntryPoint = "sigfillset")]
    public static partial int SignalSetFill(byte* set);

    [LibraryImport(Library, EntryPoint = "sigemptyset")]
    public static partial int SignalSetEmpty(byte* set);

    /// <summary>Returns the error number itself.</summary>
    [LibraryImport(Library, EntryPoint = "posix_spawn")]
    public static partial int Spawn(int* pid, byte* path, byte* fileActions, byte* attributes, byte** arguments, byte** environment);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_init")]
    public static partial int SpawnAttributesInit(byte* attributes);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_setflags")]
    public static partial int SpawnAttributesSetFlags(byte* attributes, short flags);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_setsigdefault")]
    public static partial int SpawnAttributesSetDefaults(byte* attributes, byte* set);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_setsigmask")]
    public static partial int SpawnAttributesSetMask(byte* attributes, byte* set);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_destroy")]
    public static partial int SpawnAttributesDestroy(byte* attributes);

    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_init")]
    public static partial int FileActionsInit(byte* actions);

    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_destroy")]
    public static partial int FileActionsDestroy(byte* actions);

    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_adddup2")]
    public static partial int FileActionsDuplicate(byte* actions, int from, int to);

    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_addchdir_np")]
    public static partial int FileActionsChangeFolder(byte* actions, byte* path);

    [LibraryImport(Library, EntryPoint = "access", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Access(string path, int mode);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Syscall(nint number, nint a, nint b, nint c);

    /// <summary>A descriptor that becomes readable when the process ends; -1 on kernels before 5.3. Close-on-exec by definition.</summary>
    public static int OpenProcess(int pid) => (int)Syscall((nint)SyscallPidfdOpen, pid, 0, 0);

    /// <summary>Marks every descriptor from <paramref name="first"/> on close-on-exec; false on kernels before 5.11.</summary>
    public static bool MarkCloseOnExecFrom(int first) =>
        Syscall((nint)SyscallCloseRange, first, int.MaxValue, (nint)CloseRangeCloseOnExec) == 0;

    /// <summary>The version of Landlock that the kernel has; 0: none, or it is switched off (landlock_create_ruleset(2)).</summary>
    public static int LandlockVersion() => Math.Max(0, (int)Syscall((nint)SyscallLandlockCreateRuleset, 0, 0, LandlockAskVersion));

    /// <summary>Whether this process may write to a file or into a folder.</summary>
    public static bool MayWrite(string path) => Access(path, AccessWrite) == 0;

    /// <summary>Closes a descriptor unless it is negative.</summary>
    public static void CloseIfOpen(int descriptor)
    {
        if (descriptor >= 0)
        {
            // Linux frees the descriptor even when the call is interrupted: it must not be repeated.
            _ = Close(descriptor);
        }
    }
}
