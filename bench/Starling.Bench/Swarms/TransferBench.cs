using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Threading;

namespace Starling.Bench.Swarms;

/// <summary>
/// 1 GiB over loopback, plain v1 with pieces of 1 MiB: this program and libtorrent (Debian's python3-libtorrent), each as seed and as leecher. Time from the leecher's start
/// to its last piece; processor time of the leecher as a whole, of the seed from its readiness on.
/// </summary>
internal static class TransferBench
{
    private const long Length = 1L << 30;
    private const int PieceLength = 1024 * 1024;
    private const int Rounds = 3;
    private const string Name = "content.bin";
    private const string Python = "/usr/bin/python3";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private const string Script = """
        import libtorrent as lt, sys, time
        torrent, folder, port, mode = sys.argv[1:5]
        session = lt.session({'listen_interfaces': '127.0.0.1:' + port, 'enable_upnp': False, 'enable_natpmp': False, 'enable_dht': False,
            'enable_lsd': False, 'enable_outgoing_utp': False, 'enable_incoming_utp': False, 'allow_multiple_connections_per_ip': True,
            'in_enc_policy': 2, 'out_enc_policy': 2})
        params = lt.add_torrent_params()
        params.ti = lt.torrent_info(torrent)
        params.save_path = folder
        params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
        if mode == 'seed': params.flags |= lt.torrent_flags.seed_mode
        handle = session.add_torrent(params)
        if mode != 'seed':
            time.sleep(0.2)
            host, number = mode.split(':')
            handle.connect_peer((host, int(number)))
        else:
            print('{"event":"ready"}', flush=True)
        while not (mode != 'seed' and handle.status().is_seeding): time.sleep(0.02)
        print('{"event":"complete"}', flush=True)
        time.sleep(600)
        """;

    public static int Run()
    {
        using var folder = new ScratchFolder();
        string seedFolder = Path.Combine(folder.Path, "seed");
        Directory.CreateDirectory(seedFolder);
        string torrent = RandomTorrent.Make(folder.Path, Path.Combine(seedFolder, Name), Length, PieceLength);
        string script = folder.File("peer.py", Script);
        Console.WriteLine($"load {File.ReadAllText("/proc/loadavg").Trim()}; median of {Rounds}: MiB/s, CPU seconds of seed and leecher");
        foreach ((bool seed, bool leecher) in new[] { (true, true), (false, false), (true, false), (false, true) })
        {
            var rounds = new List<(double Rate, double Seed, double Leecher)>();
            for (int round = 0; round < Rounds; round++)
            {
                rounds.Add(Once(folder.Path, torrent, script, seedFolder, seed, leecher));
            }

            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{NameOf(seed)} -> {NameOf(leecher)}: {Median(rounds, each => each.Rate):F0} MiB/s, {Median(rounds, each => each.Seed):F2} + {Median(rounds, each => each.Leecher):F2} s"));
        }

        return 0;
    }

    private static string NameOf(bool own) => own ? "starling" : "libtorrent";

    private static double Median(List<(double Rate, double Seed, double Leecher)> rounds, Func<(double Rate, double Seed, double Leecher), double> figure)
    {
        double[] figures = [.. rounds.ConvertAll(each => figure(each))];
        Array.Sort(figures);
        return figures[figures.Length / 2];
    }

    private static (double Rate, double Seed, double Leecher) Once(string folder, string torrent, string script, string seedFolder, bool ownSeed, bool ownLeecher)
    {
        const string seedPort = "17001";
        string target = Path.Combine(folder, "got");
        Directory.CreateDirectory(target);
        try
        {
            using var seed = ownSeed
                ? new StarlingProcess(["torrent", "get", torrent, "--dir", seedFolder, "--listen", $"127.0.0.1:{seedPort}", "--seed", "--encryption", "off", "--no-dht", "--json"])
                : new StarlingProcess(Python, [script, torrent, seedFolder, seedPort, "seed"]);
            Expect(seed, ownSeed ? "complete" : "ready");
            double before = ProcessorTime.Of(seed.Id);
            var watch = Stopwatch.StartNew();
            using var leecher = ownLeecher
                ? new StarlingProcess(["torrent", "get", torrent, "--dir", target, "--listen", "127.0.0.1:0", "--peer", $"127.0.0.1:{seedPort}", "--seed", "--encryption", "off", "--no-dht", "--json"])
                : new StarlingProcess(Python, [script, torrent, target, "17002", $"127.0.0.1:{seedPort}"]);
            Expect(leecher, "complete");
            double seconds = watch.Elapsed.TotalSeconds;
            double leecherCpu = ProcessorTime.Of(leecher.Id);
            double seedCpu = ProcessorTime.Of(seed.Id) - before;
            return (Length / 1048576.0 / seconds, seedCpu, leecherCpu);
        }
        finally
        {
            Directory.Delete(target, recursive: true);
            Thread.Sleep(500);
        }
    }

    private static void Expect(StarlingProcess process, string name)
    {
        if (!process.WaitFor(name, 1, Patience))
        {
            throw new InvalidOperationException($"No '{name}' came: {process.StandardError}");
        }
    }
}
