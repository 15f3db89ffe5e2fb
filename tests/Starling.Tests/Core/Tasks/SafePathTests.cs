using System.Linq;
using Starling.Core.Tasks;

namespace Starling.Tests.Core.Tasks;

public sealed class SafePathTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("a/b.c/d e")]
    [InlineData("...x")]
    [InlineData("..x/y")]
    [InlineData("\u00e4\u4e2d\U0001F426")]
    [InlineData("COM")]
    [InlineData("COM10")]
    [InlineData("console")]
    [InlineData("nulx.txt")]
    [InlineData(".starlings")]
    [InlineData(".hidden")]
    public void Plain_relative_paths_are_safe(string path) => Assert.True(SafePath.IsSafe(path, out string? fault), fault);

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/etc/passwd")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/../b")]
    [InlineData("a/./b")]
    [InlineData("a\\..\\b")]
    [InlineData("C:")]
    [InlineData("C:/x")]
    [InlineData("a:stream")]
    [InlineData("a*")]
    [InlineData("a?")]
    [InlineData("a|b")]
    [InlineData("a<b")]
    [InlineData("a\"b")]
    [InlineData("a\n")]
    [InlineData("a\0b")]
    [InlineData("a\u007f")]
    [InlineData("a\u009b1m")]
    [InlineData("a\u202egpj.exe")]
    [InlineData("a\u200b")]
    [InlineData("a\u2028b")]
    [InlineData("a\ud800")]
    [InlineData("a.")]
    [InlineData("a ")]
    [InlineData(" a")]
    [InlineData("a./b")]
    [InlineData("con")]
    [InlineData("x/NUL")]
    [InlineData("nul.txt")]
    [InlineData("nul .txt")]
    [InlineData("Com1.log")]
    [InlineData("lpt\u00b9")]
    [InlineData("CONIN$")]
    [InlineData(".starling")]
    [InlineData(".Starling/journal")]
    [InlineData("a/.STARLING")]
    public void Paths_that_escape_deceive_or_differ_by_system_are_not(string path)
    {
        Assert.False(SafePath.IsSafe(path, out string? fault));
        Assert.NotEmpty(fault);
    }

    [Fact]
    public void Length_and_depth_have_bounds()
    {
        Assert.True(SafePath.IsSafe(new string('a', TaskLimitsOfFormat.MaxPathPartLength), out _));
        Assert.False(SafePath.IsSafe(new string('a', TaskLimitsOfFormat.MaxPathPartLength + 1), out _));
        Assert.False(SafePath.IsSafe(new string('\u00e4', 128), out _));
        Assert.True(SafePath.IsSafe(string.Join('/', Enumerable.Repeat("a", TaskLimitsOfFormat.MaxPathDepth)), out _));
        Assert.False(SafePath.IsSafe(string.Join('/', Enumerable.Repeat("a", TaskLimitsOfFormat.MaxPathDepth + 1)), out _));
        string longest = string.Join('/', Enumerable.Repeat(new string('b', 204), 5));
        Assert.Equal(TaskLimitsOfFormat.MaxPathLength, longest.Length);
        Assert.True(SafePath.IsSafe(longest, out _));
        Assert.False(SafePath.IsSafe(longest + "b", out _));
    }

    [Theory]
    [InlineData(null, "a", "b", "a.b")]
    [InlineData(null, "a/b", "a/c", "a-")]
    [InlineData("A", "a", "A", "b")]
    [InlineData("x/Y", "x/y", "b", "x/Y")]
    [InlineData("a/b", "a", "a!", "a/b")]
    [InlineData("A/b/c", "a/B", "q", "A/b/c")]
    [InlineData("\u00c4", "\u00e4", "q", "\u00c4")]
    public void Clashes_are_found(string? clash, params string[] paths) => Assert.Equal(clash, SafePath.FirstClash(paths));

    [Fact]
    public void Quoted_text_obeys_no_terminal()
    {
        Assert.Equal("a?[31mb??", SafePath.Quoted("a\u001b[31mb\n\u202e"));
        Assert.Equal(81, SafePath.Quoted(new string('a', 1000)).Length);
    }
}
