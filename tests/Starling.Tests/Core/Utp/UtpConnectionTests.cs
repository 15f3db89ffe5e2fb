using System;
using System.Linq;
using Starling.Core.Primitives;
using Starling.Core.Utp;

namespace Starling.Tests.Core.Utp;

public sealed class UtpConnectionTests
{
    public static TheoryData<string> Ways =>
    [
        "clean", "lossy", "awful", "jitter", "twice", "narrow", "reader-slow", "deaf-back", "drift",
    ];

    /// <summary>Both directions at once, then both ends; every byte is the one that was written.</summary>
    [Theory]
    [MemberData(nameof(Ways))]
    public void Bytes_come_whole_over_any_network(string name)
    {
        for (ulong seed = 1; seed <= 3; seed++)
        {
            (WayOptions there, WayOptions back, int size) = name switch
            {
                "clean" => (new WayOptions(), new WayOptions(), 400_000),
                "lossy" => (new WayOptions { Loss = 0.03 }, new WayOptions { Loss = 0.03 }, 300_000),
                "awful" => (new WayOptions { Loss = 0.2, Jitter = Ms(50), Duplication = 0.1 }, new WayOptions { Loss = 0.2, Jitter = Ms(50) }, 60_000),
                "jitter" => (new WayOptions { Jitter = Ms(30) }, new WayOptions { Jitter = Ms(30) }, 300_000),
                "twice" => (new WayOptions { Duplication = 0.5 }, new WayOptions { Duplication = 0.5 }, 200_000),
                "narrow" => (new WayOptions { Rate = 256_000, Buffer = 20_000 }, new WayOptions { Rate = 1_000_000, Buffer = 3_000 }, 100_000),
                "deaf-back" => (new WayOptions(), new WayOptions { Loss = 0.5 }, 50_000),
                _ => (new WayOptions(), new WayOptions(), 3_000_000),
            };
            var time = new VirtualTime();
            (UtpHost a, UtpHost b, _, _) = UtpHost.Pair(time, there, back, seed, clockRate: name == "drift" ? 1.0001 : 1);
            (UtpFlow forth, UtpFlow reverse, UtpConnection connection) = Converse(a, b, seed, size);
            if (name == "reader-slow")
            {
                forth.ReadAtMost = 0;
                Assert.False(time.Run(() => false, TimeSpan.FromMinutes(10)));
                Assert.InRange(b.Incoming[0].Available, 1_000_000, new UtpOptions().ReceiveWindow);
                Assert.Equal(UtpState.Connected, connection.State);
                forth.ReadAtMost = int.MaxValue;
                b.Pump();
            }

            bool done = time.Run(() => forth.IsDone && reverse.IsDone, TimeSpan.FromMinutes(60));
            Assert.True(done, $"{name}, seed {seed}: {forth.Read} and {reverse.Read} of {size} after {time.Now.Seconds:0.0} s, {connection.State} {connection.Problem}");
            Assert.True(forth.IsRight && reverse.IsRight);
            Assert.True(time.Run(() => a.Table.Count + b.Table.Count == 0, TimeSpan.FromMinutes(10)));
            Assert.Null(connection.Problem);
            Assert.Null(b.Incoming[0].Problem);
            Assert.Single(b.Incoming);
        }
    }

    [Fact]
    public void A_clean_way_loses_nothing_and_is_filled_at_once()
    {
        var time = new VirtualTime();
        (UtpHost a, UtpHost b, _, _) = UtpHost.Pair(time, new WayOptions(), new WayOptions(), 1);
        (UtpFlow forth, _, UtpConnection connection) = Converse(a, b, 1, 1_000_000);
        Assert.True(time.Run(() => forth.IsDone, TimeSpan.FromSeconds(2)));
        Assert.Equal(0, connection.Resent);
        Assert.InRange(connection.RoundTrip.TotalMilliseconds, 19, 25);
    }

    [Fact]
    public void One_lost_packet_is_sent_again_without_a_timeout()
    {
        var time = new VirtualTime();
        (UtpHost a, UtpHost b, _, _) = UtpHost.Pair(time, new WayOptions(), new WayOptions(), 1);
        int sent = 0;
        Action<PeerAddress, byte[]> way = a.Way!;
        a.Way = (to, bytes) =>
        {
            if (bytes.Length > 1000 && ++sent == 20)
            {
                return;
            }

            way(to, bytes);
        };
        (UtpFlow forth, _, UtpConnection connection) = Converse(a, b, 1, 100_000);
        Assert.True(time.Run(() => forth.IsDone, TimeSpan.FromSeconds(60)));
        Assert.Equal(1, connection.Resent);
        Assert.InRange(time.Now.Seconds, 1, 1.4);
    }

    [Fact]
    public void A_connect_that_nobody_answers_ends()
    {
        var time = new VirtualTime();
        var a = new UtpHost(time, "10.0.0.1:1") { KeepSent = true };
        UtpConnection connection = a.Table.Connect(a.Address, a.Clock)!;
        Assert.False(time.Run(() => false, TimeSpan.FromMinutes(5)));
        Assert.Equal(UtpState.Closed, connection.State);
        Assert.NotNull(connection.Problem);
        Assert.Equal(new UtpOptions().MaxSyns, a.Sent.Count);
        Assert.Equal(0, a.Table.Count);
    }

    [Fact]
    public void A_peer_that_vanishes_is_given_up_after_its_silence()
    {
        var time = new VirtualTime();
        (UtpHost a, UtpHost b, _, _) = UtpHost.Pair(time, new WayOptions(), new WayOptions(), 1);
        UtpConnection connection = a.Table.Connect(b.Address, a.Clock)!;
        Assert.True(time.Run(() => connection.State == UtpState.Connected, TimeSpan.FromSeconds(1)));

        // Silence alone is no reason: nobody owes anybody anything.
        time.Run(() => false, TimeSpan.FromMinutes(20));
        Assert.Equal(UtpState.Connected, connection.State);
        a.Way = null;
        connection.Write(new byte[100], a.Clock);
        Instant start = time.Now;
        Assert.True(time.Run(() => connection.State == UtpState.Closed, TimeSpan.FromMinutes(5)));
        Assert.InRange((time.Now - start).TotalSeconds, 45, 80);
        Assert.Contains("acknowledged nothing", connection.Problem!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void An_idle_connection_says_a_word_now_and_then()
    {
        var time = new VirtualTime();
        (UtpHost a, UtpHost b, _, _) = UtpHost.Pair(time, new WayOptions(), new WayOptions(), 1);
        UtpConnection connection = a.Table.Connect(b.Address, a.Clock)!;
        time.Run(() => connection.State == UtpState.Connected, TimeSpan.FromSeconds(1));
        a.KeepSent = true;
        time.Run(() => false, TimeSpan.FromMinutes(5));
        Assert.InRange(a.Sent.Count, 9, 11);
        Assert.All(a.Sent, bytes => Assert.Equal(UtpPacketCodec.HeaderSize, bytes.Length));
    }

    [Fact]
    public void An_abort_reaches_the_peer_and_a_close_delivers_what_was_written()
    {
        var time = new VirtualTime();
        (UtpHost a, UtpHost b, _, _) = UtpHost.Pair(time, new WayOptions { Loss = 0.1 }, new WayOptions(), 4);
        (UtpFlow forth, _, UtpConnection connection) = Converse(a, b, 1, 50_000, reverse: false);
        time.Run(() => connection.State == UtpState.Connected, TimeSpan.FromSeconds(9));
        a.Work = null;
        forth.Write();
        connection.Release(a.Clock);
        Assert.True(time.Run(() => forth.IsDone, TimeSpan.FromSeconds(20)));
        Assert.True(forth.IsRight);
        time.Run(() => false, TimeSpan.FromMinutes(1));
        Assert.Equal(0, a.Table.Count);

        UtpConnection second = a.Table.Connect(b.Address, a.Clock)!;
        second.Write("x"u8, a.Clock);
        Assert.True(time.Run(() => b.Incoming.Count == 2 && b.Incoming[1].Available == 1, TimeSpan.FromSeconds(60)));
        second.Abort(a.Clock);
        time.Run(() => false, TimeSpan.FromSeconds(1));
        Assert.Equal(UtpState.Closed, b.Incoming[1].State);
        Assert.Contains("reset", b.Incoming[1].Problem!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_released_connection_does_not_outlive_a_peer_that_never_ends()
    {
        var time = new VirtualTime();
        (UtpHost a, UtpHost b, _, _) = UtpHost.Pair(time, new WayOptions(), new WayOptions(), 4);
        UtpConnection connection = a.Table.Connect(b.Address, a.Clock)!;
        connection.Write("x"u8, a.Clock);
        Assert.True(time.Run(() => b.Incoming.Count == 1, TimeSpan.FromSeconds(1)));
        connection.Release(a.Clock);
        time.Run(() => false, TimeSpan.FromSeconds(20));
        Assert.Equal(0, a.Table.Count);

        // What the peer writes then meets a reset.
        b.Incoming[0].Write("y"u8, b.Clock);
        time.Run(() => false, TimeSpan.FromSeconds(5));
        Assert.Equal(UtpState.Closed, b.Incoming[0].State);
    }

    [Fact]
    public void A_busy_system_delays_but_loses_nothing()
    {
        var time = new VirtualTime();
        (UtpHost a, UtpHost b, _, _) = UtpHost.Pair(time, new WayOptions(), new WayOptions(), 1);
        (UtpFlow forth, _, UtpConnection connection) = Converse(a, b, 1, 100_000);
        time.Run(() => connection.State == UtpState.Connected, TimeSpan.FromSeconds(1));
        for (int i = 0; i < 50 && !forth.IsDone; i++)
        {
            a.IsBusy = !a.IsBusy;
            time.Run(() => forth.IsDone, Ms(15));
        }

        a.IsBusy = false;
        Assert.True(time.Run(() => forth.IsDone, TimeSpan.FromSeconds(20)));
        Assert.True(forth.IsRight);
    }

    [Fact]
    public void The_bounds_of_both_buffers_hold()
    {
        var time = new VirtualTime();
        var options = new UtpOptions { SendBuffer = 100_000, ReceiveWindow = 50_000 };
        (UtpHost a, UtpHost b, _, _) = UtpHost.Pair(time, new WayOptions(), new WayOptions(), 1, options);
        UtpConnection connection = a.Table.Connect(b.Address, a.Clock)!;
        Assert.Equal(100_000, connection.Write(new byte[300_000], a.Clock));
        Assert.Equal(0, connection.Write(new byte[1], a.Clock));
        time.Run(() => false, TimeSpan.FromSeconds(30));
        Assert.InRange(b.Incoming[0].Available, 40_000, 50_000);
        Assert.InRange(connection.Unacknowledged, 50_000, 60_000);
        Assert.Equal(100_000 - connection.Unacknowledged, connection.Write(new byte[300_000], a.Clock));
    }

    private static TimeSpan Ms(double ms) => TimeSpan.FromMilliseconds(ms);

    private static (UtpFlow Forth, UtpFlow Reverse, UtpConnection Connection) Converse(
        UtpHost a, UtpHost b, ulong seed, long size, bool reverse = true)
    {
        UtpConnection connection = a.Table.Connect(b.Address, a.Clock)!;
        var forth = new UtpFlow(a, () => connection, b, () => b.Incoming.FirstOrDefault(), seed, size);
        var back = new UtpFlow(b, () => b.Incoming.FirstOrDefault(), a, () => connection, seed + 100, reverse ? size : 0);
        a.Work = () =>
        {
            forth.Write();
            back.ReadAll();
        };
        b.Work = () =>
        {
            if (reverse)
            {
                back.Write();
            }

            forth.ReadAll();
        };
        a.Pump();
        return (forth, back, connection);
    }
}
