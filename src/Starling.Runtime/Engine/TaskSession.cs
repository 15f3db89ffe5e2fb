using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Linq;
using System.Net;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Crypto;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Metainfo;
using Starling.Core.Owner;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Core.Verification;
using Starling.Runtime.Discovery;
using Starling.Runtime.Identity;
using Starling.Runtime.Kernels;
using Starling.Runtime.Network;
using Starling.Runtime.Owner;
using Starling.Runtime.PortMapping;
using Starling.Runtime.Reputation;
using Starling.Runtime.Storage;
using Starling.Runtime.Walls;

namespace Starling.Runtime.Engine;

/// <summary>
/// Everything that one process is for one task: node, loop, connections, folder, runs. Made in two steps, so that local peers can first all
/// listen and then begin at once: <see cref="TryPrepare"/> takes port and folder, <see cref="Begin"/> starts the engine.
/// </summary>
public sealed class TaskSession : IEngineHost, IAsyncDisposable
{
    // Local peers are connected each to each; other swarms stay at the node's own bound.
    private const int SpareLinks = 16;

    /// <summary>How long peers remember that this folder's identity judges in its owner's place; said anew at each start.</summary>
    private static readonly TimeSpan OwnDelegation = TimeSpan.FromDays(30);

    /// <summary>The known nodes of the DHT, in the home folder or beside the task's journal.</summary>
    private const string DhtFile = "dht";

    private const int SnapshotStepMs = 10;
    private const int SnapshotPatienceMs = 2_000;

    private readonly TaskSessionOptions _options;
    private readonly ISessionObserver _observer;
    private readonly ISignatureVerifier _verifier;
    private readonly InputQueue _queue = new();
    private readonly EngineClock _clock = new();
    private readonly TaskCompletionSource<SessionOutcome> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SessionPort? _port;
    private SessionTorrents? _torrents;
    private OpenTaskFolder? _folder;
    private TaskInputs? _inputs;
    private volatile PeerFinder? _finder;
    private volatile PeerSearch? _search;
    private PortMappingService? _mapping;
    private volatile MappedPort? _mapped;
    private EngineLoop? _loop;
    private StandingStore? _standings;
    private OwnerConfig? _config;
    private RuleKeeper? _keeper;
    private WhySocket? _why;
    private volatile bool _hasWork = true;
    private bool _disposed;
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
    public IPEndPoint ListenEndPoint => _port!.EndPoint;

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
    ILinkTransport IEngineHost.Transport => _port!.Transport;

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
        // Where members are believed nothing is learnt about anybody.
        _standings = _options.OwnerFolder is { } owner && _options.Task?.Info.Verify is not VerifySpec.Own ? StandingStore.Open(owner, Remark) : null;
        var defaults = new NodeOptions { TaskId = _options.TaskId, Incarnation = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() };
        var node = new Node(
            defaults with
            {
                Secret = _options.Secret,
                Slots = _options.Slots,
                TrustAnyone = _options.Trust,
                Standings = _standings,
                Siblings = siblings,
                Delegations = Delegations(),
                ExitWhenDone = _options.ExitWhenDone,
                Publishes = _options.Publish,
                Keep = _options.Keep,
                MaxLinks = Math.Max(defaults.MaxLinks, siblings.Count + SpareLinks),
                HitCheck = HitCheckOf(_options.Task),
                HasDhtNode = DhtPort is not null,
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

        _finder = new PeerFinder(Finding(hasSiblings: siblings.Count > 0), _verifier);
        _search = _finder.Prepare(TaskSwarmSearch.Of(_options, Snapshot, (peers, source) => _queue.Add(new NodeInput.PeersFound(peers, source))));
        _torrents?.Finder = _finder;
        _search.Begin();
        BeginRules(first);
        if (_folder is not null)
        {
            PostOpened(_folder);
        }

        _loop = new EngineLoop(node, _queue, this, _clock);
        _loop.Start(first);
        BeginInputs();
        _search.AskTrackers(_options.Task is { } task && Resumed == task.Info.PieceCount);
        if (_options.MapPort && !IPAddress.IsLoopback(ListenEndPoint.Address))
        {
            _mapping = PortMappingService.Start(new PortMappingOptions
            {
                Listener = ListenEndPoint,
                Transports = _port!.Transports,
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

    /// <summary>Why the task, or a piece of it, does not run.</summary>
    /// <param name="piece">The piece; null: all that do not run. One that the task does not have is told so.</param>
    public WhyAnswer Why(int? piece) => SessionWhy.Of(_options, _folder, _keeper?.InForce?.Grant ?? Grant.Everything, FreshSnapshot(), piece);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _why?.Dispose();
        _keeper?.Dispose();
        _queue.Close();
        System.Threading.Tasks.Task farewells = System.Threading.Tasks.Task.WhenAll(
            _finder?.DisposeAsync().AsTask() ?? System.Threading.Tasks.Task.CompletedTask,
            _mapping?.DisposeAsync().AsTask() ?? System.Threading.Tasks.Task.CompletedTask);

        // Runs first: nothing that they print is wanted any more. Then the goodbyes go out, and last the disk is finished.
        if (_folder is not null)
        {
            await _folder.StopWork().ConfigureAwait(false);
        }

        if (_port is not null)
        {
            await _port.Transport.DisposeAsync().ConfigureAwait(false);
        }

        if (_torrents is not null)
        {
            await _torrents.DisposeAsync().ConfigureAwait(false);
        }

        await farewells.ConfigureAwait(false);
        if (_port is not null)
        {
            await _port.DisposeAsync().ConfigureAwait(false);
        }

        if (_folder is not null)
        {
            await _folder.DisposeAsync().ConfigureAwait(false);
        }

        _standings?.Dispose();
    }

    /// <summary>
    /// What the owner signed or heard of who may judge. Where the owner may, this process may too: the identity of its folder is another than the owner's, so it
    /// gets a notice of its own.
    /// </summary>
    private IReadOnlyList<ReadOnlyMemory<byte>> Delegations()
    {
        if (_options is not { OwnerFolder: { } owner, Task: { Info: { Verify: VerifySpec.Arbiter, Author: { } author } } task })
        {
            return [];
        }

        IReadOnlyList<ReadOnlyMemory<byte>> kept = new DelegationFolder(owner).Read(task.Id);
        if (_options.Owner is not { } me || me.PublicKey == Identity)
        {
            return kept;
        }

        DateTimeOffset now = DateTimeOffset.UtcNow;
        DelegationNotice mine = DelegationNotice.Sign(me, task.Id, Identity, now.ToUnixTimeMilliseconds(), (now + OwnDelegation).ToUnixTimeSeconds(), depth: 0);
        DelegationTable table = DelegationTable.Of(author, task.Id, kept, _verifier, now.ToUnixTimeSeconds());
        return table.IsNews(mine, now.ToUnixTimeSeconds()) ? [.. kept, mine.Raw] : kept;
    }

    /// <inheritdoc/>
    void IEngineHost.SaveDelegation(ReadOnlyMemory<byte> notice)
    {
        if (_options.OwnerFolder is { } owner && new DelegationFolder(owner).Add(_options.TaskId, notice) is { } problem)
        {
            Remark(problem);
        }
    }

    /// <inheritdoc/>
    void IEngineHost.PeerListens(PeerAddress address) => _torrents?.AddPeer(address);

    /// <inheritdoc/>
    void IEngineHost.PeerHasNode(PeerAddress address) => _finder?.AddNodes([address], isVouched: false);

    /// <inheritdoc/>
    void IEngineHost.SaveStanding(PublicKey worker, StandingChange change) => _standings?.Add(worker, change);

    /// <inheritdoc/>
    void IEngineHost.Report(NodeEvent nodeEvent, Instant at)
    {
        switch (nodeEvent)
        {
            case NodeEvent.Swarm swarm:
                _search?.Connected(swarm.Connected);
                break;
            case NodeEvent.PieceReopened:
                _hasWork = true;
                break;
            case NodeEvent.Complete:
                _hasWork = false;
                _search?.Completed();
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
        if (_keeper?.InForce is { } inForce)
        {
            _folder!.Governor.Obey(inForce.Grant, inForce.Rules, Environment.ProcessorCount);
        }

        PostOpened(_folder!);
        BeginInputs();
    });

    /// <summary>For a search by a kernel: hits of others are checked at a glance. Null where the task is not known yet: then the policy decides.</summary>
    private static IHitCheck? HitCheckOf(TaskFile? task) =>
        task?.Info is { Until: Until.First, Run: RunSpec.Kernel spec } info && KernelRegistry.TryCreate(spec, info, out IKernel? kernel, out _)
            ? kernel as IHitCheck
            : null;

    /// <summary>Where the DHT is spoken; null: nowhere.</summary>
    private UdpPort? DhtPort => _options.UseDht ? _port!.Udp : null;

    private PeerFinderOptions Finding(bool hasSiblings) => new()
    {
        Listener = ListenEndPoint,
        Locally = _options.DiscoverLocally,
        AskTrackers = _options.AskTrackers,
        DhtPort = DhtPort,
        DhtNodes = _options.DhtRouters,
        DhtFile = Path.Combine(_options.HomeFolder ?? Path.Combine(_options.Folder, TaskFolder.PrivateName), DhtFile),
        IsDhtFileMine = _options.HomeFolder is null,
        PeersAreNodes = !hasSiblings,
        Remark = Remark,
    };

    private void OnMapped(MappedPort mapped)
    {
        _mapped = mapped;
        _queue.Add(new NodeInput.Listening(mapped.External is { } external ? [.. Reachable, external] : Reachable));
        _finder?.Mapped(mapped.External?.Port ?? 0);
        _observer.Mapped(mapped.External, mapped.Protocol);
    }

    private void Remark(Problem problem) => _observer.Report(new NodeEvent.Error(problem));

    /// <summary>A view that was made after this was asked, unless the engine is very busy; waits for it.</summary>
    private NodeSnapshot FreshSnapshot()
    {
        NodeSnapshot before = Snapshot();
        NodeSnapshot now = before;
        for (int waited = 0; waited < SnapshotPatienceMs && ReferenceEquals(now, before); waited += SnapshotStepMs)
        {
            Thread.Sleep(SnapshotStepMs);
            now = Snapshot();
        }

        return now;
    }

    /// <summary>What the rules give is known before anything may run.</summary>
    private void BeginRules(List<NodeInput> first)
    {
        if (_options.Rules is not { } place)
        {
            return;
        }

        bool hasBegun = false;
        _keeper = new RuleKeeper(place, _config!.Rules, _options.Folder, Demand, inForce => OnRules(inForce, hasBegun ? null : first), problem => _observer.Report(new NodeEvent.Refused(problem)));
        _keeper.Look();
        hasBegun = true;
        _keeper.Start();
        _why = WhySocket.TryOpen(place.RunningFolder, Why);
    }

    private TaskDemand Demand()
    {
        TaskInfo? info = _folder?.Task.Info;
        return new TaskDemand
        {
            Id = _options.TaskId.ToString(),
            Name = info?.Name ?? _options.Magnet?.Name ?? "",
            IsOwn = _folder?.IsOwn ?? false,
            Slots = _options.Slots,
            HasWork = _hasWork && _folder is { MayCompute: true },
            MemoryOfRun = info?.Limits.MemoryBytes ?? info?.Needs.MemoryBytes,
        };
    }

    /// <param name="inForce">What holds from now on.</param>
    /// <param name="first">Inputs that come before all others; null: the loop runs.</param>
    private void OnRules(RulesInForce inForce, List<NodeInput>? first)
    {
        // What goes over the wire is divided evenly among the swarms of this task: its own, that of each input, and that of the output.
        int swarms = 1 + (_folder?.Task.Info.Inputs.Count ?? 0) + (_options.Publish ? 1 : 0);
        Grant grant = inForce.Grant;
        Grant mine = grant with { UploadBytesPerSecond = PartOf(grant.UploadBytesPerSecond, swarms), DownloadBytesPerSecond = PartOf(grant.DownloadBytesPerSecond, swarms) };
        _folder?.Governor.Obey(grant, inForce.Rules, Environment.ProcessorCount);
        _torrents?.SetRates(mine.DownloadBytesPerSecond ?? 0, mine.UploadBytesPerSecond ?? 0);
        var input = new NodeInput.GrantChanged(mine);
        if (first is null)
        {
            _queue.Add(input);
        }
        else
        {
            first.Add(input);
        }

        _observer.Granted(grant);
    }

    private static long? PartOf(long? rate, int parts) => rate is { } bytes ? Math.Max(1, bytes / parts) : null;

    private SessionOutcome? Prepare()
    {
        if (_options.Rules is { } rules && !OwnerConfig.TryRead(rules.ConfigPath, out _config, out Problem? broken))
        {
            return new SessionOutcome(SessionEnd.Failed, broken);
        }

        if (_options.Task is { } task && OpenFolder(task) is { } outcome)
        {
            return outcome;
        }

        var listening = new LinkTransportOptions
        {
            IsEngineBehind = () => _queue.IsCrowded,
            Refused = (address, refused) => _observer.Report(new NodeEvent.Refused(refused with { Reason = $"{address}: {refused.Reason}" })),
        };
        if (!SessionPort.TryOpen(_options.Listen, _options.UseUtp, listening, _queue.Add, out _port, out Problem? problem))
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

        if (_options.Publish || _options.Task is not { Info.Inputs.Count: 0 })
        {
            _torrents = new SessionTorrents(_port.Listener, _port.Utp, DhtPort is not null, bug => ((IEngineHost)this).Crashed(bug, null))
            {
                Trackers = TaskSwarmSearch.TrackersOf(_options),
            };
        }

        _port.Start();
        if (_folder is not null)
        {
            _port.Transport.Serve(_folder.Parts.Store);
        }

        Reachable = LocalAddresses.Reachable(ListenEndPoint);
        return null;
    }

    private SessionOutcome? OpenFolder(TaskFile task)
    {
        TaskSignature signature = TaskFileSigner.Check(task, _verifier);
        Problem? foreign = TrustRule.Check(task, signature, Identity, _options.Authors, _options.Trust);
        if (foreign is not null && ForeignTask.Refusal(foreign, task.Info, _options.AllowNetwork, noWalls: null) is { } unwanted)
        {
            return new SessionOutcome(SessionEnd.Refused, unwanted);
        }

        if (!task.Info.Admits(Identity))
        {
            return new SessionOutcome(SessionEnd.Refused, new Problem(
                "no-member", $"task '{task.Info.Name}' names its members, and this key is none of them: {Identity}", "Ask its author to name this key."));
        }

        InputPlaces places = InputPlaces.Of(task, _options, Remark);
        var inputs = new TaskInputs(task.Info, places, _queue.Add, Remark);
        bool isOwn = TrustRule.IsOwn(task, signature, Identity, _options.Authors, _options.Trust);
        if (!OpenTaskFolder.TryOpen(task, _options, inputs.Places, _queue.Add, foreign is not null, isOwn, out OpenTaskFolder? folder, out Problem? problem))
        {
            if (foreign is not null && problem.Code == TrustRule.Code)
            {
                return new SessionOutcome(SessionEnd.Refused, ForeignTask.Refusal(foreign, task.Info, allowNetwork: true, problem)!);
            }

            return new SessionOutcome(SessionEnd.Failed, problem);
        }

        _folder = folder;
        foreach (Problem remark in folder.Remarks)
        {
            Remark(remark);
        }

        _port?.Transport.Serve(folder.Parts.Store);
        _inputs = inputs;
        return null;
    }

    private void PostOpened(OpenTaskFolder folder) =>
        _queue.Add(new NodeInput.TaskOpened(folder.Task, folder.Restored())
        {
            AwaitsInputs = _inputs!.Awaits,
            MayCompute = folder.MayCompute,
            EnvironmentClass = folder.EnvironmentClass,
        });

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
