using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Runtime.Network;

namespace Starling.Tests.Runtime.Network;

public sealed class PeerResolverTests
{
    private readonly Channel<NodeInput.PeersFound> _found = Channel.CreateUnbounded<NodeInput.PeersFound>();
    private readonly Channel<Problem> _problems = Channel.CreateUnbounded<Problem>();

    [Fact]
    public async Task Addresses_are_reported_at_once_and_together()
    {
        await using PeerResolver resolver = Resolver((_, _) => throw new InvalidOperationException("No name was given."));
        resolver.Resolve(["192.0.2.1:6881", "nonsense", "[2001:db8::1]:6882"], PeerSource.Magnet);

        Assert.True(_found.Reader.TryRead(out NodeInput.PeersFound? found));
        Assert.Equal(PeerSource.Magnet, found.Source);
        Assert.Equal(["192.0.2.1:6881", "[2001:db8::1]:6882"], found.Addresses.Select(address => address.ToString()));
    }

    [Fact]
    public async Task A_name_is_reported_once_it_resolves_and_its_failure_once()
    {
        int asked = 0;
        await using PeerResolver resolver = Resolver((name, _) =>
        {
            Assert.Equal("peer.example", name);
            return ++asked == 1
                ? throw new SocketException((int)SocketError.HostNotFound)
                : Task.FromResult(new[] { IPAddress.Parse("192.0.2.9"), IPAddress.Parse("192.0.2.9"), IPAddress.Parse("2001:db8::9") });
        });
        resolver.Resolve(["peer.example:7000"], PeerSource.Owner);

        Problem problem = await NextAsync(_problems);
        Assert.Contains("peer.example:7000", problem.Reason, StringComparison.Ordinal);
        NodeInput.PeersFound found = await NextAsync(_found);
        Assert.Equal(PeerSource.Owner, found.Source);
        Assert.Equal(["192.0.2.9:7000", "[2001:db8::9]:7000"], found.Addresses.Select(address => address.ToString()));
        Assert.Equal(2, asked);
        Assert.False(_problems.Reader.TryRead(out _));
    }

    [Fact]
    public async Task A_name_with_very_many_addresses_is_bounded()
    {
        IPAddress[] many = [.. Enumerable.Range(1, 200).Select(i => new IPAddress([192, 0, 2, (byte)i]))];
        await using PeerResolver resolver = Resolver((_, _) => Task.FromResult(many));
        resolver.Resolve(["many.example:1"], PeerSource.Owner);
        Assert.Equal(PeerResolver.MaxAddressesPerName, (await NextAsync(_found)).Addresses.Count);
    }

    [Fact]
    public async Task Disposal_ends_a_look_up_that_hangs()
    {
        PeerResolver resolver = Resolver(async (_, cancellation) =>
        {
            await Task.Delay(Timeout.Infinite, cancellation);
            return [];
        });
        resolver.Resolve(["slow.example:1"], PeerSource.Owner);
        await resolver.DisposeAsync().AsTask().WaitAsync(TransportProbe.Patience);
        Assert.False(_found.Reader.TryRead(out _));
        Assert.False(_problems.Reader.TryRead(out _));
    }

    [Fact]
    public void A_listener_at_one_address_is_reachable_there_alone()
    {
        Assert.Equal(
            ["127.0.0.1:5"], LocalAddresses.Reachable(new IPEndPoint(IPAddress.Loopback, 5)).Select(address => address.ToString()));
        Assert.Equal(
            ["[::1]:5"], LocalAddresses.Reachable(new IPEndPoint(IPAddress.IPv6Loopback, 5)).Select(address => address.ToString()));
    }

    [Fact]
    public void A_listener_at_every_address_is_told_without_loopback_if_there_is_another()
    {
        IReadOnlyList<PeerAddress> told = LocalAddresses.Reachable(new IPEndPoint(IPAddress.IPv6Any, 5));
        Assert.InRange(told.Count, 1, LocalAddresses.MaxTold);
        Assert.Equal(told.Distinct(), told);
        Assert.All(told, address => Assert.Equal(5, address.Port));
        Assert.DoesNotContain(told, address => address.ToIPAddress().IsIPv6LinkLocal);
        Assert.True(told.Count == 1 || !told.Any(address => IPAddress.IsLoopback(address.ToIPAddress())));
        Assert.All(LocalAddresses.Reachable(new IPEndPoint(IPAddress.Any, 5)), address => Assert.True(address.IsV4));
    }

    private PeerResolver Resolver(Func<string, CancellationToken, Task<IPAddress[]>> lookUp) => new(
        (peers, source) => _found.Writer.TryWrite(new NodeInput.PeersFound(peers, source)), problem => _problems.Writer.TryWrite(problem), lookUp);

    private static async Task<T> NextAsync<T>(Channel<T> channel)
    {
        using var patience = new CancellationTokenSource(TransportProbe.Patience);
        return await channel.Reader.ReadAsync(patience.Token);
    }
}
