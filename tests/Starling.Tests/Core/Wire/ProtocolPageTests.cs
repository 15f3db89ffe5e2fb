using System;
using System.Collections.Generic;
using System.IO;
using System.Text.RegularExpressions;

namespace Starling.Tests.Core.Wire;

/// <summary>docs/protocol.md shows every golden message, as it is.</summary>
public sealed partial class ProtocolPageTests
{
    [Fact]
    public void Every_example_of_the_page_is_a_golden_message_and_every_golden_message_is_shown()
    {
        var shown = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (Match block in HexBlock().Matches(File.ReadAllText(Page())))
        {
            shown.Add(block.Groups["name"].Value, Whitespace().Replace(block.Groups["hex"].Value, ""));
        }

        Assert.Equal(GoldenMessages.Names, shown.Keys);
        foreach ((string name, string hex) in shown)
        {
            Assert.Equal((name, Convert.ToHexStringLower(GoldenMessages.Of(name))), (name, hex));
        }
    }

    private static string Page()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Starling.slnx")))
        {
            folder = folder.Parent;
        }

        Assert.NotNull(folder);
        return Path.Combine(folder.FullName, "docs", "protocol.md");
    }

    [GeneratedRegex(@"^```hex (?<name>\S+)\n(?<hex>[0-9a-f\s]+)```$", RegexOptions.Multiline)]
    private static partial Regex HexBlock();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Whitespace();
}
