using System;
using System.Buffers.Binary;
using System.Linq;
using System.Text;
using System.Threading;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Kernels;
using Starling.Runtime.Kernels.Hashing;
using Starling.Tests.Runtime.Kernels.Hashing;

namespace Starling.Tests.Runtime.Kernels;

public sealed class RainbowTableKernelTests
{
    [Theory]
    [ClassData(typeof(VectorPathsAvailable))]
    public void Chains_are_those_of_the_library(VectorPath path)
    {
        foreach (HashName hash in Enum.GetValues<HashName>())
        {
            // Lengths around the borders of words, and one that leaves no room for the end mark in the text's words.
            foreach (int length in (int[])[1, 3, 4, 5, 7, 8, 9])
            {
                string charset = length == 1 ? "0123456789" : "ab01~";
                int chains = length == 1 ? 10 : Math.Min(37, (int)Math.Pow(5, length));
                RunSpec.Kernel spec = Spec(hash, charset, length, chainLength: 13, chains, table: 3);
                IKernel? kernel = RainbowTableKernel.Create(new KernelParameters(spec), KernelRuns.Task(spec, 1), path);
                string expected = string.Concat(Enumerable.Range(0, chains).Select(c => Chain(hash, charset, length, 13, (ulong)c, 3)));
                Assert.Equal(expected, KernelRuns.Text(KernelRuns.Run(kernel!, 0)));
            }
        }
    }

    [Fact]
    public void Output_stays_what_it_was_however_it_is_cut()
    {
        RunSpec.Kernel spec = Spec(HashName.Md5, "abcdefghijklmnopqrstuvwxyz", 6, chainLength: 200, chains: 101, table: 0);
        Assert.Equal("dab2daeef19c0b30bc4588583002aaa1d4e33edb027d6736520167b219e39f7b", KernelRuns.HashOf(spec, 1).ToString());
        Assert.Equal(KernelRuns.RunAll(spec, 1), KernelRuns.RunAll(spec, 9));
    }

    [Fact]
    public void Long_chains_end_when_they_are_cancelled()
    {
        RunSpec.Kernel spec = Spec(HashName.Sha512, "abc", 20, chainLength: 10_000_000, chains: 1000, table: 0);
        IKernel kernel = KernelRuns.Make(spec, KernelRuns.Task(spec, 1));
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(20));
        Assert.Equal(KernelOutcome.Cancelled, kernel.Run(0, new MemorySink(), cancel.Token));
    }

    [Theory]
    [InlineData("charset", "a", "Use 2 to 94 different characters")]
    [InlineData("charset", "abca", "Use 2 to 94 different characters")]
    [InlineData("charset", "ab c", "Use 2 to 94 different characters")]
    [InlineData("charset", "abcé", "Use 2 to 94 different characters")]
    [InlineData("length", "0", "Write a whole number from 1 to 20.")]
    [InlineData("length", "21", "Write a whole number from 1 to 20.")]
    [InlineData("chain-length", "10000001", "Write a whole number from 1 to 10000000.")]
    [InlineData("table", "65536", "Write a whole number from 0 to 65535.")]
    public void Values_out_of_bounds_are_refused(string key, string value, string hint)
    {
        (string Key, string Value)[] usual =
            [("algorithm", "md5"), ("charset", "abc"), ("length", "5"), ("chain-length", "10"), ("chains", "10")];
        RunSpec.Kernel spec = KernelRuns.Spec("rainbow-table", [(key, value), .. usual.Where(p => p.Key != key)]);
        Problem problem = KernelRuns.Refused(spec, KernelRuns.Task(spec, 1));
        Assert.StartsWith($"run.{key}: '{value}' is not allowed", problem.Reason);
        Assert.StartsWith(hint, problem.Hint);
    }

    [Fact]
    public void Numbers_that_do_not_fit_together_are_refused()
    {
        RunSpec.Kernel many = Spec(HashName.Md5, "ab", 3, 10, chains: 9, table: 0);
        Assert.Equal("run.chains: 9 chains cannot start at 8 texts", KernelRuns.Refused(many, KernelRuns.Task(many, 1)).Reason);

        RunSpec.Kernel wide = Spec(HashName.Md5, "abcdefghij", 19, 10, chains: 9, table: 0);
        Assert.Contains("more than 2^63 texts", KernelRuns.Refused(wide, KernelRuns.Task(wide, 1)).Reason);
        RunSpec.Kernel widest = Spec(HashName.Md5, "abcdefghij", 18, 10, chains: 9, table: 0);
        KernelRuns.Make(widest, KernelRuns.Task(widest, 1));

        RunSpec.Kernel longest = Spec(HashName.Md5, "abcdefghij", 4, 10, chains: 100, table: 0);
        TaskInfo task = KernelRuns.Task(longest, 7);
        KernelRuns.Make(longest, task with { PieceLength = 150 });
        Assert.Contains("has 150 bytes, above", KernelRuns.Refused(longest, task with { PieceLength = 149 }).Reason);
    }

    private static RunSpec.Kernel Spec(HashName hash, string charset, int length, int chainLength, int chains, int table) => KernelRuns.Spec(
        "rainbow-table",
        ("algorithm", HashNames.All[(int)hash]),
        ("chain-length", $"{chainLength}"),
        ("chains", $"{chains}"),
        ("charset", charset),
        ("length", $"{length}"),
        ("table", $"{table}"));

    private static string Chain(HashName hash, string charset, int length, int steps, ulong start, ulong table)
    {
        ulong texts = 1;
        for (int i = 0; i < length; i++)
        {
            texts *= (ulong)charset.Length;
        }

        string Text(ulong number) => string.Concat(Enumerable.Range(0, length).Select(i =>
        {
            ulong rest = number;
            for (int skip = i + 1; skip < length; skip++)
            {
                rest /= (ulong)charset.Length;
            }

            return charset[(int)(rest % (ulong)charset.Length)];
        }));

        ulong text = start;
        byte[] digest = new byte[hash.DigestSize()];
        for (ulong column = 0; column < (ulong)steps; column++)
        {
            hash.Hash(Encoding.ASCII.GetBytes(Text(text)), digest);
            text = unchecked(BinaryPrimitives.ReadUInt64LittleEndian(digest) + (65_536 * table) + column) % texts;
        }

        return $"{Text(start)} {Text(text)}\n";
    }
}
