using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Starling.Core.Metainfo;
using Starling.Events;
using Starling.Runtime.Torrents;
using Starling.Tests.Core.Metainfo;
using Starling.Tests.Runtime.Torrents;
using Starling.Tests.Runtime.Trackers;

namespace Starling.Tests.App.EndToEnd;

/// <summary>Inputs of tasks that are torrents of somebody else, named by a .torrent file or a magnet link.</summary>
public sealed class TorrentInputTests : IDisposable
{
    private static readonly byte[] Content = TorrentSamples.Content(400_000, 11);

    private readonly ScratchFolder _home = new();
    private readonly string _name = $"task-{Guid.NewGuid():N}";

    public void Dispose() => _home.Dispose();

    [Theory]
    [InlineData(TorrentVersion.V1)]
    [InlineData(TorrentVersion.V2)]
    [InlineData(TorrentVersion.Hybrid)]
    public async Task A_torrent_file_is_an_input_whose_data_nobody_needs_who_writes_the_task(TorrentVersion version)
    {
        await using var tracker = new UdpTestTracker();
        TorrentFile torrent = TorrentSamples.Single(version, "film.bin", Content).File() with { Trackers = [[tracker.Url]] };
        await using TorrentEnd seed = Seed(torrent, "film.bin", asksTrackers: true);
        File.WriteAllBytes(Path.Combine(_home.Path, "any name.torrent"), torrent.ToBytes());
        Create("any name.torrent", "film.bin", "chunk: { input: film.bin, size: 150000 }", "wc -c < \"$CHUNK\"");

        Assert.Equal("150000\n150000\n100000\n", Output());
    }

    [Theory]
    [InlineData(TorrentVersion.V1)]
    [InlineData(TorrentVersion.V2)]
    [InlineData(TorrentVersion.Hybrid)]
    public async Task A_magnet_link_is_an_input_and_its_peers_are_asked(TorrentVersion version)
    {
        TorrentFile torrent = TorrentSamples.Single(version, "film.bin", Content).File();
        await using TorrentEnd seed = Seed(torrent, "film.bin");
        string link = TorrentMagnet.Of(torrent, [seed.Address.ToString()]).ToString();
        Create(link, "film.bin", "pieces: 1", "wc -c < \"$INPUTS/film.bin\"");
        Assert.Equal("400000\n", Output());

        // Whoever has the YAML alone needs the swarm once: the metadata is kept.
        await seed.DisposeAsync();
        using StarlingRun again = StarlingRun.Finish(_home.Path, "inspect", "task.yaml", "--json");
        Assert.Equal((0, ""), (again.WaitForExit(), again.Error));
    }

    [Fact]
    public void A_web_seed_is_enough_for_an_input_because_the_task_file_holds_its_metadata()
    {
        using var server = new TestWebServer(path => path == "/film.bin" ? Content : null);
        TorrentFile torrent = TorrentSamples.Single(TorrentVersion.Hybrid, "film.bin", Content).File() with { WebSeeds = [server.Url] };
        File.WriteAllBytes(Path.Combine(_home.Path, "film.torrent"), torrent.ToBytes());
        Create("film.torrent", "film.bin", "pieces: 1", "wc -c < \"$INPUTS/film.bin\"");
        Assert.Equal("400000\n", Output());
        Assert.Equal(Content.Length, server.Requests.Sum(request => request.To - request.From + 1));
    }

    [Fact]
    public async Task Each_file_of_a_torrent_is_a_piece_in_the_order_of_the_torrent()
    {
        TorrentFile torrent = TorrentSamples.Folder(TorrentVersion.V1, TorrentSamples.Tree).File();
        await using TorrentEnd seed = Seed(torrent, "tree");
        string link = TorrentMagnet.Of(torrent, [seed.Address.ToString()]).ToString();
        Create(link, "tree", "each: tree", "wc -c < \"$CHUNK\"");

        Assert.Equal(string.Concat(TorrentSamples.Tree.Select(file => string.Create(CultureInfo.InvariantCulture, $"{file.Content.Length}\n"))), Output());
    }

    [Theory]
    [InlineData(TorrentVersion.V1)]
    [InlineData(TorrentVersion.Hybrid)]
    public void Data_that_is_here_is_checked_and_not_fetched(TorrentVersion version)
    {
        TorrentFile torrent = TorrentSamples.Folder(version, TorrentSamples.Tree).File();
        File.WriteAllBytes(Path.Combine(_home.Path, "tree.torrent"), torrent.ToBytes());
        Lay(_home.Path, "tree");
        Create("tree.torrent", "tree", "each: tree", "wc -c < \"$CHUNK\"");
        Assert.Equal(string.Concat(TorrentSamples.Tree.Select(file => string.Create(CultureInfo.InvariantCulture, $"{file.Content.Length}\n"))), Output());
        Assert.False(Directory.Exists(Path.Combine(_home.Folder("out"), ".starling", "inputs-fetched", "tree")));
    }

    [Fact]
    public async Task Who_joins_by_link_finds_the_data_here_once_peers_have_told_what_it_is()
    {
        TorrentFile torrent = TorrentSamples.Single(TorrentVersion.V1, "film.bin", Content, pieceLength: 32_768).File();
        await using TorrentEnd seed = Seed(torrent, "film.bin");
        File.WriteAllBytes(Path.Combine(_home.Path, "film.torrent"), torrent.ToBytes());
        string open = Path.Combine(_home.Path, "open");
        Create("film.torrent", "film.bin", "pieces: 2", $"until test -e {open}; do sleep 0.05; done; wc -c < \"$INPUTS/film.bin\"");

        // Its author has the metadata and no data; the member has the data and no metadata.
        string elsewhere = Directory.CreateDirectory(_home.Folder("elsewhere")).FullName;
        Lay(elsewhere, "film.bin");
        using StarlingRun author = StarlingRun.Start(_home.Path, Arguments("task.starling", "author"));
        string link = author.WaitFor(EventName.Started).Magnet!;
        using StarlingRun member = StarlingRun.Start(elsewhere, Arguments(link, _home.Folder("member")));
        member.WaitFor(EventName.Computing);
        _home.File("open", "");
        Assert.Equal(2, member.WaitFor(EventName.Complete).Pieces);
        Assert.Equal("400000\n400000\n", File.ReadAllText(Path.Combine(_home.Folder("member"), _name)));
        string place = Path.Combine(_home.Folder("member"), ".starling", "inputs-fetched", "film.bin");
        Assert.Equal(Path.Combine(elsewhere, "film.bin"), new FileInfo(place).LinkTarget);
        author.WaitFor(EventName.Complete);
    }

    [Theory]
    [InlineData("film.txt.torrent", "d4:infode", "film.txt.torrent")]
    [InlineData("gone.torrent", null, "can't be read")]
    [InlineData("magnet:?xt=urn:btih:00", null, "40 hexadecimal digits")]
    [InlineData("magnet:?xt=urn:btih:0123456789012345678901234567890123456789&so=0", null, "whole torrent")]
    public void What_is_no_torrent_is_no_input(string input, string? content, string reason)
    {
        if (content is not null)
        {
            _home.File(input, content);
        }

        using StarlingRun created = StarlingRun.Finish(_home.Path, "create", "-n", "1", "--input", input, "--", "true");
        Assert.Equal(2, created.WaitForExit());
        Assert.Contains(reason, created.Error, StringComparison.Ordinal);
    }

    private TorrentEnd Seed(TorrentFile torrent, string name, bool asksTrackers = false)
    {
        Lay(_home.Folder("seed"), name);
        return new TorrentEnd(new TorrentRequest { File = torrent, Folder = _home.Folder("seed") }, asksTrackers: asksTrackers);
    }

    private static void Lay(string folder, string name)
    {
        foreach ((string path, byte[] content) in name == "tree" ? TorrentSamples.Tree : [("", Content)])
        {
            string full = Path.Combine(folder, name, path).TrimEnd('/');
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            File.WriteAllBytes(full, content);
        }
    }

    private void Create(string input, string name, string pieces, string run)
    {
        _home.File("task.yaml", $"name: {_name}\ninputs: ['{input}']\n{pieces}\nrun: |\n  {run}\n");
        using StarlingRun created = StarlingRun.Finish(_home.Path, "create", "task.yaml", "-o", "task.starling", "--no-dht");
        Assert.True(created.WaitForExit() == 0, created.Error);
        using StarlingRun inspected = StarlingRun.Finish(_home.Path, "inspect", "task.starling");
        Assert.Equal(0, inspected.WaitForExit());
        Assert.Contains(inspected.Lines, line => line.Contains(name, StringComparison.Ordinal));
    }

    private string Output()
    {
        using StarlingRun run = StarlingRun.Start(_home.Path, [.. Arguments("task.starling", "out"), "--exit"]);
        run.WaitFor(EventName.Complete);
        Assert.Equal((0, ""), (run.WaitForExit(), run.Error));
        return File.ReadAllText(Path.Combine(_home.Folder("out"), _name));
    }

    private static string[] Arguments(string task, string dir) => ["run", task, "--dir", dir, "--slots", "1", "--listen", "127.0.0.1:0", "--no-dht", "--trust", "--json"];
}
