using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Torrents;
using Starling.Core.Trackers;
using Starling.Runtime.Trackers;

namespace Starling.Runtime.Torrents;

/// <summary>
/// The trackers of one torrent, told of each of its swarms (v1, v2). Those of a private torrent are asked one at a time (BEP 27); which other sources of
/// peers it may use, <see cref="FoundPeers.MayUse"/> says.
/// </summary>
public sealed class TorrentTrackers : IAsyncDisposable
{
    // While only a link is known something is missing, however much that is (BEP 9).
    private const long LeftWhileUnknown = 16 * 1024;

    private readonly TorrentRequest _request;
    private readonly TorrentSession _session;
    private readonly IPEndPoint _listener;
    private readonly Action<Problem>? _remark;
    private readonly Lock _gate = new();
    private List<TrackerService>? _services;
    private bool _isComplete;
    private bool _disposed;

    /// <summary>Trackers that are not asked before <see cref="Begin"/>.</summary>
    /// <param name="request">The torrent; a link's trackers count as a tier each.</param>
    /// <param name="session">Gets the peers, and says how much is there.</param>
    /// <param name="listener">Where the host listens.</param>
    /// <param name="remark">Told once a tracker when it fails; from any thread.</param>
    public TorrentTrackers(TorrentRequest request, TorrentSession session, IPEndPoint listener, Action<Problem>? remark)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(listener);
        _request = request;
        _session = session;
        _listener = listener;
        _remark = remark;
    }

    /// <summary>
    /// Begins to ask; once, later calls change nothing. Due as soon as what was here already has been checked, with a link at once.
    /// </summary>
    public void Begin()
    {
        IReadOnlyList<IReadOnlyList<string>> tiers = _request.File?.Trackers ?? [.. _request.Magnet!.Trackers.Select(url => (string[])[url])];
        lock (_gate)
        {
            if (_services is null && !_disposed)
            {
                _services = [.. _request.SwarmHashes.Select(swarm => TrackerService.Start(Options(swarm, tiers))).OfType<TrackerService>()];
            }
        }
    }

    /// <summary>Something happened in the swarm: trackers hear of completion, and are asked earlier while there are few peers.</summary>
    public void Report(DataEvent happened)
    {
        lock (_gate)
        {
            // Complete is what was asked for; to trackers a peer is a seed only with the whole torrent.
            _isComplete |= happened is DataEvent.Complete && _session.Left == 0;
            foreach (TrackerService service in _services ?? [])
            {
                switch (happened)
                {
                    case DataEvent.Swarm swarm:
                        service.Connected(swarm.Connected);
                        break;
                    case DataEvent.Complete when _isComplete:
                        service.Completed(_session.WasComplete);
                        break;
                }
            }
        }
    }

    /// <summary>Tells the trackers that this peer leaves; within a bounded time.</summary>
    public async ValueTask DisposeAsync()
    {
        List<TrackerService> services;
        lock (_gate)
        {
            _disposed = true;
            services = _services ?? [];
            _services = null;
        }

        await Task.WhenAll(services.Select(service => service.DisposeAsync().AsTask())).ConfigureAwait(false);
    }

    private TrackerServiceOptions Options(InfoHash swarm, IReadOnlyList<IReadOnlyList<string>> tiers) => new()
    {
        InfoHash = swarm,
        Tiers = tiers,
        Listener = _listener,
        Totals = Totals,
        Found = (_, peers) => _session.AddPeers(peers, PeerSource.Tracker),
        Remark = _remark,
        IsComplete = _session.WasComplete || _isComplete,
        Schedule = new AnnounceScheduleOptions { IsPrivate = _request.File is { Info.IsPrivate: true } },
    };

    private TransferTotals Totals()
    {
        DataSnapshot view = _session.Snapshot;
        return new TransferTotals(view.UploadedBytes, view.DownloadedBytes, _session.Left ?? LeftWhileUnknown);
    }
}
