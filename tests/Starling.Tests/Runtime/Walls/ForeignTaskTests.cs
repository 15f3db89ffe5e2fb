using System;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Walls;
using Starling.Tests.Runtime.Execution;

namespace Starling.Tests.Runtime.Walls;

public sealed class ForeignTaskTests
{
    private static readonly Problem _foreign = new("trust", "it is not yours", "Run it with --trust.");
    private static readonly Problem _noWalls = new("walls", "bwrap is not installed", "Install bubblewrap.");

    [Fact]
    public void WithoutWalls_ACommandNeedsTrust()
    {
        Problem refusal = ForeignTask.Refusal(_foreign, RunHarness.Shell("true"), allowNetwork: false, _noWalls)!;
        Assert.Equal("it is not yours, for there are no walls to run it in: bwrap is not installed", refusal.Reason);
        Assert.Equal("Install bubblewrap. Or run it with --trust.", refusal.Hint);
    }

    [Fact]
    public void WithoutWalls_TrustIsOfNoUseForAnImage()
    {
        TaskInfo task = RunHarness.Shell("") with { Run = new RunSpec.Container("image.tar", "true", null) };
        Problem refusal = ForeignTask.Refusal(_foreign, task, allowNetwork: false, _noWalls)!;
        Assert.Contains("runs in a container image, and there are no walls to run it in: bwrap is not installed", refusal.Reason, StringComparison.Ordinal);
        Assert.Equal("Install bubblewrap. Or let Podman or Docker run it: --container-engine SOCKET.", refusal.Hint);
    }

    [Fact]
    public void WithWalls_OnlyTheNetworkIsRefused()
    {
        TaskInfo task = RunHarness.Shell("true");
        Assert.Null(ForeignTask.Refusal(_foreign, task, allowNetwork: false, noWalls: null));
        TaskInfo online = task with { Limits = task.Limits with { Network = "full" } };
        Assert.Contains("--network", ForeignTask.Refusal(_foreign, online, allowNetwork: false, noWalls: null)!.Hint, StringComparison.Ordinal);
        Assert.Null(ForeignTask.Refusal(_foreign, online, allowNetwork: true, noWalls: null));
    }
}
