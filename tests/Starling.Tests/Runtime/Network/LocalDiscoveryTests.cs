using System;
using System.Collections.Concurrent;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Core.Wire;
using Starling.Runtime.Network;

namespace Starling.Tests.Runtime.Network;

/// <summary>Several discoveries of one machine, on a group port of each test's own.</summary>
public sealed class LocalDiscoveryTests
{
    private static readonly InfoHash Swarm = InfoHash.Of(Hash256.Of([1]));

    [Fact]
    public async Task Processes_of_one_machine_find_each_other_but_not_themselves()
    {
        int groupPort = FreeUdpPort();
        await using var a = new Listener(groupPort, 4001);
        await using var b = new Listener(groupPort, 4002);
        await using var c = new Listener(groupPort, 4003);

        int[][] found = await Task.WhenAll(a.FindAsync(2), b.FindAsync(2), c.FindAsync(2));
        Assert.Equal([4002, 4003], found[0]);
        Assert.Equal([4001, 4003], found[1]);
        Assert.Equal([4001, 4002], found[2]);
    }

    [Fact]
    public async Task One_that_comes_late_is_answered()
    {
        int groupPort = FreeUdpPort();
        await using var early = new Listener(groupPort, 4001, quick: []);
        await early.SpokeAsync();
        await using var late = new Listener(groupPort, 4002, quick: []);
        await late.AssertFindsAsync(4001);
        await early.AssertFindsAsync(4002);
    }

    [Fact]
    public async Task Other_swarms_are_not_found()
    {
        int groupPort = FreeUdpPort();
        await using var other = new Listener(groupPort, 4009, InfoHash.Of(Hash256.Of([2])));
        await using var a = new Listener(groupPort, 4001);
        await using var b = new Listener(groupPort, 4002);
        await a.AssertFindsAsync(4002);
        await b.AssertFindsAsync(4001);
        Assert.Equal([4002], a.Ports);
        Assert.Empty(other.Ports);
    }

    [Fact]
    public async Task A_swarm_that_is_added_later_is_announced_at_once_however_many_there_are()
    {
        int groupPort = FreeUdpPort();
        await using var a = new Listener(groupPort, 4001, InfoHash.Of(Hash256.Of([9])), quick: []);
        await using var b = new Listener(groupPort, 4002, InfoHash.Of(Hash256.Of([8])), quick: []);
        await a.SpokeAsync();
        await b.SpokeAsync();
        for (int i = 0; i < LocalDiscoveryMessage.MaxInfoHashes; i++)
        {
            b.Search(InfoHash.Of(Hash256.Of([7, (byte)i])));
        }

        b.Search(Swarm);
        a.Search(Swarm);
        await a.AssertFindsAsync(4002);
        await b.AssertFindsAsync(4001);
    }

    [Fact]
    public async Task A_listener_on_every_address_is_found_too()
    {
        int groupPort = FreeUdpPort();
        await using var a = new Listener(groupPort, 4001, bound: IPAddress.IPv6Any);
        await using var b = new Listener(groupPort, 4002, bound: IPAddress.Any);
        await a.AssertFindsAsync(4002);
        await b.AssertFindsAsync(4001);
    }

    [Fact]
    public async Task Garbage_and_what_is_not_sent_to_the_group_is_dropped_and_others_are_heard_after_it()
    {
        int groupPort = FreeUdpPort();
        await using var a = new Listener(groupPort, 4001, quick: []);
        await a.SpokeAsync();
        byte[] message = new LocalDiscoveryMessage(4666, [Swarm], "").Encode(toV6: false);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await socket.SendToAsync(message, new IPEndPoint(IPAddress.Loopback, groupPort));
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, IPAddress.Loopback.GetAddressBytes());
        IPEndPoint group = MulticastGroup.Of(v6: false, groupPort);
        foreach (byte[] garbage in new[] { [], Encoding.ASCII.GetBytes("hello"), new byte[3000], message[..40] })
        {
            await socket.SendToAsync(garbage, group);
        }

        await using var b = new Listener(groupPort, 4002);
        await a.AssertFindsAsync(4002);
        Assert.Equal([4002], a.Ports);
    }

    [Fact]
    public async Task A_flood_of_strangers_is_reported_at_a_bounded_rate()
    {
        int groupPort = FreeUdpPort();
        await using var a = new Listener(groupPort, 4001, quick: []);
        await a.SpokeAsync();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, IPAddress.Loopback.GetAddressBytes());
        IPEndPoint group = MulticastGroup.Of(v6: false, groupPort);
        long startedMs = Environment.TickCount64;
        for (int port = 10_000; port < 12_000; port++)
        {
            await socket.SendToAsync(new LocalDiscoveryMessage((ushort)port, [Swarm], "").Encode(toV6: false), group);
        }

        await a.FindAsync(1);
        double seconds = (Environment.TickCount64 - startedMs) / 1000.0;
        Assert.InRange(a.Ports.Length, 1, (int)(LocalDiscovery.MaxReportsPerSecond * (LocalDiscovery.Burst + seconds + 1)));
    }

    [Fact]
    public async Task Swarms_are_announced_up_to_the_bound()
    {
        await using var a = new Listener(FreeUdpPort(), 4001, quick: []);
        int announced = 1;
        for (int i = 1; i <= LocalDiscovery.MaxSwarms; i++)
        {
            a.Search(InfoHash.Of(Hash256.Of(BitConverter.GetBytes(i))));
            announced = Math.Min(announced + 1, LocalDiscovery.MaxSwarms);
            Assert.Equal(announced, a.SwarmCount);
        }

        Assert.Equal(TimeSpan.FromMinutes(5), new LocalDiscoveryOptions { Listener = new IPEndPoint(IPAddress.Loopback, 1) }.Interval);
    }

    [Fact]
    public async Task Without_multicast_there_is_one_clear_problem_and_nothing_worse()
    {
        // The port is taken by a socket that does not share it, so neither group opens.
        using var taken = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { DualMode = true, ExclusiveAddressUse = true };
        taken.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        var problems = Channel.CreateUnbounded<Problem>();
        LocalDiscovery discovery = LocalDiscovery.Start(
            new LocalDiscoveryOptions
            {
                Listener = new IPEndPoint(IPAddress.Loopback, 4001),
                GroupPort = ((IPEndPoint)taken.LocalEndPoint!).Port,
                QuickIntervals = [TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(10)],
                Failed = problem => problems.Writer.TryWrite(problem),
            });
        discovery.Search(Swarm, _ => Assert.Fail("Nobody can be found."));

        using var patience = new CancellationTokenSource(TransportProbe.Patience);
        Problem problem = await problems.Reader.ReadAsync(patience.Token);
        Assert.Equal("local-discovery", problem.Code);
        Assert.Contains("--peer", problem.Hint, StringComparison.Ordinal);
        await discovery.DisposeAsync();
        Assert.False(problems.Reader.TryRead(out _));
    }

    private static int FreeUdpPort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Any, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private sealed class Listener : IAsyncDisposable
    {
        private readonly LocalDiscovery _discovery;
        private readonly ConcurrentDictionary<int, bool> _ports = new();
        private readonly SemaphoreSlim _came = new(0);

        public Listener(int groupPort, int port, InfoHash? swarm = null, IPAddress? bound = null, TimeSpan[]? quick = null)
        {
            _discovery = LocalDiscovery.Start(new LocalDiscoveryOptions
            {
                Listener = new IPEndPoint(bound ?? IPAddress.Loopback, port),
                GroupPort = groupPort,
                QuickIntervals = quick ?? [TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(200)],
                AnswerDelay = TimeSpan.FromMilliseconds(50),
                MinAnswerInterval = TimeSpan.FromMilliseconds(100),
            });
            Search(swarm ?? Swarm);
        }

        public void Search(InfoHash swarm) => _discovery.Search(swarm, found =>
        {
            foreach (PeerAddress address in found)
            {
                _ports[address.Port] = true;
            }

            _came.Release();
        });

        public int SwarmCount => _discovery.SwarmCount;

        public int[] Ports => [.. _ports.Keys.Order()];

        public async Task<int[]> FindAsync(int count)
        {
            while (Ports.Length < count)
            {
                Assert.True(await _came.WaitAsync(TransportProbe.Patience), $"Found {string.Join(", ", Ports)} only.");
            }

            return Ports;
        }

        public async Task AssertFindsAsync(int port)
        {
            int[] found = await FindAsync(1);
            Assert.Equal([port], found);
        }

        /// <summary>Ends when its first announcement has been made: from then on it hears.</summary>
        public async Task SpokeAsync()
        {
            using var patience = new CancellationTokenSource(TransportProbe.Patience);
            while (!_discovery.HasSpoken)
            {
                await Task.Delay(10, patience.Token);
            }
        }

        public ValueTask DisposeAsync() => _discovery.DisposeAsync();
    }
}
