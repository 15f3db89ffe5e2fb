using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Network;
using Starling.Runtime.Torrents;

namespace Starling.Runtime.Engine;

/// <summary>
/// The ordinary torrents beside one task: its inputs, and its output once that is published. Their peers are the task's, and, unless the task is a member swarm, whoever
/// is found on the local network and in the DHT: what members share is their own, and nobody else is told its name.
/// </summary>
internal sealed class SessionTorrents : IAsyncDisposable
{
    /// <summary>Peers of the task that are remembered while its inputs are not known, or for what is published later.</summary>
    private const int MaxPeers = 256;

    private readonly TorrentHost _host;
    private readonly IPEndPoint _listener;
    private readonly bool _locally;
    private readonly Lock _gate = new();
    private readonly List<PeerAddress> _peers = [];
    private readonly List<IAsyncDisposable> _searches = [];
    private TaskInputs? _inputs;
    private TorrentSession? _published;
    private bool _isMembersOnly = true;
    private bool _ending;

    /// <param name="listener">The port; before it is started.</param>
    /// <param name="utp">uTP at the same port; null: TCP alone.</param>
    /// <param name="locally">Whether the local network is searched.</param>
    /// <param name="crashed">Told of a bug that ended the host's thread.</param>
    public SessionTorrents(ConnectionListener listener, UtpEndpoint? utp, bool locally, Action<Exception> crashed)
    {
        _host = new TorrentHost(new TorrentHostOptions { Utp = utp }, listener, crashed);
        _listener = listener.EndPoint;
        _locally = locally;
    }

    /// <summary>The DHT, once it is there; null: it is not searched.</summary>
    public DhtService? Dht { get; set; }

    /// <summary>Begins to seed and fetch the inputs of a task that the node was told of.</summary>
    public void Begin(TaskFile task, TaskInputs inputs)
    {
        lock (_gate)
        {
            if (_ending)
            {
                return;
            }

            _isMembersOnly = task.IsMemberSwarm;
            _inputs = inputs;
            inputs.Begin(_host, (swarm, session) => Search([swarm], session));
            _peers.ForEach(inputs.AddPeer);
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

        if (!OutputPublisher.TryPublish(task, pathOf, privateFolder, _host, out published, out problem))
        {
            return false;
        }

        lock (_gate)
        {
            _published = published.Session;
            _published.AddPeers(_peers, PeerSource.Exchange);

            // To publish is to show it to everybody, whoever the task belonged to.
            _isMembersOnly = false;
            Search(published.Torrent.Info.SwarmHashes, _published);
            return true;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        IAsyncDisposable[] searches;
        lock (_gate)
        {
            _ending = true;
            searches = [.. _searches];
        }

        foreach (IAsyncDisposable search in searches)
        {
            await search.DisposeAsync().ConfigureAwait(false);
        }

        await _host.DisposeAsync().ConfigureAwait(false);
    }

    private void Search(IReadOnlyList<InfoHash> swarms, TorrentSession session)
    {
        if (_isMembersOnly)
        {
            return;
        }

        foreach (InfoHash swarm in swarms)
        {
            if (_locally)
            {
                _searches.Add(LocalDiscovery.Start(
                    new LocalDiscoveryOptions { InfoHash = swarm, Listener = _listener },
                    input =>
                    {
                        if (input is NodeInput.PeersFound found)
                        {
                            session.AddPeers(found.Addresses, found.Source);
                        }
                    }));
            }

            Dht?.Search(swarm, (ushort)_listener.Port, peers => session.AddPeers([.. peers.Take(MaxPeers)], PeerSource.Dht));
        }
    }
}
