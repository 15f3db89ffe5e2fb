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

/// <summary>A theory over real clients; skipped where they, or network namespaces, are not to be had.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ClientsTheoryAttribute : TheoryAttribute
{
    private static readonly string? Missing = FirstMissing();

    public ClientsTheoryAttribute() => Skip = Missing;

    private static string? FirstMissing()
    {
        Client[] missing = [.. Enum.GetValues<Client>().Where(client => !ClientProcess.IsInstalled(client))];
        return new NetworkLabFactAttribute().Skip
            ?? (missing.Length > 0 ? $"{string.Join(", ", missing)} not installed (scripts/install-test-tools.sh installs them)" : null);
    }
}

/// <summary>One torrent goes from one client to another, each on a host of its own; a third host has the tracker or a node of the DHT.</summary>
internal sealed class ClientExchange : IDisposable
{
    private const int SeederHost = 1;
    private const int LeecherHost = 2;
    private const int MiddleHost = 3;
    private const int TrackerPort = 6969;
    private const int PieceLength = 128 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private static readonly (string Path, int Length)[] Files = [("a.bin", 3_000_123), ("inner/b.bin", 777_777), ("inner/c.txt", 11)];

    private readonly ScratchFolder _home = new();
    private readonly NetworkLab _lab;
    private readonly List<(string Name, ClientProcess Process)> _processes = [];
    private readonly Way _way;
    private readonly TorrentFile _torrent;

    public ClientExchange(Way way, TorrentVersion version)
    {
        _way = way;
        _lab = new NetworkLab(MiddleHost, oneLink: way == Way.LocalDiscovery);
        string data = Path.Combine(FolderOf("seeder-data"), "shared");
        var random = new DeterministicRandom((ulong)version + 1);
        foreach ((string path, int length) in Files)
        {
            var content = new byte[length];
            random.Fill(content);
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(data, path))!);
            File.WriteAllBytes(Path.Combine(data, path), content);
        }

        var recipe = new TorrentRecipe { Version = version, PieceLength = PieceLength };
        if (!ContentHasher.TryHash(data, recipe, out CreatedTorrent? created, out _, out Problem? problem) || !created.TryToFile(out TorrentFile? file, out problem))
        {
            throw new InvalidOperationException(problem.ToString());
        }

        string tracker = string.Create(CultureInfo.InvariantCulture, $"{_lab.AddressOf(MiddleHost)}:{TrackerPort}/announce");
        _torrent = way switch
        {
            Way.Dht => file with { Nodes = [Router] },
            _ when !NeedsTracker => file,
            Way.UdpTracker => file with { Trackers = [["udp://" + tracker]] },
            _ => file with { Trackers = [["http://" + tracker]] },
        };
        File.WriteAllBytes(TorrentPath, _torrent.ToBytes());
    }

    private bool NeedsTracker => _way is Way.HttpTracker or Way.UdpTracker or Way.Encrypted or Way.Magnet;

    private string SeederAddress => string.Create(CultureInfo.InvariantCulture, $"{_lab.AddressOf(SeederHost)}:{ClientSetup.Port}");

    private string Router => string.Create(CultureInfo.InvariantCulture, $"{_lab.AddressOf(MiddleHost)}:{ClientSetup.Port}");

    private string TorrentPath => Path.Combine(FolderOf("torrent"), "shared.torrent");

    /// <summary>Seeds with one client, fetches with the other, and compares every byte.</summary>
    public void Run(Client seeder, Client leecher)
    {
        if (_way == Way.Dht)
        {
            _processes.Add(("router", ClientProcess.StartRouter(_lab, MiddleHost, FolderOf("router"))));
        }
        else if (NeedsTracker)
        {
            _processes.Add(("tracker", ClientProcess.StartTracker(
                _lab, MiddleHost, FolderOf("tracker"), TrackerPort, _torrent.Info.SwarmHashes.Select(hash => hash.ToString()))));
        }

        Start("seeder", seeder, SeederHost, seeds: true);
        WaitForAnnounce();
        Start("leecher", leecher, LeecherHost, seeds: false);
        Wait("the files at the leecher", () => Files.All(file => SameBytes(file.Path)));
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
            Way.Magnet => TorrentMagnet.Of(_torrent, []).ToString(),
            Way.MagnetAddress => TorrentMagnet.Of(_torrent, [SeederAddress]).ToString(),
            _ => TorrentPath,
        };
        string peer = _way is Way.Address or Way.AddressUtp or Way.AddressEncrypted ? SeederAddress : "";
        var setup = new ClientSetup(_lab, host, FolderOf(name), FolderOf(name + "-data"), source, _way, Router, seeds, seeds ? "" : peer);
        _processes.Add((name, ClientProcess.Start(client, setup)));
    }

    /// <summary>The seeder must listen; and a tracker tells of it once it has announced itself; a leecher that asks before comes again after half an hour.</summary>
    private void WaitForAnnounce()
    {
        if (_way is Way.Address or Way.AddressUtp or Way.AddressEncrypted or Way.MagnetAddress)
        {
            string[] probe = [.. _lab.On(LeecherHost), "bash", "-c", $"exec 3<>/dev/tcp/{SeederAddress.Replace(':', '/')}"];
            Wait("the seeder to listen", () => NetworkLab.Try(probe[0], probe[1..]));
        }

        if (!NeedsTracker)
        {
            return;
        }

        string hashes = string.Join('&', _torrent.Info.SwarmHashes.Select(hash => "info_hash=" + string.Concat(hash.ToArray().Select(b => $"%{b:X2}"))));
        string url = string.Create(CultureInfo.InvariantCulture, $"http://{_lab.AddressOf(MiddleHost)}:{TrackerPort}/scrape?{hashes}");
        Wait("the seeder at the tracker", () =>
        {
            string[] command = [.. _lab.On(MiddleHost), "curl", "-s", url];
            using Process process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            string answer = process.StandardOutput.ReadToEnd();
            process.WaitForExit();

            // Announced before it had checked its files, a seeder counts as incomplete until it comes again; the leecher is told of it all the same.
            return answer.Contains("completei1e", StringComparison.Ordinal);
        });
    }

    private bool SameBytes(string path)
    {
        string expected = Path.Combine(FolderOf("seeder-data"), "shared", path);
        string got = Path.Combine(FolderOf("leecher-data"), "shared", path);
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
