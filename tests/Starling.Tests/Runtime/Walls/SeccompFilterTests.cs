using System.Collections.Generic;
using Starling.Runtime.Walls;

namespace Starling.Tests.Runtime.Walls;

public sealed class SeccompFilterTests
{
    private const uint NotPermitted = 0x50001;
    private const uint NotImplemented = 0x50026;
    private const uint NoSuchFamily = 0x50061;
    private const uint NoSuchRequest = 0x50019;
    private const uint NotSupported = 0x5005F;
    private const ulong Unix = 1;
    private const ulong Internet = 2;
    private const ulong VirtualMachine = 40;

    public static TheoryData<string> Processors => ["x64", "arm64"];

    [Theory]
    [MemberData(nameof(Processors))]
    public void EveryCallThatIsNamedIsRefused(string processor)
    {
        SystemCalls calls = Of(processor);
        foreach (string name in (IEnumerable<string>)["ptrace", "mount", "unshare", "setns", "keyctl", "bpf", "perf_event_open", "kexec_load", "process_vm_writev", "pidfd_getfd"])
        {
            Assert.Equal(NotPermitted, Run(calls, name));
        }

        foreach (string name in (IEnumerable<string>)["io_uring_setup", "clone3", "memfd_create", "shmget", "semget", "mq_open", "openat2"])
        {
            Assert.Equal(NotImplemented, Run(calls, name));
        }
    }

    [Theory]
    [MemberData(nameof(Processors))]
    public void ForeignProcessorsEndTheProcess_AndCallsNobodyLookedAtAreMissing(string processor)
    {
        SystemCalls calls = Of(processor);
        byte[] filter = SeccompFilter.Build(calls, network: false);
        Assert.Equal(SeccompFilter.Kill, BpfMachine.Run(filter, 0x40000003, 1));
        Assert.Equal(SeccompFilter.Kill, BpfMachine.Run(filter, calls.Architecture, 0x40000000));
        Assert.Equal(NotImplemented, BpfMachine.Run(filter, calls.Architecture, SystemCalls.Newest + 1));
        Assert.Equal(SeccompFilter.Allow, BpfMachine.Run(filter, calls.Architecture, processor == "x64" ? 0u : 63u));
    }

    [Theory]
    [MemberData(nameof(Processors))]
    public void SocketsAreOfThisMachineAlone_UnlessTheNetworkIsAllowed(string processor)
    {
        SystemCalls calls = Of(processor);
        Assert.Equal(SeccompFilter.Allow, Run(calls, "socket", Unix));
        Assert.Equal(NoSuchFamily, Run(calls, "socket", Internet));
        Assert.Equal(NoSuchFamily, Run(calls, "socket", VirtualMachine));
        byte[] open = SeccompFilter.Build(calls, network: true);
        Assert.True(calls.TryFind("socket", out uint number));
        Assert.Equal(SeccompFilter.Allow, BpfMachine.Run(open, calls.Architecture, number, Internet));
        Assert.Equal(NoSuchFamily, BpfMachine.Run(open, calls.Architecture, number, VirtualMachine));
    }

    [Theory]
    [MemberData(nameof(Processors))]
    public void ArgumentsDecideWhereTheyMatter(string processor)
    {
        SystemCalls calls = Of(processor);
        Assert.Equal(SeccompFilter.Allow, Run(calls, "clone", 0x11));
        Assert.Equal(NotPermitted, Run(calls, "clone", 0x10000011));
        Assert.Equal(SeccompFilter.Allow, Run(calls, "ioctl", 1, 0x5401));
        Assert.Equal(NotPermitted, Run(calls, "ioctl", 1, 0x5412));

        // The kernel takes a request as 32 bits: what stands above changes nothing.
        Assert.Equal(NotPermitted, Run(calls, "ioctl", 1, 0x1_0000_5412));

        // What file systems can do beyond files: FS_IOC_RESVSP, FS_IOC_RESVSP64, FS_IOC_ZERO_RANGE reserve disk; BTRFS_IOC_SNAP_CREATE, BTRFS_IOC_SNAP_CREATE_V2,
        // BCH_IOCTL_SUBVOLUME_CREATE make a snapshot of all around a folder; FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR, FS_IOC_SET_ENCRYPTION_POLICY leave something on a folder.
        foreach (ulong request in (ulong[])[0x40305828, 0x4030582A, 0x40305839, 0x50009401, 0x50009417, 0x4020BC10, 0x40086602, 0x401C5820, 0x800C6613])
        {
            Assert.Equal(NoSuchRequest, Run(calls, "ioctl", 3, request));
        }

        // What cp and the like ask: FICLONE, FS_IOC_FIEMAP, FIONREAD, TCGETS, FIOCLEX.
        foreach (ulong request in (ulong[])[0x40049409, 0xC020660B, 0x541B, 0x5401, 0x5451])
        {
            Assert.Equal(SeccompFilter.Allow, Run(calls, "ioctl", 3, request));
        }

        Assert.Equal(NotSupported, Run(calls, "fsetxattr", 3));

        Assert.Equal(SeccompFilter.Allow, Run(calls, "prctl", 3));
        Assert.Equal(NotPermitted, Run(calls, "prctl", 4, 0));
        Assert.Equal(SeccompFilter.Allow, Run(calls, "fcntl", 3, 3));
        Assert.Equal(NotPermitted, Run(calls, "fcntl", 3, 1024));
        Assert.Equal(SeccompFilter.Allow, Run(calls, "personality", 0xFFFFFFFF));
        Assert.Equal(NotPermitted, Run(calls, "personality", 0x0008));
    }

    [Theory]
    [MemberData(nameof(Processors))]
    public void FilesWithSetUserIdCannotBeMade(string processor)
    {
        SystemCalls calls = Of(processor);
        Assert.Equal(SeccompFilter.Allow, Run(calls, "fchmod", 3, 0x1ED));
        Assert.Equal(NotPermitted, Run(calls, "fchmod", 3, 0x9ED));
        Assert.Equal(NotPermitted, Run(calls, "fchmodat", 3, 0, 0x5ED));

        // openat(folder, path, O_CREAT | O_WRONLY, mode); without O_CREAT nobody sets the mode.
        Assert.Equal(NotPermitted, Run(calls, "openat", 3, 0, 0x41, 0x9ED));
        Assert.Equal(SeccompFilter.Allow, Run(calls, "openat", 3, 0, 0x41, 0x1ED));
        Assert.Equal(SeccompFilter.Allow, Run(calls, "openat", 3, 0, 0x1, 0x9ED));
    }

    private static SystemCalls Of(string processor) => processor == "x64" ? SystemCalls.X64 : SystemCalls.Arm64;

    private static uint Run(SystemCalls calls, string name, params ulong[] arguments)
    {
        Assert.True(calls.TryFind(name, out uint number), name);
        return BpfMachine.Run(SeccompFilter.Build(calls, network: false), calls.Architecture, number, arguments);
    }
}
