using System;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Threading;
using Starling.Core.Tasks;
using Starling.Runtime.Kernels;
using Starling.Runtime.Kernels.Hashing;
using Starling.Tests.Runtime.Kernels.Hashing;

namespace Starling.Tests.Runtime.Kernels;

public sealed class HashSearchKernelTests
{
    [Fact]
    public void Hits_are_lines_of_integer_and_digest()
    {
        string expected = string.Concat(Enumerable.Range(9_000, 3_000)
            .Select(n => (n, Convert.ToHexStringLower(MD5.HashData(Encoding.ASCII.GetBytes($"{n}")))))
            .Where(hit => hit.Item2.StartsWith("00", StringComparison.Ordinal))
            .Select(hit => $"{hit.n} {hit.Item2}\n"));
        Assert.NotEmpty(expected);
        RunSpec.Kernel spec = KernelRuns.Spec("hash-search", ("algorithm", "md5"), ("count", "3000"), ("start", "9000"), ("zero-bits", "8"));
        Assert.Equal(expected, KernelRuns.Text(KernelRuns.RunAll(spec, pieces: 7)));
    }

    [Theory]
    [InlineData("md5", "start", "84d900a2975da15a6f385b25f6874583e92e438e791616f713895ef3088d925f")]
    [InlineData("sha512", "end", "6f4fb007e3ba49030eedbd04b2168011664ab5e24541b7dccdea9466fbbe0c42")]
    public void Output_stays_what_it_was(string algorithm, string at, string expected)
    {
        RunSpec.Kernel spec = KernelRuns.Spec(
            "hash-search", ("algorithm", algorithm), ("at", at), ("count", "100000"), ("start", "99950000"), ("zero-bits", "11"));
        Assert.Equal(expected, KernelRuns.HashOf(spec, pieces: 3).ToString());
    }

    [Theory]
    [ClassData(typeof(VectorPathsAvailable))]
    public void Every_path_writes_the_same(VectorPath path)
    {
        foreach (string algorithm in HashNames.All)
        {
            RunSpec.Kernel spec = KernelRuns.Spec(
                "hash-search", ("algorithm", algorithm), ("at", "end"), ("count", "30001"), ("start", "99990001"), ("zero-bits", "9"));
            IKernel kernel = HashSearchKernel.Create(new KernelParameters(spec), KernelRuns.Task(spec, 1), path);
            Assert.Equal(KernelRuns.RunAll(spec, 5), KernelRuns.Run(kernel, 0));
        }
    }

    [Theory]
    [InlineData("0", "18446744073709551615")]
    [InlineData("18446744073709551615", "1")]
    [InlineData("1", "18446744073709551615")]
    public void Ranges_up_to_2_to_the_64_are_allowed(string start, string count)
    {
        RunSpec.Kernel spec = KernelRuns.Spec("hash-search", ("algorithm", "sha1"), ("count", count), ("start", start), ("zero-bits", "160"));
        KernelRuns.Make(spec, KernelRuns.Task(spec, 1));
    }

    [Theory]
    [InlineData("start", "2", "count", "18446744073709551615", "run.count: 2 + 18446744073709551615 is beyond 2^64. Write at most 18446744073709551614.")]
    [InlineData("algorithm", "md4", "count", "1", "run.algorithm: 'md4' is not allowed for kernel hash-search. Use one of: md5, sha1, sha256, sha512.")]
    [InlineData("zero-bits", "161", "count", "1", "run.zero-bits: '161' is not allowed for kernel hash-search. Write a whole number from 0 to 160.")]
    [InlineData("at", "middle", "count", "1", "run.at: 'middle' is not allowed for kernel hash-search. Use one of: start, end.")]
    [InlineData("at", "end", "count", "0", "run.count: '0' is not allowed for kernel hash-search. Write a whole number from 1 to 18446744073709551615.")]
    public void Values_out_of_bounds_are_refused(string key, string value, string otherKey, string otherValue, string expected)
    {
        (string Key, string Value)[] given = [(key, value), (otherKey, otherValue)];
        (string Key, string Value)[] usual = [("algorithm", "sha1"), ("zero-bits", "8")];
        RunSpec.Kernel spec = KernelRuns.Spec("hash-search", [.. given, .. usual.Where(p => p.Key != key)]);
        Assert.Equal(expected, KernelRuns.Refused(spec, KernelRuns.Task(spec, 1)).ToString());
    }

    [Fact]
    public void A_long_search_ends_when_it_is_cancelled()
    {
        RunSpec.Kernel spec = KernelRuns.Spec("hash-search", ("algorithm", "sha512"), ("count", "18446744073709551615"), ("zero-bits", "512"));
        IKernel kernel = KernelRuns.Make(spec, KernelRuns.Task(spec, 1));
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(20));
        Assert.Equal(KernelOutcome.Cancelled, kernel.Run(0, new MemorySink(), cancel.Token));
    }

    [Fact]
    public void More_hits_than_a_piece_may_hold_are_too_long()
    {
        RunSpec.Kernel spec = KernelRuns.Spec("hash-search", ("algorithm", "md5"), ("count", "1000"), ("zero-bits", "0"));
        IKernel kernel = KernelRuns.Make(spec, KernelRuns.Task(spec, 1));
        Assert.Equal(KernelOutcome.TooLong, kernel.Run(0, new MemorySink(limit: 1000), CancellationToken.None));
    }
}
