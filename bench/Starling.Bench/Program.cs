using System;
using System.Globalization;
using Starling.Bench.Figures;
using Starling.Bench.Swarms;
using Starling.Bench.Wasm;

namespace Starling.Bench;

/// <summary>Measurements that docs/benchmarks.md quotes, each by its name.</summary>
internal static class Program
{
    private const int Usage = 2;

    private static int Main(string[] args) => args switch
    {
        ["exec"] => ExecBench.Compare(),
        ["sha256d"] => Sha256dBench.Compare(),
        ["net"] => NetBench.Run(),
        ["attest"] => AttestBench.Run(),
        ["utp"] => UtpBench.Run(),
        [Sha256dBench.WorkerCommand, string seconds] => Sha256dBench.Work(seconds),
        ["store"] => StoreBench.Run(null),
        ["store", string folder] => StoreBench.Run(folder),
        ["torrent"] => TorrentBench.Run(),
        [TorrentBench.WorkerCommand, string torrent, string folder] => TorrentBench.Open(torrent, folder),
        ["swarm", .. string[] rest] => SwarmBench.Run(rest),
        ["comptorrent", .. string[] rest] => CompTorrentBench.Run(rest),
        ["figures"] => ModelFigures.Draw(),
        ["idle"] => IdleBench.Run(),
        ["transfer"] => TransferBench.Run(),
        ["swarm-transfer"] => SwarmTransferBench.Run(1),
        ["swarm-transfer", string rounds] => SwarmTransferBench.Run(int.Parse(rounds, CultureInfo.InvariantCulture)),
        ["commands"] => CommandsBench.Run(),
        ["walls"] => WallsBench.Compare(),
        ["container"] => ContainerBench.Compare(),
        ["owner"] => OwnerBench.Run(),
        ["wasm"] => WasmBench.Run(),
        ["kill"] => KillBench.Run(100),
        ["kill", string rounds] => KillBench.Run(int.Parse(rounds, CultureInfo.InvariantCulture)),
        _ => Explain(),
    };

    private static int Explain()
    {
        Console.Error.WriteLine("usage: dotnet run -c Release --project bench/Starling.Bench -- exec | sha256d | net | attest | utp | store [FOLDER] | torrent | swarm | comptorrent | figures | idle | transfer | swarm-transfer | commands | owner | walls | container | wasm | kill");
        Console.Error.WriteLine("  exec      2,000 runs of 'true' on two slots, results durable, beside xargs and GNU parallel");
        Console.Error.WriteLine("  sha256d   the nonce search on one core, on each vector path, beside SHA-256 of openssl");
        Console.Error.WriteLine("  net       what TLS links cost: handshake, memory, idle processor time, bytes a second");
        Console.Error.WriteLine("  attest    a million pieces attested by a thousand workers, at one peer: signatures, judging, memory");
        Console.Error.WriteLine("  utp       one uTP connection over loopback, and RC4: bytes a second, processor time");
        Console.Error.WriteLine("  store     results a second that are made durable, on the disk of FOLDER, beside plain files with a flush each");
        Console.Error.WriteLine("  torrent   start and memory of a torrent of 100 GiB whose pieces are all there, as one file and as 10,000");
        Console.Error.WriteLine("  swarm [--save] [64,128,192 [4,8,12,16]]   the experiment of BitWorker's authors beside a central scheduler, on processes of this machine");
        Console.Error.WriteLine("  comptorrent [SECONDS [PEERS [CHUNKS]]]   CompTorrent's Table 2: SAXPY over 40 chunks of 10 s on 1,2,4,8,16 peers, each chunk once and twice");
        Console.Error.WriteLine("  figures   draws docs/figures from docs/data/swarm.csv and the model of random choice");
        Console.Error.WriteLine("  idle      processor time and memory of a finished peer among 16");
        Console.Error.WriteLine("  transfer  1 GiB over loopback among this program and libtorrent (python3-libtorrent), each as both: time and processor time");
        Console.Error.WriteLine("  swarm-transfer [N]  one seed and 16 leechers that send 1 MiB/s each, beside libtorrent (python3-libtorrent): when the leechers are done; N rounds (1)");
        Console.Error.WriteLine("  commands  2,000 times `true`, two at a time, beside xargs and GNU parallel, the whole program");
        Console.Error.WriteLine("  container `true` in an unpacked image within the walls, beside bubblewrap by hand and podman run");
        Console.Error.WriteLine("  walls     `true` within the walls around foreign commands, beside bubblewrap by hand and no walls; as root and as an ordinary user");
        Console.Error.WriteLine("  owner     the share of the processor that runs take under the owner's rules, and how soon a change of them holds");
        Console.Error.WriteLine("  wasm      five programs in C, by gcc for this processor and as WebAssembly, in turn; the start of a run in a warm worker");
        Console.Error.WriteLine("  kill [N]  N rounds (100) of SIGKILL and restart of one of four peers");
        return Usage;
    }
}
