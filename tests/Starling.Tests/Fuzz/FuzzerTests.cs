using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.Loader;
using Starling.Fuzz.Coverage;
using Starling.Fuzz.Engine;
using Starling.Fuzz.Mutation;
using Starling.Tests.Runtime.Execution;

namespace Starling.Tests.Fuzz;

/// <summary>The fuzzer finds what it is there for, and says how to see it again.</summary>
[Collection("fuzz")]
public sealed class FuzzerTests
{
    [Fact]
    public void An_exception_is_told_with_its_input_and_the_way_to_see_it_again()
    {
        FuzzTarget target = Target(input => input.Length > 2 && input.Span[1] == 'b' ? throw new InvalidOperationException("boom") : null);
        var failure = Assert.Throws<FuzzFailureException>(() => new Fuzzer(target, [], seed: 3).Run(100_000));
        Assert.Contains("InvalidOperationException: boom", failure.Message, StringComparison.Ordinal);
        string hex = failure.Message.Split("--input ")[1].Split('\n')[0];
        Assert.Contains($"./test --fuzz 0 --filter sample --input {hex}", failure.Message, StringComparison.Ordinal);
        Assert.Equal((byte)'b', Convert.FromHexString(hex)[1]);
    }

    [Fact]
    public void The_same_seed_makes_the_same_inputs()
    {
        Assert.Equal(Inputs(5), Inputs(5));
        Assert.NotEqual(Inputs(5), Inputs(6));
    }

    [Fact]
    public void Memory_beyond_the_bound_is_a_failure_and_a_table_that_is_made_once_is_none()
    {
        byte[]? kept = null;
        new Fuzzer(Target(_ => (kept ??= new byte[100_000]).Length > 0 ? null : []), [], 1).Run(10);
        var failure = Assert.Throws<FuzzFailureException>(() => new Fuzzer(Target(input => new byte[100_000].Length == input.Length ? [] : null), [], 1));
        Assert.Contains("allocates", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_encoding_that_changes_is_a_failure()
    {
        FuzzTarget target = Target(input => [.. input.Span, 1]);
        Assert.Throws<FuzzFailureException>(() => new Fuzzer(target, [], 1));
        Assert.Throws<FuzzFailureException>(() => new Fuzzer(Target(_ => [1]) with { IsCanonical = true }, [], 1));
    }

    [Fact]
    public void A_line_of_a_corpus_holds_any_input()
    {
        byte[][] inputs = [[], [.. Enumerable.Range(0, 256).Select(i => (byte)i)], "#no comment"u8.ToArray(), " x y "u8.ToArray(), "\\x41"u8.ToArray(), "\\e"u8.ToArray()];
        using var folder = new TestFolder();
        File.WriteAllText(Corpus.PathOf(folder.Path, "some"), "# a comment\n\nabc\n");
        Assert.Equal(["abc"u8.ToArray()], Corpus.Read(folder.Path, "some"));
        Corpus.Write(folder.Path, "some", inputs);
        Assert.Equal(inputs, Corpus.Read(folder.Path, "some"));
        string text = File.ReadAllText(Corpus.PathOf(folder.Path, "some"));
        Assert.StartsWith("# a comment\n", text, StringComparison.Ordinal);
        Assert.All(text, c => Assert.True(c is '\n' or (>= ' ' and < (char)0x7F)));
    }

    [Fact]
    public void Changed_bencoding_is_often_well_formed_and_changed_scripts_are_scripts()
    {
        byte[] value = "d1:ad2:id20:aaaaaaaaaaaaaaaaaaaae1:q4:ping1:t2:aa1:y1:qe"u8.ToArray();
        var mutator = new Mutator(1, [value], InputShape.Bencode);
        var tokens = new BencodeTokens();
        int wellFormed = 0;
        var different = new HashSet<string>();
        for (int i = 0; i < 2_000; i++)
        {
            ReadOnlyMemory<byte> input = mutator.Next();
            different.Add(Convert.ToHexString(input.Span));
            wellFormed += tokens.Scan(input.Span, 0) && tokens[0].End == input.Length ? 1 : 0;
        }

        Assert.InRange(wellFormed, 500, 1_999);
        Assert.InRange(different.Count, 1_000, 2_000);
    }

    /// <summary>An instrumented copy of an assembly does the same, and tells which ways it took.</summary>
    [Fact]
    public void Instrumented_code_tells_its_ways()
    {
        using var folder = new TestFolder();
        string source = typeof(Starling.Core.Primitives.Varint).Assembly.Location;
        var instrumenter = new Instrumenter();
        instrumenter.Rewrite(source, folder["Starling.Core.dll"], Path.GetDirectoryName(source)!);
        Assert.Contains("Starling.Core.Primitives.PeerAddress", instrumenter.Blocks);
        var context = new AssemblyLoadContext("instrumented", isCollectible: true);
        MethodInfo parse = context.LoadFromAssemblyPath(folder["Starling.Core.dll"])
            .GetType("Starling.Core.Primitives.PeerAddress")!.GetMethod("TryParse")!;
        int[] right = WayOf(parse, "1.2.3.4:5");
        Assert.NotEmpty(right);
        Assert.Equal(right, WayOf(parse, "1.2.3.5:6"));
        Assert.NotEqual(right, WayOf(parse, "nonsense"));
        context.Unload();
        Trace.Begin();
    }

    private static int[] WayOf(MethodInfo parse, string text)
    {
        Trace.Begin();
        parse.Invoke(null, [text, null]);
        return Trace.Edges.ToArray();
    }

    private static FuzzTarget Target(Pass pass) =>
        new() { Name = "sample", Covers = [], Seeds = () => ["aaaa"u8.ToArray()], Start = () => pass, Words = ["b"], Encodes = false };

    private static List<string> Inputs(ulong seed)
    {
        var seen = new List<string>();
        new Fuzzer(Target(input =>
        {
            seen.Add(Convert.ToHexString(input.Span));
            return null;
        }) with
        { FixedAllocation = int.MaxValue }, [], seed).Run(200);
        return seen;
    }
}
