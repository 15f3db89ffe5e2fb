using System;
using System.IO;
using System.Linq;
using Starling.Fuzz.Engine;
using Starling.Fuzz.Targets;

namespace Starling.Tests.Fuzz;

/// <summary>The committed inputs of every target, and some fresh ones: <c>./test --fuzz</c> runs more.</summary>
[Collection("fuzz")]
public sealed class FuzzTargetTests
{
    /// <summary>Characters of all corpora together.</summary>
    private const long MaxCorpora = 300 * 1024;

    private static readonly string Folder = Path.Combine(DocumentationTests.Root, "tests", "Starling.Fuzz", "Corpus");

    public static TheoryData<string> Names { get; } = [.. AllTargets.Table.Select(target => target.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Committed_and_fresh_inputs_are_refused_or_understood_but_never_harm(string name)
    {
        FuzzTarget target = AllTargets.Table.Single(target => target.Name == name);
        var fuzzer = new Fuzzer(target, Corpus.Read(Folder, name), seed: 1);
        fuzzer.Run(target.QuickInputs);

        // Damage that always breaks the frame would test nothing behind it.
        Assert.True(!target.Encodes || fuzzer.Understood >= target.QuickInputs / 1000, $"{fuzzer.Understood} of {target.QuickInputs} inputs are understood");
    }

    [Fact]
    public void Each_corpus_is_of_a_target_and_all_are_small()
    {
        string[] files = Directory.GetFiles(Folder);
        Assert.Equal(AllTargets.Table.Select(target => target.Name).Order(StringComparer.Ordinal), files.Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal));
        Assert.InRange(files.Sum(file => new FileInfo(file).Length), 1, MaxCorpora);
    }
}
