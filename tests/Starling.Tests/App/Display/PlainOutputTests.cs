using System;
using System.IO;
using Starling.Display;
using Starling.Events;

namespace Starling.Tests.App.Display;

public sealed class PlainOutputTests
{
    [Fact]
    public void TheLinkComesFirst_ThenProgressAtIntervals_ThenTheEnd()
    {
        var text = new StringWriter();
        using (var output = new PlainOutput(text, 1))
        {
            output.ShowMagnet("starling run 'magnet:?xt=urn:btmh:1220'");
            output.Know("demo", 100);
            output.Take(new RunEvent { Event = EventName.Started, Slots = 1, At = 0 });
            output.Take(new RunEvent { Event = EventName.Computing, Piece = 0, Slot = 0, At = 0 });
            for (int piece = 0; piece < 100; piece++)
            {
                output.Take(new RunEvent { Event = EventName.Piece, Piece = piece, Source = "computed", At = 0.1 * (piece + 1) });
            }

            output.Take(new RunEvent { Event = EventName.Complete, Pieces = 100, Computed = 100, Downloaded = 0, Aborted = 0, Seconds = 10, At = 10 });
            output.Conclude("/tmp/out");
        }

        string[] lines = text.ToString().TrimEnd('\n').Split('\n');
        Assert.Equal("starling run 'magnet:?xt=urn:btmh:1220'", lines[0]);
        Assert.Equal("[    1.0] 10 of 100 pieces, 0 peers, 10.0 a second, 9.0 s left", lines[1]);
        Assert.Equal("[   10.0] 100 of 100 pieces, 0 peers", lines[^3]);
        Assert.Equal("[   10.0] complete: 100 pieces in 10.0 s (100 computed here, 0 downloaded, 0 runs aborted)", lines[^2]);
        Assert.Equal("/tmp/out", lines[^1]);
        Assert.InRange(lines.Length, 5, 10);
    }

    [Fact]
    public void WhatGoesWrong_IsToldAtOnce_WithTheNumberOfTheLocalPeer()
    {
        var text = new StringWriter();
        using (var output = new PlainOutput(text, 2))
        {
            output.Take(new RunEvent { Event = EventName.Refused, Peer = 1, Code = "x", Reason = "half a handshake", Hint = "nothing to do", At = 0.5 });
            output.Take(new RunEvent { Event = EventName.Error, Peer = 0, Code = "disk-full", Reason = "the disk is full", At = 0.6 });
        }

        Assert.Equal("[    0.5] peer 1: refused: half a handshake. nothing to do\n[    0.6] peer 0: error: the disk is full\n", text.ToString());
    }

    [Fact]
    public void ALongStandardError_IsCutToItsLastLine()
    {
        string line = EventLine.Describe(new RunEvent
        {
            Event = EventName.Failed,
            Piece = 3,
            Attempt = 2,
            Reason = "exit:1",
            Stderr = "first\n" + new string('x', 1000) + "\n",
        })!;

        Assert.StartsWith("piece 3 failed, attempt 2: exit:1; it wrote: xxx", line, StringComparison.Ordinal);
        Assert.EndsWith("…", line, StringComparison.Ordinal);
        Assert.True(line.Length < 400);
    }
}
