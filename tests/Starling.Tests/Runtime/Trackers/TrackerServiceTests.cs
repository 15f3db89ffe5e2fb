using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Core.Trackers;
using Starling.Runtime.Trackers;
using Starling.Tests.Core.Trackers;

namespace Starling.Tests.Runtime.Trackers;

public sealed class TrackerServiceTests : IAsyncDisposable
{
    private const string OnePeer = "d8:intervali1800e5:peers6:\u007f\u0000\u0000\u0001\u001a\u00e1e";

    private readonly Channel<PeerAddress> _found = Channel.CreateUnbounded<PeerAddress>();
    private readonly Channel<Problem> _remarks = Channel.CreateUnbounded<Problem>();
    private readonly List<TrackerService> _services = [];

    public async ValueTask DisposeAsync()
    {
        foreach (TrackerService service in _services)
        {
            await service.DisposeAsync();
        }
    }

    [Fact]
    public async Task An_HTTP_tracker_is_told_of_start_completion_and_end_and_names_peers()
    {
        await using HttpTestTracker tracker = HttpTestTracker.Start(OnePeer);
        TrackerService service = Start([tracker.Url]);
        Assert.Equal("127.0.0.1:6881", (await FoundAsync()).ToString());
        string started = await tracker.RequestAsync();
        Assert.StartsWith("/announce?info_hash=%00%FF%20AM._~-%26%25%3D%2F%3A%0A%0D%7F%80%C3%A9&peer_id=-ST", started, StringComparison.Ordinal);
        Assert.Contains("&port=4001&uploaded=10&downloaded=20&left=30&compact=1&", started, StringComparison.Ordinal);
        Assert.Contains("&event=started", started, StringComparison.Ordinal);
        await WorksAsync(service);
        service.Completed();
        Assert.Contains("&event=completed", await tracker.RequestAsync(), StringComparison.Ordinal);
        await service.DisposeAsync();
        Assert.Contains("&event=stopped", await tracker.RequestAsync(), StringComparison.Ordinal);
        Assert.False(_remarks.Reader.TryRead(out _));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task Peers_that_know_one_UDP_tracker_find_each_other(string address)
    {
        await using var tracker = new UdpTestTracker(IPAddress.Parse(address));
        Start([tracker.Url], port: 4001, listen: IPAddress.Parse(address));
        byte[] announce = await tracker.AnnounceAsync();
        Assert.Equal(TrackerParts.Swarm.ToArray(), announce[16..36]);
        Assert.Equal("/announce", Encoding.ASCII.GetString(announce[100..109]));
        TrackerService second = Start([tracker.Url], port: 4002, listen: IPAddress.Parse(address));
        Assert.Equal(PeerAddress.From(IPAddress.Parse(address), 4001), await FoundAsync());
        await WorksAsync(second);
        Assert.Equal([(tracker.Url, new ScrapeCounts(5, 6, 7))], (await second.ScrapeAsync(default)).Select(counts => (counts.Tracker.Text, counts.Counts)));
        await second.DisposeAsync();
        await tracker.AnnounceAsync();
        Assert.Equal([0, 0, 0, 3], (await tracker.AnnounceAsync())[80..84]);
    }

    [Fact]
    public async Task A_listener_of_both_families_is_told_over_both()
    {
        await using HttpTestTracker v4 = HttpTestTracker.Start(OnePeer);
        await using HttpTestTracker v6 = HttpTestTracker.Start("d6:peers618:\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\u0001\u001a\u00e2e", address: IPAddress.IPv6Loopback);
        Start([v4.Url], listen: IPAddress.IPv6Any);
        Start([v6.Url], listen: IPAddress.IPv6Any);
        string[] found = [(await FoundAsync()).ToString(), (await FoundAsync()).ToString()];
        Assert.Equal(["127.0.0.1:6881", "[::1]:6882"], found.Order());
        Assert.False(_remarks.Reader.TryRead(out _));
    }

    [Fact]
    public async Task A_tracker_that_fails_is_told_once_and_the_next_of_its_tier_asked()
    {
        await using HttpTestTracker good = HttpTestTracker.Start(OnePeer);
        await using HttpTestTracker bad = HttpTestTracker.Start("d14:failure reason7:unknowne");
        TrackerService service = Start([bad.Url], [ClosedPort(), good.Url]);
        await FoundAsync();
        Problem problem = await RemarkAsync("refuses");
        Assert.Equal("tracker", problem.Code);
        Assert.Contains(bad.Url, problem.Reason, StringComparison.Ordinal);
        Assert.Contains("unknown", problem.Reason, StringComparison.Ordinal);
        Assert.Contains("--peer", problem.Hint, StringComparison.Ordinal);
        Assert.Equal("unknown", service.States[0].LastError);
    }

    [Theory]
    [InlineData("huge")]
    [InlineData("endless")]
    [InlineData("bomb")]
    [InlineData("nonsense")]
    [InlineData("status")]
    [InlineData("redirects")]
    [InlineData("to a file")]
    [InlineData("silent")]
    [InlineData("half")]
    [InlineData("endless head")]
    [InlineData("strange packing")]
    public async Task A_hostile_HTTP_tracker_costs_a_remark_and_no_more(string how)
    {
        await using HttpTestTracker tracker = Hostile(how);
        Start([tracker.Url]);
        Assert.Contains(tracker.Url, (await RemarkAsync("brings no peers")).Reason, StringComparison.Ordinal);
        Assert.False(_found.Reader.TryRead(out _));
    }

    [Fact]
    public async Task An_answer_at_the_bound_is_read()
    {
        const int most = HttpTrackerClient.MaxBodySize;
        string body = OnePeer[..^1] + $"1:x{most - OnePeer.Length - "1:x000000:".Length}:";
        await using HttpTestTracker tracker = HttpTestTracker.Start(body + new string('x', most - body.Length - 1) + "e");
        Start([tracker.Url]);
        await FoundAsync();
    }

    [Fact]
    public async Task A_packed_answer_and_a_redirect_are_followed()
    {
        await using HttpTestTracker tracker = HttpTestTracker.Start(target => target.StartsWith("/moved", StringComparison.Ordinal)
            ? Packed(Encoding.Latin1.GetBytes(OnePeer))
            : Encoding.ASCII.GetBytes("HTTP/1.1 302 Found\r\nLocation: /moved?x=1\r\nContent-Length: 0\r\n\r\n"));
        Start([tracker.Url]);
        await FoundAsync();
    }

    [Theory]
    [InlineData(HttpTrackerClient.MaxRedirects, true)]
    [InlineData(HttpTrackerClient.MaxRedirects + 1, false)]
    public async Task Redirects_are_followed_up_to_the_bound(int redirects, bool answered)
    {
        int left = redirects;
        await using HttpTestTracker tracker = HttpTestTracker.Start(_ => Encoding.Latin1.GetBytes(left-- > 0
            ? "HTTP/1.1 302 Found\r\nLocation: /announce\r\nContent-Length: 0\r\n\r\n"
            : $"HTTP/1.1 200 OK\r\nContent-Length: {OnePeer.Length}\r\n\r\n{OnePeer}"));
        Start([tracker.Url]);
        if (answered)
        {
            await FoundAsync();
        }
        else
        {
            await RemarkAsync($"it redirects more than {HttpTrackerClient.MaxRedirects} times");
        }
    }

    [Fact]
    public async Task A_flood_of_wrong_datagrams_ends_the_question()
    {
        IReadOnlyList<byte[]> flood = [.. Enumerable.Repeat(new byte[16], UdpTrackerClient.MaxDatagrams + 100)];
        await using var tracker = new UdpTestTracker(first: (_, _) => flood);
        Start([tracker.Url]);
        await RemarkAsync("brings no peers");
        Assert.False(_found.Reader.TryRead(out _));
    }

    [Fact]
    public async Task Announces_under_way_are_bounded()
    {
        var asked = new SemaphoreSlim(0);
        await using HttpTestTracker tracker = HttpTestTracker.Start((_, _, stop) =>
        {
            asked.Release();
            return Task.Delay(Timeout.Infinite, stop);
        });
        string[][] tiers = [.. Enumerable.Range(0, TrackerService.MaxParallel + 4).Select(i => new[] { $"{tracker.Url}?{i}" })];
        Start(tiers, 4001, IPAddress.Loopback);
        for (int i = 0; i < TrackerService.MaxParallel; i++)
        {
            Assert.True(await asked.WaitAsync(TimeSpan.FromSeconds(60)));
        }

        // The others are asked when the first ones have failed.
        Assert.Equal(TrackerService.MaxParallel, tracker.Requests.Count);
        await RemarkAsync("brings no peers");
    }

    [Fact]
    public async Task A_host_of_the_local_network_is_asked_for_announces_only()
    {
        await using HttpTestTracker inner = HttpTestTracker.Start(OnePeer);
        Start([inner.Url.Replace("/announce", "/admin?delete=all", StringComparison.Ordinal)]);
        await RemarkAsync("no path that ends with");
        Assert.Empty(inner.Requests);
    }

    [Fact]
    public async Task Wrong_transactions_and_short_answers_are_not_believed()
    {
        await using var tracker = new UdpTestTracker(
            first: (datagram, _) => [[0, 0, 0, 0, 9, 9, 9, 9, 1, 2, 3, 4, 5, 6, 7, 8], datagram[8..16], []]);
        Start([tracker.Url]);
        await RemarkAsync("it does not answer");
        Assert.False(_found.Reader.TryRead(out _));
    }

    [Fact]
    public async Task A_right_answer_from_another_source_is_not_believed()
    {
        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        int sent = 0;
        await using var tracker = new UdpTestTracker(first: (datagram, from) =>
        {
            stranger.SendTo([0, 0, 0, 0, .. datagram[12..16], 1, 2, 3, 4, 5, 6, 7, 8], from);
            sent++;
            return [];
        });
        Start([tracker.Url]);
        await RemarkAsync("it does not answer");
        Assert.Equal(UdpTrackerExchange.MaxUnanswered, sent);
    }

    [Fact]
    public async Task Nothing_listens_there_is_told_at_once()
    {
        Start([ClosedPort()]);
        Problem problem = await RemarkAsync("brings no peers");
        Assert.Contains("nothing listens", problem.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silent_tracker_does_not_hold_up_the_end()
    {
        bool silent = false;
        await using HttpTestTracker tracker = HttpTestTracker.Start(async (_, stream, stop) =>
        {
            if (silent)
            {
                await Task.Delay(Timeout.Infinite, stop);
            }

            await stream.WriteAsync(Encoding.Latin1.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {OnePeer.Length}\r\n\r\n{OnePeer}"), stop);
        });
        TrackerService service = Start([tracker.Url]);
        await WorksAsync(service);
        silent = true;
        Task ended = service.DisposeAsync().AsTask();
        await ended.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task The_forwarded_port_is_for_trackers_on_the_Internet_alone()
    {
        await using HttpTestTracker tracker = HttpTestTracker.Start(OnePeer);
        TrackerService service = Start([tracker.Url]);
        service.Mapped(5555);
        Assert.Contains("&port=4001&", await tracker.RequestAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_tracker_there_is_no_service() => Assert.Null(TrackerService.Start(Options([[], []], IPAddress.Loopback, 1)));

    private static HttpTestTracker Hostile(string how) => how switch
    {
        "huge" => HttpTestTracker.Start(OnePeer[..^1] + $"1:x{HttpTrackerClient.MaxBodySize}:{new string('x', HttpTrackerClient.MaxBodySize)}e"),
        "endless" => HttpTestTracker.Start(async (_, stream, stop) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n\r\nd1:x99999999:"u8.ToArray(), stop);
            while (!stop.IsCancellationRequested)
            {
                await stream.WriteAsync(new byte[4096], stop);
            }
        }),
        "bomb" => HttpTestTracker.Start(_ => Packed(new byte[64 * 1024 * 1024])),
        "nonsense" => HttpTestTracker.Start("<html>hello</html>"),
        "status" => HttpTestTracker.Start("", "404 Not Found"),
        "redirects" => HttpTestTracker.Start("", "302 Found\r\nLocation: /announce"),
        "to a file" => HttpTestTracker.Start("", "302 Found\r\nLocation: file:///etc/passwd"),
        "silent" => HttpTestTracker.Start((_, _, stop) => Task.Delay(Timeout.Infinite, stop)),
        "half" => HttpTestTracker.Start(_ => "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nd8:interval"u8.ToArray()),
        "endless head" => HttpTestTracker.Start(async (_, stream, stop) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nX: "u8.ToArray(), stop);
            while (!stop.IsCancellationRequested)
            {
                await stream.WriteAsync("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"u8.ToArray(), stop);
            }
        }),
        _ => HttpTestTracker.Start(OnePeer, "200 OK\r\nContent-Encoding: br"),
    };

    private static byte[] Packed(byte[] body)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(body);
        }

        return [.. Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {packed.Length}\r\n\r\n"), .. packed.ToArray()];
    }

    private static string ClosedPort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return $"udp://{socket.LocalEndPoint}";
    }

    private TrackerService Start(params string[][] tiers) => Start(tiers, 4001, IPAddress.Loopback);

    private TrackerService Start(string[] tier, int port = 4001, IPAddress? listen = null) => Start([tier], port, listen ?? IPAddress.Loopback);

    private TrackerService Start(string[][] tiers, int port, IPAddress listen)
    {
        TrackerService service = TrackerService.Start(Options(tiers, listen, port))!;
        _services.Add(service);
        return service;
    }

    private TrackerServiceOptions Options(string[][] tiers, IPAddress listen, int port) => new()
    {
        InfoHash = TrackerParts.Swarm,
        Tiers = tiers,
        Listener = new IPEndPoint(listen, port),
        Totals = () => new TransferTotals(10, 20, 30),
        Found = (_, peers) =>
        {
            foreach (PeerAddress peer in peers)
            {
                _found.Writer.TryWrite(peer);
            }
        },
        Remark = problem => _remarks.Writer.TryWrite(problem),
        HttpTime = TimeSpan.FromSeconds(3),
        UdpFirstWait = TimeSpan.FromMilliseconds(200),
        FarewellTime = TimeSpan.FromSeconds(2),
    };

    private async Task<PeerAddress> FoundAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return await _found.Reader.ReadAsync(patience.Token);
    }

    private async Task<Problem> RemarkAsync(string containing)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            Problem problem = await _remarks.Reader.ReadAsync(patience.Token);
            if (problem.Reason.Contains(containing, StringComparison.Ordinal))
            {
                return problem;
            }
        }
    }

    private static async Task WorksAsync(TrackerService service)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (service.States[0].Works != true)
        {
            await Task.Delay(10, patience.Token);
        }
    }
}
