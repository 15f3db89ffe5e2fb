using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Core.Wire.Mse;
using Starling.Runtime.Network;

namespace Starling.Tests.Runtime.Network;

public sealed class MseStreamTests
{
    private static readonly InfoHash Swarm = new(Enumerable.Repeat((byte)9, 20).ToArray());
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(MseMethods.Rc4)]
    [InlineData(MseMethods.Plaintext)]
    public async Task Megabytes_pass_both_ways_at_once(MseMethods method)
    {
        using var patience = new CancellationTokenSource(Patience);
        (Stream client, Stream server) = await PairAsync(patience.Token);
        Task<MseStream> accepting = MseStream.AuthenticateAsServerAsync(
            server, new MseSwarmKeys(Swarm), MsePolicy.Prefer.Methods(), patience.Token);
        using MseStream outgoing = await MseStream.AuthenticateAsClientAsync(client, Swarm, method, "first"u8.ToArray(), patience.Token);
        using MseStream incoming = await accepting;
        Assert.Equal(method, outgoing.Method);
        Assert.Equal(method, incoming.Method);
        Assert.Equal(Swarm, incoming.InfoHash);

        var first = new byte[5];
        await incoming.ReadExactlyAsync(first, patience.Token);
        Assert.Equal("first"u8.ToArray(), first);

        byte[] there = Content(1, 3_000_000);
        byte[] back = Content(2, 2_000_000);
        byte[] original = [.. there];
        var gotThere = new byte[there.Length];
        var gotBack = new byte[back.Length];
        await Task.WhenAll(
            outgoing.WriteAsync(there, patience.Token).AsTask(),
            incoming.WriteAsync(back, patience.Token).AsTask(),
            incoming.ReadExactlyAsync(gotThere, patience.Token).AsTask(),
            outgoing.ReadExactlyAsync(gotBack, patience.Token).AsTask());
        Assert.Equal(original, gotThere);
        Assert.Equal(back, gotBack);
        Assert.Equal(original, there);
    }

    [Fact]
    public async Task A_peer_that_closes_or_talks_nonsense_fails_the_handshake()
    {
        using var patience = new CancellationTokenSource(Patience);
        (Stream client, Stream server) = await PairAsync(patience.Token);
        client.Dispose();
        await Assert.ThrowsAsync<AuthenticationException>(
            () => MseStream.AuthenticateAsServerAsync(server, new MseSwarmKeys(Swarm), MseMethods.Rc4, patience.Token));
        server.Dispose();

        (client, server) = await PairAsync(patience.Token);
        await client.WriteAsync(new byte[2000], patience.Token);
        await Assert.ThrowsAsync<AuthenticationException>(
            () => MseStream.AuthenticateAsServerAsync(server, new MseSwarmKeys(Swarm), MseMethods.Rc4, patience.Token));
        client.Dispose();
        server.Dispose();
    }

    [Fact]
    public async Task A_silent_peer_ends_with_the_callers_patience()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        (Stream client, Stream server) = await PairAsync(CancellationToken.None);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => MseStream.AuthenticateAsClientAsync(client, Swarm, MseMethods.Rc4, default, patience.Token));
        client.Dispose();
        server.Dispose();
    }

    private static byte[] Content(ulong seed, int size)
    {
        var bytes = new byte[size];
        new DeterministicRandom(seed).Fill(bytes);
        return bytes;
    }

    private static async Task<(Stream Client, Stream Server)> PairAsync(CancellationToken cancellation)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listener.LocalEndPoint!, cancellation);
        return (new SocketStream(client, default), new SocketStream(await listener.AcceptAsync(cancellation), default));
    }
}
