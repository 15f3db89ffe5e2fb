using System;
using System.IO;
using System.Linq;
using Spectre.Console;
using Starling.Core.Engine;
using Starling.Display;
using Starling.Events;

namespace Starling.Tests.App.Display;

public sealed class RunFrameTests
{
    [Fact]
    public void ARunInProgress_ShowsBarRateTimeLeftPeersAndSlots()
    {
        RunView view = Running();
        string[] lines = Draw(view, now: 10, width: 80, height: 24);

        Assert.Equal("holiday - 5 of 10 pieces - 50 %", lines[0]);
        Assert.Equal("########################################++++++++........................xxxxxxxx", lines[1]);
        Assert.Equal("3 peers - 37.5 a minute - 8.0 s left - 4 computed, 1 downloaded, 1 aborted, 1 f~", lines[2]);
        Assert.Equal("slot 0  piece 5, 2.5 s, attempt 2", lines[3]);
        Assert.Equal("slot 1  idle", lines[4]);
        Assert.Contains("piece 9 failed, attempt 1: exit status 3; it wrote: no such file", lines[5], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(80, 24)]
    [InlineData(40, 10)]
    [InlineData(20, 5)]
    [InlineData(5, 3)]
    [InlineData(1, 1)]
    [InlineData(300, 100)]
    public void AnyWindow_IsNeverOverrun(int width, int height)
    {
        string[] lines = Draw(Running(), now: 10, width, height);

        Assert.All(lines, line => Assert.True(line.Length <= width, $"'{line}' is longer than {width}"));
        Assert.True(lines.Length <= Math.Max(4, height - 1), $"{lines.Length} lines in a window of {height}");
    }

    [Fact]
    public void BeforeTheTaskIsKnown_ItSaysWhatItWaitsFor()
    {
        var view = new RunView(1);
        view.Know("", 0);

        Assert.Equal("waiting for a peer that has the task file", Draw(view, now: 1, width: 80, height: 24)[0]);
    }

    [Fact]
    public void LocalPeers_HaveALineEach_AndACombinedBar()
    {
        var view = new RunView(2);
        view.Know("demo", 2);
        view.Apply(new RunEvent { Event = EventName.Started, Peer = 0, Slots = 1 });
        view.Apply(new RunEvent { Event = EventName.Started, Peer = 1, Slots = 1 });
        view.Apply(new RunEvent { Event = EventName.Computing, Peer = 1, Piece = 1, Slot = 0, At = 1 });
        view.Apply(new RunEvent { Event = EventName.Piece, Peer = 0, Piece = 0, Source = "computed", At = 2 });
        string[] half = Draw(view, now: 2, width: 8, height: 24);

        Assert.Equal("====++++", half[1]);
        Assert.Equal("peer 0  idle", Draw(view, now: 2, width: 80, height: 24)[3]);
        Assert.Equal("peer 1  piece 1, 1.0 s", Draw(view, now: 2, width: 80, height: 24)[4]);

        view.Apply(new RunEvent { Event = EventName.Piece, Peer = 1, Piece = 0, Source = "downloaded", At = 3 });
        Assert.Equal("####++++", Draw(view, now: 3, width: 8, height: 24)[1]);
    }

    [Fact]
    public void ManyPeers_InALowWindow_AreCountedInsteadOfShown()
    {
        var view = new RunView(64);
        view.Know("demo", 100);
        for (int peer = 0; peer < 64; peer++)
        {
            view.Apply(new RunEvent { Event = EventName.Started, Peer = peer, Slots = 1 });
        }

        string[] lines = Draw(view, now: 1, width: 80, height: 12);
        Assert.True(lines.Length <= 11);
        Assert.Contains(lines, line => line.Contains("more lines for which the window is too low", StringComparison.Ordinal));
    }

    [Fact]
    public void AFrozenRun_IsShownAsFrozen_AndItsTimeStandsStill()
    {
        RunView view = Running();
        view.Apply(new RunEvent { Event = EventName.Paused, Piece = 5, Slot = 0, At = 9 });
        view.Apply(new RunEvent { Event = EventName.Paused, Piece = 5, Slot = 0, At = 11 });
        Assert.Equal("slot 0  piece 5, 1.5 s, frozen, attempt 2", Draw(view, now: 30, width: 80, height: 24)[3]);

        view.Apply(new RunEvent { Event = EventName.Resumed, Piece = 5, Slot = 0, At = 30 });
        Assert.Equal("slot 0  piece 5, 2.5 s, attempt 2", Draw(view, now: 31, width: 80, height: 24)[3]);
    }

    [Fact]
    public void OfTheOwnersRules_OnlyTheLatestIsShown()
    {
        RunView view = Running();
        view.Apply(new RunEvent { Event = EventName.Owner, Slots = 0, Code = "owner-hours", Reason = "tasks do not run now" });
        view.Apply(new RunEvent { Event = EventName.Owner, Slots = 2 });

        Assert.DoesNotContain(Draw(view, now: 31, width: 80, height: 24), line => line.Contains("halted", StringComparison.Ordinal));
        Assert.Contains("2 slots: the owner's rules hold nothing back", view.Recent);
    }

    [Fact]
    public void ASnapshot_AddsWhatEventsDoNotTell()
    {
        var view = new RunView(1);
        view.Know("demo", 3);
        view.Apply(new NodeSnapshot { Pieces = [PieceState.Claimed, PieceState.Downloading, PieceState.Unverified] });

        Assert.Equal(".=?", Draw(view, now: 1, width: 3, height: 24)[1]);
    }

    [Fact]
    public void WithoutColours_NoEscapeIsWritten() => Assert.DoesNotContain('\u001b', string.Concat(Draw(Running(), 10, 80, 24)));

    private static RunView Running()
    {
        var view = new RunView(1);
        view.Know("holiday", 10);
        view.Apply(new RunEvent { Event = EventName.Started, Slots = 2 });
        view.Apply(new RunEvent { Event = EventName.Swarm, Connected = 3 });
        view.Apply(new RunEvent { Event = EventName.Computing, Piece = 0, Slot = 0, Attempt = 1, At = 2 });
        for (int piece = 0; piece < 4; piece++)
        {
            view.Apply(new RunEvent { Event = EventName.Piece, Piece = piece, Source = "computed", At = 3 + piece });
        }

        view.Apply(new RunEvent { Event = EventName.Piece, Piece = 4, Source = "downloaded", At = 7 });
        view.Apply(new RunEvent { Event = EventName.Aborted, Piece = 7, Slot = 1, Reason = "yield" });
        view.Apply(new RunEvent { Event = EventName.Failed, Piece = 9, Slot = 1, Attempt = 1, Reason = "exit:3", Hint = "exit status 3", Stderr = "x\nno such file\n" });
        view.Apply(new RunEvent { Event = EventName.Computing, Piece = 5, Slot = 0, Attempt = 2, At = 7.5 });
        return view;
    }

    private static string[] Draw(RunView view, double now, int width, int height)
    {
        var text = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Out = new AnsiConsoleOutput(text),
        });
        console.Profile.Width = width;
        console.Profile.Height = height;
        console.Profile.Capabilities.Unicode = false;
        console.Write(new RunFrame(view, now, height));
        return [.. text.ToString().TrimEnd('\n').Split('\n').Select(line => line.TrimEnd())];
    }
}
