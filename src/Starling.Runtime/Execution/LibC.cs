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
    public const int SignalEnd = 15;
    public const int SignalContinue = 18;
    public const int SignalStop = 19;
    public const int SignalCpuLimit = 24;
    public const int SignalChild = 17;
    public const int WaitNoHang = 1;
    public const int PrctlSetChildSubreaper = 36;
    public const int DuplicateCloseOnExec = 1030;
    public const uint FixedAddresses = 0x0040000;
    public const int ErrorNoSuchFile = 2;
    public const int ErrorNoAccess = 13;
    public const uint MemoryFileCloseOnExec = 1;
    public const int ErrorIsFolder = 21;
    public const int RemoveFolder = 0x200;
    public const int DoNotFollow = 0x100;
    public const int CurrentFolder = -100;

    /// <summary>STATX_BASIC_STATS: all that <see cref="FileStatus"/> has.</summary>
    public const uint BasicStatus = 0x7FF;
    public const int ClockBootTime = 7;
    public const int ClockOfThread = 3;
    public const short PollIn = 1;
    public const short PollOut = 4;
    public const short SpawnSetSignalDefaults = 0x04;
    public const short SpawnSetSignalMask = 0x08;
    public const short SpawnSetSession = 0x80;

    /// <summary>Larger than <c>sigset_t</c>, <c>posix_spawnattr_t</c>, <c>posix_spawn_file_actions_t</c> and <c>struct sigaction</c> of glibc and musl.</summary>
    public const int OpaqueSize = 512;

    /// <summary>O_DIRECTORY and O_NOFOLLOW, the flags whose numbers differ between the processors.</summary>
    public static readonly int FolderOnly = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000 : 0x10000;

    /// <inheritdoc cref="FolderOnly"/>
    public static readonly int NoLink = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000;

    private const string Library = "libc";
    private const long SyscallPidfdOpen = 434;
    private const long SyscallCloseRange = 436;
    private const long SyscallLandlockCreateRuleset = 444;
    private const int LandlockAskVersion = 1;
    private const int AccessWrite = 2;
    private const int PriorityOfProcess = 0;
    private const int LowestPriority = 19;
    private const int ScheduleIdle = 5;
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

    /// <summary>A file in memory that has no name; kernel 3.17.</summary>
    [LibraryImport(Library, EntryPoint = "memfd_create", SetLastError = true)]
    public static partial int CreateMemoryFile(byte* name, uint flags);

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

    /// <summary><c>struct rusage</c> on 64-bit machines, as far as it is looked at.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 144)]
    public struct ResourceUsage
    {
        public long UserSeconds;
        public long UserMicroseconds;
        public long SystemSeconds;
        public long SystemMicroseconds;
        public long MaxResidentKiB;

        public readonly TimeSpan CpuTime => new(
            ((UserSeconds + SystemSeconds) * TimeSpan.TicksPerSecond) + ((UserMicroseconds + SystemMicroseconds) * TimeSpan.TicksPerMicrosecond));
    }

    /// <summary><c>struct rlimit64</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ResourceLimit
    {
        public ulong Soft;
        public ulong Hard;
    }

    /// <summary><c>struct statx</c>, as far as it is looked at.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public struct FileStatus
    {
        [FieldOffset(16)]
        public uint Links;

        [FieldOffset(20)]
        public uint User;

        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(32)]
        public ulong Number;

        [FieldOffset(48)]
        public ulong Blocks;

        /// <summary>Major and minor number of the device together.</summary>
        [FieldOffset(136)]
        public ulong Device;

        public readonly bool IsFile => (Mode & FormatMask) == FileFormat;

        public readonly bool IsFolder => (Mode & FormatMask) == FolderFormat;

        public readonly long BytesOnDisk => (long)Blocks * BlockBytes;

        private const int FormatMask = 0xF000;
        private const int FileFormat = 0x8000;
        private const int FolderFormat = 0x4000;
        private const long BlockBytes = 512;
    }

    [LibraryImport(Library, EntryPoint = "wait4", SetLastError = true)]
    public static partial int WaitPid(int pid, int* status, int options, ResourceUsage* usage);

    [LibraryImport(Library, EntryPoint = "prlimit64", SetLastError = true)]
    public static partial int LimitResource(int pid, int resource, ResourceLimit* limit, ResourceLimit* old);

    /// <summary>Of the calling thread and of what it starts.</summary>
    [LibraryImport(Library, EntryPoint = "personality", SetLastError = true)]
    public static partial int SetPersonality(nuint personality);

    [LibraryImport(Library, EntryPoint = "openat", SetLastError = true)]
    public static partial int OpenAt(int folder, byte* path, int flags);

    [LibraryImport(Library, EntryPoint = "unlinkat", SetLastError = true)]
    public static partial int UnlinkAt(int folder, byte* path, int flags);

    [LibraryImport(Library, EntryPoint = "renameat", SetLastError = true)]
    public static partial int RenameAt(int fromFolder, byte* from, int toFolder, byte* to);

    [LibraryImport(Library, EntryPoint = "statx", SetLastError = true)]
    public static partial int StatusAt(int folder, byte* path, int flags, uint mask, FileStatus* status);

    [LibraryImport(Library, EntryPoint = "fchownat", SetLastError = true)]
    public static partial int ChangeOwnerAt(int folder, byte* path, uint user, uint group, int flags);

    [LibraryImport(Library, EntryPoint = "fchmod", SetLastError = true)]
    public static partial int ChangeMode(int descriptor, uint mode);

    [LibraryImport(Library, EntryPoint = "fchmodat", SetLastError = true)]
    public static partial int ChangeModeAt(int folder, byte* path, uint mode, int flags);

    [LibraryImport(Library, EntryPoint = "lseek", SetLastError = true)]
    public static partial long Seek(int descriptor, long offset, int whence);

    [LibraryImport(Library, EntryPoint = "setpriority", SetLastError = true)]
    private static partial int SetPriority(int which, int pid, int priority);

    [LibraryImport(Library, EntryPoint = "sched_setscheduler", SetLastError = true)]
    private static partial int SetScheduler(int pid, int policy, int* priority);

    [LibraryImport(Library, EntryPoint = "access", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Access(string path, int mode);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Syscall(nint number, nint a, nint b, nint c);

    /// <summary>A descriptor that becomes readable when the process ends; -1 on kernels before 5.3. Close-on-exec by definition.</summary>
    public static int OpenProcess(int pid) => (int)Syscall((nint)SyscallPidfdOpen, pid, 0, 0);

    /// <summary>Entries of an open folder as <c>struct linux_dirent64</c>; their bytes, 0 at the end.</summary>
    public static nint ReadFolder(int descriptor, byte* buffer, nint size) =>
        Syscall(RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 61 : 217, descriptor, (nint)buffer, size);

    /// <summary>Marks every descriptor from <paramref name="first"/> on close-on-exec; false on kernels before 5.11.</summary>
    public static bool MarkCloseOnExecFrom(int first) =>
        Syscall((nint)SyscallCloseRange, first, int.MaxValue, (nint)CloseRangeCloseOnExec) == 0;

    /// <summary>The version of Landlock that the kernel has; 0: none, or it is switched off (landlock_create_ruleset(2)).</summary>
    public static int LandlockVersion() => Math.Max(0, (int)Syscall((nint)SyscallLandlockCreateRuleset, 0, 0, LandlockAskVersion));

    /// <summary>Whether this process may write to a file or into a folder.</summary>
    public static bool MayWrite(string path) => Access(path, AccessWrite) == 0;

    /// <summary>Lowest priority, and only what others leave of the processor; 0: the calling thread. Where that is refused, it goes on as it was.</summary>
    public static void BeNice(int pid)
    {
        int none = 0;
        _ = SetPriority(PriorityOfProcess, pid, LowestPriority);
        _ = SetScheduler(pid, ScheduleIdle, &none);
    }

    /// <summary>Processor time that the calling thread took since it began.</summary>
    public static TimeSpan ProcessorTimeOfThisThread()
    {
        if (!OperatingSystem.IsLinux())
        {
            return TimeSpan.Zero;
        }

        TimeSpec time = default;
        _ = ClockGetTime(ClockOfThread, &time);
        return new TimeSpan((time.Seconds * TimeSpan.TicksPerSecond) + (time.Nanoseconds / TimeSpan.NanosecondsPerTick));
    }

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
