using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Threading.Tasks;
using Starling.Core.Crypto;
using Starling.Core.Engine;
using Starling.Core.PortMapping;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Identity;
using Starling.Runtime.Kernels;
using Starling.Runtime.Machine;
using Starling.Runtime.Network;
using Starling.Runtime.PortMapping;
using Starling.Runtime.Storage;
using Starling.Runtime.Tasks;
using Starling.Runtime.Trackers;

namespace Starling.Runtime.Engine;

/// <summary>
/// Everything that one process is for one task: node, loop, connections, folder, runs. Made in two steps, so that local peers can first all
/// listen and then begin at once: <see cref="TryPrepare"/> takes port and folder, <see cref="Begin"/> starts the engine.
/// </summary>
public sealed class TaskSession : IEngineHost, IAsyncDisposable
{
    // Local peers are connected each to each; other swarms stay at the node's own bound.
    private const int SpareLinks = 16;

    /// <summary>The known nodes of the DHT, in the home folder or beside the task's journal.</summary>
    private const string DhtFile = "dht";

    /// <summary>How long the last bytes of closed uTP connections may take to leave.</summary>
    private static readonly TimeSpan UtpFarewell = TimeSpan.FromSeconds(1);

    private readonly TaskSessionOptions _options;
    private readonly ISessionObserver _observer;
    private readonly ISignatureVerifier _verifier;
    private readonly InputQueue _queue = new();
    private readonly EngineClock _clock = new();
    private readonly TaskCompletionSource<SessionOutcome> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TlsLinkTransport? _transport;
    private UdpPort? _udp;
    private ConnectionListener? _listener;
    private SessionTorrents? _torrents;
    private UtpEndpoint? _utp;
    private OpenTaskFolder? _folder;
    private TaskInputs? _inputs;
    private PeerResolver? _resolver;
    private LocalDiscovery? _discovery;
    private DhtService? _dht;
    private volatile TrackerService? _trackers;
    private PortMappingService? _mapping;
    private volatile MappedPort? _mapped;
    private EngineLoop? _loop;
    private bool _disposed;
    private bool _hasSiblings;
    private volatile SessionOutcome? _notOpened;

    private TaskSession(TaskSessionOptions options, ISessionObserver observer, ISignatureVerifier verifier)
    {
        _options = options;
        _observer = observer;
        _verifier = verifier;
    }

    /// <summary>Who this process is.</summary>
    public PublicKey Identity => _options.Identity.PublicKey;

    /// <summary>Where it listens.</summary>
    public IPEndPoint ListenEndPoint => _transport!.ListenEndPoint;

    /// <summary>Addresses under which others may reach it, the best first.</summary>
    public IReadOnlyList<PeerAddress> Reachable { get; private set; } = [];

    /// <summary>Address and port that a router forwards to this process; null: none.</summary>
    public PeerAddress? External => _mapped?.External;

    /// <summary>Pieces that were in the folder already.</summary>
    public int Resumed => _folder?.Resumed ?? 0;

    /// <summary>The task; null while a magnet link's peers have not told it.</summary>
    public TaskFile? Task => _folder?.Task;

    /// <summary>Absolute paths of the output files; empty while the task is not known.</summary>
    public IReadOnlyList<string> Outputs => _folder?.Outputs ?? [];

    /// <summary>How it ended.</summary>
    public Task<SessionOutcome> Ended => _ended.Task;

    /// <inheritdoc/>
    ILinkTransport IEngineHost.Transport => _transport!;

    /// <inheritdoc/>
    TaskParts IEngineHost.Parts => _folder?.Parts ?? throw new InvalidOperationException("The task is not open yet.");

    /// <summary>Checks the task, opens its folder and listens. On false nothing stays open.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="observer">Whom to tell.</param>
    /// <param name="session">The session, which must be disposed.</param>
    /// <param name="outcome">Why not: refused or failed.</param>
    public static bool TryPrepare(
        TaskSessionOptions options,
        ISessionObserver observer,
        [NotNullWhen(true)] out TaskSession? session,
        [NotNullWhen(false)] out SessionOutcome? outcome)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(observer);
        var prepared = new TaskSession(options, observer, new Ed25519Verifier());
        outcome = prepared.Prepare();
        session = outcome is null ? prepared : null;
        return session is not null;
    }

    /// <summary>Starts the engine. Once.</summary>
    /// <param name="siblings">Keys that are believed like my own.</param>
    /// <param name="addresses">Peers to connect to at once, besides those of the options.</param>
    public void Begin(IReadOnlyList<PublicKey> siblings, IReadOnlyList<PeerAddress> addresses)
    {
        ArgumentNullException.ThrowIfNull(siblings);
        ArgumentNullException.ThrowIfNull(addresses);
        var defaults = new NodeOptions { TaskId = _options.TaskId, Incarnation = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() };
        var node = new Node(
            defaults with
            {
                Secret = _options.Secret,
                Slots = _options.Slots,
                TrustAnyone = _options.Trust,
                Siblings = siblings,
                ExitWhenDone = _options.ExitWhenDone,
                MayCompute = _folder?.MayCompute ?? true,
                MaxLinks = Math.Max(defaults.MaxLinks, siblings.Count + SpareLinks),
                HitCheck = HitCheckOf(_options.Task),
                EnvironmentClass = $"{NeedsCheck.ThisOs}-{NeedsCheck.ThisArch}",
            },
            _options.Identity,
            _verifier,
            BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong))));

        // Whom to connect to comes before the task: a node that knows of nobody begins to work at once.
        var first = new List<NodeInput> { new NodeInput.Listening(Reachable) };
        if (addresses.Count > 0)
        {
            first.Add(new NodeInput.PeersFound(addresses, PeerSource.Owner));
        }

        _hasSiblings = siblings.Count > 0;
        StartDht();
        _resolver = new PeerResolver(Found, Remark);
        _resolver.Resolve(_options.Peers, PeerSource.Owner);
        _resolver.Resolve(_options.Magnet?.Peers ?? [], PeerSource.Magnet);
        if (_folder is not null)
        {
            PostOpened(_folder);
        }

        _loop = new EngineLoop(node, _queue, this, _clock);
        _loop.Start(first);
        BeginInputs();
        if (_options.DiscoverLocally)
        {
            _discovery = LocalDiscovery.Start(
                new LocalDiscoveryOptions { InfoHash = InfoHash.Of(_options.TaskId), Listener = _transport!.ListenEndPoint, Failed = Remark },
                Found);
        }

        if (_options.AskTrackers)
        {
            _trackers = SwarmTrackers.Start(_options, Resumed, _transport!.ListenEndPoint, Snapshot, Found, Remark);
            _trackers?.Connected(Snapshot().Peers.Count);
        }

        if (_options.MapPort && !IPAddress.IsLoopback(ListenEndPoint.Address))
        {
            _mapping = PortMappingService.Start(new PortMappingOptions
            {
                Listener = ListenEndPoint,
                Transports = _udp is null ? [MappedTransport.Tcp] : [MappedTransport.Tcp, MappedTransport.Udp],
                Changed = OnMapped,
                Remark = Remark,
            });
        }
    }

    /// <summary>Asks the node to stop: its runs are killed, its peers told, what is durable stays.</summary>
    public void RequestStop(string reason)
    {
        if (_loop is null)
        {
            _ended.TrySetResult(new SessionOutcome(SessionEnd.Stopped));
        }
        else
        {
            _queue.Add(new NodeInput.StopRequested(reason));
        }
    }

    /// <summary>The latest view of the node.</summary>
    public NodeSnapshot Snapshot() => _loop?.Snapshot() ?? new NodeSnapshot();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _queue.Close();
        System.Threading.Tasks.Task[] farewells =
        [
            _trackers?.DisposeAsync().AsTask() ?? System.Threading.Tasks.Task.CompletedTask,
            _mapping?.DisposeAsync().AsTask() ?? System.Threading.Tasks.Task.CompletedTask,
        ];
        if (_dht is not null)
        {
            await _dht.DisposeAsync().ConfigureAwait(false);
        }

        if (_discovery is not null)
        {
            await _discovery.DisposeAsync().ConfigureAwait(false);
        }

        if (_resolver is not null)
        {
            await _resolver.DisposeAsync().ConfigureAwait(false);
        }

        // Runs first: nothing that they print is wanted any more. Then the goodbyes go out, and last the disk is finished.
        if (_folder is not null)
        {
            await _folder.StopWork().ConfigureAwait(false);
        }

        if (_transport is not null)
        {
            await _transport.DisposeAsync().ConfigureAwait(false);
        }

        if (_torrents is not null)
        {
            await _torrents.DisposeAsync().ConfigureAwait(false);
        }

        if (_listener is not null)
        {
            await _listener.DisposeAsync().ConfigureAwait(false);
        }

        if (_utp is not null)
        {
            await _utp.StopAsync(UtpFarewell).ConfigureAwait(false);
        }

        if (_udp is not null)
        {
            await _udp.DisposeAsync().ConfigureAwait(false);
        }

        if (_folder is not null)
        {
            await _folder.DisposeAsync().ConfigureAwait(false);
        }

        await System.Threading.Tasks.Task.WhenAll(farewells).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    void IEngineHost.PeerListens(PeerAddress address)
    {
        // Siblings on this machine need no DHT to be found.
        if (!_hasSiblings)
        {
            _dht?.AddNodes([address], isVouched: false);
        }

        _torrents?.AddPeer(address);
    }

    /// <inheritdoc/>
    void IEngineHost.Report(NodeEvent nodeEvent, Instant at)
    {
        switch (nodeEvent)
        {
            case NodeEvent.Swarm swarm:
                _dht?.SetLonely(InfoHash.Of(_options.TaskId), swarm.Connected == 0);
                _trackers?.Connected(swarm.Connected);
                break;
            case NodeEvent.Complete:
                _trackers?.Completed();
                if (_options.Publish)
                {
                    _ = System.Threading.Tasks.Task.Run(Publish);
                }

                break;
        }

        _observer.Report(nodeEvent);
    }

    /// <inheritdoc/>
    void IEngineHost.Left(LeaveReason reason, Problem? problem) => _ended.TrySetResult(
        _notOpened ?? reason switch
        {
            LeaveReason.Done => new SessionOutcome(SessionEnd.Done),
            LeaveReason.Stopped => new SessionOutcome(SessionEnd.Stopped, problem),
            _ => new SessionOutcome(SessionEnd.Failed, problem),
        });

    /// <inheritdoc/>
    void IEngineHost.Crashed(Exception bug, NodeInput? input) => _ended.TrySetResult(new SessionOutcome(
        SessionEnd.Crashed,
        new Problem(
            "bug",
            input is null ? $"the engine failed: {bug.Message}" : $"the engine failed at {input.GetType().Name}: {bug.Message}",
            "What was finished is safe: start again to go on. Please report this with the lines above"),
        bug));

    /// <inheritdoc/>
    void IEngineHost.OpenTask(TaskFile task) => System.Threading.Tasks.Task.Run(() =>
    {
        // Reading a folder back takes a moment; the loop goes on meanwhile.
        if (OpenFolder(task) is { } outcome)
        {
            _notOpened = outcome;
            _queue.Add(new NodeInput.StopRequested(outcome.Problem!.Reason));
            return;
        }

        _observer.Opened(task, Resumed);
        PostOpened(_folder!);
        BeginInputs();
    });

    /// <summary>For a search by a kernel: hits of others are checked at a glance. Null where the task is not known yet: then the policy decides.</summary>
    private static IHitCheck? HitCheckOf(TaskFile? task) =>
        task?.Info is { Until: Until.First, Run: RunSpec.Kernel spec } info && KernelRegistry.TryCreate(spec, info, out IKernel? kernel, out _)
            ? kernel as IHitCheck
            : null;

    /// <summary>Looks for the swarm in the DHT. Nothing is asked before somebody is known to ask.</summary>
    private void StartDht()
    {
        if (!_options.UseDht || _udp is null)
        {
            return;
        }

        _dht = DhtService.Start(
            new DhtServiceOptions
            {
                Nodes = [.. _options.DhtRouters, .. _options.Task?.Nodes ?? []],
                File = Path.Combine(_options.HomeFolder ?? Path.Combine(_options.Folder, TaskFolder.PrivateName), DhtFile),
                IsFileMine = _options.HomeFolder is null,
                Failed = Remark,
            },
            _udp,
            _verifier);
        InfoHash swarm = InfoHash.Of(_options.TaskId);
        _dht.Search(swarm, (ushort)ListenEndPoint.Port, peers => _queue.Add(new NodeInput.PeersFound(peers, PeerSource.Dht)));
        _dht.SetLonely(swarm, isLonely: true);
        if (_torrents is not null)
        {
            _torrents.Dht = _dht;
        }
    }

    /// <summary>Peers that were found elsewhere: where a peer listens is its node of the DHT too.</summary>
    private void Found(NodeInput input)
    {
        _queue.Add(input);
        if (input is NodeInput.PeersFound found)
        {
            bool isVouched = found.Source is PeerSource.Owner or PeerSource.Magnet;
            if (isVouched || !_hasSiblings)
            {
                _dht?.AddNodes(found.Addresses, isVouched);
            }
        }
    }

    private void OnMapped(MappedPort mapped)
    {
        _mapped = mapped;
        _queue.Add(new NodeInput.Listening(mapped.External is { } external ? [.. Reachable, external] : Reachable));
        _trackers?.Mapped(mapped.External?.Port ?? 0);
        _observer.Mapped(mapped.External, mapped.Protocol);
    }

    private void Remark(Problem problem) => _observer.Report(new NodeEvent.Error(problem));

    private SessionOutcome? Prepare()
    {
        if (_options.Task is { } task && OpenFolder(task) is { } outcome)
        {
            return outcome;
        }

        if (!SharedPort.TryOpen(_options.Listen, out Socket? listener, out _udp, out Problem? problem))
        {
            if (_folder is { } folder)
            {
                folder.StopWork().GetAwaiter().GetResult();
                folder.DisposeAsync().AsTask().GetAwaiter().GetResult();
            }

            return new SessionOutcome(SessionEnd.Failed, problem);
        }

        if (problem is not null)
        {
            Remark(problem);
        }

        var listening = new LinkTransportOptions
        {
            IsEngineBehind = () => _queue.IsCrowded,
            Refused = (address, refused) => _observer.Report(new NodeEvent.Refused(refused with { Reason = $"{address}: {refused.Reason}" })),
        };
        _listener = ConnectionListener.At(listening, listener);
        _utp = _options.UseUtp && _udp is not null ? UtpEndpoint.Start(_udp) : null;
        _transport = TlsLinkTransport.Attach(listening, _queue.Add, _listener, _utp);
        if (_options.Publish || _options.Task is not { Info.Inputs.Count: 0 })
        {
            _torrents = new SessionTorrents(_listener, _utp, _options.DiscoverLocally, bug => ((IEngineHost)this).Crashed(bug, null));
        }

        if (_utp is not null)
        {
            _listener.Accept(_utp);
        }

        _listener.Start();
        if (_folder is not null)
        {
            _transport.Serve(_folder.Parts.Store);
        }

        Reachable = LocalAddresses.Reachable(_transport.ListenEndPoint);
        return null;
    }

    private SessionOutcome? OpenFolder(TaskFile task)
    {
        TaskSignature signature = TaskFileSigner.Check(task, _verifier);
        if (TrustRule.Check(task, signature, Identity, _options.Authors, _options.Trust) is { } untrusted)
        {
            return new SessionOutcome(SessionEnd.Refused, untrusted);
        }

        TaskSessionOptions options = _options;
        if (options.Task is null && task.Info.Inputs.Count > 0)
        {
            // Whoever joins by a link may have the inputs all the same: beside them, or in the output's folder.
            PreparedTask prepared = InputFinder.Find(task, [Environment.CurrentDirectory, options.Folder]);
            options = options with { Inputs = prepared.Found };
        }

        var inputs = new TaskInputs(task.Info, options.Inputs, Path.Combine(options.Folder, TaskFolder.PrivateName), _queue.Add, Remark);
        if (!OpenTaskFolder.TryOpen(task, options, inputs.Places, _queue.Add, out OpenTaskFolder? folder, out Problem? problem))
        {
            return new SessionOutcome(SessionEnd.Failed, problem);
        }

        _folder = folder;
        foreach (Problem remark in folder.Remarks)
        {
            Remark(remark);
        }

        _transport?.Serve(folder.Parts.Store);
        _inputs = inputs;
        return null;
    }

    private void PostOpened(OpenTaskFolder folder) =>
        _queue.Add(new NodeInput.TaskOpened(folder.Task, folder.Parts.Store.Restored) { AwaitsInputs = _inputs!.Awaits });

    /// <summary>After the node was told of the task.</summary>
    private void BeginInputs()
    {
        if (_folder is { Task.Info.Inputs.Count: > 0 } folder)
        {
            _torrents!.Begin(folder.Task, _inputs!);
        }
    }

    /// <summary>Reads the whole output: not on the engine's thread.</summary>
    private void Publish()
    {
        OpenTaskFolder folder = _folder!;
        string privateFolder = Path.Combine(_options.Folder, TaskFolder.PrivateName);
        if (_torrents!.TryPublish(folder.Task.Info, folder.Parts.Merger.PathOf, privateFolder, out PublishedOutput? published, out Problem? problem))
        {
            string[] peers = [.. (External is { } external ? Reachable.Prepend(external) : Reachable).Select(address => address.ToString())];
            _observer.Published(published!.Path, TorrentMagnet.Of(published.Torrent, peers).ToString());
        }
        else if (problem is not null)
        {
            Remark(problem);
        }
    }
}
