using System;
using System.Threading;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Kernels;
using Starling.Runtime.Kernels.Hashing;
using Starling.Tests.Runtime.Kernels.Hashing;

namespace Starling.Tests.Runtime.Kernels;

public sealed class Sha256dSearchKernelTests
{
    private const string Genesis =
        "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a"
        + "29ab5f49ffff001d1dac2b7c";

    private const string GenesisHit = "2083236893 000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f\n";

    [Fact]
    public void Block_0_of_Bitcoin_is_found_whatever_nonce_its_header_has()
    {
        string header = Genesis[..^8] + "00000000";
        RunSpec.Kernel spec = KernelRuns.Spec("sha256d-search", ("count", "30000"), ("header", header), ("start", "2083220000"));
        Assert.Equal(GenesisHit, KernelRuns.Text(KernelRuns.RunAll(spec, pieces: 7)));
    }

    [Theory]
    [ClassData(typeof(VectorPathsAvailable))]
    public void Every_path_finds_it_at_both_ends_of_a_range(VectorPath path)
    {
        foreach ((string start, string count, string expected) in ((string, string, string)[])
            [("2083236893", "1", GenesisHit), ("2083236800", "94", GenesisHit), ("2083236800", "93", ""), ("2083236894", "100", "")])
        {
            RunSpec.Kernel spec = KernelRuns.Spec("sha256d-search", ("count", count), ("header", Genesis), ("start", start));
            IKernel? kernel = Sha256dSearchKernel.Create(new KernelParameters(spec), KernelRuns.Task(spec, 1), path);
            Assert.Equal(expected, KernelRuns.Text(KernelRuns.Run(kernel!, 0)));
        }
    }

    [Theory]
    [InlineData("4294967295", "1")]
    [InlineData("0", "4294967296")]
    public void The_whole_range_of_nonces_is_allowed(string start, string count)
    {
        RunSpec.Kernel spec = KernelRuns.Spec("sha256d-search", ("count", count), ("header", Genesis), ("start", start));
        KernelRuns.Make(spec, KernelRuns.Task(spec, 4));
    }

    [Theory]
    [InlineData("4294967295", "2", "run.count: 4294967295 + 2 is beyond the last nonce. Write at most 1.")]
    [InlineData("4294967296", "1", "run.start: '4294967296' is not allowed for kernel sha256d-search. Write a whole number from 0 to 4294967295.")]
    [InlineData("0", "0", "run.count: '0' is not allowed for kernel sha256d-search. Write a whole number from 1 to 4294967296.")]
    public void A_range_beyond_the_nonces_is_refused(string start, string count, string expected)
    {
        RunSpec.Kernel spec = KernelRuns.Spec("sha256d-search", ("count", count), ("header", Genesis), ("start", start));
        Assert.Equal(expected, KernelRuns.Refused(spec, KernelRuns.Task(spec, 4)).ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("zz")]
    public void A_header_that_is_not_80_bytes_of_hex_is_refused(string end)
    {
        RunSpec.Kernel spec = KernelRuns.Spec("sha256d-search", ("header", Genesis[..158] + (end == "00" ? "0000" : end)));
        Problem problem = KernelRuns.Refused(spec, KernelRuns.Task(spec, 1));
        Assert.StartsWith("run.header: '0100000000", problem.Reason);
        Assert.Equal("Write the 80 bytes of a block header as 160 hex digits.", problem.Hint);
    }

    [Fact]
    public void A_header_whose_bits_name_no_target_is_refused()
    {
        RunSpec.Kernel spec = KernelRuns.Spec("sha256d-search", ("header", new string('0', 160)));
        Assert.Contains("name no target", KernelRuns.Refused(spec, KernelRuns.Task(spec, 1)).Hint);
    }

    [Fact]
    public void More_hits_than_a_piece_may_hold_are_too_long()
    {
        string easiest = Genesis[..144] + "ffff7f20" + "00000000";
        RunSpec.Kernel spec = KernelRuns.Spec("sha256d-search", ("count", "1000"), ("header", easiest));
        IKernel kernel = KernelRuns.Make(spec, KernelRuns.Task(spec, 1));
        Assert.Equal(KernelOutcome.TooLong, kernel.Run(0, new MemorySink(limit: 1000), CancellationToken.None));
    }

    [Fact]
    public void A_long_search_ends_when_it_is_cancelled()
    {
        RunSpec.Kernel spec = KernelRuns.Spec("sha256d-search", ("header", Genesis));
        IKernel kernel = KernelRuns.Make(spec, KernelRuns.Task(spec, 1));
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(20));
        Assert.Equal(KernelOutcome.Cancelled, kernel.Run(0, new MemorySink(), cancel.Token));
    }
}
