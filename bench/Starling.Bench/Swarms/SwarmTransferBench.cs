using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;

namespace Starling.Bench.Swarms;

/// <summary>
/// One seed and 16 leechers on loopback, each of which sends at most 1 MiB/s: 64 MiB, plain v1 with pieces of 256 KiB, TCP without encryption. Processes of this program, then sessions of libtorrent
/// (Debian's python3-libtorrent). The leechers are connected to each other before the seed comes and connects to all of them; from then on the time of each leecher's last piece. No swarm can be
/// faster than the seed sends one copy, 64 s.
/// </summary>
internal static class SwarmTransferBench
{
    private const int Leechers = 16;
    private const long Length = 64L << 20;
    private const int PieceLength = 256 * 1024;
    private const int BytesPerSecond = 1 << 20;
    private const int FirstPort = 17_100;
    private const string Python = "/usr/bin/python3";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    // Loopback counts as local, which libtorrent neither limits nor chokes unless its peer classes are told otherwise.
    private const string Script = """
        import json, os, sys, time
        import libtorrent as lt
        torrent, seed_folder, folder, leechers, rate, port = sys.argv[1:4] + [int(word) for word in sys.argv[4:7]]

        def tell(event, peer=0):
            print(json.dumps({'event': event, 'peer': peer, 'time': time.time()}), flush=True)

        def start(number):
            session = lt.session({'listen_interfaces': '127.0.0.1:%d' % (port + number), 'enable_upnp': False, 'enable_natpmp': False, 'enable_dht': False,
                'enable_lsd': False, 'enable_outgoing_utp': False, 'enable_incoming_utp': False, 'allow_multiple_connections_per_ip': True,
                'in_enc_policy': 2, 'out_enc_policy': 2, 'upload_rate_limit': rate, 'connection_speed': 100})
            everybody = lt.ip_filter()
            everybody.add_rule('0.0.0.0', '255.255.255.255', 1 << lt.session.global_peer_class_id)
            session.set_peer_class_filter(everybody)
            params = lt.add_torrent_params()
            params.ti = lt.torrent_info(torrent)
            params.save_path = seed_folder if number == 0 else os.path.join(folder, str(number))
            params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
            if number == 0:
                params.flags |= lt.torrent_flags.seed_mode
            return session, session.add_torrent(params)

        peers = {number: start(number) for number in range(1, leechers + 1)}
        for number in peers:
            for other in range(1, number):
                peers[number][1].connect_peer(('127.0.0.1', port + other))
        while any(handle.status().num_peers < leechers - 1 for _, handle in peers.values()):
            time.sleep(0.1)
        seed = start(0)
        for number in peers:
            seed[1].connect_peer(('127.0.0.1', port + number))
        tell('begin')
        left = dict(peers)
        while left:
            time.sleep(0.02)
            for number in [number for number in left if left[number][1].status().is_seeding]:
                del left[number]
                tell('complete', number)
        tell('end')
        sys.stdin.read()
        os._exit(0)
        """;

    public static int Run(int rounds)
    {
        using var folder = new ScratchFolder();
        string seedFolder = Directory.CreateDirectory(Path.Combine(folder.Path, "seed")).FullName;
        string torrent = RandomTorrent.Make(folder.Path, Path.Combine(seedFolder, "content.bin"), Length, PieceLength);
        string script = folder.File("swarm.py", Script);
        using (var first = new StarlingProcess(["torrent", "--help"]))
        {
            // The start script builds the program once, if it has to.
            first.WaitForExit(Patience);
        }

        Console.WriteLine($"load {File.ReadAllText("/proc/loadavg").Trim()}; seconds until the first, the mean and the last of {Leechers} leechers is done");
        var ratios = new List<(double Mean, double Last)>();
        for (int round = 0; round < rounds; round++)
        {
            double[] own = Fetch(folder.Path, target => Own(torrent, seedFolder, target));
            Print("starling", own);
            double[] other = Fetch(folder.Path, target => Libtorrent(script, torrent, seedFolder, target));
            Print("libtorrent", other);
            ratios.Add((own.Average() / other.Average(), own.Max() / other.Max()));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"starling / libtorrent: mean {ratios[^1].Mean:F3}, last {ratios[^1].Last:F3}"));
        }

        return ratios.TrueForAll(ratio => ratio.Last <= 1.1) ? 0 : 1;
    }

    private static double[] Fetch(string folder, Func<string, double[]> fetch)
    {
        string target = Directory.CreateDirectory(Path.Combine(folder, "got")).FullName;
        try
        {
            return fetch(target);
        }
        finally
        {
            Directory.Delete(target, recursive: true);
        }
    }

    private static double[] Own(string torrent, string seedFolder, string target)
    {
        var peers = new List<StarlingProcess>();
        try
        {
            for (int number = 1; number <= Leechers; number++)
            {
                peers.Add(Start(torrent, Path.Combine(target, $"{number}"), number, Enumerable.Range(1, number - 1)));
            }

            foreach (StarlingProcess peer in peers)
            {
                Expect(peer, each => each.TryGetProperty("connected", out JsonElement connected) && connected.GetInt32() == Leechers - 1);
            }

            peers.Add(Start(torrent, seedFolder, 0, Enumerable.Range(1, Leechers)));
            double begin = TimeOf(Expect(peers[^1], IsComplete));
            return [.. peers.Take(Leechers).Select(peer => TimeOf(Expect(peer, IsComplete)) - begin)];
        }
        finally
        {
            peers.ForEach(peer => peer.Dispose());
        }
    }

    private static StarlingProcess Start(string torrent, string folder, int number, IEnumerable<int> others) => new(
    [
        "torrent", "get", torrent, "--dir", folder, "--listen", $"127.0.0.1:{FirstPort + number}", "--up", $"{BytesPerSecond}", "--seed", "--encryption", "off", "--no-dht", "--json",
        .. others.SelectMany(other => (string[])["--peer", $"127.0.0.1:{FirstPort + other}"]),
    ]);

    private static double[] Libtorrent(string script, string torrent, string seedFolder, string target)
    {
        using var swarm = new StarlingProcess(Python, [script, torrent, seedFolder, target, $"{Leechers}", $"{BytesPerSecond}", $"{FirstPort}"]);
        Expect(swarm, each => NameOf(each) == "end");
        double begin = TimeOf(swarm.Events.Single(each => NameOf(each) == "begin"));
        return [.. swarm.Events.Where(IsComplete).Select(each => TimeOf(each) - begin)];
    }

    private static JsonElement Expect(StarlingProcess process, Func<JsonElement, bool> wanted) =>
        process.WaitFor(wanted, Patience) ?? throw new InvalidOperationException($"What was waited for did not come: {process.StandardError}");

    private static bool IsComplete(JsonElement one) => NameOf(one) == "complete";

    private static string? NameOf(JsonElement one) => one.GetProperty("event").GetString();

    private static double TimeOf(JsonElement one) => one.GetProperty("time").GetDouble();

    private static void Print(string name, double[] times) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-10}  {times.Min(),6:F1}  {times.Average(),6:F1}  {times.Max(),6:F1}"));
}
