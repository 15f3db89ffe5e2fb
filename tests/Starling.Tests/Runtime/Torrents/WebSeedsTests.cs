using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Runtime.Torrents;
using Starling.Tests.Core.Metainfo;

namespace Starling.Tests.Runtime.Torrents;

public sealed class WebSeedsTests : IDisposable
{
    private static readonly (string Path, byte[] Content)[] Tree =
        [("a b#ü.bin", TorrentSamples.Content(40_000, 1)), ("dir/c", TorrentSamples.Content(5, 2)), ("dir/d", TorrentSamples.Content(20_000, 3)), ("e", [])];

    private readonly TestWebServer _server = new(path => Tree.FirstOrDefault(file => "/tree/" + Escaped(file.Path) == path).Content);
    private readonly ManualClock _clock = new();

    public static TheoryData<TorrentVersion> Versions => [TorrentVersion.V1, TorrentVersion.V2, TorrentVersion.Hybrid];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Every_piece_comes_from_the_files_that_it_covers(TorrentVersion version)
    {
        TorrentFile file = TorrentSamples.Folder(version, Tree).File();
        byte[][] pieces = TorrentSamples.PieceContents(file.Info, Tree);
        using WebSeeds seeds = Seeds(file, _server.Url);
        for (int piece = 0; piece < pieces.Length; piece++)
        {
            (Problem? problem, byte[] got) = await Fetch(seeds, file, piece);
            Assert.Null(problem);
            Assert.Equal(pieces[piece], got);
        }

        // Nothing was asked for twice, and padding not at all.
        Assert.Equal(60_005, _server.Requests.Sum(request => request.To - request.From + 1));
    }

    [Fact]
    public async Task A_single_file_is_at_the_url_itself_or_below_it_by_its_name()
    {
        byte[] content = TorrentSamples.Content(10_000, 1);
        TorrentFile file = TorrentSamples.Single(TorrentVersion.V1, "x y", content).File();
        using var server = new TestWebServer(_ => content);
        foreach ((string url, string path) in (ReadOnlySpan<(string, string)>)[(server.Url + "some/file", "/some/file"), (server.Url + "some/", "/some/x%20y")])
        {
            Assert.Equal(path, WebSeeds.UrlOf(file.Info, 0, new Uri(url)).PathAndQuery);
        }

        using WebSeeds seeds = Seeds(file, server.Url + "some/");
        Assert.Null((await Fetch(seeds, file, 0)).Problem);
    }

    [Fact]
    public void A_repaired_name_is_asked_for_as_the_torrent_spells_it()
    {
        TorrentInfo info = TorrentInfoTests.Read(TorrentSamples.V1Info("con", 100, TorrentSamples.V1File(5, "", "what?", "a:b"), TorrentSamples.V1File(5, "", "What_", "A:b")));
        Assert.Equal(["con_/what_/a_b", "con_/what_/A_b (2)"], info.Files.Select(file => file.Path));
        Assert.Equal("http://h/x/con/what%3F/a%3Ab", WebSeeds.UrlOf(info, 0, new Uri("http://h/x")).AbsoluteUri);
        Assert.Equal("http://h/x/con/What_/A%3Ab", WebSeeds.UrlOf(info, 1, new Uri("http://h/x/")).AbsoluteUri);
    }

    [Fact]
    public async Task A_seed_that_sends_wrong_bytes_is_banned_and_another_one_asked()
    {
        TorrentFile file = TorrentSamples.Folder(TorrentVersion.Hybrid, Tree).File();
        byte[][] pieces = TorrentSamples.PieceContents(file.Info, Tree);
        using var liar = new TestWebServer(path => Tree.FirstOrDefault(entry => "/tree/" + Escaped(entry.Path) == path).Content is { } content ? new byte[content.Length] : null);
        using WebSeeds seeds = Seeds(file, liar.Url, _server.Url);
        List<Uri> banned = [];
        seeds.Banned += (url, _) => banned.Add(url);
        for (int piece = 0; piece < pieces.Length; piece++)
        {
            (Problem? problem, byte[] got) = await Fetch(seeds, file, piece);
            Assert.Null(problem);
            Assert.Equal(pieces[piece], got);
        }

        Assert.Equal(liar.Url, Assert.Single(banned).AbsoluteUri);
        Assert.Equal(1, seeds.Count);
        Assert.Single(liar.Requests);
    }

    public static TheoryData<string, bool> WrongAnswers => new()
    {
        { "other-range", true }, { "other-length", true }, { "no-ranges", true }, { "more", true }, { "404", true }, { "loop", true }, { "to-file", true },
        { "to-private", false }, { "503", false }, { "less", false }, { "garbage", false }, { "headers", false }, { "silence", false },
    };

    [Theory]
    [MemberData(nameof(WrongAnswers))]
    public async Task A_server_that_does_not_play_by_the_rules_gives_nothing_and_is_banned_or_left_alone(string how, bool bans)
    {
        TorrentFile file = TorrentSamples.Folder(TorrentVersion.V1, Tree).File();
        using var inner = new TestWebServer(_ => new byte[100_000]);
        _server.Answer = (path, from, to, content) => how switch
        {
            "other-range" => TestWebServer.Range(content!, from + 1, to),
            "other-length" => TestWebServer.Range([.. content!, 1], from, to),
            "no-ranges" => TestWebServer.Response("200 OK", content),
            "more" => [.. System.Text.Encoding.ASCII.GetBytes($"HTTP/1.1 206 P\r\nTransfer-Encoding: chunked\r\nContent-Range: bytes {from}-{to}/{content!.Length}\r\n\r\n"),
                .. Chunk(content[(int)from..(int)(to + 1)]), .. Chunk([1]), .. "0\r\n\r\n"u8],
            "404" => TestWebServer.Response("404 Not Found"),
            "loop" => TestWebServer.Response("302 Found\r\nLocation: /again"),
            "to-file" => TestWebServer.Response("302 Found\r\nLocation: file:///etc/passwd"),
            "to-private" => TestWebServer.Response($"302 Found\r\nLocation: http://localhost:{inner.Port}/x"),
            "503" => TestWebServer.Response("503 Busy\r\nRetry-After: 120"),
            "less" => [.. TestWebServer.Range(content!, from, to).AsSpan()[..^1]],
            "garbage" => [.. Enumerable.Repeat((byte)'x', 1_000_000)],
            "headers" => TestWebServer.Response("206 P\r\n" + string.Concat(Enumerable.Range(0, 2_000).Select(i => $"x{i}: {new string('y', 100)}\r\n")) + "z: 1"),
            _ => null,
        };
        using WebSeeds seeds = Seeds(file, _server.Url);
        Task<(Problem? Problem, byte[] Bytes)> fetch = Fetch(seeds, file, 0);
        if (how == "less")
        {
            await WaitFor(() => !_server.Requests.IsEmpty);
            _server.Dispose();
        }

        (Problem? problem, _) = await fetch;
        Assert.Equal(WebSeeds.ProblemCode, problem?.Code);
        Assert.Equal(bans ? 0 : 1, seeds.Count);
        Assert.Equal(0, seeds.Free);
        Assert.Empty(inner.Requests);
        Assert.Equal(how == "503" ? TimeSpan.FromSeconds(120) : bans ? null : TimeSpan.FromSeconds(10), seeds.NextTry);
    }

    [Fact]
    public async Task A_seed_that_failed_pauses_longer_each_time_and_is_asked_again()
    {
        TorrentFile file = TorrentSamples.Folder(TorrentVersion.V1, Tree).File();
        using WebSeeds seeds = Seeds(file, _server.Url);
        _server.Answer = (_, _, _, _) => TestWebServer.Response("500 Oh");
        foreach (int seconds in (int[])[10, 20, 40])
        {
            Assert.NotNull((await Fetch(seeds, file, 0)).Problem);
            Assert.Equal(TimeSpan.FromSeconds(seconds), seeds.NextTry);
            Assert.Equal("no web seed is free", (await Fetch(seeds, file, 0)).Problem!.Reason);
            _clock.Now += TimeSpan.FromSeconds(seconds);
        }

        _server.Answer = null;
        Assert.Null((await Fetch(seeds, file, 0)).Problem);
        Assert.Null(seeds.NextTry);
        Assert.Equal(2, seeds.Free);
    }

    [Fact]
    public async Task A_redirection_to_the_very_host_of_a_seed_is_followed()
    {
        TorrentFile file = TorrentSamples.Folder(TorrentVersion.V1, Tree).File();
        _server.Answer = (path, from, to, content) => content is null ? TestWebServer.Response($"307 T\r\nLocation: {path[4..]}") : TestWebServer.Range(content, from, to);
        using WebSeeds seeds = Seeds(file, _server.Url + "old");
        Assert.Null((await Fetch(seeds, file, 0)).Problem);
    }

    [Fact]
    public async Task A_seed_of_a_private_network_with_a_query_is_not_asked()
    {
        TorrentFile file = TorrentSamples.Single(TorrentVersion.V1, "x", TorrentSamples.Content(100, 1)).File();
        using WebSeeds seeds = Seeds(file, _server.Url + "admin?delete=all");
        Assert.Contains("private network", (await Fetch(seeds, file, 0)).Problem!.Reason, StringComparison.Ordinal);
        Assert.Empty(_server.Requests);
    }

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("2606:4700::1", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.16.0.1", false)]
    [InlineData("172.32.0.1", true)]
    [InlineData("192.168.1.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("::1", false)]
    [InlineData("::ffff:10.0.0.1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fd00::1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("224.0.0.1", false)]
    public void Private_addresses_are_known(string address, bool isPublic) => Assert.Equal(isPublic, WebSeedClient.IsPublic(IPAddress.Parse(address)));

    public void Dispose() => _server.Dispose();

    private static string Escaped(string path) => string.Join('/', path.Split('/').Select(Uri.EscapeDataString));

    private static byte[] Chunk(byte[] content) => [.. System.Text.Encoding.ASCII.GetBytes($"{content.Length:x}\r\n"), .. content, .. "\r\n"u8];

    private static async Task<(Problem? Problem, byte[] Bytes)> Fetch(WebSeeds seeds, TorrentFile file, int piece)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var bytes = new byte[file.Info.PieceSize(piece)];
        Problem? problem = await seeds.FetchPieceAsync(piece, bytes, content => PieceCheck.Check(file.Info, file.Layers, piece, content.Span), limit.Token);
        return (problem, bytes);
    }

    private static async Task WaitFor(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!condition())
        {
            await Task.Delay(10, limit.Token);
        }
    }

    private WebSeeds Seeds(TorrentFile file, params string[] urls) => new(file.Info, urls, new WebSeedOptions { StallTimeout = TimeSpan.FromSeconds(2), Clock = _clock });

    private sealed class ManualClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
