using System;
using System.Collections.Generic;
using System.Net;
using System.Threading.Tasks;
using Starling.Core.Crypto;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Core.Torrents;
using Starling.Runtime.Discovery;
using Starling.Runtime.Network;

namespace Starling.Runtime.Torrents;

/// <summary>By which ways, and for how long, the metadata of a magnet link is looked for.</summary>
public sealed record MetadataFetcherOptions
{
    /// <summary>Where to listen; null: every address, any free port.</summary>
    public IPEndPoint? Listen { get; init; }

    /// <summary>Look in the DHT.</summary>
    public bool UseDht { get; init; } = true;

    /// <summary>Nodes of the DHT to begin with, as <c>HOST:PORT</c>.</summary>
    public IReadOnlyList<string> DhtNodes { get; init; } = [];

    /// <summary>Absolute path of the file that keeps known nodes; null: none.</summary>
    public string? DhtFile { get; init; }

    /// <summary>Look on the local network.</summary>
    public bool Locally { get; init; } = true;

    /// <summary>How long to look.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(2);
}

/// <summary>Gets the metadata that a magnet link names from whoever has it (BEP 9), without any of the data.</summary>
public static class MetadataFetcher
{
    /// <summary>Code of the problem with metadata that nobody tells.</summary>
    public const string ProblemCode = "metadata";

    /// <summary>Looks for peers by all ways until one tells the metadata; null with a problem: none did in time.</summary>
    /// <param name="link">The link; its trackers and peers are asked.</param>
    /// <param name="options">How.</param>
    /// <param name="verifier">For the DHT.</param>
    public static async Task<(TorrentFile? Torrent, Problem? Problem)> FetchAsync(TorrentMagnet link, MetadataFetcherOptions options, ISignatureVerifier verifier)
    {
        ArgumentNullException.ThrowIfNull(link);
        ArgumentNullException.ThrowIfNull(options);
        if (!ConnectionListener.TryOpenBoth(new LinkTransportOptions { Listen = options.Listen }, out ConnectionListener? listener, out UdpPort? udp, out Problem? problem))
        {
            return (null, problem);
        }

        var observer = new Observer();
        await using UdpPort? datagrams = udp;
        await using ConnectionListener port = listener;
        await using UtpEndpoint? utp = udp is null ? null : UtpEndpoint.Start(udp);
        await using var host = new TorrentHost(new TorrentHostOptions { Utp = utp }, listener, bug => observer.Told.TrySetException(bug));
        var finding = new PeerFinderOptions
        {
            Listener = listener.EndPoint,
            Locally = options.Locally,
            DhtPort = options.UseDht ? udp : null,
            DhtNodes = options.DhtNodes,
            DhtFile = options.DhtFile,
        };
        await using var finder = new PeerFinder(finding, verifier);
        var request = new TorrentRequest { Magnet = link, Folder = Environment.CurrentDirectory, MetadataOnly = torrent => observer.Told.TrySetResult(torrent) };
        listener.Start();
        if (!TorrentSearch.TryBegin(host, finder, request, TorrentContacts.None, observer, out _, out problem))
        {
            return (null, problem);
        }

        if (await Task.WhenAny(observer.Told.Task, observer.Problem.Task, Task.Delay(options.Timeout)).ConfigureAwait(false) == observer.Told.Task)
        {
            return (await observer.Told.Task.ConfigureAwait(false), null);
        }

        string name = SafePath.Quoted(link.Name ?? link.SwarmHashes[0].ToString());
        string met = observer.MostPeers == 0 ? "no peer was found" : $"{observer.MostPeers} peers were met, and none told it";
        return (null, observer.Problem.Task.IsCompleted ? await observer.Problem.Task.ConfigureAwait(false) : new Problem(
            ProblemCode, $"the metadata of the magnet link of '{name}' did not come within {options.Timeout.TotalSeconds:0} s: {met}",
            "Name peers (x.pe=HOST:PORT) or trackers (tr=URL) in the link, a node of the DHT with --dht-router, or give the .torrent file."));
    }

    private sealed class Observer : ITorrentObserver
    {
        private volatile int _mostPeers;

        public TaskCompletionSource<TorrentFile> Told { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<Problem> Problem { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int MostPeers => _mostPeers;

        public void Known(TorrentInfo info, string folder)
        {
        }

        public void Checking(int looked, int pieces)
        {
        }

        public void Started(PieceBits have)
        {
        }

        public void Report(DataEvent happened)
        {
            if (happened is DataEvent.Swarm swarm)
            {
                _mostPeers = Math.Max(_mostPeers, swarm.Connected);
            }
        }

        public void Failed(Problem problem) => Problem.TrySetResult(problem);
    }
}
