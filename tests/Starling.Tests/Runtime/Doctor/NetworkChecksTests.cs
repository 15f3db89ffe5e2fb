using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Runtime.Doctor;
using Starling.Runtime.Identity;
using Starling.Runtime.Network;
using Starling.Tests.Runtime.Tasks;
using Starling.Tests.Runtime.Trackers;

namespace Starling.Tests.Runtime.Doctor;

/// <summary>Ports, DHT, trackers and multicast of a machine that has loopback at least.</summary>
public sealed class NetworkChecksTests : IDisposable
{
    private static readonly IPEndPoint Loopback = new(IPAddress.Loopback, 0);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_free_port_is_had_for_TCP_and_UDP()
    {
        await using DoctorPort port = DoctorPort.Open(Loopback);
        Dictionary<string, Finding> seen = Named(await new PortCheck(port, Loopback).RunAsync(CancellationToken.None));
        Assert.Equal($"listens at {port.EndPoint}", seen["TCP"].Seen);
        Assert.Equal(Health.Ok, seen["UDP"].Health);
        Assert.StartsWith("not asked for", seen["IPv6"].Seen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_in_use_failed_and_another_one_stands_in()
    {
        await using DoctorPort first = DoctorPort.Open(Loopback);
        await using DoctorPort second = DoctorPort.Open(first.EndPoint);
        Finding tcp = Named(await new PortCheck(second, first.EndPoint).RunAsync(CancellationToken.None))["TCP"];
        Assert.Equal(Health.Failed, tcp.Health);
        Assert.Contains("in use by another program", tcp.Seen, StringComparison.Ordinal);
        Assert.NotEmpty(tcp.Fix);
        Assert.NotEqual(0, second.EndPoint.Port);
    }

    [Fact]
    public async Task A_UDP_port_in_use_failed_alone()
    {
        using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        udp.Bind(Loopback);
        await using DoctorPort port = DoctorPort.Open((IPEndPoint)udp.LocalEndPoint!);
        Dictionary<string, Finding> seen = Named(await new PortCheck(port, (IPEndPoint)udp.LocalEndPoint!).RunAsync(CancellationToken.None));
        Assert.Equal((Health.Ok, Health.Failed), (seen["TCP"].Health, seen["UDP"].Health));
        Assert.Equal(Health.Failed, Assert.Single(await Dht(new ExaminationOptions { Folder = "/" }, port)).Health);
    }

    [Fact]
    public async Task A_node_that_answers_is_counted_and_not_written_down()
    {
        Assert.True(UdpPort.TryOpen(Loopback, out UdpPort? other, out _));
        await using UdpPort owned = other;
        await using DhtService router = DhtService.Start(new DhtServiceOptions(), other, new Ed25519Verifier());
        await using DoctorPort port = DoctorPort.Open(Loopback);
        string file = _folder.Write("dht", "");
        Finding dht = Assert.Single(await Dht(Options() with { Nodes = [$"{other.EndPoint}"], NodeFiles = [file] }, port));
        Assert.Equal(Health.Ok, dht.Health);
        Assert.Contains("1 known", dht.Seen, StringComparison.Ordinal);
        Assert.Equal(0, new System.IO.FileInfo(file).Length);
    }

    [Fact]
    public async Task The_peers_that_the_DHT_knows_of_a_swarm_are_counted_without_joining_them()
    {
        InfoHash swarm = InfoHash.Of(Hash256.Of([3]));
        Assert.True(UdpPort.TryOpen(Loopback, out UdpPort? keeperPort, out _));
        await using UdpPort ownedKeeper = keeperPort;
        await using DhtService keeper = DhtService.Start(new DhtServiceOptions(), keeperPort, new Ed25519Verifier());
        Assert.True(UdpPort.TryOpen(new IPEndPoint(IPAddress.Parse("127.0.0.8"), 0), out UdpPort? peerPort, out _));
        await using UdpPort ownedPeer = peerPort;
        await using DhtService peer = DhtService.Start(new DhtServiceOptions { Nodes = [$"{keeperPort.EndPoint}"] }, peerPort, new Ed25519Verifier());
        var announced = new TaskCompletionSource();
        keeper.Search(swarm, 9, _ => announced.TrySetResult());
        peer.Search(swarm, (ushort)peerPort.EndPoint.Port, _ => { });
        await announced.Task.WaitAsync(TimeSpan.FromSeconds(60));
        await using DoctorPort port = DoctorPort.Open(Loopback);
        IReadOnlyList<Finding> findings = await Dht(Options() with { Nodes = [$"{keeperPort.EndPoint}"], Swarm = swarm }, port);

        // The one that looks announces itself too, as soon as it knows a node to tell.
        Assert.Matches("^about 0 peers with everything and [12] others", Named(findings)["swarm"].Seen);
    }

    [Fact]
    public async Task Nodes_that_do_not_answer_failed_and_none_is_a_warning()
    {
        await using DoctorPort port = DoctorPort.Open(Loopback);
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        silent.Bind(Loopback);
        Finding dead = Assert.Single(await Dht(
            Options() with { Nodes = [$"{silent.LocalEndPoint}"], DhtPatience = TimeSpan.FromSeconds(1) }, port));
        Assert.Equal(Health.Failed, dead.Health);
        Assert.Contains($"{silent.LocalEndPoint}", dead.Seen, StringComparison.Ordinal);
        Assert.Equal(Health.Warning, Assert.Single(await Dht(Options(), port)).Health);
    }

    [Fact]
    public async Task Trackers_are_asked_without_being_told_of_a_peer_and_lend_their_clock()
    {
        DateTimeOffset date = DateTimeOffset.UtcNow.AddHours(-3);
        await using HttpTestTracker http = HttpTestTracker.Start(
            _ => Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nDate: {date:R}\r\nContent-Length: 22\r\n\r\nd8:intervali1800ee    "));
        await using var udp = new UdpTestTracker();
        var check = new TrackersCheck(Options() with { Trackers = [http.Url, udp.Url], Swarm = InfoHash.Of(Hash256.Of([1])) }, Loopback);
        IReadOnlyList<Finding> findings = await check.RunAsync(CancellationToken.None);
        Assert.All(findings, finding => Assert.Equal(Health.Ok, finding.Health));
        string request = await http.RequestAsync();
        Assert.Contains("&event=stopped", request, StringComparison.Ordinal);
        Assert.Contains("&numwant=0", request, StringComparison.Ordinal);
        Assert.Equal([0, 0, 0, 3], (await udp.AnnounceAsync())[80..84]);
        RemoteTime time = Assert.Single(await check.RemoteTimes);
        Assert.InRange(time.Ahead.TotalMinutes, -181, -179);
    }

    [Fact]
    public async Task A_tracker_that_refuses_failed_for_a_swarm_and_lives_without_one()
    {
        await using HttpTestTracker tracker = HttpTestTracker.Start("d14:failure reason7:unknowne");
        ExaminationOptions options = Options() with { Trackers = [tracker.Url] };
        Assert.Equal(Health.Ok, Assert.Single(await new TrackersCheck(options, Loopback).RunAsync(CancellationToken.None)).Health);
        Finding refused = Assert.Single(
            await new TrackersCheck(options with { Swarm = InfoHash.Of(Hash256.Of([1])) }, Loopback).RunAsync(CancellationToken.None));
        Assert.Equal(Health.Failed, refused.Health);
        Assert.Contains("unknown", refused.Seen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dead_tracker_beside_a_living_one_is_a_warning_and_alone_a_failure()
    {
        await using HttpTestTracker living = HttpTestTracker.Start("d8:intervali1800ee");
        string dead = $"http://127.0.0.1:{ClosedPort()}/announce";
        IReadOnlyList<Finding> both = await new TrackersCheck(Options() with { Trackers = [dead, living.Url] }, Loopback).RunAsync(CancellationToken.None);
        Assert.Equal([Health.Warning, Health.Ok], both.Select(finding => finding.Health));
        Finding alone = Assert.Single(await new TrackersCheck(Options() with { Trackers = [dead] }, Loopback).RunAsync(CancellationToken.None));
        Assert.Equal(Health.Failed, alone.Health);
        Assert.NotEmpty(alone.Fix);
    }

    [Fact]
    public async Task Multicast_comes_back_to_its_own_machine() =>
        Assert.Contains(await new LocalDiscoveryCheck().RunAsync(CancellationToken.None), finding => finding.Health == Health.Ok);

    private static Task<IReadOnlyList<Finding>> Dht(ExaminationOptions options, DoctorPort port) =>
        new DhtCheck(options, port.Udp).RunAsync(CancellationToken.None);

    private static Dictionary<string, Finding> Named(IReadOnlyList<Finding> findings) => findings.ToDictionary(finding => finding.Subject);

    private static int ClosedPort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(Loopback);
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private ExaminationOptions Options() => new() { Folder = _folder.Path };
}
