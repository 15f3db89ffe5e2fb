using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Starling.Runtime.Walls;

/// <summary>
/// Numbers of the system calls that <see cref="SeccompFilter"/> speaks of, of x86-64 (<c>asm/unistd_64.h</c>) and arm64 (<c>asm-generic/unistd.h</c>). From 424 on
/// they are the same everywhere.
/// </summary>
internal sealed class SystemCalls
{
    /// <summary>The newest call that was looked at (<c>mseal</c>, Linux 6.10). What a newer kernel adds is refused until somebody has.</summary>
    public const uint Newest = 462;

    private const int None = -1;

    private static readonly (string Name, int X64, int Arm64)[] _numbers =
    [
        ("_sysctl", 156, None),
        ("acct", 163, 89),
        ("add_key", 248, 217),
        ("adjtimex", 159, 171),
        ("bpf", 321, 280),
        ("chmod", 90, None),
        ("chroot", 161, 51),
        ("clock_adjtime", 305, 266),
        ("clock_settime", 227, 112),
        ("clone", 56, 220),
        ("clone3", 435, 435),
        ("creat", 85, None),
        ("create_module", 174, None),
        ("delete_module", 176, 106),
        ("fallocate", 285, 47),
        ("fanotify_init", 300, 262),
        ("fchmod", 91, 52),
        ("fchmodat", 268, 53),
        ("fchmodat2", 452, 452),
        ("fcntl", 72, 25),
        ("finit_module", 313, 273),
        ("flock", 73, 32),
        ("fsconfig", 431, 431),
        ("fsmount", 432, 432),
        ("fsopen", 430, 430),
        ("fspick", 433, 433),
        ("fsetxattr", 190, 7),
        ("get_kernel_syms", 177, None),
        ("init_module", 175, 105),
        ("inotify_init", 253, None),
        ("inotify_init1", 294, 26),
        ("io_uring_enter", 426, 426),
        ("io_uring_register", 427, 427),
        ("io_uring_setup", 425, 425),
        ("ioctl", 16, 29),
        ("ioperm", 173, None),
        ("iopl", 172, None),
        ("kcmp", 312, 272),
        ("kexec_file_load", 320, 294),
        ("kexec_load", 246, 104),
        ("keyctl", 250, 219),
        ("listmount", 458, 458),
        ("lookup_dcookie", 212, 18),
        ("lsetxattr", 189, 6),
        ("mbind", 237, 235),
        ("memfd_create", 319, 279),
        ("memfd_secret", 447, 447),
        ("migrate_pages", 256, 238),
        ("mkdir", 83, None),
        ("mkdirat", 258, 34),
        ("mknod", 133, None),
        ("mknodat", 259, 33),
        ("modify_ldt", 154, None),
        ("mount", 165, 40),
        ("mount_setattr", 442, 442),
        ("move_mount", 429, 429),
        ("move_pages", 279, 239),
        ("mq_open", 240, 180),
        ("msgget", 68, 186),
        ("name_to_handle_at", 303, 264),
        ("nfsservctl", 180, 42),
        ("open", 2, None),
        ("open_by_handle_at", 304, 265),
        ("open_tree", 428, 428),
        ("openat", 257, 56),
        ("openat2", 437, 437),
        ("perf_event_open", 298, 241),
        ("personality", 135, 92),
        ("pidfd_getfd", 438, 438),
        ("pivot_root", 155, 41),
        ("prctl", 157, 167),
        ("process_madvise", 440, 440),
        ("process_mrelease", 448, 448),
        ("process_vm_readv", 310, 270),
        ("process_vm_writev", 311, 271),
        ("ptrace", 101, 117),
        ("query_module", 178, None),
        ("quotactl", 179, 60),
        ("quotactl_fd", 443, 443),
        ("reboot", 169, 142),
        ("request_key", 249, 218),
        ("semget", 64, 190),
        ("set_mempolicy", 238, 237),
        ("set_mempolicy_home_node", 450, 450),
        ("setdomainname", 171, 162),
        ("sethostname", 170, 161),
        ("setns", 308, 268),
        ("settimeofday", 164, 170),
        ("setxattr", 188, 5),
        ("shmat", 30, 196),
        ("shmctl", 31, 195),
        ("shmget", 29, 194),
        ("socket", 41, 198),
        ("socketpair", 53, 199),
        ("statmount", 457, 457),
        ("swapoff", 168, 225),
        ("swapon", 167, 224),
        ("sysfs", 139, None),
        ("syslog", 103, 116),
        ("umount2", 166, 39),
        ("unshare", 272, 97),
        ("uselib", 134, None),
        ("userfaultfd", 323, 282),
        ("ustat", 136, None),
        ("vhangup", 153, 58),
    ];

    private readonly SortedDictionary<string, uint> _byName = new(StringComparer.Ordinal);

    private SystemCalls(uint architecture, Func<(string Name, int X64, int Arm64), int> number)
    {
        Architecture = architecture;
        foreach ((string Name, int X64, int Arm64) call in _numbers)
        {
            if (number(call) is var value and not None)
            {
                _byName.Add(call.Name, (uint)value);
            }
        }
    }

    /// <summary>Calls of 64-bit x86.</summary>
    public static SystemCalls X64 { get; } = new(0xC000003E, call => call.X64);

    /// <summary>Calls of 64-bit ARM.</summary>
    public static SystemCalls Arm64 { get; } = new(0xC00000B7, call => call.Arm64);

    /// <summary>Those of this machine; null: of neither kind.</summary>
    public static SystemCalls? OfThisMachine => RuntimeInformation.ProcessArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => X64,
        System.Runtime.InteropServices.Architecture.Arm64 => Arm64,
        _ => null,
    };

    /// <summary>How the kernel names the processor (AUDIT_ARCH_…).</summary>
    public uint Architecture { get; }

    /// <summary>The number of a call; false: the processor's kernel has none of that name.</summary>
    public bool TryFind(string name, out uint number) => _byName.TryGetValue(name, out number);
}
