using System;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Runtime.Network;

namespace Starling.Tests.Runtime.Network;

public sealed class UdpPortTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.2")]
    [InlineData("::1", "::1")]
    [InlineData("::", "127.0.0.1")]
    [InlineData("::", "::1")]
    [InlineData("0.0.0.0", "127.0.0.1")]
    public async Task Datagrams_go_both_ways_whole_and_with_their_address(string here, string there)
    {
        await using UdpPort port = Open(here);
        await using UdpPort other = Open(there);
        var atPort = new Box();
        var atOther = new Box();
        port.Add(atPort);
        other.Add(atOther);
        PeerAddress toOther = PeerAddress.From(IPAddress.Parse(there), other.EndPoint.Port);
        Assert.True(port.Send(toOther, [1, 2, 3]));
        (PeerAddress from, byte[] bytes) = await atOther.NextAsync();
        Assert.Equal([1, 2, 3], bytes);
        Assert.Equal(port.EndPoint.Port, from.Port);
        Assert.Equal(toOther.IsV4, from.IsV4);

        Assert.True(other.Send(from, new byte[1400]));
        (PeerAddress back, bytes) = await atPort.NextAsync();
        Assert.Equal(toOther, back);
        Assert.Equal(1400, bytes.Length);
        await atPort.BatchEndedAsync();
    }

    [Fact]
    public async Task The_largest_datagram_passes_and_a_larger_one_is_dropped()
    {
        await using UdpPort port = Open("127.0.0.1");
        var box = new Box();
        port.Add(box);
        PeerAddress self = PeerAddress.From(IPAddress.Loopback, port.EndPoint.Port);
        Assert.False(port.Send(self, new byte[UdpPort.MaxDatagramSize + 1]));
        Assert.Equal(1, port.Dropped);
        Assert.True(port.Send(self, new byte[UdpPort.MaxDatagramSize]));
        Assert.Equal(UdpPort.MaxDatagramSize, (await box.NextAsync()).Bytes.Length);
    }

    [Fact]
    public async Task The_first_handler_that_takes_a_datagram_has_it()
    {
        await using UdpPort port = Open("127.0.0.1");
        var dht = new Box { First = (byte)'d' };
        var rest = new Box();
        port.Add(dht);
        port.Add(rest);
        PeerAddress self = PeerAddress.From(IPAddress.Loopback, port.EndPoint.Port);
        port.Send(self, "d1:x"u8);
        port.Send(self, "\u0001x"u8);
        Assert.Equal("d1:x"u8.ToArray(), (await dht.NextAsync()).Bytes);
        Assert.Equal("\u0001x"u8.ToArray(), (await rest.NextAsync()).Bytes);
        port.Remove(rest);
        port.Send(self, "x"u8);
        Assert.True(SpinWait.SpinUntil(() => port.Unclaimed == 1, Patience));
    }

    [Fact]
    public async Task What_can_not_be_sent_is_counted_and_closed_ports_of_others_change_nothing()
    {
        await using UdpPort port = Open("127.0.0.1");
        var box = new Box();
        port.Add(box);
        Assert.False(port.Send(PeerAddress.From(IPAddress.IPv6Loopback, 9), [1]));
        Assert.False(port.Send(PeerAddress.From(IPAddress.Loopback, 0), [1]));
        Assert.Equal(2, port.Dropped);

        PeerAddress closed;
        await using (UdpPort soon = Open("127.0.0.1"))
        {
            closed = PeerAddress.From(IPAddress.Loopback, soon.EndPoint.Port);
        }

        for (int i = 0; i < 3; i++)
        {
            Assert.True(port.Send(closed, [1]));
        }

        port.Send(PeerAddress.From(IPAddress.Loopback, port.EndPoint.Port), [7]);
        Assert.Equal([7], (await box.NextAsync()).Bytes);
    }

    [Fact]
    public async Task A_flood_is_sent_without_waiting_and_ends_with_the_port()
    {
        UdpPort port = Open("127.0.0.1");
        await using UdpPort other = Open("127.0.0.1");
        PeerAddress to = PeerAddress.From(IPAddress.Loopback, other.EndPoint.Port);
        var datagram = new byte[1400];
        int sent = 0;
        for (int i = 0; i < 20_000; i++)
        {
            sent += port.Send(to, datagram) ? 1 : 0;
        }

        Assert.Equal(20_000, sent + port.Dropped);
        await port.DisposeAsync();
        Assert.False(port.Send(to, datagram));
        await port.DisposeAsync();
    }

    [Fact]
    public async Task A_port_that_is_taken_is_a_problem_with_a_reason()
    {
        await using UdpPort port = Open("127.0.0.1");
        Assert.False(UdpPort.TryOpen(port.EndPoint, out _, out Problem? problem));
        Assert.Equal("udp-port", problem.Code);
        Assert.Contains("in use", problem.Reason);
    }

    [Fact]
    public async Task Tcp_and_udp_get_one_number()
    {
        Assert.True(SharedPort.TryOpen(new IPEndPoint(IPAddress.Loopback, 0), out Socket? listener, out UdpPort? udp, out _));
        using (listener)
        {
            Assert.Equal((IPEndPoint)listener.LocalEndPoint!, udp!.EndPoint);
            await udp.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_number_that_udp_has_no_more_leaves_tcp_alone_when_it_was_asked_for()
    {
        await using UdpPort taken = Open("127.0.0.1");
        Assert.True(SharedPort.TryOpen(taken.EndPoint, out Socket? listener, out UdpPort? udp, out Problem? problem));
        listener.Dispose();
        Assert.Null(udp);
        Assert.Equal("udp-port", problem!.Code);
    }

    private static UdpPort Open(string address)
    {
        Assert.True(UdpPort.TryOpen(new IPEndPoint(IPAddress.Parse(address), 0), out UdpPort? port, out Problem? problem), problem?.Reason);
        return port;
    }

    private sealed class Box : IDatagramHandler
    {
        private readonly Channel<(PeerAddress From, byte[] Bytes)> _received = Channel.CreateUnbounded<(PeerAddress, byte[])>();
        private readonly TaskCompletionSource _batchEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public byte? First { get; init; }

        public async Task<(PeerAddress From, byte[] Bytes)> NextAsync() => await _received.Reader.ReadAsync().AsTask().WaitAsync(Patience);

        public Task BatchEndedAsync() => _batchEnded.Task.WaitAsync(Patience);

        public bool TryHandle(PeerAddress from, ReadOnlySpan<byte> datagram) =>
            (First is not { } first || datagram[0] == first) && _received.Writer.TryWrite((from, datagram.ToArray()));

        public void EndOfBatch() => _batchEnded.TrySetResult();
    }
}
