using System;
using System.Collections.Generic;
using System.Threading;
using Starling.Core.Engine;
using Starling.Display;
using Starling.Events;

namespace Starling.Tests.App.Display;

public sealed class OutputThreadTests
{
    [Fact]
    public void EverythingIsWritten_InOrder_BeforeDisposeReturns()
    {
        var recorder = new Recorder();
        using (var output = new OutputThread(recorder))
        {
            output.ShowMagnet("link");
            for (int i = 0; i < 1000; i++)
            {
                output.Take(new RunEvent { Event = "e", Piece = i });
            }

            output.Conclude("end");
        }

        Assert.Equal(1002, recorder.Written.Count);
        Assert.Equal("link", recorder.Written[0]);
        Assert.Equal("e 999", recorder.Written[1000]);
        Assert.Equal("end", recorder.Written[1001]);
    }

    [Fact]
    public void AReaderThatStands_DoesNotHoldUpTheSender_UntilTheBound()
    {
        var recorder = new Recorder();
        recorder.Gate.Reset();
        var output = new OutputThread(recorder);
        for (int i = 0; i < OutputThread.MaxWaiting; i++)
        {
            output.Take(new RunEvent { Event = "e", Piece = i });
        }

        // One more than fits waits for the reader, and nothing is lost.
        var sender = new Thread(() =>
        {
            output.Take(new RunEvent { Event = "e", Piece = -1 });
            output.Take(new RunEvent { Event = "e", Piece = -2 });
        });
        sender.Start();
        Assert.False(sender.Join(TimeSpan.FromMilliseconds(50)));
        recorder.Gate.Set();
        Assert.True(sender.Join(TimeSpan.FromSeconds(20)));
        output.Dispose();
        Assert.Equal(OutputThread.MaxWaiting + 2, recorder.Written.Count);
        Assert.Equal("e -2", recorder.Written[^1]);
    }

    private sealed class Recorder : IRunOutput
    {
        public ManualResetEventSlim Gate { get; } = new(true);

        public List<string> Written { get; } = [];

        public Func<NodeSnapshot>? Snapshots { get; set; }

        public void ShowMagnet(string commandLine) => Write(commandLine);

        public void Know(string name, int pieces) => Write(name);

        public void Take(RunEvent runEvent) => Write($"{runEvent.Event} {runEvent.Piece}");

        public void Conclude(string line) => Write(line);

        public void Dispose()
        {
        }

        private void Write(string text)
        {
            Gate.Wait();
            Written.Add(text);
        }
    }
}
