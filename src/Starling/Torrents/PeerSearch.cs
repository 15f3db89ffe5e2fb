using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Runtime.Identity;
using Starling.Runtime.Network;
using Starling.Runtime.Torrents;

namespace Starling.Torrents;

/// <summary>Everything that finds peers for one torrent: the owner's and the link's addresses, local discovery, the DHT.</summary>
internal sealed class PeerSearch : IAsyncDisposable
{
    private const string DhtFile = "dht";

    private readonly PeerResolver _resolver;
    private readonly List<LocalDiscovery> _discoveries = [];
    private readonly TorrentSession _session;
    private DhtService? _dht;

    public PeerSearch(
        TorrentGetSettings settings, TorrentRequest request, TorrentSession session, IPEndPoint listening, UdpPort? udp, Action<Problem> failed)
    {
        _session = session;
        if (request.File is not { Info.IsPrivate: true })
        {
            foreach (InfoHash hash in request.SwarmHashes)
            {
                _discoveries.Add(LocalDiscovery.Start(new LocalDiscoveryOptions { InfoHash = hash, Listener = listening }, Take));
            }

            if (settings.UseDht && udp is not null)
            {
                _dht = StartDht(settings, request, udp, (ushort)listening.Port, failed);
            }
        }

        _resolver = new PeerResolver(Take, failed);
        _resolver.Resolve(settings.Peers, PeerSource.Owner);
        _resolver.Resolve(request.Magnet?.Peers ?? [], PeerSource.Magnet);
    }

    /// <summary>The torrent turned out to be private (BEP 27): what tells strangers of it ends.</summary>
    public async Task StopPublicAsync()
    {
        foreach (LocalDiscovery discovery in _discoveries)
        {
            await discovery.DisposeAsync().ConfigureAwait(false);
        }

        _discoveries.Clear();
        if (_dht is { } dht)
        {
            _dht = null;
            await dht.DisposeAsync().ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _resolver.DisposeAsync().ConfigureAwait(false);
        await StopPublicAsync().ConfigureAwait(false);
    }

    private DhtService StartDht(TorrentGetSettings settings, TorrentRequest request, UdpPort udp, ushort port, Action<Problem> failed)
    {
        string? home = Environment.GetEnvironmentVariable("STARLING_HOME");
        DhtService dht = DhtService.Start(
            new DhtServiceOptions
            {
                Nodes = [.. settings.DhtRouters, .. request.File?.Nodes ?? []],
                File = string.IsNullOrEmpty(home) ? null : Path.Combine(home, DhtFile),
                Failed = failed,
            },
            udp,
            new Ed25519Verifier());
        foreach (InfoHash hash in request.SwarmHashes)
        {
            dht.Search(hash, port, found => _session.AddPeers(found, PeerSource.Dht));
        }

        return dht;
    }

    private void Take(NodeInput input)
    {
        if (input is NodeInput.PeersFound found)
        {
            _session.AddPeers(found.Addresses, found.Source);

            // Where a peer listens is its node of the DHT too.
            _dht?.AddNodes(found.Addresses, isVouched: found.Source is PeerSource.Owner or PeerSource.Magnet);
        }
    }
}
