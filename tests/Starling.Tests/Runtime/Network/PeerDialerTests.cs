using System;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Runtime.Network;

namespace Starling.Tests.Runtime.Network;

public sealed class PeerDialerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Tcp_is_taken_where_it_answers()
    {
        await using var ends = new Ends();
        using var patience = new CancellationTokenSource(Patience);
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(ends.Listening.EndPoint);
        listener.Listen(1);
        await using ConnectionStream stream = await ends.Dialer.DialAsync(ends.Address, patience.Token);
        Assert.IsType<SocketStream>(stream);
    }

    [Fact]
    public async Task Utp_is_taken_where_tcp_is_refused()
    {
        await using var ends = new Ends();
        using var patience = new CancellationTokenSource(Patience);
        await using ConnectionStream stream = await ends.Dialer.DialAsync(ends.Address, patience.Token);
        Assert.IsType<UtpStream>(stream);
        await ends.Accepted.Reader.ReadAsync(patience.Token);
    }

    [Fact]
    public async Task Where_nobody_answers_it_is_told_what_tcp_said()
    {
        await using var ends = new Ends();
        await ends.Incoming.DisposeAsync();
        using var patience = new CancellationTokenSource(Patience);
        SocketException refused = await Assert.ThrowsAsync<SocketException>(() => ends.Dialer.DialAsync(ends.Address, patience.Token));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        Assert.Equal(0, ends.Outgoing.ConnectionCount);
    }

    [Fact]
    public async Task Without_utp_tcp_is_all()
    {
        await using var ends = new Ends();
        using var patience = new CancellationTokenSource(Patience);
        await Assert.ThrowsAsync<SocketException>(() => new PeerDialer().DialAsync(ends.Address, patience.Token));
    }

    /// <summary>The whole task link: TLS, frames and the close, with no TCP between the two.</summary>
    [Fact]
    public async Task Task_links_stand_over_utp()
    {
        using var patience = new CancellationTokenSource(Patience);
        await using var ends = new Ends(listen: false);
        var posted = Channel.CreateUnbounded<NodeInput>();
        var answered = Channel.CreateUnbounded<NodeInput>();
        await using TlsLinkTransport serving = TlsLinkTransport.Start(
            new LinkTransportOptions(), input => answered.Writer.TryWrite(input), Bound(), ends.Incoming);
        await using TlsLinkTransport dialling = TlsLinkTransport.Start(
            new LinkTransportOptions(), input => posted.Writer.TryWrite(input), Bound(), ends.Outgoing);

        dialling.Connect(ends.Address);
        NodeInput.LinkOpened mine = await NextAsync<NodeInput.LinkOpened>(posted, patience.Token);
        NodeInput.LinkOpened theirs = await NextAsync<NodeInput.LinkOpened>(answered, patience.Token);
        Assert.Equal(mine.LocalCertificate, theirs.RemoteCertificate);
        Assert.Equal(1, ends.Outgoing.ConnectionCount);

        dialling.Send(mine.Link, TransportProbe.HandshakeBytes);
        var frame = new byte[1_000_004];
        frame[1] = 0x0F;
        frame[2] = 0x42;
        frame[3] = 0x40;
        dialling.Send(mine.Link, frame);
        Assert.Equal(68, (await NextAsync<NodeInput.FrameReceived>(answered, patience.Token)).Frame.Length);
        Assert.Equal(1_000_000, (await NextAsync<NodeInput.FrameReceived>(answered, patience.Token)).Frame.Length);
        dialling.Close(mine.Link, "enough");
        await NextAsync<NodeInput.LinkClosed>(answered, patience.Token);
        Assert.Equal("enough", (await NextAsync<NodeInput.LinkClosed>(posted, patience.Token)).Reason);
    }

    private static Socket Bound()
    {
        Assert.True(LinkListener.TryOpen(new IPEndPoint(IPAddress.Loopback, 0), out Socket? socket, out _));
        return socket;
    }

    private static async Task<T> NextAsync<T>(Channel<NodeInput> inputs, CancellationToken patience)
        where T : NodeInput
    {
        while (true)
        {
            if (await inputs.Reader.ReadAsync(patience) is T wanted)
            {
                return wanted;
            }
        }
    }

    /// <summary>Two uTP ports, of which the second has no TCP beside it.</summary>
    private sealed class Ends : IAsyncDisposable
    {
        public Ends(bool listen = true)
        {
            Assert.True(UdpPort.TryOpen(new IPEndPoint(IPAddress.Loopback, 0), out UdpPort? dialling, out _));
            Assert.True(UdpPort.TryOpen(new IPEndPoint(IPAddress.Parse("127.0.0.3"), 0), out UdpPort? listening, out _));
            (Dialling, Listening) = (dialling, listening);
            Outgoing = UtpEndpoint.Start(dialling);
            Incoming = UtpEndpoint.Start(listening);
            Dialer = new PeerDialer(Outgoing);
            if (listen)
            {
                Incoming.Listen(stream => Accepted.Writer.TryWrite(stream));
            }
        }

        public UdpPort Dialling { get; }

        public UdpPort Listening { get; }

        public UtpEndpoint Outgoing { get; }

        public UtpEndpoint Incoming { get; }

        public PeerDialer Dialer { get; }

        public Channel<UtpStream> Accepted { get; } = Channel.CreateUnbounded<UtpStream>();

        public PeerAddress Address => PeerAddress.From(Listening.EndPoint.Address, Listening.EndPoint.Port);

        public async ValueTask DisposeAsync()
        {
            await Outgoing.DisposeAsync();
            await Incoming.DisposeAsync();
            await Dialling.DisposeAsync();
            await Listening.DisposeAsync();
        }
    }
}
