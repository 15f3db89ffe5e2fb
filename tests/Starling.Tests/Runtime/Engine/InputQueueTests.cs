using System;
using Starling.Core.Engine;
using Starling.Runtime.Engine;

namespace Starling.Tests.Runtime.Engine;

public sealed class InputQueueTests
{
    [Fact]
    public void Frames_beyond_the_bound_crowd_it_until_they_are_taken()
    {
        var queue = new InputQueue();
        var frame = new NodeInput.FrameReceived(new LinkId(1), new byte[1024 * 1024]);
        for (long bytes = 0; bytes < InputQueue.CrowdedBytes; bytes += frame.Frame.Length)
        {
            queue.Add(frame);
            Assert.False(queue.IsCrowded);
        }

        queue.Add(frame);
        Assert.True(queue.IsCrowded);
        queue.Take(TimeSpan.Zero);
        Assert.False(queue.IsCrowded);
    }

    [Fact]
    public void Many_small_inputs_crowd_it_too()
    {
        var queue = new InputQueue();
        for (int i = 0; i <= InputQueue.CrowdedInputs; i++)
        {
            Assert.False(queue.IsCrowded);
            queue.Add(new NodeInput.Tick());
        }

        Assert.True(queue.IsCrowded);
    }
}
