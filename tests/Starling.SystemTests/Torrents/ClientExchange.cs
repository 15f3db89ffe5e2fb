using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Runtime.Torrents;
using Starling.Tests.App.EndToEnd;

namespace Starling.SystemTests.Torrents;

/// <summary>One torrent goes from one client to another, each on a host of its own; a third host has the tracker or a node of the DHT.</summary>
internal sealed class ClientExchange : IDisposable
{
    private const int SeederHost = 1;
    private const int LeecherHost = 2;
    private const int MiddleHost = 3;
    private const int TrackerPort = 6969;
    private const int PieceLength = 128 * 1024;

    // Transmission 3.00 needs more than a minute to announce itself in the DHT, and as long to look there.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(240);
    private static readonly (string Path, int Length)[] Tree = [("shared/a.bin", 3_000_123), ("shared/inner/b.bin", 777_777), ("shared/inner/c.txt", 11)];
    private static readonly (string Path, int Length)[] OneFile = [("shared", 3_777_911)];

    private readonly ScratchFolder _home = new();
    private readonly NetworkLab _lab;
    private readonly List<(string Name, ClientProcess Process)> _processes = [];
    private readonly Way _way;
    private readonly TorrentFile _torrent;
    private readonly (string Path, int Length)[] _files;

    private ClientExchange(Way way, TorrentVersion version, bool isOneFile)
    {
        _way = way;
        _files = isOneFile ? OneFile : Tree;
        _lab = new NetworkLab(MiddleHost, oneLink: way == Way.LocalDiscovery);
        string data = FolderOf("seeder-data");
        var random = new DeterministicRandom((ulong)version + 1);
        foreach ((string path, int length) in _files)
        {
            var content = new byte[length];
            random.Fill(content);
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(data, path))!);
            File.WriteAllBytes(Path.Combine(data, path), content);
        }

        var recipe = new TorrentRecipe { Version = version, PieceLength = PieceLength };
        if (!ContentHasher.TryHash(Path.Combine(data, "shared"), recipe, out CreatedTorrent? created, out _, out Problem? problem) || !created.TryToFile(out TorrentFile? file, out problem))
        {
            throw new InvalidOperationException(problem.ToString());
        }

        string tracker = string.Create(CultureInfo.InvariantCulture, $"{_lab.AddressOf(MiddleHost)}:{TrackerPort}/announce");
        _torrent = way switch
        {
            Way.Dht or Way.MagnetDht => file with { Nodes = [Router] },
            _ when !NeedsTracker => file,
            Way.UdpTracker => file with { Trackers = [["udp://" + tracker]] },
            _ => file with { Trackers = [["http://" + tracker]] },
        };
        File.WriteAllBytes(TorrentPath, _torrent.ToBytes());
    }

    private bool NeedsTracker => _way is Way.HttpTracker or Way.UdpTracker or Way.Magnet or Way.Utp or Way.Encrypted or Way.EncryptedHere or Way.EncryptedThere;

    private string SeederAddress => string.Create(CultureInfo.InvariantCulture, $"{_lab.AddressOf(SeederHost)}:{ClientSetup.Port}");

    private static string Router => ClientProcess.DhtNodes[0];

    private string TorrentPath => Path.Combine(FolderOf("torrent"), "shared.torrent");

    /// <summary>Seeds with one client, fetches with the other, and compares every byte.</summary>
    public static void Run(Way way, TorrentVersion version, Client seeder, Client leecher)
    {
        // A program that knows of v1 alone takes the padding of a hybrid folder for files, which a seeder would have to have.
        bool knowsV1Alone = seeder == Client.WebTorrent || leecher == Client.WebTorrent;
        using var exchange = new ClientExchange(way, version, isOneFile: knowsV1Alone && version == TorrentVersion.Hybrid);
        exchange.Run(seeder, leecher);
    }

    private void Run(Client seeder, Client leecher)
    {
        if (_way == Way.Utp)
        {
            _lab.RefuseTcp(SeederHost, LeecherHost);
        }

        if (_way is Way.Dht or Way.MagnetDht)
        {
            _processes.Add(("DHT", ClientProcess.StartDht(_lab, MiddleHost, FolderOf("dht"))));
            Wait("the DHT", () => _processes[0].Process.Output.Contains("ready", StringComparison.Ordinal));
        }
        else if (NeedsTracker)
        {
            _processes.Add(("tracker", ClientProcess.StartTracker(
                _lab, MiddleHost, FolderOf("tracker"), TrackerPort, _torrent.Info.SwarmHashes.Select(hash => hash.ToString()))));
        }

        Start("seeder", seeder, SeederHost, seeds: true);
        WaitForAnnounce();
        Start("leecher", leecher, LeecherHost, seeds: false);
        Wait("the files at the leecher", () => _files.All(file => SameBytes(file.Path)));
    }

    public void Dispose()
    {
        _processes.ForEach(entry => entry.Process.Dispose());
        _lab.Dispose();
        _home.Dispose();
    }

    private string FolderOf(string name) => Directory.CreateDirectory(_home.Folder(name)).FullName;

    private void Start(string name, Client client, int host, bool seeds)
    {
        string source = seeds ? TorrentPath : _way switch
        {
            Way.Magnet or Way.MagnetDht => TorrentMagnet.Of(_torrent, []).ToString(),
            Way.MagnetAddress => TorrentMagnet.Of(_torrent, [SeederAddress]).ToString(),
            _ => TorrentPath,
        };
        string peer = _way == Way.Address && !seeds ? SeederAddress : "";
        bool isEncrypted = _way == Way.Encrypted || _way == (client == Client.Starling ? Way.EncryptedHere : Way.EncryptedThere);
        var setup = new ClientSetup(_lab, host, FolderOf(name), FolderOf(name + "-data"), source, _way, Router, seeds, peer, isEncrypted);
        _processes.Add((name, ClientProcess.Start(client, setup)));
    }

    /// <summary>The seeder must be where the leecher looks for it: one that asks a tracker or the DHT before comes again after a quarter or half of an hour.</summary>
    private void WaitForAnnounce()
    {
        if (_way is Way.Address or Way.MagnetAddress)
        {
            string[] probe = [.. _lab.On(LeecherHost), "bash", "-c", $"exec 3<>/dev/tcp/{SeederAddress.Replace(':', '/')}"];
            Wait("the seeder to listen", () => NetworkLab.Try(probe[0], probe[1..]));
        }
        else if (_way is Way.Dht or Way.MagnetDht)
        {
            string[] ask = [.. _lab.On(MiddleHost), "python3", Path.Combine(AppContext.BaseDirectory, "dht-peers.py"), string.Join(',', ClientProcess.DhtNodes), .. _torrent.Info.SwarmHashes.Select(hash => hash.ToString())];
            Wait("the seeder in the DHT", () => NetworkLab.Try(ask[0], ask[1..]));
        }
        else if (NeedsTracker)
        {
            string hashes = string.Join('&', _torrent.Info.SwarmHashes.Select(hash => "info_hash=" + string.Concat(hash.ToArray().Select(b => $"%{b:X2}"))));
            string url = string.Create(CultureInfo.InvariantCulture, $"http://{_lab.AddressOf(MiddleHost)}:{TrackerPort}/scrape?{hashes}");
            string[] ask = [.. _lab.On(MiddleHost), "curl", "-s", url];
            Wait("the seeder at the tracker, as a seeder", () => NetworkLab.Answer(ask[0], ask[1..]).Contains("completei1e", StringComparison.Ordinal));
        }
    }

    private bool SameBytes(string path)
    {
        string expected = Path.Combine(FolderOf("seeder-data"), path);
        string got = Path.Combine(FolderOf("leecher-data"), path);
        try
        {
            return File.Exists(got) && new FileInfo(got).Length == new FileInfo(expected).Length && File.ReadAllBytes(got).AsSpan().SequenceEqual(File.ReadAllBytes(expected));
        }
        catch (IOException)
        {
            return false;
        }
    }

    private void Wait(string what, Func<bool> condition)
    {
        var patience = Stopwatch.StartNew();
        while (!condition())
        {
            (string Name, ClientProcess Process)[] ended = [.. _processes.Where(entry => entry.Process.HasExited)];
            if (patience.Elapsed > Patience || ended.Length > 0)
            {
                var report = new StringBuilder($"Waited {patience.Elapsed.TotalSeconds:0} s for {what}{(ended.Length > 0 ? "; ended: " + ended[0].Name : "")}.");
                foreach ((string name, ClientProcess process) in _processes)
                {
                    report.Append(CultureInfo.InvariantCulture, $"\n--- {name}\n{process.Output}");
                }

                Assert.Fail(report.ToString());
            }

            Thread.Sleep(300);
        }
    }
}
