using System;
using System.Linq;
using Starling.Core.Utp;
using Xunit.Abstractions;

namespace Starling.Tests.Core.Utp;

/// <summary>On a line of 20 Mbit/s and 50 ms there and back, with the deep queue of a home's modem.</summary>
public sealed class UtpCongestionTests(ITestOutputHelper output)
{
    private const double Rate = 20_000_000;

    private static readonly WayOptions Line = new() { Rate = Rate, Delay = TimeSpan.FromMilliseconds(25), Buffer = 750_000 };
    private static readonly WayOptions Back = new() { Delay = TimeSpan.FromMilliseconds(25) };

    [Theory]
    [InlineData(750_000)]
    [InlineData(300_000)]
    [InlineData(125_000)]
    public void Alone_it_fills_nine_tenths_of_the_line(int buffer)
    {
        var time = new VirtualTime();
        (UtpHost a, UtpHost b, VirtualWay there, _) = UtpHost.Pair(time, Line with { Buffer = buffer }, Back, 1);
        Func<long> delivered = Endless(a, b);
        time.Run(() => false, TimeSpan.FromSeconds(10));
        long before = delivered();
        double worst = 0;
        for (int second = 0; second < 50; second++)
        {
            time.Run(() => false, TimeSpan.FromSeconds(1));
            worst = Math.Max(worst, there.Queueing);
        }

        double share = (delivered() - before) * 8 / 50 / Rate;
        output.WriteLine($"buffer {buffer}: {share:P1} of the line, {there.Dropped} dropped, at most {worst * 1000:0} ms queued");
        Assert.InRange(share, 0.9, 1);
        Assert.InRange(worst, 0, 0.2);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 1)]
    [InlineData(true, 4)]
    [InlineData(false, 4)]
    public void Beside_tcp_it_leaves_four_fifths_of_the_line(bool utpFirst, int utpFlows)
    {
        var time = new VirtualTime();
        (UtpHost a, UtpHost b, VirtualWay there, VirtualWay back) = UtpHost.Pair(time, Line, Back, 1);
        var tcp = new RenoFlow(time, there, back);
        Func<long> delivered = () => 0;
        if (!utpFirst)
        {
            tcp.Start();
            time.Run(() => false, TimeSpan.FromSeconds(10));
        }

        delivered = Endless(a, b, utpFlows);
        if (utpFirst)
        {
            time.Run(() => false, TimeSpan.FromSeconds(10));
            tcp.Start();
        }

        time.Run(() => false, TimeSpan.FromSeconds(10));
        long tcpBefore = tcp.Delivered;
        long utpBefore = delivered();
        time.Run(() => false, TimeSpan.FromSeconds(60));
        double tcpShare = (tcp.Delivered - tcpBefore) * 8 / 60.0 / Rate;
        double utpShare = (delivered() - utpBefore) * 8 / 60.0 / Rate;
        output.WriteLine($"utp first {utpFirst}, {utpFlows} flows: TCP {tcpShare:P1}, uTP {utpShare:P1}");
        Assert.InRange(tcpShare, 0.8, 1);
    }

    [Fact]
    public void Within_a_minute_of_others_leaving_it_takes_the_line_again()
    {
        var time = new VirtualTime();
        (UtpHost a, UtpHost b, VirtualWay there, _) = UtpHost.Pair(time, Line, Back, 1);
        Func<long> delivered = Endless(a, b);
        time.Run(() => false, TimeSpan.FromSeconds(10));

        // Others fill the queue for ten seconds.
        for (int i = 0; i < 1000; i++)
        {
            there.Send(25_000, () => { });
            time.Run(() => false, TimeSpan.FromMilliseconds(10));
        }

        time.Run(() => false, TimeSpan.FromSeconds(60));
        long before = delivered();
        time.Run(() => false, TimeSpan.FromSeconds(10));
        double share = (delivered() - before) * 8 / 10 / Rate;
        output.WriteLine($"{share:P1}");
        Assert.InRange(share, 0.9, 1);
    }

    private static Func<long> Endless(UtpHost a, UtpHost b, int flows = 1)
    {
        UtpConnection[] connections = [.. Enumerable.Range(0, flows).Select(_ => a.Table.Connect(b.Address, a.Clock)!)];
        var content = new byte[65_536];
        long read = 0;
        a.Work = () =>
        {
            foreach (UtpConnection connection in connections)
            {
                while (connection.Write(content, a.Clock) > 0)
                {
                }
            }
        };
        b.Work = () =>
        {
            foreach (UtpConnection connection in b.Incoming)
            {
                int count;
                while ((count = connection.Read(content, b.Clock)) > 0)
                {
                    read += count;
                }
            }
        };
        a.Pump();
        return () => read;
    }
}
