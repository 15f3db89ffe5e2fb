using Starling.Display;
using Starling.Events;

namespace Starling.Tests.App.Display;

public sealed class VisibleTextTests
{
    [Theory]
    [InlineData("plain – ä 字 🐦", "plain – ä 字 🐦")]
    [InlineData("\u001b[2J\u0007", "\\u001b[2J\\u0007")]
    [InlineData("a\u202eb\u2066c", "a\\u202eb\\u2066c")]
    [InlineData("a\u009b2Jb", "a\\u009b2Jb")]
    public void WhatWouldMoveTheCursorIsWrittenOut(string text, string shown) => Assert.Equal(shown, VisibleText.Of(text));

    [Fact]
    public void LinesStayLines() => Assert.Equal("a\n    b    c\n    \\u000dd", VisibleText.OfLines("a\r\nb\tc\n\rd"));

    [Fact]
    public void WhatARunWroteToStandardErrorCannotRepaintTheTerminal()
    {
        var failed = new RunEvent { Event = EventName.Failed, Piece = 1, Attempt = 1, Reason = "exit:1", Stderr = "\u001b]0;title\u0007" };
        Assert.DoesNotContain('\u001b', EventLine.Describe(failed)!);
    }
}
