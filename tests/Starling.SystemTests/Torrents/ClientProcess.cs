using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using Starling.SystemTests.Dht;

namespace Starling.SystemTests.Torrents;

/// <summary>A running client, ended by its id when the test is over.</summary>
internal sealed class ClientProcess : IDisposable
{
    private const int KeptLines = 15;

    /// <summary>Transmission searches only once it knows eight nodes.</summary>
    private const int DhtSize = 16;

    private readonly Process _process;
    private readonly Queue<string> _output = new();

    private ClientProcess(IReadOnlyList<string> command, string folder)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        start.Environment["HOME"] = folder;
        start.Environment.Remove("STARLING_HOME");
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The end of what it printed.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return string.Join('\n', _output);
            }
        }
    }

    public bool HasExited => _process.HasExited;

    /// <summary>Whether a client is installed.</summary>
    public static bool IsInstalled(Client client) => client switch
    {
        Client.Starling => true,
        Client.Libtorrent => Libtorrent.Python is not null,
        Client.Aria2 => NetworkLab.Try("aria2c", "--version"),
        Client.Transmission => NetworkLab.Try("transmission-daemon", "--version") && NetworkLab.Try("transmission-remote", "--version"),
        Client.QBittorrent => NetworkLab.Try("qbittorrent-nox", "--version") && NetworkLab.Try("curl", "--version"),
        _ => NodeModules.Has("webtorrent"),
    };

    /// <summary>Starts a client with one torrent.</summary>
    public static ClientProcess Start(Client client, ClientSetup setup)
    {
        Directory.CreateDirectory(setup.Folder);
        Directory.CreateDirectory(setup.Data);
        return client switch
        {
            Client.Starling => Run(setup, StarlingCommand(setup)),
            Client.Libtorrent => Run(setup, LibtorrentCommand(setup, setup.Source)),
            Client.Aria2 => Run(setup, Aria2Command(setup)),
            Client.Transmission => StartTransmission(setup),
            Client.QBittorrent => StartQBittorrent(setup),
            _ => Run(setup, WebTorrentCommand(setup)),
        };
    }

    /// <summary>The nodes of the private DHT; the first is the one to begin with.</summary>
    public static IReadOnlyList<string> DhtNodes { get; } =
        [.. Enumerable.Range(1, DhtSize).Select(number => string.Create(CultureInfo.InvariantCulture, $"198.19.{number}.1:{ClientSetup.Port}"))];

    /// <summary>Starts a private DHT: nodes of libtorrent on one host.</summary>
    public static ClientProcess StartDht(NetworkLab lab, int host, string folder)
    {
        lab.AddAddresses(host, DhtSize);
        return new([.. lab.On(host), Libtorrent.Python!, Path.Combine(AppContext.BaseDirectory, "libtorrent-dht.py"), $"{DhtSize}", "198.19.%d.1"], folder);
    }

    /// <summary>Starts opentracker for one torrent; Debian's answers for listed ones alone.</summary>
    public static ClientProcess StartTracker(NetworkLab lab, int host, string folder, int port, IEnumerable<string> hashes)
    {
        // It gives up root, then reads the list.
        File.WriteAllLines(Path.Combine(folder, "allowed"), hashes);
        NetworkLab.Try("chmod", "-R", "a+rX", folder);
        return new ClientProcess(
            [.. lab.On(host), "opentracker", "-i", lab.AddressOf(host), "-p", $"{port}", "-P", $"{port}", "-d", folder, "-u", "nobody", "-w", "allowed"], folder);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private static ClientProcess Run(ClientSetup setup, params string[] command) => new([.. setup.Lab.On(setup.Host), .. command], setup.Folder);

    private static string[] StarlingCommand(ClientSetup setup)
    {
        List<string> command =
        [
            Environment.GetEnvironmentVariable("STARLING_PROGRAM") ?? Path.Combine(AppContext.BaseDirectory, "starling"), "torrent", "get", setup.Source, "--dir", setup.Data,
            "--listen", $"{setup.Address}:{ClientSetup.Port}", "--seed", "--json",
        ];
        if (setup.IsEncrypted)
        {
            command.AddRange(["--encryption", "require"]);
        }

        command.AddRange(setup.IsDht ? ["--dht-router", setup.Router] : ["--no-dht"]);

        if (setup.Peer.Length > 0)
        {
            command.AddRange(["--peer", setup.Peer]);
        }

        return [.. command];
    }

    private static string[] LibtorrentCommand(ClientSetup setup, string source) =>
    [
        Libtorrent.Python!, Path.Combine(AppContext.BaseDirectory, "libtorrent-client.py"), JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["source"] = source,
            ["dir"] = setup.Data,
            ["address"] = setup.Address,
            ["port"] = ClientSetup.Port,
            ["dht"] = setup.IsDht,
            ["lsd"] = setup.IsLocal,
            ["encrypt"] = setup.IsEncrypted,
            ["router"] = setup.Router,
            ["utp_only"] = setup.IsUtp,
            ["peer"] = setup.Peer,
        }),
    ];

    private static string[] WebTorrentCommand(ClientSetup setup) =>
    [
        "node", Path.Combine(AppContext.BaseDirectory, "webtorrent-client.mjs"), JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["modules"] = NodeModules.Folder!,
            ["source"] = setup.Source,
            ["dir"] = setup.Data,
            ["port"] = ClientSetup.Port,
            ["dht"] = setup.IsDht,
            ["lsd"] = setup.IsLocal,
            ["encrypt"] = setup.IsEncrypted,
            ["router"] = setup.Router,
            ["utp_only"] = setup.IsUtp,
        }),
    ];

    private static string[] Aria2Command(ClientSetup setup)
    {
        List<string> command =
        [
            "aria2c", "--no-conf", $"--dir={setup.Data}", "--follow-torrent=mem", "--seed-ratio=0.0", "--check-integrity=true", $"--listen-port={ClientSetup.Port}",
            "--enable-dht6=false", "--disable-ipv6=true", "--file-allocation=none", "--allow-overwrite=true", "--auto-file-renaming=false", "--summary-interval=2",
            $"--enable-dht={(setup.IsDht ? "true" : "false")}", $"--dht-file-path={setup.Folder}/dht.dat", $"--dht-listen-port={ClientSetup.Port}",
            $"--bt-enable-lpd={(setup.IsLocal ? "true" : "false")}", $"--bt-lpd-interface={setup.Address}", "--enable-peer-exchange=true", "--bt-save-metadata=true",
        ];
        if (setup.IsDht)
        {
            command.Add($"--dht-entry-point={setup.Router}");
        }

        if (setup.IsEncrypted)
        {
            command.AddRange(["--bt-require-crypto=true", "--bt-min-crypto-level=arc4"]);
        }

        return [.. command, setup.Source];
    }

    private static ClientProcess StartTransmission(ClientSetup setup)
    {
        File.WriteAllText(Path.Combine(setup.Folder, "settings.json"), JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["bind-address-ipv4"] = setup.Address,
            ["dht-enabled"] = setup.IsDht,
            ["download-dir"] = setup.Data,
            ["download-queue-enabled"] = false,
            ["encryption"] = setup.IsEncrypted ? 2 : 1,
            ["lpd-enabled"] = setup.IsLocal,
            ["message-level"] = 2,
            ["peer-port"] = ClientSetup.Port,
            ["port-forwarding-enabled"] = false,
            ["preallocation"] = 0,
            ["ratio-limit-enabled"] = false,
            ["rpc-authentication-required"] = false,
            ["rpc-bind-address"] = "127.0.0.1",
            ["rpc-host-whitelist-enabled"] = false,
            ["rpc-port"] = 9091,
            ["rpc-whitelist-enabled"] = false,
            ["start-added-torrents"] = true,
            ["utp-enabled"] = setup.IsUtp,
        }));
        if (setup.IsDht)
        {
            File.WriteAllText(Path.Combine(setup.Folder, "dht.bootstrap"), setup.Router.Replace(':', ' ') + "\n");
        }

        ClientProcess process = Run(setup, "transmission-daemon", "-f", "-g", setup.Folder);
        process.Command(setup, "transmission-remote", "127.0.0.1:9091", "-a", setup.Source, "-w", setup.Data);
        if (setup.Seeds)
        {
            process.Command(setup, "transmission-remote", "127.0.0.1:9091", "-t", "1", "-v");
        }

        return process;
    }

    private static ClientProcess StartQBittorrent(ClientSetup setup)
    {
        if (setup.IsDht)
        {
            // Its routers are built in.
            string router = setup.Router[..setup.Router.IndexOf(':')];
            setup.Lab.Name(setup.Host, router, "router.bittorrent.com", "router.utorrent.com", "dht.transmissionbt.com", "dht.libtorrent.org", "dht.aelitis.com");
        }

        string folder = Directory.CreateDirectory(Path.Combine(setup.Folder, "qBittorrent", "config")).FullName;
        File.WriteAllText(Path.Combine(folder, "qBittorrent.conf"), $"""
            [LegalNotice]
            Accepted=true

            [BitTorrent]
            Session\AddTorrentPaused=false
            Session\BTProtocol={(setup.IsUtp ? "UTP" : "TCP")}
            Session\DHTEnabled={(setup.IsDht ? "true" : "false")}
            Session\Encryption={(setup.IsEncrypted ? 1 : 0)}
            Session\LSDEnabled={(setup.IsLocal ? "true" : "false")}
            Session\MultiConnectionsPerIp=true
            Session\PeXEnabled=true
            Session\Port={ClientSetup.Port}
            Session\QueueingSystemEnabled=false
            Session\SSRFMitigation=false

            [Network]
            PortForwardingEnabled=false

            [Preferences]
            WebUI\Address=127.0.0.1
            WebUI\CSRFProtection=false
            WebUI\HostHeaderValidation=false
            WebUI\LocalHostAuth=false
            WebUI\Port=8080
            """);
        ClientProcess process = Run(setup, "qbittorrent-nox", $"--profile={setup.Folder}");
        string source = setup.Source.StartsWith("magnet:", StringComparison.Ordinal) ? $"urls={setup.Source}" : $"torrents=@{setup.Source}";
        process.Command(setup, "curl", "-sf", "--form-string", $"savepath={setup.Data}", source.StartsWith("urls", StringComparison.Ordinal) ? "--form-string" : "-F", source, "http://127.0.0.1:8080/api/v2/torrents/add");
        return process;
    }

    /// <summary>Tells a daemon something, as soon as it listens.</summary>
    private void Command(ClientSetup setup, params string[] command)
    {
        string[] whole = [.. setup.Lab.On(setup.Host), .. command];
        var patience = Stopwatch.StartNew();
        while (!NetworkLab.Try(whole[0], whole[1..]))
        {
            if (patience.Elapsed > TimeSpan.FromSeconds(60) || HasExited)
            {
                Dispose();
                throw new InvalidOperationException($"{string.Join(' ', command)} did not work.\n{Output}");
            }

            Thread.Sleep(200);
        }
    }

    private void Keep(string? line)
    {
        lock (_output)
        {
            if (!string.IsNullOrWhiteSpace(line))
            {
                _output.Enqueue(line);
            }

            if (_output.Count > KeptLines)
            {
                _output.Dequeue();
            }
        }
    }
}
