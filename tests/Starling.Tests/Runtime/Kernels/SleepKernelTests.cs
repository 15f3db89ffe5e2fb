using System;
using System.Threading;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Kernels;

namespace Starling.Tests.Runtime.Kernels;

public sealed class SleepKernelTests
{
    [Fact]
    public void Bytes_follow_from_the_piece_alone()
    {
        RunSpec.Kernel spec = KernelRuns.Spec("sleep", ("bytes", "200000"), ("seconds", "0.001"));
        byte[] all = KernelRuns.RunAll(spec, pieces: 3);
        Assert.Equal(600_000, all.Length);
        byte[] expected = new byte[200_000];
        new DeterministicRandom(1).Fill(expected);
        Assert.Equal(expected, all[200_000..400_000]);
        Assert.NotEqual(expected, all[..200_000]);
    }

    [Fact]
    public void A_long_wait_ends_when_it_is_cancelled()
    {
        RunSpec.Kernel spec = KernelRuns.Spec("sleep", ("seconds", "86400"));
        IKernel kernel = KernelRuns.Make(spec, KernelRuns.Task(spec, 1));
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(20));
        Assert.Equal(KernelOutcome.Cancelled, kernel.Run(0, new MemorySink(), cancel.Token));
    }

    [Theory]
    [InlineData("seconds", "86400.5")]
    [InlineData("seconds", "-1")]
    [InlineData("seconds", "NaN")]
    [InlineData("seconds", "1,5")]
    [InlineData("seconds", "")]
    [InlineData("bytes", "16777217")]
    [InlineData("bytes", "-1")]
    [InlineData("bytes", "1.5")]
    [InlineData("bytes", "99999999999999999999999")]
    public void Values_out_of_bounds_are_refused(string key, string value)
    {
        (string, string)[] parameters = key == "seconds" ? [("seconds", value)] : [("bytes", value), ("seconds", "0")];
        RunSpec.Kernel spec = KernelRuns.Spec("sleep", parameters);
        Assert.StartsWith($"run.{key}: '{value}' is not allowed", KernelRuns.Refused(spec, KernelRuns.Task(spec, 1)).Reason);
    }
}
