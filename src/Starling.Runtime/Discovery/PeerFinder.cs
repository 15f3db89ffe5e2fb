using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Crypto;
using Starling.Core.Dht;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Runtime.Network;
using Starling.Runtime.Trackers;

namespace Starling.Runtime.Discovery;

/// <summary>
/// All ways by which this process finds peers (docs/finding-peers.md), for all swarms that it is in: the node of the DHT and the local discovery that they
/// share, and for each a <see cref="PeerSearch"/>. Thread-safe.
/// </summary>
public sealed class PeerFinder : IAsyncDisposable
{
    private readonly PeerFinderOptions _options;
    private readonly DhtService? _dht;
    private readonly LocalDiscovery? _local;
    private readonly SemaphoreSlim _announces = new(TrackerService.MaxParallel, TrackerService.MaxParallel);
    private readonly Lock _gate = new();
    private readonly List<PeerSearch> _searches = [];
    private int _mappedPort;
    private bool _isOver;

    /// <summary>Begins in the background; nothing is told to anybody before there is a swarm to look for.</summary>
    /// <param name="options">The ways.</param>
    /// <param name="verifier">Checks items of the DHT.</param>
    public PeerFinder(PeerFinderOptions options, ISignatureVerifier verifier)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(verifier);
        _options = options;
        if (options.DhtPort is { } udp)
        {
            var dht = new DhtServiceOptions { Nodes = options.DhtNodes, File = options.DhtFile, IsFileMine = options.IsDhtFileMine, Failed = options.Remark };
            _dht = DhtService.Start(dht, udp, verifier);
        }

        _local = options.Locally ? LocalDiscovery.Start(new LocalDiscoveryOptions { Listener = options.Listener, Failed = options.Remark }) : null;
    }

    /// <summary>Where this process listens.</summary>
    internal IPEndPoint Listener => _options.Listener;

    /// <summary>A search that has not begun.</summary>
    public PeerSearch Prepare(SearchedSwarm swarm)
    {
        ArgumentNullException.ThrowIfNull(swarm);
        return new PeerSearch(this, swarm, _options.Remark);
    }

    /// <summary>Peers that were met: where a peer listens is its node of the DHT too.</summary>
    /// <param name="peers">Where they listen.</param>
    /// <param name="isVouched">Named by the owner, the task file or a link.</param>
    public void AddNodes(IReadOnlyList<PeerAddress> peers, bool isVouched)
    {
        if (isVouched || _options.PeersAreNodes)
        {
            _dht?.AddNodes(peers, isVouched);
        }
    }

    /// <summary>Nodes of the DHT that a task or torrent names, as <c>HOST:PORT</c>.</summary>
    public void AddNodes(IReadOnlyList<string> nodes) => _dht?.AddNodes(nodes);

    /// <summary>Nodes of the DHT known; 0 while nobody has answered, or where it is not used.</summary>
    public int DhtNodeCount => _dht?.NodeCount ?? 0;

    /// <summary>Looks in the DHT for an author's item (BEP 44): the newest genuine one, or null when there is none, or nobody to ask.</summary>
    public Task<DhtItem?> GetItemAsync(PublicKey key, ReadOnlyMemory<byte> salt) =>
        _dht?.GetAsync(DhtItem.TargetOf(key, salt.Span), key, salt) ?? Task.FromResult<DhtItem?>(null);

    /// <summary>Puts an item into the DHT (BEP 44).</summary>
    /// <param name="item">A genuine item.</param>
    /// <param name="cas">The version that it is to replace; null: any lower one.</param>
    public Task<DhtEffect.ItemPut> PutItemAsync(DhtItem item, long? cas)
    {
        ArgumentNullException.ThrowIfNull(item);
        return _dht?.PutAsync(item, cas) ?? Task.FromResult(new DhtEffect.ItemPut(item.Target, 0, []));
    }

    /// <summary>The router forwards this port to the listener; 0: none is forwarded any more.</summary>
    public void Mapped(int port)
    {
        PeerSearch[] searches;
        lock (_gate)
        {
            _mappedPort = port;
            searches = [.. _searches];
        }

        foreach (PeerSearch search in searches)
        {
            search.Mapped(port);
        }
    }

    /// <summary>Ends all searches; trackers are told within a bounded time.</summary>
    public async ValueTask DisposeAsync()
    {
        PeerSearch[] searches;
        lock (_gate)
        {
            _isOver = true;
            searches = [.. _searches];
        }

        Task farewells = Task.WhenAll(searches.Select(search => search.DisposeAsync().AsTask()));
        if (_dht is not null)
        {
            await _dht.DisposeAsync().ConfigureAwait(false);
        }

        if (_local is not null)
        {
            await _local.DisposeAsync().ConfigureAwait(false);
        }

        await farewells.ConfigureAwait(false);
    }

    /// <summary>False: everything ends, nothing begins any more.</summary>
    internal bool TryEnter(PeerSearch search)
    {
        lock (_gate)
        {
            if (!_isOver)
            {
                _searches.Add(search);
            }

            return !_isOver;
        }
    }

    internal void Leave(PeerSearch search)
    {
        lock (_gate)
        {
            _searches.Remove(search);
        }
    }

    /// <summary>Looks for a swarm by the ways that anybody can listen to.</summary>
    internal void SearchPublicly(InfoHash swarm, Action<IReadOnlyList<PeerAddress>, PeerSource> found)
    {
        _local?.Search(swarm, peers => found(peers, PeerSource.Local));
        _dht?.Search(swarm, (ushort)_options.Listener.Port, peers => found(peers, PeerSource.Dht));
    }

    internal void StopSearchPublicly(InfoHash swarm)
    {
        _local?.StopSearch(swarm);
        _dht?.StopSearch(swarm);
    }

    internal void SetLonely(InfoHash swarm, bool isLonely) => _dht?.SetLonely(swarm, isLonely);

    /// <summary>The trackers of a swarm; null: none is to be asked.</summary>
    internal TrackerService? AskTrackers(TrackerServiceOptions options)
    {
        if (!_options.AskTrackers)
        {
            return null;
        }

        TrackerService? trackers = TrackerService.Start(options with { Remark = _options.Remark, Places = _announces });
        int mapped;
        lock (_gate)
        {
            mapped = _mappedPort;
        }

        trackers?.Mapped(mapped);
        return trackers;
    }
}
