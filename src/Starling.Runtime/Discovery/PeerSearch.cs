using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Trackers;
using Starling.Runtime.Network;
using Starling.Runtime.Trackers;

namespace Starling.Runtime.Discovery;

/// <summary>
/// The search for the peers of one task or torrent: the owner's and the link's addresses, the local network, the DHT, its trackers. Ends by itself when the <see cref="PeerFinder"/>
/// does. Thread-safe.
/// </summary>
public sealed class PeerSearch : IAsyncDisposable
{
    private readonly PeerFinder _finder;
    private readonly SearchedSwarm _swarm;
    private readonly Action<Problem>? _remark;
    private readonly PeerResolver _resolver;
    private readonly Lock _gate = new();
    private readonly List<InfoHash> _hashes;
    private readonly List<TrackerService> _trackers = [];
    private bool _isPrivate;
    private bool _hasBegun;
    private bool _asksTrackers;
    private bool _isComplete;
    private int _connected;
    private bool _isOver;

    internal PeerSearch(PeerFinder finder, SearchedSwarm swarm, Action<Problem>? remark)
    {
        _finder = finder;
        _swarm = swarm;
        _remark = remark;
        _hashes = [.. swarm.InfoHashes];
        _isPrivate = swarm.IsPrivate;
        _resolver = new PeerResolver(Take, remark);
    }

    /// <summary>Begins by all ways but trackers, which <see cref="AskTrackers"/> adds.</summary>
    public void Begin()
    {
        lock (_gate)
        {
            if (_hasBegun || _isOver || !_finder.TryEnter(this))
            {
                return;
            }

            _hasBegun = true;
            SearchPublicly(_hashes);
            if (_asksTrackers)
            {
                StartTrackers(_hashes);
            }
        }

        _resolver.Resolve(_swarm.OwnerPeers, PeerSource.Owner);
        _resolver.Resolve(_swarm.LinkPeers, PeerSource.Magnet);
    }

    /// <summary>Begins to ask the trackers; once, later calls change nothing.</summary>
    /// <param name="isComplete">Whether everything was here from the start: then completion is not told.</param>
    public void AskTrackers(bool isComplete)
    {
        lock (_gate)
        {
            if (_asksTrackers)
            {
                return;
            }

            _asksTrackers = true;
            _isComplete |= isComplete;
            if (_hasBegun && !_isOver)
            {
                StartTrackers(_hashes);
            }
        }
    }

    /// <summary>
    /// The metadata that a link named is known: maybe the swarm has another name too, which is looked for from now on; maybe it is private (BEP 27): then what tells strangers of
    /// it ends.
    /// </summary>
    public void Learned(IReadOnlyList<InfoHash> hashes, bool isPrivate)
    {
        lock (_gate)
        {
            InfoHash[] more = [.. hashes.Except(_hashes)];
            if (isPrivate && !_isPrivate && _hasBegun)
            {
                _hashes.ForEach(_finder.StopSearchPublicly);
            }

            _isPrivate |= isPrivate;
            _hashes.AddRange(more);
            if (_hasBegun && !_isOver)
            {
                SearchPublicly(more);
                if (_asksTrackers)
                {
                    StartTrackers(more);
                }
            }
        }
    }

    /// <summary>How many peers are connected: with few, trackers and DHT are asked earlier.</summary>
    public void Connected(int peers)
    {
        lock (_gate)
        {
            _connected = peers;
            _trackers.ForEach(tracker => tracker.Connected(peers));
            if (!_isPrivate)
            {
                _hashes.ForEach(hash => _finder.SetLonely(hash, peers == 0));
            }
        }
    }

    /// <summary>A peer has a node of the DHT there.</summary>
    public void MetNode(PeerAddress node)
    {
        lock (_gate)
        {
            if (!_isPrivate && !_isOver)
            {
                _finder.AddNodes([node], isVouched: false);
            }
        }
    }

    /// <summary>The last missing byte is here; <paramref name="wasHere"/>: it turned out that none was missing from the start.</summary>
    public void Completed(bool wasHere = false)
    {
        lock (_gate)
        {
            _isComplete = true;
            _trackers.ForEach(tracker => tracker.Completed(wasHere));
        }
    }

    /// <summary>Ends it; trackers are told within a bounded time. Nothing is reported afterwards.</summary>
    public async ValueTask DisposeAsync()
    {
        TrackerService[] trackers;
        lock (_gate)
        {
            if (_isOver)
            {
                return;
            }

            _isOver = true;
            trackers = [.. _trackers];
            if (_hasBegun)
            {
                _hashes.ForEach(_finder.StopSearchPublicly);
            }
        }

        _finder.Leave(this);
        await _resolver.DisposeAsync().ConfigureAwait(false);
        await Task.WhenAll(trackers.Select(tracker => tracker.DisposeAsync().AsTask())).ConfigureAwait(false);
    }

    internal void Mapped(int port)
    {
        lock (_gate)
        {
            _trackers.ForEach(tracker => tracker.Mapped(port));
        }
    }

    private void SearchPublicly(IReadOnlyList<InfoHash> hashes)
    {
        if (_isPrivate)
        {
            return;
        }

        foreach (InfoHash hash in hashes)
        {
            _finder.SearchPublicly(hash, Take);
            _finder.SetLonely(hash, isLonely: true);
        }

        if (_swarm.Nodes.Count > 0)
        {
            _finder.AddNodes(_swarm.Nodes);
        }
    }

    private void StartTrackers(IReadOnlyList<InfoHash> hashes)
    {
        foreach (InfoHash hash in hashes)
        {
            TrackerService? service = _finder.AskTrackers(new TrackerServiceOptions
            {
                InfoHash = hash,
                Tiers = _swarm.Trackers,
                Listener = _finder.Listener,
                Totals = _swarm.Totals,
                Found = (_, peers) => Take(peers, PeerSource.Tracker),
                IsComplete = _isComplete,
                Schedule = new AnnounceScheduleOptions { IsPrivate = _isPrivate },
            });
            if (service is not null)
            {
                service.Connected(_connected);
                _trackers.Add(service);
            }
        }
    }

    private void Take(IReadOnlyList<PeerAddress> peers, PeerSource source)
    {
        bool isPrivate;
        lock (_gate)
        {
            if (_isOver)
            {
                return;
            }

            isPrivate = _isPrivate;
        }

        if (!FoundPeers.MayUse(source, isPrivate))
        {
            if (source == PeerSource.Owner)
            {
                _remark?.Invoke(new Problem("private", "--peer is not used: the torrent is private, so its peers come from its trackers alone (BEP 27)"));
            }

            return;
        }

        _swarm.Found(peers, source);
        if (!isPrivate && source != PeerSource.Dht)
        {
            _finder.AddNodes(peers, isVouched: source is PeerSource.Owner or PeerSource.Magnet);
        }
    }
}
