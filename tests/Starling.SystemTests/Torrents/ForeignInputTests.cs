using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Threading;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Events;
using Starling.Runtime.Torrents;
using Starling.Tests.App.EndToEnd;

namespace Starling.SystemTests.Torrents;

/// <summary>Tasks whose input is a torrent that only libtorrent seeds: nobody else has its data, on networks between which no multicast passes.</summary>
public sealed class ForeignInputTests : IDisposable
{
    private const int SeederHost = 1;
    private const int TaskHost = 2;
    private const int MiddleHost = 3;
    private const int TrackerPort = 6969;
    private const int ChunkSize = 700_000;

    private readonly ScratchFolder _home = new();
    private readonly NetworkLab _lab = new(MiddleHost, oneLink: false);
    private readonly byte[] _content = new byte[3_000_123];

    public void Dispose()
    {
        _lab.Dispose();
        _home.Dispose();
    }

    [ClientsTheory(Client.Libtorrent)]
    [InlineData(Way.UdpTracker, TorrentVersion.V1)]
    [InlineData(Way.HttpTracker, TorrentVersion.Hybrid)]
    [InlineData(Way.MagnetAddress, TorrentVersion.V1)]
    [InlineData(Way.MagnetAddress, TorrentVersion.V2)]
    [InlineData(Way.Dht, TorrentVersion.Hybrid)]
    public void Libtorrent_feeds_a_task(Way way, TorrentVersion version)
    {
        TorrentFile torrent = Lay(way, version);
        string torrentPath = Path.Combine(_home.Path, "input.torrent");
        File.WriteAllBytes(torrentPath, torrent.ToBytes());
        using ClientProcess? middle = way switch
        {
            Way.Dht => ClientProcess.StartDht(_lab, MiddleHost, FolderOf("dht")),
            Way.MagnetAddress => null,
            _ => ClientProcess.StartTracker(_lab, MiddleHost, FolderOf("tracker"), TrackerPort, torrent.Info.SwarmHashes.Select(hash => hash.ToString())),
        };
        var setup = new ClientSetup(_lab, SeederHost, FolderOf("seeder"), FolderOf("seeder-data"), torrentPath, way, ClientProcess.DhtNodes[0], Seeds: true, "");
        using ClientProcess seeder = ClientProcess.Start(Client.Libtorrent, setup);
        string input = way switch
        {
            Way.MagnetAddress => TorrentMagnet.Of(torrent, [AddressOf(SeederHost)]).ToString(),
            Way.Dht => TorrentMagnet.Of(torrent, []).ToString(),
            _ => torrentPath,
        };
        _home.File("task.yaml", $$"""
            name: sums
            inputs: ['{{input}}']
            chunk: { input: film.bin, size: {{ChunkSize}} }
            nodes: [{{(way == Way.Dht ? $"'{ClientProcess.DhtNodes[0]}'" : "")}}]
            run: sha256sum < "$CHUNK" | cut -c1-64
            """);
        WaitForSeeder(seeder);
        Expect(Starling("create", "task.yaml", "-o", "task.starling"), seeder);
        using (StarlingRun run = Start("run", "task.starling", "--dir", FolderOf("out"), "--trust", "--exit", "--json"))
        {
            run.WaitFor(read => read.Event == EventName.Complete, TimeSpan.FromMinutes(2));
            Expect(run, seeder);
        }

        string sums = string.Concat(_content.Chunk(ChunkSize).Select(chunk => Convert.ToHexStringLower(SHA256.HashData(chunk)) + "\n"));
        Assert.Equal(sums, File.ReadAllText(Path.Combine(FolderOf("out"), "sums")));
    }

    private static void Expect(StarlingRun run, ClientProcess seeder) =>
        Assert.True(run.WaitForExit() == 0, $"{run.Error}\n{string.Join('\n', run.Lines)}\n--- seeder\n{seeder.Output}");

    private static void WaitForSeeder(ClientProcess seeder)
    {
        for (var patience = Stopwatch.StartNew(); !seeder.Output.Contains("\"seeding\": true", StringComparison.Ordinal); Thread.Sleep(200))
        {
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(2) && !seeder.HasExited, seeder.Output);
        }
    }

    private string AddressOf(int host) => $"{_lab.AddressOf(host)}:{ClientSetup.Port}";

    private string FolderOf(string name) => Directory.CreateDirectory(_home.Folder(name)).FullName;

    private StarlingRun Start(params string[] arguments) => StarlingRun.StartUnder(_lab.On(TaskHost), _home.Path, arguments);

    private StarlingRun Starling(params string[] arguments)
    {
        StarlingRun run = Start(arguments);
        run.WaitForExit();
        return run;
    }

    private TorrentFile Lay(Way way, TorrentVersion version)
    {
        new DeterministicRandom((ulong)version + 1).Fill(_content);
        string data = Path.Combine(FolderOf("seeder-data"), "film.bin");
        File.WriteAllBytes(data, _content);
        Assert.True(ContentHasher.TryHash(data, new TorrentRecipe { Version = version }, out CreatedTorrent? created, out _, out _));
        Assert.True(created.TryToFile(out TorrentFile? file, out _));
        string tracker = $"{_lab.AddressOf(MiddleHost)}:{TrackerPort}/announce";
        return way switch
        {
            Way.UdpTracker => file with { Trackers = [["udp://" + tracker]] },
            Way.HttpTracker => file with { Trackers = [["http://" + tracker]] },
            _ => file,
        };
    }
}
