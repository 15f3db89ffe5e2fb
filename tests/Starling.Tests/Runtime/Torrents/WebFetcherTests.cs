using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Starling.Core.Metainfo;
using Starling.Core.Torrents;
using Starling.Runtime.Torrents;
using Starling.Tests.Core.Metainfo;
using Starling.Tests.Runtime.Tasks;

namespace Starling.Tests.Runtime.Torrents;

/// <summary>Torrents that come from web servers, alone or beside peers.</summary>
public sealed class WebFetcherTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestWebServer _server = new(path => TorrentSamples.Tree.FirstOrDefault(file => "/tree/" + file.Path == path).Content);

    public void Dispose()
    {
        _server.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(TorrentVersion.V1)]
    [InlineData(TorrentVersion.V2)]
    [InlineData(TorrentVersion.Hybrid)]
    public async Task A_torrent_comes_from_a_web_seed_alone_each_byte_once(TorrentVersion version)
    {
        TorrentFile file = TorrentSamples.Folder(version, TorrentSamples.Tree).File() with { WebSeeds = [_server.Url] };
        await using var end = new TorrentEnd(Request(file, "got"));
        await end.CompleteAsync();
        Expect("got");
        Assert.Equal(TorrentSamples.Tree.Sum(entry => entry.Content.Length), _server.Requests.Sum(request => request.To - request.From + 1));
        await end.DisposeAsync();

        // What is here is not asked for again.
        int asked = _server.Requests.Count;
        await using var again = new TorrentEnd(Request(file, "got"));
        await again.CompleteAsync();
        Assert.Equal(asked, _server.Requests.Count);
    }

    [Fact]
    public async Task A_link_names_web_seeds_and_a_peer_without_data_tells_the_metadata()
    {
        TorrentFile file = TorrentSamples.Folder(TorrentVersion.Hybrid, TorrentSamples.Tree).File();
        await using var knows = new TorrentEnd(Request(file, "knows"));
        await knows.StartedAsync();
        TorrentMagnet link = TorrentMagnet.Of(file with { WebSeeds = [_server.Url] }, []);
        await using var end = new TorrentEnd(new TorrentRequest { Magnet = link, Folder = In("got") });
        end.Meet(knows);
        await end.CompleteAsync();
        Expect("got");

        // And whoever had no data gets it from the one that fetched it.
        await knows.CompleteAsync();
        Expect("knows");
    }

    [Fact]
    public async Task A_seed_that_lies_is_told_and_the_other_one_brings_all()
    {
        using var liar = new TestWebServer(path => TorrentSamples.Tree.FirstOrDefault(file => "/tree/" + file.Path == path).Content is { } content ? new byte[content.Length] : null);
        TorrentFile file = TorrentSamples.Folder(TorrentVersion.V1, TorrentSamples.Tree).File() with { WebSeeds = [liar.Url, _server.Url] };
        await using var end = new TorrentEnd(Request(file, "got"));
        await end.CompleteAsync();
        Expect("got");
        DataEvent.WebSeedGivenUp given = Assert.Single(end.Events.OfType<DataEvent.WebSeedGivenUp>());
        Assert.Contains($"{liar.Port}", given.Problem.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_every_web_seed_is_lost_peers_bring_it()
    {
        using var missing = new TestWebServer(_ => null);
        TorrentFile file = TorrentSamples.Folder(TorrentVersion.V2, TorrentSamples.Tree).File() with { WebSeeds = [missing.Url, "http://127.0.0.1:1/"] };
        foreach ((string path, byte[] content) in TorrentSamples.Tree)
        {
            _folder.Write($"seed/tree/{path}", content);
        }

        await using var seed = new TorrentEnd(Request(file with { WebSeeds = [] }, "seed"));
        await seed.StartedAsync();
        await using var end = new TorrentEnd(Request(file, "got"));
        end.Meet(seed);
        await end.CompleteAsync();
        Expect("got");
    }

    [Fact]
    public async Task A_torrent_is_closed_in_the_middle_of_a_fetch()
    {
        _server.Answer = (_, _, _, _) => null;
        TorrentFile file = TorrentSamples.Folder(TorrentVersion.V1, TorrentSamples.Tree).File() with { WebSeeds = [_server.Url] };
        var end = new TorrentEnd(Request(file, "got"));
        await end.StartedAsync();
        while (_server.Requests.IsEmpty)
        {
            await Task.Delay(5);
        }

        await end.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.DoesNotContain(end.Events, happened => happened is DataEvent.PieceReady);
    }

    private TorrentRequest Request(TorrentFile file, string folder) => new() { File = file, Folder = In(folder) };

    private string In(string name) => Path.Combine(_folder.Path, name);

    private void Expect(string folder)
    {
        foreach ((string path, byte[] content) in (IEnumerable<(string, byte[])>)TorrentSamples.Tree)
        {
            Assert.Equal(content, File.ReadAllBytes(Path.Combine(In(folder), "tree", path)));
        }
    }
}
