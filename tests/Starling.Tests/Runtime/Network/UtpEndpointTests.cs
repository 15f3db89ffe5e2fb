using System;
using System.IO;
using System.Net;
using System.Net.Security;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Core.Utp;
using Starling.Runtime.Network;

namespace Starling.Tests.Runtime.Network;

public sealed class UtpEndpointTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task Megabytes_pass_both_ways_at_once_and_both_ends_end(string ip)
    {
        await using var pair = new Pair(ip);
        (UtpStream outgoing, UtpStream incoming) = await pair.ConnectAsync();
        byte[] there = Content(1, 5_000_000);
        byte[] back = Content(2, 3_000_000);
        var gotThere = new byte[there.Length];
        var gotBack = new byte[back.Length];
        async Task WriteAsync(UtpStream stream, byte[] bytes)
        {
            await stream.WriteAsync(bytes, pair.Patient);
            stream.CloseWrites();
        }

        await Task.WhenAll(
            WriteAsync(outgoing, there),
            WriteAsync(incoming, back),
            incoming.ReadExactlyAsync(gotThere, pair.Patient).AsTask(),
            outgoing.ReadExactlyAsync(gotBack, pair.Patient).AsTask());
        Assert.True(there.AsSpan().SequenceEqual(gotThere));
        Assert.True(back.AsSpan().SequenceEqual(gotBack));
        Assert.Equal(0, await incoming.ReadAsync(new byte[1], pair.Patient));
        Assert.Equal(0, await outgoing.ReadAsync(new byte[1], pair.Patient));
        await Assert.ThrowsAsync<IOException>(() => outgoing.WriteAsync(new byte[1], pair.Patient).AsTask());
    }

    [Fact]
    public async Task An_empty_read_waits_until_something_is_there()
    {
        await using var pair = new Pair();
        (UtpStream outgoing, UtpStream incoming) = await pair.ConnectAsync();
        ValueTask<int> waiting = incoming.ReadAsync(Memory<byte>.Empty, pair.Patient);
        Assert.False(waiting.IsCompleted);
        await outgoing.WriteAsync(new byte[3], pair.Patient);
        Assert.Equal(0, await waiting);
        Assert.Equal(3, await incoming.ReadAsync(new byte[10], pair.Patient));
    }

    [Fact]
    public async Task What_was_written_before_the_stream_was_disposed_arrives()
    {
        await using var pair = new Pair();
        (UtpStream outgoing, UtpStream incoming) = await pair.ConnectAsync();
        byte[] content = Content(3, 1_500_000);
        await outgoing.WriteAsync(content, pair.Patient);
        await outgoing.DisposeAsync();
        var got = new byte[content.Length];
        await incoming.ReadExactlyAsync(got, pair.Patient);
        Assert.True(content.AsSpan().SequenceEqual(got));
        Assert.Equal(0, await incoming.ReadAsync(new byte[1], pair.Patient));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => outgoing.ReadAsync(new byte[1], pair.Patient).AsTask());
    }

    [Fact]
    public async Task A_stream_whose_peer_let_go_of_unread_bytes_breaks()
    {
        await using var pair = new Pair();
        (UtpStream outgoing, UtpStream incoming) = await pair.ConnectAsync();
        await outgoing.WriteAsync(new byte[100], pair.Patient);
        Assert.Equal(0, await incoming.ReadAsync(Memory<byte>.Empty, pair.Patient));
        await incoming.DisposeAsync();
        await Assert.ThrowsAsync<IOException>(() => outgoing.ReadAsync(new byte[1], pair.Patient).AsTask());
    }

    [Fact]
    public async Task Waiting_ends_with_the_callers_patience_and_with_dispose()
    {
        await using var pair = new Pair();
        (UtpStream outgoing, UtpStream incoming) = await pair.ConnectAsync();
        using var impatient = new CancellationTokenSource();
        ValueTask<int> reading = outgoing.ReadAsync(new byte[1], impatient.Token);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.AsTask());

        reading = incoming.ReadAsync(new byte[1], pair.Patient);
        await incoming.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => reading.AsTask());
    }

    [Fact]
    public async Task A_peer_that_speaks_no_utp_is_given_up_by_the_caller()
    {
        await using var pair = new Pair();
        Assert.True(UdpPort.TryOpen(new IPEndPoint(IPAddress.Loopback, 0), out UdpPort? mute, out _));
        await using UdpPort port = mute;
        using var impatient = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => pair.A.ConnectAsync(PeerAddress.From(IPAddress.Loopback, port.EndPoint.Port), impatient.Token));
        Assert.Equal(0, pair.A.ConnectionCount);
    }

    [Fact]
    public async Task A_writer_that_is_not_read_waits_and_goes_on_when_it_is()
    {
        await using var pair = new Pair(options: new UtpOptions { SendBuffer = 100_000, ReceiveWindow = 100_000 });
        (UtpStream outgoing, UtpStream incoming) = await pair.ConnectAsync();
        byte[] content = Content(4, 1_000_000);
        Task writing = outgoing.WriteAsync(content, pair.Patient).AsTask();
        Assert.Equal(0, await incoming.ReadAsync(Memory<byte>.Empty, pair.Patient));
        Assert.False(writing.IsCompleted);
        var got = new byte[content.Length];
        await incoming.ReadExactlyAsync(got, pair.Patient);
        await writing;
        Assert.True(content.AsSpan().SequenceEqual(got));
    }

    [Fact]
    public async Task Tls_runs_on_top()
    {
        await using var pair = new Pair();
        (UtpStream outgoing, UtpStream incoming) = await pair.ConnectAsync();
        using var certificate = new LinkCertificate();
        using var client = new SslStream(outgoing);
        using var server = new SslStream(incoming);
        await Task.WhenAll(
            client.AuthenticateAsClientAsync(certificate.Client, pair.Patient),
            server.AuthenticateAsServerAsync(certificate.Server, pair.Patient));
        byte[] content = Content(5, 500_000);
        var got = new byte[content.Length];
        await Task.WhenAll(client.WriteAsync(content, pair.Patient).AsTask(), server.ReadExactlyAsync(got, pair.Patient).AsTask());
        Assert.True(content.AsSpan().SequenceEqual(got));
        await client.ShutdownAsync();
        Assert.Equal(0, await server.ReadAsync(got, pair.Patient));
    }

    [Fact]
    public async Task An_endpoint_that_stops_breaks_its_streams_and_tells_their_peers()
    {
        await using var pair = new Pair();
        (UtpStream outgoing, UtpStream incoming) = await pair.ConnectAsync();
        await pair.A.DisposeAsync();
        await Assert.ThrowsAsync<IOException>(() => outgoing.ReadAsync(new byte[1], pair.Patient).AsTask());
        await Assert.ThrowsAsync<IOException>(() => incoming.ReadAsync(new byte[1], pair.Patient).AsTask());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => pair.A.ConnectAsync(pair.AddressOfB, pair.Patient));
    }

    private static byte[] Content(ulong seed, int size)
    {
        var bytes = new byte[size];
        new DeterministicRandom(seed).Fill(bytes);
        return bytes;
    }

    /// <summary>Two endpoints on loopback, the second one listening.</summary>
    private sealed class Pair : IAsyncDisposable
    {
        private readonly UdpPort _portA;
        private readonly UdpPort _portB;
        private readonly CancellationTokenSource _patience = new(Patience);
        private readonly Channel<UtpStream> _accepted = Channel.CreateUnbounded<UtpStream>();

        public Pair(string ip = "127.0.0.1", UtpOptions? options = null)
        {
            Assert.True(UdpPort.TryOpen(new IPEndPoint(IPAddress.Parse(ip), 0), out UdpPort? portA, out _));
            Assert.True(UdpPort.TryOpen(new IPEndPoint(IPAddress.Parse(ip), 0), out UdpPort? portB, out _));
            (_portA, _portB) = (portA, portB);
            A = UtpEndpoint.Start(portA, options);
            B = UtpEndpoint.Start(portB, options);
            B.Listen(stream => _accepted.Writer.TryWrite(stream));
            AddressOfB = PeerAddress.From(IPAddress.Parse(ip), portB.EndPoint.Port);
        }

        public UtpEndpoint A { get; }

        public UtpEndpoint B { get; }

        public PeerAddress AddressOfB { get; }

        public CancellationToken Patient => _patience.Token;

        public async Task<(UtpStream Outgoing, UtpStream Incoming)> ConnectAsync()
        {
            UtpStream outgoing = await A.ConnectAsync(AddressOfB, Patient);
            return (outgoing, await _accepted.Reader.ReadAsync(Patient));
        }

        public async ValueTask DisposeAsync()
        {
            await A.DisposeAsync();
            await B.DisposeAsync();
            await _portA.DisposeAsync();
            await _portB.DisposeAsync();
            _patience.Dispose();
        }
    }
}
