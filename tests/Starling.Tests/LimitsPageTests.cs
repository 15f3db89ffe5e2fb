using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text.RegularExpressions;
using Starling.Core.Torrents;
using Starling.Runtime.Network;

namespace Starling.Tests;

/// <summary>docs/limits.md names bounds and their tests: each bound must exist, and a test of its row must speak of it.</summary>
public sealed partial class LimitsPageTests
{
    private static readonly string Root = DocumentationTests.Root;
    private static readonly Assembly[] Assemblies = [typeof(DataLimits).Assembly, typeof(UdpPort).Assembly];

    private static readonly Dictionary<string, string> TestSources = Directory.EnumerateFiles(Path.Combine(Root, "tests"), "*Tests.cs", SearchOption.AllDirectories)
        .GroupBy(path => Path.GetFileNameWithoutExtension(path), File.ReadAllText)
        .ToDictionary(files => files.Key, files => string.Concat(files));

    public static TheoryData<string> Rows { get; } = [.. File.ReadLines(Path.Combine(Root, "docs", "limits.md")).Where(line => line.StartsWith("| ", StringComparison.Ordinal) && line.Contains('`'))];

    [Theory]
    [MemberData(nameof(Rows))]
    public void EveryBoundExists_AndItsTestSpeaksOfIt(string row)
    {
        string[] columns = row.Split('|', StringSplitOptions.TrimEntries);
        Assert.Equal(5, columns.Length);
        string[] tests = [.. Code().Matches(columns[3]).Select(match => match.Groups[1].Value)];
        Assert.NotEmpty(tests);
        Assert.All(tests, test => Assert.True(TestSources.ContainsKey(test), $"There is no {test}."));
        foreach (string bound in Code().Matches(columns[2]).Select(match => match.Groups[1].Value))
        {
            string[] parts = bound.Split('.');
            Type? type = Assemblies.SelectMany(assembly => assembly.GetTypes()).FirstOrDefault(each => each.Name == parts[0]);
            MemberInfo[]? members = type?.GetMember(parts[1], BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance);
            Assert.True(members is { Length: > 0 }, $"There is no {bound}.");

            // Options are asked of an instance, so that their tests speak of the member alone.
            string spoken = parts[0].EndsWith("Options", StringComparison.Ordinal) && !TestSources.Values.Any(text => text.Contains(bound, StringComparison.Ordinal)) ? parts[1] : bound;
            Assert.True(tests.Any(test => TestSources[test].Contains(spoken, StringComparison.Ordinal)), $"None of {string.Join(", ", tests)} speaks of {bound}.");
        }
    }

    [Fact]
    public void EveryBoundOfDataLinks_IsOnThePage()
    {
        string page = File.ReadAllText(Path.Combine(Root, "docs", "limits.md"));
        Assert.All(
            typeof(DataLimits).GetFields(BindingFlags.Public | BindingFlags.Static),
            field => Assert.Contains($"`DataLimits.{field.Name}`", page, StringComparison.Ordinal));
    }

    [GeneratedRegex("`([A-Za-z.0-9]+)`")]
    private static partial Regex Code();
}
