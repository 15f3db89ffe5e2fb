using System;
using System.Linq;
using System.Text;
using Starling.Runtime.Execution;

namespace Starling.Tests.Runtime.Execution;

public sealed class StderrTailTests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(10, 3)]
    [InlineData(StderrTail.Capacity, 1000)]
    [InlineData(StderrTail.Capacity + 1, 7777)]
    [InlineData((3 * StderrTail.Capacity) + 17, 65_536)]
    [InlineData((3 * StderrTail.Capacity) + 17, 200_000)]
    public void KeepsTheLastBytesHoweverTheyCome(int total, int chunk)
    {
        byte[] all = [.. Enumerable.Range(0, total).Select(i => (byte)(i * 31 / 7))];
        var tail = new StderrTail();
        for (int at = 0; at < total; at += chunk)
        {
            tail.Append(all.AsSpan(at, Math.Min(chunk, total - at)));
        }

        Assert.Equal(total, tail.TotalBytes);
        Assert.Equal(all[Math.Max(0, total - StderrTail.Capacity)..], tail.ToArray());
    }

    [Fact]
    public void IsEmptyAfterClear()
    {
        var tail = new StderrTail();
        tail.Append("old"u8);
        tail.Clear();
        tail.Append("\xFFnew\n"u8);

        Assert.Equal("ÿnew", tail.ToText());
        tail.Append(new byte[] { 0xFF });
        Assert.EndsWith("\uFFFD", tail.ToText());
        Assert.Equal(6, Encoding.UTF8.GetString(tail.ToArray()).Length);
    }
}
