using System;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;
using Starling.Core.Tasks;
using Starling.Runtime.Kernels;

namespace Starling.Tests.Runtime.Kernels;

public sealed class SaxpyKernelTests
{
    [Fact]
    public void Elements_are_those_of_plain_single_precision()
    {
        RunSpec.Kernel spec = KernelRuns.Spec("saxpy", ("a", "0.1"), ("n", "10007"), ("passes", "3"), ("seed", "42"));
        ReadOnlySpan<float> y = MemoryMarshal.Cast<byte, float>(KernelRuns.RunAll(spec, pieces: 5));
        Assert.Equal(10_007, y.Length);
        for (int i = 0; i < y.Length; i++)
        {
            float x = Element(42, 2 * (ulong)i);
            float expected = Element(42, (2 * (ulong)i) + 1);
            for (int pass = 0; pass < 3; pass++)
            {
                // The product of two floats is exact in a double, so this rounds twice as single precision without fusing does.
                float product = (float)((double)0.1f * x);
                expected = (float)((double)product + expected);
            }

            Assert.Equal(BitConverter.SingleToUInt32Bits(expected), BitConverter.SingleToUInt32Bits(y[i]));
        }
    }

    [Theory]
    [InlineData("1.5", "1", "0", "2765555522e615f11806784dd2e7267af30a3edc0ebae87b4eac65a0081afe74")]
    [InlineData("-0.3", "1000", "18446744073709551615", "833bce3ae17e47ed9a54706973eed8bed89a9c7a86a0e155085eb92b765e07de")]
    public void Output_stays_what_it_was(string a, string passes, string seed, string expected)
    {
        RunSpec.Kernel spec = KernelRuns.Spec("saxpy", ("a", a), ("n", "5000"), ("passes", passes), ("seed", seed));
        Assert.Equal(expected, KernelRuns.HashOf(spec, pieces: 3).ToString());
    }

    [Fact]
    public void Many_passes_end_when_they_are_cancelled()
    {
        RunSpec.Kernel spec = KernelRuns.Spec("saxpy", ("a", "1"), ("n", "100"), ("passes", "1000000000"));
        IKernel kernel = KernelRuns.Make(spec, KernelRuns.Task(spec, 1));
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(20));
        Assert.Equal(KernelOutcome.Cancelled, kernel.Run(0, new MemorySink(), cancel.Token));
    }

    [Theory]
    [InlineData("a", "1000000.5")]
    [InlineData("a", "Infinity")]
    [InlineData("n", "0")]
    [InlineData("n", "1099511627777")]
    [InlineData("passes", "1000000001")]
    [InlineData("seed", "18446744073709551616")]
    public void Values_out_of_bounds_are_refused(string key, string value)
    {
        (string Key, string Value)[] usual = [("a", "1"), ("n", "1")];
        RunSpec.Kernel spec = KernelRuns.Spec("saxpy", [(key, value), .. usual.Where(p => p.Key != key)]);
        Assert.StartsWith($"run.{key}: '{value}' is not allowed", KernelRuns.Refused(spec, KernelRuns.Task(spec, 1)).Reason);
    }

    [Fact]
    public void A_piece_longer_than_the_piece_length_is_refused()
    {
        RunSpec.Kernel spec = KernelRuns.Spec("saxpy", ("a", "1"), ("n", "1001"));
        TaskInfo task = KernelRuns.Task(spec, 10);
        KernelRuns.Make(spec, task with { PieceLength = 404 });
        Assert.Contains("has 404 bytes, above the piece length of 403", KernelRuns.Refused(spec, task with { PieceLength = 403 }).Reason);
    }

    private static float Element(ulong seed, ulong number)
    {
        ulong z = seed + ((number + 1) * 0x9E3779B97F4A7C15);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return (float)((z ^ (z >> 31)) >> 40) / 16_777_216;
    }
}
