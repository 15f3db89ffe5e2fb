using System;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Runtime.Network;

namespace Starling.Tests.Runtime.Network;

/// <summary>Peers that break the rules: each is closed with a reason that says what it did, and the port goes on serving others.</summary>
public sealed class HostilePeerTests
{
    private static readonly LinkTransportOptions Impatient = new()
    {
        HandshakeTimeout = TimeSpan.FromMilliseconds(300),
    };

    [Fact]
    public async Task Garbage_is_refused()
    {
        await using var probe = new TransportProbe();
        using RawPeer peer = await RawPeer.DialAsync(probe);
        await peer.Stream.WriteAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n\r\n"));
        await peer.ReadToEndAsync();
        Assert.Contains("neither TLS nor BitTorrent", await probe.NextRefusalAsync(), StringComparison.Ordinal);
        await AssertServesOthersAsync(probe);
    }

    [Fact]
    public async Task Plain_BitTorrent_is_refused_with_its_name()
    {
        await using var probe = new TransportProbe();
        using RawPeer peer = await RawPeer.DialAsync(probe);
        await peer.Stream.WriteAsync(TransportProbe.HandshakeBytes);
        await peer.ReadToEndAsync();
        Assert.Contains("plain BitTorrent", await probe.NextRefusalAsync(), StringComparison.Ordinal);
        await AssertServesOthersAsync(probe);
    }

    [Fact]
    public async Task A_peer_that_says_nothing_is_closed()
    {
        await using var probe = new TransportProbe(Impatient);
        using RawPeer peer = await RawPeer.DialAsync(probe);
        await peer.ReadToEndAsync();
        Assert.Contains("no TLS handshake within 0.3 s", await probe.NextRefusalAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_that_leaves_in_the_middle_of_its_first_word_is_told_of_and_one_that_says_nothing_is_not()
    {
        await using var probe = new TransportProbe();
        (await RawPeer.DialAsync(probe)).Dispose();
        using (RawPeer peer = await RawPeer.DialAsync(probe))
        {
            await peer.Stream.WriteAsync(new byte[] { 0x16 });
        }

        Assert.Contains("closed before it said", await probe.NextRefusalAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Half_a_TLS_handshake_is_closed()
    {
        await using var probe = new TransportProbe(Impatient);
        using RawPeer peer = await RawPeer.DialAsync(probe);
        await peer.Stream.WriteAsync(new byte[] { 0x16, 0x03, 0x01, 0x01, 0x00, 0x01 });
        await peer.ReadToEndAsync();
        Assert.Contains("no TLS handshake within", await probe.NextRefusalAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Garbage_inside_a_TLS_record_is_closed()
    {
        await using var probe = new TransportProbe();
        using RawPeer peer = await RawPeer.DialAsync(probe);
        var record = new byte[5 + 512];
        new byte[] { 0x16, 0x03, 0x01, 0x02, 0x00 }.CopyTo(record, 0);
        record.AsSpan(5).Fill(0x77);
        await peer.Stream.WriteAsync(record);
        await peer.ReadToEndAsync();
        Assert.Contains("TLS handshake failed", await probe.NextRefusalAsync(), StringComparison.Ordinal);
        await AssertServesOthersAsync(probe);
    }

    [Fact]
    public async Task An_older_TLS_is_refused()
    {
        await using var probe = new TransportProbe();
        using RawPeer peer = await RawPeer.DialAsync(probe);
        await Assert.ThrowsAsync<AuthenticationException>(() => peer.StartTlsAsync(SslProtocols.Tls12));
        Assert.Contains("TLS handshake failed", await probe.NextRefusalAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_without_a_certificate_is_refused()
    {
        await using var probe = new TransportProbe();
        using RawPeer peer = await RawPeer.DialAsync(probe);
        await peer.StartTlsAsync(withCertificate: false);
        await peer.ReadToEndAsync();
        Assert.Contains("certificate", await probe.NextRefusalAsync(), StringComparison.Ordinal);
        Assert.Empty(probe.Seen);
    }

    [Fact]
    public async Task Half_a_BitTorrent_handshake_or_none_is_closed()
    {
        await using var probe = new TransportProbe(new LinkTransportOptions { HandshakeTimeout = TimeSpan.FromSeconds(2) });
        using RawPeer half = await RawPeer.DialTlsAsync(probe);
        using RawPeer none = await RawPeer.DialTlsAsync(probe);
        await half.Stream.WriteAsync(TransportProbe.HandshakeBytes.AsMemory(0, 67));
        await Task.WhenAll(half.ReadToEndAsync(), none.ReadToEndAsync());
        Assert.Equal("no BitTorrent handshake within 2 s", (await probe.NextAsync<NodeInput.LinkClosed>()).Reason);
        Assert.Equal("no BitTorrent handshake within 2 s", (await probe.NextAsync<NodeInput.LinkClosed>()).Reason);
    }

    [Fact]
    public async Task Another_protocol_inside_TLS_is_closed()
    {
        await using var probe = new TransportProbe();
        using RawPeer peer = await RawPeer.DialTlsAsync(probe);
        await peer.Stream.WriteAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n\r\n"));
        await peer.ReadToEndAsync();
        Assert.Contains("BitTorrent protocol", (await probe.NextAsync<NodeInput.LinkClosed>()).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(-1)]
    [InlineData(2 * 1024 * 1024)]
    public async Task A_huge_frame_is_closed_at_its_prefix(int length)
    {
        await using var probe = new TransportProbe();
        using RawPeer peer = await RawPeer.DialTlsAsync(probe);
        var prefix = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(prefix, length);
        await peer.Stream.WriteAsync(TransportProbe.HandshakeBytes);
        await peer.Stream.WriteAsync(prefix);
        await peer.ReadToEndAsync();
        Assert.Contains($"{(uint)length} bytes", (await probe.NextAsync<NodeInput.LinkClosed>()).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_that_does_not_read_is_closed_when_too_much_waits()
    {
        await using var probe = new TransportProbe(new LinkTransportOptions { MaxQueuedMemoryBytes = 4_000_000 });
        using RawPeer peer = await RawPeer.DialTlsAsync(probe);
        LinkId link = (await probe.NextAsync<NodeInput.LinkOpened>()).Link;
        await peer.Stream.WriteAsync(TransportProbe.HandshakeBytes);
        await probe.NextAsync<NodeInput.FrameReceived>();

        // More than the queue and what the two sockets' buffers may take (tens of megabytes on loopback).
        var frame = new byte[4 + 60_000];
        BinaryPrimitives.WriteInt32BigEndian(frame, 60_000);
        for (int i = 0; i < 100_000 && probe.Transport.LinkCount > 0; i++)
        {
            probe.Transport.Send(link, frame);
        }

        Assert.Contains("does not read", (await probe.NextAsync<NodeInput.LinkClosed>()).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_that_stops_reading_is_closed_when_nothing_moves()
    {
        await using var probe = new TransportProbe(new LinkTransportOptions
        {
            WriteTimeout = TimeSpan.FromMilliseconds(300),
            MaxQueuedBytes = 128 * 1024 * 1024,
            MaxQueuedMemoryBytes = 128 * 1024 * 1024,
        });
        using RawPeer peer = await RawPeer.DialTlsAsync(probe);
        LinkId link = (await probe.NextAsync<NodeInput.LinkOpened>()).Link;
        await peer.Stream.WriteAsync(TransportProbe.HandshakeBytes);
        var frame = new byte[4 + 1_000_000];
        BinaryPrimitives.WriteInt32BigEndian(frame, 1_000_000);
        for (int i = 0; i < 64; i++)
        {
            probe.Transport.Send(link, frame);
        }

        Assert.Equal("the peer took nothing for 0.3 s", (await probe.NextAsync<NodeInput.LinkClosed>()).Reason);
    }

    [Fact]
    public async Task A_peer_that_goes_silent_is_closed()
    {
        await using var probe = new TransportProbe(new LinkTransportOptions { IdleTimeout = TimeSpan.FromMilliseconds(300) });
        using RawPeer peer = await RawPeer.DialTlsAsync(probe);
        await peer.Stream.WriteAsync(TransportProbe.HandshakeBytes);
        Assert.Equal("the peer sent nothing for 0.3 s", (await probe.NextAsync<NodeInput.LinkClosed>()).Reason);
    }

    [Fact]
    public async Task A_server_that_never_answers_the_TLS_hello_is_a_failed_connect()
    {
        await using var probe = new TransportProbe(Impatient);
        using var mute = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        mute.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        mute.Listen();
        var point = (IPEndPoint)mute.LocalEndPoint!;
        probe.Transport.Connect(PeerAddress.From(point.Address, point.Port));
        Assert.Equal("no TLS handshake within 0.3 s", (await probe.NextAsync<NodeInput.ConnectFailed>()).Reason);
    }

    [Fact]
    public async Task Connections_in_their_handshake_are_bounded()
    {
        await using var probe = new TransportProbe(new LinkTransportOptions { MaxIncomingHandshakes = 2 });
        using RawPeer first = await RawPeer.DialAsync(probe);
        using RawPeer second = await RawPeer.DialAsync(probe);
        using RawPeer third = await RawPeer.DialAsync(probe);
        Assert.Contains("in their handshake", await probe.NextRefusalAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connections_are_bounded_in_all_and_a_place_becomes_free_again()
    {
        await using var probe = new TransportProbe(new LinkTransportOptions { MaxLinks = 1 });
        using (RawPeer first = await RawPeer.DialTlsAsync(probe))
        {
            await probe.NextAsync<NodeInput.LinkOpened>();
            using RawPeer second = await RawPeer.DialAsync(probe);
            await second.ReadToEndAsync();
            Assert.Contains("too many connections", await probe.NextRefusalAsync(), StringComparison.Ordinal);
        }

        await probe.NextAsync<NodeInput.LinkClosed>();
        await using var other = new TransportProbe();
        for (NodeInput? opened = null; opened is null;)
        {
            other.Transport.Connect(probe.Address);
            opened = await other.NextAsync<NodeInput>() as NodeInput.LinkOpened;
        }
    }

    private static async Task AssertServesOthersAsync(TransportProbe probe)
    {
        await using var honest = new TransportProbe();
        await honest.GreetAsync(probe);
    }
}
