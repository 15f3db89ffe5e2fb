"""Attempts to get out of the walls around a command, one a piece.

Usage: escapes.py INDEX. Prints "blocked NAME: what happened" or "ESCAPED NAME: what was got"; without an index the number of attempts.
What the host put there to be found is named in the file HOST below the inputs, a "key=value" a line: file (a path whose content is `secret`), secret, process (number of a
process of the same user), port and udp (on 127.0.0.1), path (a socket), abstract (a name of an abstract socket), address (of the machine itself).
"""
import ctypes
import errno
import fcntl
import mmap
import os
import platform
import signal
import socket
import stat
import struct
import subprocess
import sys
import termios
import time

HOST = {}
with open(os.path.join(os.environ["INPUTS"], "escape", "HOST")) as told:
    for line in told:
        key, _, value = line.rstrip("\n").partition("=")
        HOST[key] = value

libc = ctypes.CDLL(None, use_errno=True)
X64 = platform.machine() == "x86_64"
NUMBERS = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "move_mount": (429, 429),
    "open_tree": (428, 428), "fsopen": (430, 430), "mount_setattr": (442, 442), "unshare": (272, 97), "setns": (308, 268), "clone": (56, 220), "clone3": (435, 435),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218), "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "init_module": (175, 105), "finit_module": (313, 273), "kexec_load": (246, 104), "reboot": (169, 142), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "adjtimex": (159, 171), "sethostname": (170, 161), "syslog": (103, 116), "swapon": (167, 224), "quotactl": (179, 60), "fanotify_init": (300, 262),
    "inotify_init1": (294, 26), "personality": (135, 92), "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264), "io_uring_setup": (425, 425),
    "memfd_create": (319, 279), "shmget": (29, 194), "msgget": (68, 186), "fallocate": (285, 47), "pidfd_open": (434, 434), "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438), "acct": (163, 89), "kcmp": (312, 272), "capset": (126, 91), "setpriority": (141, 140), "ioprio_set": (251, 30), "mknodat": (259, 33),
    "fchmodat2": (452, 452), "openat2": (437, 437), "statmount": (457, 457), "mbind": (237, 235), "process_madvise": (440, 440), "prlimit64": (302, 261),
    "sched_setaffinity": (203, 122), "rt_sigqueueinfo": (129, 138), "vhangup": (153, 58), "semget": (64, 190), "mq_open": (240, 180), "prctl": (157, 167), "lookup_dcookie": (212, 18), "unknown": (9999, 9999),
}


class Blocked(Exception):
    pass


def call(name, *arguments):
    """A system call; its result, or Blocked."""
    ctypes.set_errno(0)
    result = libc.syscall(NUMBERS[name][0 if X64 else 1], *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
    if result == -1:
        raise Blocked(errno.errorcode.get(ctypes.get_errno(), str(ctypes.get_errno())))
    return result


ATTEMPTS = []


def attempt(function):
    """The function returns what it got; nothing, or an exception, means that it was blocked."""
    ATTEMPTS.append(function)
    return function


def refused(name, *arguments):
    def run():
        return f"{name} gave {call(name, *arguments)}"
    run.__name__ = name
    ATTEMPTS.append(run)


def read(path):
    with open(path, "rb") as file:
        return file.read(200)


# Files of the host.

@attempt
def the_path_of_a_secret():
    return read(HOST["file"])


@attempt
def a_secret_through_the_root_of_another_process():
    for pid in ["1", str(os.getppid()), HOST["process"]]:
        try:
            return read(f"/proc/{pid}/root{HOST['file']}")
        except OSError:
            pass


@attempt
def a_secret_through_the_working_folder_of_another_process():
    for pid in ["1", str(os.getppid()), HOST["process"]]:
        try:
            return read(f"/proc/{pid}/cwd/{'../' * 30}{HOST['file']}")
        except OSError:
            pass


@attempt
def above_the_root():
    os.chdir("/")
    return read("../" * 40 + HOST["file"].lstrip("/"))


@attempt
def people_and_their_homes():
    found = [p for p in ("/root", "/home", "/var", "/run", "/mnt", "/media", "/srv", "/sys", "/boot", "/etc/shadow", "/etc/ssh", "/etc/machine-id") if os.path.exists(p)]
    return found or None


@attempt
def names_of_users_in_etc():
    lines = read("/etc/passwd").decode().splitlines()
    return lines if len(lines) != 2 else None


@attempt
def writing_to_programs():
    for path in ("/usr/bin/.escape", "/usr/.escape", "/bin/sh", "/usr/bin/env"):
        try:
            with open(path, "ab"):
                return path
        except OSError:
            pass


@attempt
def writing_to_the_root_and_etc_and_dev():
    for path in ("/.escape", "/etc/.escape", "/etc/passwd", "/dev/.escape", "/etc/ld.so.preload"):
        try:
            with open(path, "ab"):
                return path
        except OSError:
            pass


@attempt
def an_input_changed():
    for path in (os.path.join(os.environ["INPUTS"], "escape", "HOST"), os.path.join(os.environ["INPUTS"], "escape", "new")):
        try:
            with open(path, "ab"):
                return path
        except OSError:
            pass


@attempt
def an_input_reopened_for_writing():
    fd = os.open(os.path.join(os.environ["INPUTS"], "escape", "HOST"), os.O_RDONLY)
    return os.open(f"/proc/self/fd/{fd}", os.O_RDWR)


@attempt
def an_input_removed_or_renamed():
    path = os.path.join(os.environ["INPUTS"], "escape", "HOST")
    for act in (lambda: os.unlink(path), lambda: os.rename(path, path + "2"), lambda: os.chmod(path, 0o777), lambda: os.utime(path, (0, 0)), lambda: os.truncate(path, 0)):
        try:
            act()
            return "changed"
        except OSError:
            pass


@attempt
def an_input_under_a_second_name():
    os.link(os.path.join(os.environ["INPUTS"], "escape", "HOST"), "/work/second")
    return os.listdir("/work")


@attempt
def a_program_under_a_second_name():
    os.link("/usr/bin/env", "/work/second")
    return os.listdir("/work")


@attempt
def disks_as_devices():
    made = None
    for major, minor in ((8, 0), (254, 0), (259, 0), (1, 1), (1, 2)):
        kind = stat.S_IFCHR if major == 1 else stat.S_IFBLK
        for folder in ("/work", "/tmp", "/dev"):
            try:
                path = f"{folder}/disk-{major}-{minor}"
                os.mknod(path, kind | 0o666, os.makedev(major, minor))
                made = made or path
                return read(path)
            except OSError:
                pass
    return made


@attempt
def memory_of_the_machine():
    for path in ("/dev/mem", "/dev/kmem", "/proc/kcore", "/dev/port", "/dev/kmsg", "/proc/kmsg"):
        try:
            return path, read(path)
        except OSError:
            pass


@attempt
def devices_beyond_the_harmless():
    found = set(os.listdir("/dev")) - {"null", "zero", "full", "random", "urandom", "tty", "console", "ptmx", "pts", "shm", "fd", "stdin", "stdout", "stderr", "core"}
    return found or None


@attempt
def settings_of_the_kernel():
    for path in ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sys/vm/drop_caches", "/proc/sysrq-trigger", "/proc/sys/fs/binfmt_misc/register",
                 "/proc/irq/default_smp_affinity", "/proc/sys/kernel/ns_last_pid", "/proc/sys/user/max_user_namespaces", "/proc/sys/kernel/modprobe"):
        try:
            with open(path, "w") as file:
                file.write("1\n")
            return path
        except OSError:
            pass


@attempt
def control_groups():
    found = [p for p in ("/sys/fs/cgroup", "/cgroup", "/sys") if os.path.exists(p)]
    return found or None


@attempt
def a_better_place_before_the_killer_of_the_hungry():
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("-1000")
    return read("/proc/self/oom_score_adj")


# The network.

def connects(family, kind, address, message=None):
    with socket.socket(family, kind) as made:
        made.settimeout(2)
        made.connect(address)
        if message:
            made.send(message)
        return made.recv(100)


@attempt
def a_port_of_this_machine():
    return connects(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", int(HOST["port"])))


@attempt
def a_port_of_this_machine_by_version_6():
    return connects(socket.AF_INET6, socket.SOCK_STREAM, ("::ffff:127.0.0.1", int(HOST["port"])))


@attempt
def a_port_by_the_address_of_the_machine():
    return connects(socket.AF_INET, socket.SOCK_STREAM, (HOST["address"], int(HOST["port"])))


@attempt
def a_datagram():
    return connects(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", int(HOST["udp"])), b"escape")


@attempt
def an_abstract_socket():
    return connects(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + HOST["abstract"])


@attempt
def a_socket_with_a_path():
    return connects(socket.AF_UNIX, socket.SOCK_STREAM, HOST["path"])


@attempt
def other_families_of_sockets():
    made = []
    for family in list(range(0, 46)):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
            if family == socket.AF_UNIX:
                continue
            try:
                socket.socket(family, kind, 0).close()
                made.append((family, kind))
            except OSError:
                pass
    return made or None


@attempt
def virtual_machine_sockets():
    return connects(40, socket.SOCK_STREAM, (2, 1024))


@attempt
def interfaces():
    names = [line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line]
    return names if names != ["lo"] else None


# Other processes.

@attempt
def processes_of_the_machine():
    pids = [int(p) for p in os.listdir("/proc") if p.isdigit()]
    return pids if len(pids) > 20 or any(HOST["secret"].encode() in read(f"/proc/{p}/environ") for p in pids if p != 1 and os.access(f"/proc/{p}/environ", os.R_OK)) else None


@attempt
def a_signal_to_a_process_of_the_machine():
    os.kill(int(HOST["process"]), signal.SIGTERM)
    return "sent"


@attempt
def a_signal_to_all():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        os.kill(-1, signal.SIGTERM)
    except ProcessLookupError:
        pass
    # What was hit shows on the host: nothing outside may have ended.


@attempt
def a_signal_to_the_first_process():
    os.kill(1, signal.SIGSTOP)
    os.kill(1, signal.SIGTERM)
    time.sleep(0.1)
    # It ignores what it has no handler for; that it lives shows in this run's end.


@attempt
def a_signal_by_descriptor():
    fd = call("pidfd_open", int(HOST["process"]), 0)
    return call("pidfd_send_signal", fd, 9, 0, 0)


@attempt
def a_signal_with_a_value():
    info = ctypes.create_string_buffer(struct.pack("iii", 9, 0, -1) + bytes(116))
    return call("rt_sigqueueinfo", int(HOST["process"]), 9, info)


@attempt
def somebody_elses_signals_for_a_file():
    fd = os.open("/work/x", os.O_CREAT | os.O_RDWR)
    fcntl.fcntl(fd, 8, int(HOST["process"]))
    return fcntl.fcntl(fd, 9) == int(HOST["process"]) or None


@attempt
def priority_of_all_of_the_users_processes():
    libc.setpriority(2, os.getuid(), 19)
    # Only those inside may have it; the host looks.


refused("ptrace", 16, 1, 0, 0)
refused("ptrace", 0x4206, int(HOST["process"]), 0, 0)
refused("process_vm_readv", 1, 0, 0, 0, 0, 0)
refused("process_madvise", 0, 0, 0, 4, 0)
refused("kcmp", 1, os.getpid(), 0, 0, 0)
refused("pidfd_getfd", 0, 0, 0)
refused("sched_setaffinity", int(HOST["process"]), 8, ctypes.c_char_p(b"\1" + bytes(7)))
refused("prlimit64", int(HOST["process"]), 0, 0, 0)


@attempt
def rights_of_the_first_process():
    # As an ordinary user a run may change the first process inside, which is bubblewrap's: it must have no more rights than the run.
    with open("/proc/1/status") as status:
        fields = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
    weak = fields["Seccomp"] == "2" and fields["NoNewPrivs"] == "1" and int(fields["CapEff"], 16) == 0 and int(fields["CapPrm"], 16) == 0
    return None if weak else fields


@attempt
def paths_of_the_host_on_the_command_line():
    line = read("/proc/1/cmdline")
    return line if os.path.dirname(HOST["file"]).encode() in line else None


# Namespaces and mounts.

refused("unshare", 0x10000000)
refused("unshare", 0x00020000)
refused("unshare", 0x40000000)
refused("clone3", ctypes.create_string_buffer(struct.pack("Q", 0x10000000) + bytes(80)), 88)
refused("mount", ctypes.c_char_p(b"none"), ctypes.c_char_p(b"/tmp"), ctypes.c_char_p(b"tmpfs"), 0, 0)
refused("mount", ctypes.c_char_p(b"none"), ctypes.c_char_p(b"/usr"), 0, 0x1020, 0)
refused("mount", ctypes.c_char_p(b"proc"), ctypes.c_char_p(b"/tmp"), ctypes.c_char_p(b"proc"), 0, 0)
refused("umount2", ctypes.c_char_p(b"/usr"), 2)
refused("umount2", ctypes.c_char_p(b"/proc"), 2)
refused("pivot_root", ctypes.c_char_p(b"/work"), ctypes.c_char_p(b"/work"))
refused("chroot", ctypes.c_char_p(b"/work"))
refused("open_tree", -100, ctypes.c_char_p(b"/"), 1)
refused("move_mount", 0, 0, 0, 0, 0)
refused("fsopen", ctypes.c_char_p(b"tmpfs"), 0)
refused("mount_setattr", -100, ctypes.c_char_p(b"/"), 0, 0, 0)
refused("statmount", 0, 0, 0, 0)


@attempt
def a_clone_with_namespaces():
    for flags in (0x10000000, 0x20000000, 0x40000000, 0x02000000, 0x04000000, 0x08000000):
        try:
            pid = call("clone", flags | 17, 0, 0, 0, 0)
        except Blocked:
            continue
        if pid == 0:
            os._exit(0)
        return f"{flags:x}"


@attempt
def namespaces_of_the_first_process():
    for kind in ("mnt", "pid", "net", "user", "ipc", "uts"):
        try:
            fd = os.open(f"/proc/1/ns/{kind}", os.O_RDONLY)
            call("setns", fd, 0)
            return kind
        except (OSError, Blocked):
            pass


@attempt
def programs_with_set_user_id():
    for program in ("/usr/bin/su", "/usr/bin/sudo", "/usr/bin/mount", "/usr/bin/newuidmap", "/usr/bin/passwd"):
        if os.path.exists(program):
            done = subprocess.run(["/bin/sh", "-c", f"exec {program} --help"], capture_output=True)
    with open("/proc/self/status") as status:
        text = status.read()
    return text if "NoNewPrivs:\t1" not in text else None


@attempt
def to_be_root():
    for act in (lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setgroups([0]), lambda: os.setresuid(0, 0, 0), lambda: os.chown("/work", 0, 0)):
        try:
            act()
            return os.getresuid()
        except OSError:
            pass


@attempt
def capabilities():
    with open("/proc/self/status") as status:
        held = [line for line in status if line.startswith("Cap") and int(line.split()[1], 16) != 0]
    try:
        call("capset", ctypes.create_string_buffer(struct.pack("Ii", 0x20080522, 0)), ctypes.create_string_buffer(struct.pack("6I", 0xFFFFFFFF, 0xFFFFFFFF, 0, 0xFF, 0xFF, 0)))
        return "capset"
    except Blocked:
        return held or None


# The kernel.

refused("keyctl", 0, -3, 1)
refused("keyctl", 6, -4)
refused("add_key", ctypes.c_char_p(b"user"), ctypes.c_char_p(b"escape"), ctypes.c_char_p(b"x"), 1, -4)
refused("request_key", ctypes.c_char_p(b"user"), ctypes.c_char_p(b"escape"), 0, -4)
refused("bpf", 0, ctypes.create_string_buffer(struct.pack("5I", 2, 4, 4, 1, 0) + bytes(60)), 72)
refused("perf_event_open", ctypes.create_string_buffer(struct.pack("IIQ", 1, 112, 0) + bytes(96)), 0, -1, -1, 0)
refused("userfaultfd", 1)
refused("init_module", 0, 0, 0)
refused("finit_module", 0, 0, 0)
refused("kexec_load", 0, 0, 0, 0)
refused("reboot", 0xfee1dead - (1 << 32), 672274793, 0x4321FEDC, 0)
refused("settimeofday", ctypes.create_string_buffer(16), 0)
refused("clock_settime", 0, ctypes.create_string_buffer(16))
refused("adjtimex", ctypes.create_string_buffer(b"\1" + bytes(207)))
refused("sethostname", ctypes.c_char_p(b"x"), 1)
refused("syslog", 3, ctypes.create_string_buffer(100), 100)
refused("swapon", ctypes.c_char_p(b"/work/x"), 0)
refused("quotactl", 0x800007, 0, 0, 0)
refused("acct", 0)
refused("vhangup")
refused("lookup_dcookie", 0, 0, 0)
refused("fanotify_init", 0x200, 0)
refused("inotify_init1", 0)
refused("personality", 0x0008)
refused("open_by_handle_at", -100, ctypes.create_string_buffer(struct.pack("Ii", 8, 1) + bytes(8)), 0)
refused("name_to_handle_at", -100, ctypes.c_char_p(b"/"), ctypes.create_string_buffer(struct.pack("Ii", 128, 0) + bytes(128)), ctypes.create_string_buffer(8), 0)
refused("io_uring_setup", 8, ctypes.create_string_buffer(120))
refused("memfd_create", ctypes.c_char_p(b"x"), 0)
refused("shmget", 0, 4096, 0o1600)
refused("msgget", 0, 0o1600)
refused("semget", 0, 32000, 0o1600)
refused("mq_open", ctypes.c_char_p(b"escape"), 0o102, 0o600, 0)
refused("prctl", 4, 0, 0, 0, 0)
refused("mbind", 0, 4096, 0, 0, 0, 0)
refused("openat2", -100, ctypes.c_char_p(b"/"), ctypes.create_string_buffer(24), 24)
refused("unknown")


def in_child(act):
    """Runs it in a child, for it may be killed; the child's status."""
    pid = os.fork()
    if pid == 0:
        act()
        os._exit(0)
    return os.waitpid(pid, 0)[1]


@attempt
def calls_of_the_32_bit_processor():
    if not X64:
        return None
    # mov eax, 20 (getpid of i386); int 0x80; ret
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
    function = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
    status = in_child(function)
    return None if os.WIFSIGNALED(status) else f"went on with status {status}"


@attempt
def calls_of_the_short_pointers():
    if not X64:
        return None
    status = in_child(lambda: libc.syscall(ctypes.c_long(0x40000000 + 39)))
    return None if os.WIFSIGNALED(status) else f"went on with status {status}"


# What would stay, or be felt outside.

@attempt
def a_file_with_set_user_id():
    with open("/work/own", "w") as file:
        file.write("#!/bin/sh\n")
    for act in (lambda: os.chmod("/work/own", 0o4755), lambda: os.fchmod(os.open("/work/own", os.O_RDWR), 0o2755), lambda: os.open("/work/created", os.O_CREAT | os.O_WRONLY, 0o4755),
                lambda: os.mknod("/work/node", 0o4755 | stat.S_IFREG), lambda: call("fchmodat2", -100, ctypes.c_char_p(b"/work/own"), 0o4755, 0)):
        try:
            act()
        except (OSError, Blocked):
            pass
    found = [n for n in os.listdir("/work") if os.lstat(f"/work/{n}").st_mode & 0o6000]
    return found or None


@attempt
def rights_in_attributes():
    with open("/work/own", "w") as file:
        file.write("x")
    os.setxattr("/work/own", "security.capability", struct.pack("<IIIII", 0x02000001, 0x200000, 0, 0, 0))
    return os.listxattr("/work/own")


@attempt
def a_lease_on_an_input():
    fd = os.open(os.path.join(os.environ["INPUTS"], "escape", "HOST"), os.O_RDONLY)
    fcntl.fcntl(fd, 1024, fcntl.F_RDLCK)
    return "leased"


@attempt
def a_lock_on_an_input():
    fd = os.open(os.path.join(os.environ["INPUTS"], "escape", "HOST"), os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return "locked"


@attempt
def space_without_writing():
    fd = os.open("/work/big", os.O_CREAT | os.O_RDWR)
    return call("fallocate", fd, 0, 0, 30_000_000)


@attempt
def space_without_writing_by_request():
    fd = os.open("/work/big", os.O_CREAT | os.O_RDWR)
    # FS_IOC_RESVSP, which the limit of a file's length does not hold.
    fcntl.ioctl(fd, 0x40305828, struct.pack("hhxxxxqqiI4i", 0, 0, 0, 30_000_000, 0, 0, 0, 0, 0, 0))
    return os.fstat(fd).st_blocks


@attempt
def an_attribute_for_the_next_run():
    os.setxattr("/work", "user.note", b"read me")
    return os.getxattr("/work", "user.note")


@attempt
def a_flag_for_the_next_run():
    # FS_IOC_SETFLAGS with FS_NODUMP_FL.
    return fcntl.ioctl(os.open("/work", os.O_RDONLY), 0x40086602, struct.pack("q", 0x40))


@attempt
def a_snapshot_of_all_around():
    # BTRFS_IOC_SNAP_CREATE: until Linux 6.4 a folder of its own was enough to get the whole subvolume.
    work = os.open("/work", os.O_RDONLY)
    fcntl.ioctl(work, 0x50009401, bytearray(struct.pack("q4088s", work, b"all")))
    return os.listdir("/work/all")


@attempt
def a_subvolume():
    # BTRFS_IOC_SUBVOL_CREATE.
    fcntl.ioctl(os.open("/work", os.O_RDONLY), 0x5000940E, bytearray(struct.pack("q4088s", 0, b"own")))
    return os.stat("/work/own").st_dev


@attempt
def descriptors_that_were_left_open():
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[name] = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            pass
    odd = {n: t for n, t in found.items() if not (t.startswith("pipe:") or t in ("/dev/null",) or t.startswith("/proc/") or t.startswith("/in/"))}
    return odd or None


@attempt
def a_descriptor_of_the_first_process():
    for name in os.listdir("/proc/1/fd"):
        try:
            target = os.readlink(f"/proc/1/fd/{name}")
            if HOST["secret"] in target or (not target.startswith(("pipe:", "/dev/null", "anon_inode:")) and os.open(f"/proc/1/fd/{name}", os.O_RDONLY) >= 0):
                return name, target
        except OSError:
            pass


@attempt
def the_shell_that_started_the_program():
    for name in ("/dev/tty", "/dev/console"):
        for fd in [0, 1, 2] + ([os.open(name, os.O_RDWR)] if os.path.exists(name) and os.access(name, os.W_OK) else []):
            for request, argument in ((0x5412, b"x"), (0x541C, b"\2"), (0x5423, struct.pack("i", 1))):
                try:
                    fcntl.ioctl(fd, request, argument)
                    return name, fd, hex(request)
                except OSError:
                    pass


@attempt
def a_terminal_of_its_own_typed_into():
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSTI, b"x")
    return "typed"


@attempt
def a_controlling_terminal():
    return os.open("/dev/tty", os.O_RDWR)


@attempt
def the_environment_of_the_program():
    odd = set(os.environ) - {"PATH", "HOME", "LANG", "LC_CTYPE", "TZ", "USER", "PWD", "OLDPWD", "SHLVL", "_", "PIECE_IDX", "PIECE_COUNT", "FILE_IDX", "PART_IDX", "PART_COUNT", "INPUTS", "CHUNK", "STATE", "SLOTS"}
    return odd or None


@attempt
def limits_raised():
    import resource
    for kind in (resource.RLIMIT_DATA, resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE):
        _, hard = resource.getrlimit(kind)
        if hard == resource.RLIM_INFINITY:
            return kind, "no limit"
        try:
            resource.setrlimit(kind, (hard * 2, hard * 2))
            return kind, resource.getrlimit(kind)
        except (ValueError, OSError):
            pass


@attempt
def real_time_and_locked_memory():
    for act in (lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50)), lambda: os.nice(-5)):
        try:
            act()
            return "got it"
        except OSError:
            pass


@attempt
def processes_that_stay():
    # Twice away from the shell, in a session of their own, deaf to signals: they must be gone when this run is.
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
                signal.signal(number, signal.SIG_IGN)
            os.execv("/bin/sleep", ["sleep", HOST["seconds"]])
        os._exit(0)
    time.sleep(0.2)


@attempt
def terminals_of_the_machine_used_up():
    opened = []
    try:
        while len(opened) < 400:
            opened.append(os.open("/dev/ptmx", os.O_RDWR))
    except OSError:
        pass
    # The kernel keeps a thousand for the machine; the number of descriptors is the bound here.


@attempt
def signs_for_the_terminal_of_the_user():
    sys.stderr.write("\033]0;ESCAPED\007\033[2J\033[31m ESCAPED \033c\u202e")
    sys.stderr.flush()
    # Shown or not is the program's business; the host looks at what it printed.


def main():
    if len(sys.argv) < 2:
        print(len(ATTEMPTS))
        return
    function = ATTEMPTS[int(sys.argv[1]) % len(ATTEMPTS)]
    try:
        got = function()
        outcome = f"blocked {function.__name__}: nothing was got" if got is None else f"ESCAPED {function.__name__}: {got}"
    except Blocked as why:
        outcome = f"blocked {function.__name__}: {why}"
    except OSError as why:
        outcome = f"blocked {function.__name__}: {type(why).__name__} {why}"
    except Exception as why:
        # A mistake in the attempt must not look like a wall.
        outcome = f"BROKEN {function.__name__}: {type(why).__name__} {why}"
    print(outcome.replace("\n", " "))


main()
