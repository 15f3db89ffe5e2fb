using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Starling.Commands;

namespace Starling.Tests;

/// <summary>What the documentation names must exist: paths in code style, commands and flags of the program.</summary>
public sealed partial class DocumentationTests
{
    internal static readonly string Root = FindRoot();

    public static TheoryData<string> Pages { get; } =
    [
        .. Directory.GetFiles(Root, "*.md").Concat(Directory.GetFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories))
            .Select(path => Path.GetRelativePath(Root, path))
            .Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Pages))]
    public void EveryPathInCodeStyle_Exists(string page)
    {
        var missing = new List<string>();
        foreach (Match match in PathInCode().Matches(File.ReadAllText(Path.Combine(Root, page))))
        {
            string path = match.Groups[1].Value.TrimEnd('/');
            if (!File.Exists(Path.Combine(Root, path)) && !Directory.Exists(Path.Combine(Root, path)))
            {
                missing.Add(path);
            }
        }

        Assert.Empty(missing);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void EveryCommandOfTheProgram_Exists_WithItsFlags(string page)
    {
        var known = CommandTree.Build().Subcommands.ToDictionary(command => command.Name);
        var wrong = new List<string>();
        foreach (Match match in CommandLine().Matches(File.ReadAllText(Path.Combine(Root, page))))
        {
            string name = match.Groups[1].Value;
            // What stands behind -- is the task's own command.
            string rest = match.Groups[2].Value.Split(" -- ")[0];
            if (!known.TryGetValue(name, out Command? command))
            {
                wrong.Add(match.Value);
                continue;
            }

            if (command.Subcommands.FirstOrDefault(inner => rest.TrimStart().StartsWith($"{inner.Name} ", StringComparison.Ordinal)) is { } inner)
            {
                (command, name) = (inner, $"{name} {inner.Name}");
            }

            HashSet<string> flags = [.. command.Options.SelectMany(option => option.Aliases.Append(option.Name))];
            wrong.AddRange(Flag().Matches(rest).Select(flag => flag.Groups[1].Value).Where(flag => !flags.Contains(flag) && flag != "--help").Select(flag => $"{name} {flag}"));
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void EveryExample_IsInTheReadme()
    {
        string readme = File.ReadAllText(Path.Combine(Root, "README.md"));
        Assert.All(
            Directory.GetFiles(Path.Combine(Root, "examples")).Select(Path.GetFileName),
            example => Assert.Contains($"`examples/{example}`", readme, StringComparison.Ordinal));
    }

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Starling.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException("The tests do not lie below the source tree.");
    }

    // Only paths that begin with a folder or a script of the tree: others are examples or live elsewhere.
    [GeneratedRegex(@"[`\s(](?:\./)?((?:src|sim|bench|tests|examples|docs|scripts|contracts)/[A-Za-z0-9_.\-/]*[A-Za-z0-9_/])")]
    private static partial Regex PathInCode();

    [GeneratedRegex(@"(?:^|[`\s])(?:\./)?starling ([a-z]+)\b([^`\n|#]*)", RegexOptions.Multiline)]
    private static partial Regex CommandLine();

    [GeneratedRegex(@"(?:^|\s|\[)(--?[a-z][a-z-]*)")]
    private static partial Regex Flag();
}
