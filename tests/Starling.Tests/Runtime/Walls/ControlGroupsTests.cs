using System;
using System.Diagnostics;
using System.IO;
using Starling.Runtime.Walls;
using Starling.Tests.Runtime.Execution;

namespace Starling.Tests.Runtime.Walls;

/// <summary>Against a folder that looks like a part of the tree; what the kernel does with it is the kernel's.</summary>
public sealed class ControlGroupsTests : IDisposable
{
    private const int OwnPid = 4711;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AGroupIsMadeWithItsLimits_AfterThisProcessSteppedDown()
    {
        File.WriteAllText(_folder["cgroup.controllers"], "cpuset cpu io memory pids\n");
        ControlGroups? groups = ControlGroups.TryOpen(_folder.Path, OwnPid, out string missing);

        Assert.NotNull(groups);
        Assert.Equal("", missing);
        Assert.Equal("4711", File.ReadAllText(_folder["starling-self/cgroup.procs"]));
        Assert.Equal("+memory +pids +cpu", File.ReadAllText(_folder["cgroup.subtree_control"]));
        Assert.NotNull(groups.TryMake(new WallLimits { MemoryBytes = 1000, DiskBytes = 5, Processes = 7 }));
        string made = Assert.Single(Directory.GetDirectories(_folder.Path, "starling-run-*"));
        Assert.Equal(("1000", "9", "0"), (Read(made, "memory.max"), Read(made, "pids.max"), Read(made, "memory.swap.max")));
    }

    [Fact]
    public void AProcessThatHasSteppedDownUsesTheFolderAbove()
    {
        File.WriteAllText(_folder["cgroup.controllers"], "memory pids\n");
        Directory.CreateDirectory(_folder["starling-self"]);

        Assert.NotNull(ControlGroups.TryOpen(_folder["starling-self"], OwnPid, out _));
        Assert.False(File.Exists(_folder["starling-self/cgroup.procs"]));
    }

    [Theory]
    [InlineData("cpu io\n", "memory and pids not given")]
    [InlineData("memory\n", "pids not given")]
    [InlineData(null, "not this program's to divide")]
    public void WithoutWhatIsNeededThereAreNone(string? controllers, string why)
    {
        if (controllers is not null)
        {
            File.WriteAllText(_folder["cgroup.controllers"], controllers);
        }

        Assert.Null(ControlGroups.TryOpen(_folder.Path, OwnPid, out string missing));
        Assert.Contains(why, missing, StringComparison.Ordinal);
    }

    [Fact]
    public void GroupsOfProcessesThatAreGoneAreRemovedAtTheStart()
    {
        File.WriteAllText(_folder["cgroup.controllers"], "memory pids\n");
        Directory.CreateDirectory(_folder["starling-run-999999999-1"]);
        Directory.CreateDirectory(_folder[$"starling-run-{Environment.ProcessId}-1"]);

        ControlGroups.TryOpen(_folder.Path, OwnPid, out _);

        // The kernel's folders have no files that would keep them; this one got "cgroup.kill".
        Assert.Equal("1", Read(_folder["starling-run-999999999-1"], "cgroup.kill"));
        Assert.False(File.Exists(Path.Combine(_folder[$"starling-run-{Environment.ProcessId}-1"], "cgroup.kill")));
    }

    [Fact]
    public void WhatARunUsedIsReadBeforeTheGroupGoes()
    {
        Directory.CreateDirectory(_folder["run"]);
        File.WriteAllText(_folder["run/cpu.stat"], "usage_usec 1500000\nuser_usec 1\n");
        File.WriteAllText(_folder["run/memory.peak"], "123456\n");
        File.WriteAllText(_folder["run/memory.events"], "low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\noom_group_kill 1\n");

        RunGroup.Used used = new RunGroup(_folder["run"]).End();

        Assert.Equal((TimeSpan.FromSeconds(1.5), 123456L, true), (used.CpuTime, used.PeakMemoryBytes, used.RanOutOfMemory));
    }

    [UnifiedTreeFact]
    public void TheKernelEndsWhatIsInAGroup_AndTheGroupGoes()
    {
        string path = Directory.CreateDirectory(Path.Combine(UnifiedTreeFactAttribute.Tree, $"starling-test-{Guid.NewGuid():N}")).FullName;
        var group = new RunGroup(path);
        using Process sleeping = Process.Start("sleep", "1000");
        Assert.True(group.TryAdd(sleeping.Id));

        group.End();

        Assert.True(sleeping.WaitForExit(TimeSpan.FromSeconds(20)));
        Assert.False(Directory.Exists(path));
    }

    private static string Read(string folder, string name) => File.ReadAllText(Path.Combine(folder, name));
}

/// <summary>A test on the kernel's own tree of version 2; skipped where it is not mounted, or not ours.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class UnifiedTreeFactAttribute : FactAttribute
{
    public UnifiedTreeFactAttribute() =>
        Skip = !Environment.IsPrivilegedProcess ? "needs root" : !File.Exists(Path.Combine(Tree, "cgroup.procs")) ? "no tree of control groups, version 2" : null;

    /// <summary>Where the tree is mounted.</summary>
    public static string Tree => Directory.Exists("/sys/fs/cgroup/unified") ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup";
}
