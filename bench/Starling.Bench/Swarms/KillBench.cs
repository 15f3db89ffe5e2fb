using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Threading;

namespace Starling.Bench.Swarms;

/// <summary>
/// 100 rounds of SIGKILL at a random moment to one of four peers, and its restart: all complete, every byte right, and no peer runs a piece
/// again that it had reported as finished.
/// </summary>
internal static class KillBench
{
    private const int Peers = 4;

    public static int Run(int rounds)
    {
        var random = new Random(20_260_101);
        var task = new PieceTask(Pieces: Math.Max(64, rounds * 16), Seconds: 0.2, Bytes: 40_000);
        using var folder = new ScratchFolder();
        string spec = folder.File("kill.yaml", task.Yaml("kill"));
        int[] ports = [.. Enumerable.Range(0, Peers).Select(_ => FreePort())];
        var lives = new List<StarlingProcess>[Peers];
        for (int peer = 0; peer < Peers; peer++)
        {
            lives[peer] = [Start(spec, folder.Path, ports, peer)];
        }

        int killed = 0;
        for (int round = 0; round < rounds; round++)
        {
            Thread.Sleep(random.Next(200, 1_500));
            int victim = random.Next(Peers);
            lives[victim][^1].Kill();
            killed++;
            lives[victim].Add(Start(spec, folder.Path, ports, victim));
        }

        bool complete = lives.All(peer => peer[^1].WaitFor("complete", 1, TimeSpan.FromMinutes(10)));
        int right = Enumerable.Range(0, Peers).Count(peer => task.IsRight(Path.Combine(folder.Path, $"peer-{peer}", "kill")));
        int again = lives.Sum(RunAgain);
        foreach (StarlingProcess life in lives.SelectMany(peer => peer))
        {
            life.Dispose();
        }

        Console.WriteLine($"{killed} kills, {task.Pieces} pieces, {Peers} peers: complete {complete}, outputs right {right}/{Peers}, finished pieces run again by their owner {again}");
        return complete && right == Peers && again == 0 ? 0 : 1;
    }

    private static StarlingProcess Start(string spec, string folder, int[] ports, int peer)
    {
        var arguments = new List<string>
        {
            "run", spec, "--dir", Path.Combine(folder, $"peer-{peer}"), "--slots", "1", "--trust", "--json",
            "--listen", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{ports[peer]}"),
        };
        for (int other = 0; other < ports.Length; other++)
        {
            if (other != peer)
            {
                arguments.Add("--peer");
                arguments.Add(string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{ports[other]}"));
            }
        }

        return new StarlingProcess(arguments);
    }

    /// <summary>Runs that a later life of a peer started of pieces that an earlier one had reported as finished.</summary>
    private static int RunAgain(List<StarlingProcess> lives)
    {
        var finished = new HashSet<int>();
        int again = 0;
        foreach (StarlingProcess life in lives)
        {
            foreach (JsonElement one in life.Events)
            {
                switch (one.GetProperty("event").GetString())
                {
                    case "computing" when finished.Contains(one.GetProperty("piece").GetInt32()):
                        again++;
                        break;
                    case "piece":
                        finished.Add(one.GetProperty("piece").GetInt32());
                        break;
                }
            }
        }

        return again;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
