using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Core.Torrents;
using Starling.Runtime.Discovery;
using Starling.Runtime.Network;
using Starling.Runtime.Torrents;

namespace Starling.Runtime.Engine;

/// <summary>
/// The ordinary torrents beside one task: its inputs, and its output once that is published. Their peers are the task's, and whoever is found elsewhere; but not for the inputs that
/// the author of a member swarm made: what members share is their own, and nobody else is told its name.
/// </summary>
internal sealed class SessionTorrents : IAsyncDisposable
{
    /// <summary>Peers of the task that are remembered while its inputs are not known, or for what is published later.</summary>
    private const int MaxPeers = 256;

    private readonly TorrentHost _host;
    private readonly Lock _gate = new();
    private readonly List<PeerAddress> _peers = [];
    private readonly List<TorrentSession> _sessions = [];
    private (long Down, long Up) _rates;
    private TaskInputs? _inputs;
    private TorrentSession? _published;
    private bool _isMemberSwarm = true;
    private bool _ending;

    /// <param name="listener">The port; before it is started.</param>
    /// <param name="utp">uTP at the same port; null: TCP alone.</param>
    /// <param name="hasDhtNode">Whether the DHT is spoken at the same port.</param>
    /// <param name="crashed">Told of a bug that ended the host's thread.</param>
    public SessionTorrents(ConnectionListener listener, UtpEndpoint? utp, bool hasDhtNode, Action<Exception> crashed) =>
        _host = new TorrentHost(new TorrentHostOptions { Utp = utp, HasDhtNode = hasDhtNode }, listener, crashed);

    /// <summary>What finds peers; to be set before anything begins.</summary>
    public PeerFinder? Finder { get; set; }

    /// <summary>Trackers of the task: its torrents are announced there too.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Trackers { get; set; } = [];

    /// <summary>Begins to seed and fetch the inputs of a task that the node was told of.</summary>
    public void Begin(TaskFile task, TaskInputs inputs)
    {
        lock (_gate)
        {
            if (_ending)
            {
                return;
            }

            _inputs = inputs;
            _isMemberSwarm = task.IsMemberSwarm;
            inputs.Begin(_isMemberSwarm ? TryAddHidden : TryAddPublic, TryAddPublic);
            _peers.ForEach(inputs.AddPeer);
        }
    }

    /// <summary>Bytes a second of each torrent; 0: no limit.</summary>
    public void SetRates(long down, long up)
    {
        lock (_sessions)
        {
            _rates = (down, up);
            _sessions.ForEach(session => session.SetRates(down, up));
        }
    }

    /// <summary>A peer of the task listens here: it may have torrents of the task too.</summary>
    public void AddPeer(PeerAddress address)
    {
        lock (_gate)
        {
            if (_peers.Count < MaxPeers)
            {
                _peers.Add(address);
            }

            _inputs?.AddPeer(address);
            _published?.AddPeers([address], PeerSource.Exchange);
        }
    }

    /// <summary>
    /// Publishes the output of a complete task: see <see cref="OutputPublisher"/>. Reads all of it. False with a null problem: it is published already, or this is ending.
    /// </summary>
    public bool TryPublish(TaskInfo task, Func<int, string> pathOf, string privateFolder, out PublishedOutput? published, out Problem? problem)
    {
        published = null;
        problem = null;
        lock (_gate)
        {
            if (_ending || _published is not null)
            {
                return false;
            }
        }

        // To publish is to show it to everybody, whoever the task belonged to.
        if (!OutputPublisher.TryLayOut(task, pathOf, privateFolder, out published, out TorrentRequest? request, out problem)
            || !TryAddPublic(request, new SilentObserver(), out TorrentSession? session, out problem))
        {
            return false;
        }

        lock (_gate)
        {
            _published = session;
            _published.AddPeers(_peers, PeerSource.Exchange);
            return true;
        }
    }

    /// <summary>Ends everything; after the <see cref="Finder"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _ending = true;
        }

        await _host.DisposeAsync().ConfigureAwait(false);
    }

    private bool TryAddPublic(
        TorrentRequest request, ITorrentObserver observer, [NotNullWhen(true)] out TorrentSession? session, [NotNullWhen(false)] out Problem? problem)
    {
        // The trackers of members need not hear what else they fetch or publish.
        TorrentContacts contacts = _isMemberSwarm ? TorrentContacts.None : new TorrentContacts { Trackers = Trackers };
        bool added = TorrentSearch.TryBegin(_host, Finder!, request, contacts, observer, out TorrentSearch? search, out problem);
        session = search?.Session;
        Limit(session);
        return added;
    }

    private bool TryAddHidden(
        TorrentRequest request, ITorrentObserver observer, [NotNullWhen(true)] out TorrentSession? session, [NotNullWhen(false)] out Problem? problem)
    {
        bool added = _host.TryAdd(request, observer, out session, out problem);
        Limit(session);
        return added;
    }

    private void Limit(TorrentSession? session)
    {
        if (session is null)
        {
            return;
        }

        lock (_sessions)
        {
            _sessions.Add(session);
            if (_rates != default)
            {
                session.SetRates(_rates.Down, _rates.Up);
            }
        }
    }

    /// <summary>What is being seeded has nothing to tell but its failure, which a later start meets again.</summary>
    private sealed class SilentObserver : ITorrentObserver
    {
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
        }

        public void Failed(Problem problem)
        {
        }
    }
}

/// <summary>Takes a torrent in; false: why not.</summary>
internal delegate bool AddTorrent(
    TorrentRequest request, ITorrentObserver observer, [NotNullWhen(true)] out TorrentSession? session, [NotNullWhen(false)] out Problem? problem);
