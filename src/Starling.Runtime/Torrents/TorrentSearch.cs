using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Threading.Tasks;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Torrents;
using Starling.Runtime.Discovery;
using Starling.Runtime.Trackers;

namespace Starling.Runtime.Torrents;

/// <summary>
/// A torrent of a host together with the search for its peers: stands between the session and whoever observes it, so that trackers are asked once what was here is checked, hear of
/// completion, and that a link's torrent that turns out to be private is not told to strangers any more.
/// </summary>
public sealed class TorrentSearch : ITorrentObserver, IAsyncDisposable
{
    // While only a link is known something is missing, however much that is (BEP 9).
    private const long LeftWhileUnknown = 16 * 1024;

    private readonly ITorrentObserver _observer;
    private readonly PeerSearch _search;
    private volatile TorrentSession? _session;

    private TorrentSearch(PeerFinder finder, TorrentRequest request, TorrentContacts contacts, ITorrentObserver observer)
    {
        _observer = observer;
        bool isPrivate = request.File is { Info.IsPrivate: true };
        _search = finder.Prepare(new SearchedSwarm
        {
            InfoHashes = request.SwarmHashes,
            Trackers = SearchedSwarm.Join(
                request.File?.Trackers ?? [], SearchedSwarm.TiersOf(request.Magnet?.Trackers ?? []), isPrivate ? [] : contacts.Trackers),
            OwnerPeers = contacts.Peers,
            LinkPeers = request.Magnet?.Peers ?? [],
            Nodes = request.File?.Nodes ?? [],
            IsPrivate = isPrivate,
            Totals = Totals,
            Found = (peers, source) => _session?.AddPeers(peers, source),
        });
    }

    /// <summary>The torrent.</summary>
    public TorrentSession Session => _session!;

    /// <summary>Takes a torrent into a host and begins to look for its peers.</summary>
    /// <param name="host">Carries it.</param>
    /// <param name="finder">Finds its peers.</param>
    /// <param name="request">The torrent.</param>
    /// <param name="contacts">Who else may know of it.</param>
    /// <param name="observer">Hears of it.</param>
    /// <param name="search">To be disposed before the session ends.</param>
    /// <param name="problem">Why not.</param>
    public static bool TryBegin(
        TorrentHost host,
        PeerFinder finder,
        TorrentRequest request,
        TorrentContacts contacts,
        ITorrentObserver observer,
        [NotNullWhen(true)] out TorrentSearch? search,
        [NotNullWhen(false)] out Problem? problem)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(finder);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(contacts);
        ArgumentNullException.ThrowIfNull(observer);
        var made = new TorrentSearch(finder, request, contacts, observer);
        search = null;
        if (!host.TryAdd(request, made, out TorrentSession? session, out problem))
        {
            return false;
        }

        made._session = session;
        made._search.Begin();
        if (request.File is null)
        {
            made._search.AskTrackers(isComplete: false);
        }

        search = made;
        return true;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _search.DisposeAsync();

    void ITorrentObserver.Known(TorrentInfo info, string folder)
    {
        _search.Learned(info.SwarmHashes, info.IsPrivate);
        _observer.Known(info, folder);
    }

    void ITorrentObserver.Checking(int looked, int pieces) => _observer.Checking(looked, pieces);

    void ITorrentObserver.Started(PieceBits have)
    {
        _search.AskTrackers(have.IsFull);
        _observer.Started(have);
    }

    void ITorrentObserver.Report(DataEvent happened)
    {
        switch (happened)
        {
            case DataEvent.Swarm swarm:
                _search.Connected(swarm.Connected);
                break;
            case DataEvent.NodeTold node:
                _search.MetNode(node.Address);
                break;
            case DataEvent.Complete when _session is { Left: 0 } session:
                // Complete is what was asked for; to trackers a peer is a seed only with the whole torrent.
                _search.Completed(session.WasComplete);
                break;
        }

        _observer.Report(happened);
    }

    void ITorrentObserver.Failed(Problem problem) => _observer.Failed(problem);

    private TransferTotals Totals()
    {
        DataSnapshot view = _session?.Snapshot ?? new DataSnapshot();
        return new TransferTotals(view.UploadedBytes, view.DownloadedBytes, _session?.Left ?? LeftWhileUnknown);
    }
}

/// <summary>Who may know of a torrent besides those whom it names itself.</summary>
public sealed record TorrentContacts
{
    /// <summary>Nobody.</summary>
    public static TorrentContacts None { get; } = new();

    /// <summary>Peers named by the owner, as <c>HOST:PORT</c>.</summary>
    public IReadOnlyList<string> Peers { get; init; } = [];

    /// <summary>Tiers of trackers, asked besides the torrent's own; not for private torrents.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Trackers { get; init; } = [];
}
