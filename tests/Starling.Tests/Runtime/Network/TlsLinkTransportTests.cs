using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Wire;
using Starling.Runtime.Network;

namespace Starling.Tests.Runtime.Network;

/// <summary>Two or more honest transports on loopback.</summary>
public sealed class TlsLinkTransportTests
{
    [Fact]
    public async Task Both_ends_see_the_same_two_certificates()
    {
        await using var a = new TransportProbe();
        await using var b = new TransportProbe();
        a.Transport.Connect(b.Address);
        NodeInput.LinkOpened atA = await a.NextAsync<NodeInput.LinkOpened>();
        NodeInput.LinkOpened atB = await b.NextAsync<NodeInput.LinkOpened>();

        Assert.True(atA.Outgoing);
        Assert.False(atB.Outgoing);
        Assert.Equal(b.Address, atA.Remote);
        Assert.True(atB.Remote.IsV4);
        Assert.Equal(a.Transport.CertificateHash, atA.LocalCertificate);
        Assert.Equal(b.Transport.CertificateHash, atB.LocalCertificate);
        Assert.Equal(atA.LocalCertificate, atB.RemoteCertificate);
        Assert.Equal(atB.LocalCertificate, atA.RemoteCertificate);
        Assert.NotEqual(atA.LocalCertificate, atA.RemoteCertificate);
    }

    [Fact]
    public async Task Frames_arrive_whole_and_in_order()
    {
        await using var a = new TransportProbe();
        await using var b = new TransportProbe();
        (LinkId atA, LinkId atB) = await a.GreetAsync(b);

        byte[][] frames = [.. new[] { 0, 1, 5, 300, 16_384 + 9, 100_000, 1_000_000, 0, 7 }.Select(Frame)];
        foreach (byte[] frame in frames)
        {
            a.Transport.Send(atA, Prefixed(frame));
        }

        foreach (byte[] frame in frames)
        {
            NodeInput.FrameReceived received = await b.NextAsync<NodeInput.FrameReceived>();
            Assert.Equal(atB, received.Link);
            Assert.Equal(frame, received.Frame);
        }
    }

    [Fact]
    public async Task Blocks_come_from_the_store_between_other_messages()
    {
        await using var a = new TransportProbe();
        await using var b = new TransportProbe();
        (LinkId atA, _) = await a.GreetAsync(b);
        byte[] content = Frame(1_000_000);
        var result = new ResultId(content.Length, Hash256.Of([1]));
        a.Transport.Serve(new OneResultStore(3, result, content));

        (int Begin, int Length)[] blocks = [.. Enumerable.Range(0, 20).Select(i => (i * 16_384, 16_384)), (999_999, 1), (100, 131_072), (500_000, 131_072)];
        foreach ((int begin, int length) in blocks)
        {
            a.Transport.SendBlock(atA, 3, result, begin, length);
            a.Transport.Send(atA, PeerMessageCodec.Encode(new PeerMessage.Have(begin)));
        }

        foreach ((int begin, int length) in blocks)
        {
            PeerMessage.Block block = Assert.IsType<PeerMessage.Block>(await NextMessageAsync(b));
            Assert.Equal((3, begin), (block.Piece, block.Begin));
            Assert.Equal(content.AsSpan(begin, length), block.Data.Span);
            Assert.Equal(new PeerMessage.Have(begin), await NextMessageAsync(b));
        }
    }

    [Fact]
    public async Task A_block_that_the_store_does_not_have_is_rejected_in_its_place()
    {
        await using var a = new TransportProbe();
        await using var b = new TransportProbe();
        (LinkId atA, _) = await a.GreetAsync(b);
        var result = new ResultId(40_000, Hash256.Of([1]));

        a.Transport.SendBlock(atA, 3, result, 0, 16_384);
        Assert.Equal(new PeerMessage.RejectRequest(3, 0, 16_384), await NextMessageAsync(b));
        a.Transport.Serve(new OneResultStore(3, result, new byte[40_000]));
        a.Transport.SendBlock(atA, 4, result, 16_384, 16_384);
        a.Transport.SendBlock(atA, 3, result, 32_768, 7_232);

        Assert.Equal(new PeerMessage.RejectRequest(4, 16_384, 16_384), await NextMessageAsync(b));
        Assert.IsType<PeerMessage.Block>(await NextMessageAsync(b));
    }

    [Fact]
    public async Task What_was_sent_before_a_close_arrives_and_both_ends_hear_of_the_close()
    {
        await using var a = new TransportProbe();
        await using var b = new TransportProbe();
        (LinkId atA, LinkId atB) = await a.GreetAsync(b);
        byte[] last = Frame(1_000_000);
        a.Transport.Send(atA, Prefixed(last));
        b.Transport.Send(atB, Prefixed([9]));
        a.Transport.Close(atA, "enough");
        a.Transport.Close(atA, "a second reason");
        a.Transport.Send(atA, Prefixed([1]));

        Assert.Equal(last, (await b.NextAsync<NodeInput.FrameReceived>()).Frame);
        Assert.Equal("the peer closed the connection", (await b.NextAsync<NodeInput.LinkClosed>()).Reason);
        Assert.Equal(new NodeInput.LinkClosed(atA, "enough"), await a.NextAsync<NodeInput.LinkClosed>());
    }

    [Fact]
    public async Task The_node_hears_when_a_long_queue_has_become_short()
    {
        var options = new LinkTransportOptions { LowMarkBytes = 100_000 };
        await using var a = new TransportProbe(options);
        await using var b = new TransportProbe();
        (LinkId atA, _) = await a.GreetAsync(b);
        for (int i = 0; i < 8; i++)
        {
            a.Transport.Send(atA, Prefixed(Frame(500_000)));
        }

        NodeInput.LinkDrained drained = await a.NextAsync<NodeInput.LinkDrained>();
        Assert.Equal(atA, drained.Link);
        Assert.InRange(drained.QueuedBytes, 0, 99_999);
    }

    [Fact]
    public async Task Sixty_four_connect_at_once()
    {
        const int peers = 64;
        await using var center = new TransportProbe();
        TransportProbe[] others = [.. Enumerable.Range(0, peers).Select(_ => new TransportProbe())];
        foreach (TransportProbe other in others)
        {
            other.Transport.Connect(center.Address);
        }

        HashSet<Hash256> certificates = [];
        for (int i = 0; i < peers; i++)
        {
            certificates.Add((await center.NextAsync<NodeInput.LinkOpened>()).RemoteCertificate);
        }

        Assert.Equal([.. others.Select(other => other.Transport.CertificateHash)], certificates);
        await Task.WhenAll(others.Select(other => other.DisposeAsync().AsTask()));
        for (int i = 0; i < peers; i++)
        {
            await center.NextAsync<NodeInput.LinkClosed>();
        }
    }

    [Fact]
    public async Task More_connects_than_may_run_at_once_wait_for_their_turn()
    {
        await using var a = new TransportProbe(new LinkTransportOptions { MaxOutgoingHandshakes = 2, MaxWaitingConnects = 6 });
        await using var b = new TransportProbe();
        for (int i = 0; i < 40; i++)
        {
            a.Transport.Connect(b.Address);
        }

        int opened = 0;
        int failed = 0;
        while (opened + failed < 40)
        {
            NodeInput input = await a.NextAsync<NodeInput>();
            opened += input is NodeInput.LinkOpened ? 1 : 0;
            failed += input is NodeInput.ConnectFailed { Reason: "too many connects wait" } ? 1 : 0;
        }

        Assert.True(opened >= 8 && failed > 0, $"{opened} opened, {failed} failed");
    }

    [Fact]
    public async Task Nobody_listening_is_a_failed_connect()
    {
        await using var a = new TransportProbe();
        PeerAddress nobody;
        await using (var gone = new TransportProbe())
        {
            nobody = gone.Address;
        }

        a.Transport.Connect(nobody);
        NodeInput.ConnectFailed failed = await a.NextAsync<NodeInput.ConnectFailed>();
        Assert.Equal(nobody, failed.Address);
        Assert.Contains("refused", failed.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_can_not_be_dialled_is_a_failed_connect()
    {
        await using var a = new TransportProbe();
        foreach (PeerAddress address in new[]
        {
            PeerAddress.From(IPAddress.Loopback, 0), PeerAddress.From(IPAddress.Parse("224.0.0.1"), 5),
            PeerAddress.From(IPAddress.Parse("fe80::1"), 5), PeerAddress.From(IPAddress.Broadcast, 5),
        })
        {
            a.Transport.Connect(address);
            Assert.Equal(address, (await a.NextAsync<NodeInput.ConnectFailed>()).Address);
        }
    }

    [Fact]
    public async Task Disposal_closes_what_is_open_and_half_open_and_frees_the_port()
    {
        IPEndPoint point;
        await using var other = new TransportProbe();
        RawPeer silent;
        RawPeer unfinished;
        await using (var a = new TransportProbe())
        {
            point = a.Transport.ListenEndPoint;
            await other.GreetAsync(a);
            silent = await RawPeer.DialAsync(a);
            unfinished = await RawPeer.DialTlsAsync(a);
            await a.NextAsync<NodeInput.LinkOpened>();
        }

        // Neither waits for a deadline of ten seconds: all are told at once.
        await Task.WhenAll(silent.ReadToEndAsync(), unfinished.ReadToEndAsync());
        await other.NextAsync<NodeInput.LinkClosed>();
        silent.Dispose();
        unfinished.Dispose();
        await using var next = new TransportProbe(new LinkTransportOptions { Listen = point });
        await other.GreetAsync(next);
    }

    [Fact]
    public async Task Unknown_links_are_ignored()
    {
        await using var a = new TransportProbe();
        a.Transport.Send(new LinkId(99), new byte[4]);
        a.Transport.SendBlock(new LinkId(99), 0, ResultId.Empty, 0, 1);
        a.Transport.Close(new LinkId(99), "never was");
        Assert.Empty(a.Seen);
    }

    [Fact]
    public async Task A_port_in_use_is_a_clear_problem()
    {
        await using var a = new TransportProbe();
        var options = new LinkTransportOptions { Listen = a.Transport.ListenEndPoint };
        Assert.False(TlsLinkTransport.TryStart(options, _ => { }, out _, out Problem? problem));
        Assert.Equal("listen", problem.Code);
        Assert.Contains($"{a.Transport.ListenEndPoint.Port}", problem.Reason, StringComparison.Ordinal);
        Assert.Contains("in use", problem.Reason, StringComparison.Ordinal);
        Assert.Contains("--listen", problem.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_of_another_machine_is_a_clear_problem()
    {
        var options = new LinkTransportOptions { Listen = new IPEndPoint(IPAddress.Parse("203.0.113.77"), 0) };
        Assert.False(TlsLinkTransport.TryStart(options, _ => { }, out _, out Problem? problem));
        Assert.Contains("not an address of this machine", problem.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Both_families_reach_the_default_listener()
    {
        Assert.True(TlsLinkTransport.TryStart(new LinkTransportOptions(), _ => { }, out TlsLinkTransport? listener, out _));
        await using TlsLinkTransport open = listener;
        await using var a = new TransportProbe();
        a.Transport.Connect(PeerAddress.From(IPAddress.Loopback, listener.ListenEndPoint.Port));
        await a.NextAsync<NodeInput.LinkOpened>();
        if (Socket.OSSupportsIPv6 && listener.ListenEndPoint.AddressFamily == AddressFamily.InterNetworkV6)
        {
            a.Transport.Connect(PeerAddress.From(IPAddress.IPv6Loopback, listener.ListenEndPoint.Port));
            await a.NextAsync<NodeInput.LinkOpened>();
        }
    }

    private static async Task<PeerMessage> NextMessageAsync(TransportProbe probe)
    {
        Assert.True(PeerMessageCodec.TryDecode((await probe.NextAsync<NodeInput.FrameReceived>()).Frame, out PeerMessage? message));
        return message;
    }

    private static byte[] Frame(int length)
    {
        var frame = new byte[length];
        new DeterministicRandom((ulong)length).Fill(frame);
        return frame;
    }

    private static byte[] Prefixed(byte[] frame) => [(byte)(frame.Length >> 24), (byte)(frame.Length >> 16), (byte)(frame.Length >> 8), (byte)frame.Length, .. frame];
}
