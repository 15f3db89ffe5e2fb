using System;

namespace Starling.Runtime.Walls;

/// <summary>
/// The filter of system calls around foreign commands (DESIGN section 7), as the bytes that bubblewrap hands to seccomp(2). What namespaces do not cover is refused:
/// calls that reach into other processes, into the kernel's rarely used corners, that hold memory which no limit counts, or that leave something on the host.
/// </summary>
internal static class SeccompFilter
{
    // struct seccomp_data: int nr; u32 arch; u64 instruction_pointer; u64 args[6].
    private const int NumberOffset = 0;
    private const int ArchitectureOffset = 4;
    private const int ArgumentsOffset = 16;
    private const int ArgumentSize = 8;

    /// <summary>SECCOMP_RET_KILL_PROCESS.</summary>
    public const uint Kill = 0x80000000;

    /// <summary>SECCOMP_RET_ALLOW.</summary>
    public const uint Allow = 0x7FFF0000;

    private const uint Refusal = 0x00050000;
    private const uint NotPermitted = Refusal | 1;
    private const uint NotImplemented = Refusal | 38;
    private const uint NotSupported = Refusal | 95;
    private const uint NoSuchRequest = Refusal | 25;
    private const uint NoSuchFamily = Refusal | 97;
    private const uint NoLocks = Refusal | 37;

    // Calls of the 32-bit ABI on 64-bit x86 carry this bit; they would be checked under wrong numbers.
    private const uint X32Bit = 0x40000000;

    private const uint NamespaceFlags = 0x7E020000;
    private const uint SetIdBits = 0xC00;
    private const uint FamilyUnix = 1;
    private const uint FamilyInternet = 2;
    private const uint FamilyInternet6 = 10;
    private const uint FamilyNetlink = 16;

    // Reach into other processes, or into the kernel.
    private static readonly string[] _notPermitted =
    [
        "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease", "kcmp", "pidfd_getfd",
        "mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "statmount", "listmount",
        "unshare", "setns",
        "keyctl", "add_key", "request_key",
        "bpf", "perf_event_open", "userfaultfd",
        "init_module", "finit_module", "delete_module", "create_module", "get_kernel_syms", "query_module", "kexec_load", "kexec_file_load", "reboot",
        "swapon", "swapoff", "acct", "quotactl", "quotactl_fd", "nfsservctl", "lookup_dcookie", "syslog", "vhangup", "sethostname", "setdomainname",
        "settimeofday", "clock_settime", "clock_adjtime", "adjtimex",
        "open_by_handle_at", "name_to_handle_at", "fanotify_init",
        "iopl", "ioperm", "modify_ldt", "uselib", "_sysctl", "sysfs", "ustat",
        "mbind", "set_mempolicy", "set_mempolicy_home_node", "migrate_pages", "move_pages",
    ];

    // Programs have another way where these are missing. io_uring passes by this filter; clone3 and openat2 hide their arguments from it; the memory of the others
    // belongs to no process, and inotify instances are counted per user of the host.
    private static readonly string[] _notImplemented =
    [
        "io_uring_setup", "io_uring_enter", "io_uring_register", "clone3", "openat2",
        "memfd_create", "memfd_secret", "shmget", "shmat", "shmctl", "semget", "msgget", "mq_open", "inotify_init", "inotify_init1",
    ];

    // TIOCSTI and TIOCLINUX type into terminals; TIOCSETD loads line disciplines.
    private static readonly uint[] _requests = [0x5412, 0x541C, 0x5423];

    // What programs ask of a file system: FICLONE, FICLONERANGE, FIDEDUPERANGE; FS_IOC_GETFLAGS of 64 and 32 bits; FS_IOC_FIEMAP; FS_IOC_FSGETXATTR.
    private static readonly uint[] _fileSystemRequests = [0x40049409, 0x4020940D, 0xC0189436, 0x80086601, 0x80046601, 0xC020660B, 0x801C581F];

    // The second byte of a request is whose it is. All others of file systems are refused, as if the file system had none: btrfs (0x94), ext4 and all (f), XFS and all (X), bcachefs (0xBC),
    // F2FS (0xF5), Ceph (0x97), CIFS (0xCF). They reserve disk that no watch sees, leave flags and keys behind, and a btrfs or bcachefs makes a snapshot of a whole home folder
    // for whoever owns a folder in it.
    private static readonly uint[] _fileSystems = [0x94, 0x66, 0x58, 0xBC, 0xF5, 0x97, 0xCF];

    // PR_SET_DUMPABLE: who is not dumpable hides its open files from the watch.
    private static readonly uint[] _processRequests = [4];

    // F_SETLEASE makes others wait for a file; F_NOTIFY signals on changes of folders.
    private static readonly uint[] _fileRequests = [1024, 1026];

    // personality(2): what is set now, the default, and addresses that are not random.
    private static readonly uint[] _personalities = [0xFFFFFFFF, 0, 0x0040000];

    // A file with set-user-ID that a run makes would be the owner's own on the host.
    private static readonly (string Call, int ModeArgument)[] _modes =
    [
        ("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("fchmodat2", 2), ("creat", 1), ("mknod", 1), ("mknodat", 2), ("mkdir", 1), ("mkdirat", 2),
    ];

    // Here the mode counts only where the flags, one argument before, create a file.
    private static readonly (string Call, int ModeArgument)[] _modesOfCreation = [("open", 2), ("openat", 3)];
    private const uint CreationFlags = 0x400040;

    /// <summary>The filter.</summary>
    /// <param name="calls">Numbers of the processor's calls.</param>
    /// <param name="network">Whether sockets of the internet protocols may be opened.</param>
    public static byte[] Build(SystemCalls calls, bool network)
    {
        ArgumentNullException.ThrowIfNull(calls);
        var program = new BpfAssembler();
        program.Load(ArchitectureOffset).IfEqual(calls.Architecture, 1, 0).End(Kill);
        program.Load(NumberOffset).IfGreater(X32Bit - 1, 0, 1).End(Kill);
        program.IfGreater(SystemCalls.Newest, 0, 1).End(NotImplemented);
        foreach (string name in _notPermitted)
        {
            Refuse(program, calls, name, NotPermitted);
        }

        foreach (string name in _notImplemented)
        {
            Refuse(program, calls, name, NotImplemented);
        }

        // Reserving space takes a moment, whatever its size, so that no watch would see it in time. A lock on a file that is only read here would be felt by its owner.
        Refuse(program, calls, "fallocate", NotSupported);
        Refuse(program, calls, "flock", NoLocks);

        // Attributes of a folder that the next run gets would be there still.
        Refuse(program, calls, "setxattr", NotSupported);
        Refuse(program, calls, "lsetxattr", NotSupported);
        Refuse(program, calls, "fsetxattr", NotSupported);
        foreach ((string call, int argument) in _modes)
        {
            RefuseIfSet(program, calls, call, argument, SetIdBits);
        }

        foreach ((string call, int argument) in _modesOfCreation)
        {
            if (calls.TryFind(call, out uint number))
            {
                program.IfEqual(number, 0, 6).Load(Lower(argument - 1)).IfAnySet(CreationFlags, 0, 3)
                    .Load(Lower(argument)).IfAnySet(SetIdBits, 0, 1).End(NotPermitted).End(Allow);
            }
        }

        RefuseIfSet(program, calls, "clone", 0, NamespaceFlags);
        RefuseRequests(program, calls);
        RefuseIfAmong(program, calls, "prctl", 0, _processRequests);
        RefuseIfAmong(program, calls, "fcntl", 1, _fileRequests);
        AllowOnly(program, calls, "personality", _personalities, NotPermitted);
        uint[] families = network ? [FamilyUnix, FamilyInternet, FamilyInternet6, FamilyNetlink] : [FamilyUnix];
        AllowOnly(program, calls, "socket", families, NoSuchFamily);
        AllowOnly(program, calls, "socketpair", [FamilyUnix], NoSuchFamily);
        return program.End(Allow).ToArray();
    }

    // Of 64-bit arguments only the lower half is looked at: the kernel takes these as int or unsigned int.
    private static int Lower(int argument) => ArgumentsOffset + (argument * ArgumentSize);

    private static void Refuse(BpfAssembler program, SystemCalls calls, string name, uint action)
    {
        if (calls.TryFind(name, out uint number))
        {
            program.IfEqual(number, 0, 1).End(action);
        }
    }

    private static void RefuseIfSet(BpfAssembler program, SystemCalls calls, string name, int argument, uint bits)
    {
        if (calls.TryFind(name, out uint number))
        {
            program.IfEqual(number, 0, 4).Load(Lower(argument)).IfAnySet(bits, 0, 1).End(NotPermitted).End(Allow);
        }
    }

    private static void RefuseRequests(BpfAssembler program, SystemCalls calls)
    {
        if (!calls.TryFind("ioctl", out uint number))
        {
            return;
        }

        const int instructionsOfATest = 2;
        int tests = _requests.Length + _fileSystemRequests.Length + _fileSystems.Length;
        program.IfEqual(number, 0, (byte)((tests * instructionsOfATest) + 3)).Load(Lower(1));
        foreach (uint request in _requests)
        {
            program.IfEqual(request, 0, 1).End(NotPermitted);
        }

        foreach (uint request in _fileSystemRequests)
        {
            program.IfEqual(request, 0, 1).End(Allow);
        }

        program.Mask(0xFF00);
        foreach (uint system in _fileSystems)
        {
            program.IfEqual(system << 8, 0, 1).End(NoSuchRequest);
        }

        program.End(Allow);
    }

    private static void RefuseIfAmong(BpfAssembler program, SystemCalls calls, string name, int argument, uint[] values)
    {
        if (calls.TryFind(name, out uint number))
        {
            program.IfEqual(number, 0, (byte)(values.Length + 3)).Load(Lower(argument));
            for (int i = 0; i < values.Length; i++)
            {
                program.IfEqual(values[i], (byte)(values.Length - i), 0);
            }

            program.End(Allow).End(NotPermitted);
        }
    }

    private static void AllowOnly(BpfAssembler program, SystemCalls calls, string name, uint[] values, uint refusal)
    {
        if (calls.TryFind(name, out uint number))
        {
            program.IfEqual(number, 0, (byte)(values.Length + 3)).Load(Lower(0));
            for (int i = 0; i < values.Length; i++)
            {
                program.IfEqual(values[i], (byte)(values.Length - i), 0);
            }

            program.End(refusal).End(Allow);
        }
    }
}
