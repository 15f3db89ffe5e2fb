using System;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Crypto;
using Starling.Core.Dht;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Runtime.Engine;

namespace Starling.Runtime.Network;

/// <summary>
/// The process's node of the DHT: drives a <see cref="DhtNode"/> over the UDP port, reports the peers of the swarms that are searched for, and keeps the known nodes in a file. The
/// node is made in the background, and only once there is somebody to talk to, so that a start costs nothing.
/// </summary>
public sealed class DhtService : IDatagramHandler, IAsyncDisposable
{
    /// <summary>Datagrams and calls that wait for the node; further datagrams are dropped, as a full socket would.</summary>
    public const int MaxWaiting = 1_024;

    // The engine's first links come first: what the node costs at its making is not to be paid while they open.
    private static readonly TimeSpan StartDelay = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan SaveInterval = TimeSpan.FromMinutes(5);

    private readonly DhtServiceOptions _options;
    private readonly UdpPort _port;
    private readonly ISignatureVerifier _verifier;
    private readonly EngineClock _clock = new();
    private readonly ConcurrentQueue<Action<DhtNode, Instant>> _waiting = new();
    private readonly ConcurrentDictionary<InfoHash, Action<IReadOnlyList<PeerAddress>>> _found = new();
    private readonly List<(NodeId Target, TaskCompletionSource<DhtItem?> Got)> _gets = [];
    private readonly List<(NodeId Target, TaskCompletionSource<DhtEffect.ItemPut> Put)> _puts = [];
    private readonly List<(InfoHash Swarm, TaskCompletionSource<DhtEffect.Scraped?> Scraped)> _scrapes = [];
    private readonly SemaphoreSlim _workCame = new(0, 1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly PeerResolver _resolver;
    private readonly Task _running;
    private int _waitingCount;
    private volatile bool _hasSomebody;

    private DhtService(DhtServiceOptions options, UdpPort port, ISignatureVerifier verifier)
    {
        (_options, _port, _verifier) = (options, port, verifier);
        _resolver = new PeerResolver((nodes, _) => AddNodes(nodes, isVouched: true), options.Failed);
        _running = Task.Run(RunAsync);
        _port.Add(this);
    }

    /// <summary>Nodes known; 0 while nobody has answered.</summary>
    public int NodeCount { get; private set; }

    /// <summary>Datagrams and calls that wait for the node.</summary>
    internal int WaitingCount => Volatile.Read(ref _waitingCount);

    /// <summary>Begins in the background.</summary>
    public static DhtService Start(DhtServiceOptions options, UdpPort port, ISignatureVerifier verifier)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(port);
        ArgumentNullException.ThrowIfNull(verifier);
        return new DhtService(options, port, verifier);
    }

    /// <summary>Looks for the peers of a swarm from now on, and announces this process as one of them.</summary>
    /// <param name="swarm">The swarm.</param>
    /// <param name="port">The TCP port; UDP has the same number.</param>
    /// <param name="found">Gets the peers, one call at a time, from a thread of the pool. Any of them may be made up.</param>
    public void Search(InfoHash swarm, ushort port, Action<IReadOnlyList<PeerAddress>> found)
    {
        _found[swarm] = found;
        Enqueue((node, now) => node.Search(swarm, port, now));
    }

    /// <summary>Looks for the swarm no more. A last report may still be under way.</summary>
    public void StopSearch(InfoHash swarm)
    {
        _found.TryRemove(swarm, out _);
        Enqueue((node, _) => node.StopSearch(swarm));
    }

    /// <summary>Addresses where nodes may be, such as those of peers: a peer's node is at the port at which it listens.</summary>
    /// <param name="addresses">UDP addresses.</param>
    /// <param name="isVouched">Named by the owner, the task file or a link.</param>
    public void AddNodes(IReadOnlyList<PeerAddress> addresses, bool isVouched)
    {
        _hasSomebody = true;
        Enqueue((node, now) => node.AddNodes(addresses, isVouched, now));
    }

    /// <summary>Nodes that a task or torrent names (BEP 5), as <c>HOST:PORT</c>; names are resolved.</summary>
    public void AddNodes(IReadOnlyList<string> nodes) => _resolver.Resolve(nodes, PeerSource.Owner);

    /// <summary>Says whether a swarm has no peers, so that it is looked for more often.</summary>
    public void SetLonely(InfoHash swarm, bool isLonely) => Enqueue((node, now) => node.SetLonely(swarm, isLonely, now));

    /// <summary>Looks for an item (BEP 44): the newest genuine one, or null when there is none, or nobody to ask.</summary>
    /// <param name="target">Where it is kept.</param>
    /// <param name="key">Whose item it is; null: an immutable one.</param>
    /// <param name="salt">The mutable item's salt.</param>
    public Task<DhtItem?> GetAsync(NodeId target, PublicKey? key, ReadOnlyMemory<byte> salt)
    {
        _hasSomebody = true;
        var got = new TaskCompletionSource<DhtItem?>(TaskCreationOptions.RunContinuationsAsynchronously);
        Enqueue((node, now) =>
        {
            _gets.Add((target, got));
            if (!node.Get(target, key, salt, now))
            {
                EndGets(target, null);
            }
        });
        return got.Task;
    }

    /// <summary>Puts an item (BEP 44); how many nodes took it, and the error codes of those that refused.</summary>
    /// <param name="item">A genuine item.</param>
    /// <param name="cas">The version that it is to replace; null: any lower one.</param>
    public Task<DhtEffect.ItemPut> PutAsync(DhtItem item, long? cas)
    {
        ArgumentNullException.ThrowIfNull(item);
        _hasSomebody = true;
        var put = new TaskCompletionSource<DhtEffect.ItemPut>(TaskCreationOptions.RunContinuationsAsynchronously);
        NodeId target = item.Target;
        Enqueue((node, now) =>
        {
            _puts.Add((target, put));
            if (!node.Put(item, cas, now))
            {
                EndPuts(new DhtEffect.ItemPut(target, 0, []));
            }
        });
        return put.Task;
    }

    /// <summary>Counts the peers of a swarm (BEP 33) without announcing anything; null: there is nobody to ask.</summary>
    public Task<DhtEffect.Scraped?> ScrapeAsync(InfoHash swarm)
    {
        _hasSomebody = true;
        var scraped = new TaskCompletionSource<DhtEffect.Scraped?>(TaskCreationOptions.RunContinuationsAsynchronously);
        Enqueue((node, now) =>
        {
            _scrapes.Add((swarm, scraped));
            if (!node.Scrape(swarm, now))
            {
                EndScrapes(swarm, null);
            }
        });
        return scraped.Task;
    }

    /// <inheritdoc/>
    public bool TryHandle(PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (!DhtNode.IsMine(datagram))
        {
            return false;
        }

        if (Volatile.Read(ref _waitingCount) < MaxWaiting)
        {
            byte[] copy = datagram.ToArray();
            _hasSomebody = true;
            Enqueue((node, now) => node.Receive(from, copy, now));
        }

        return true;
    }

    /// <summary>Saves the known nodes and falls silent. Nothing is posted afterwards.</summary>
    public async ValueTask DisposeAsync()
    {
        _port.Remove(this);
        await _resolver.DisposeAsync().ConfigureAwait(false);
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
    }

    private void Enqueue(Action<DhtNode, Instant> work)
    {
        Interlocked.Increment(ref _waitingCount);
        _waiting.Enqueue(work);
        if (_workCame.CurrentCount == 0)
        {
            try
            {
                _workCame.Release();
            }
            catch (SemaphoreFullException)
            {
                // Another thread has just woken the loop.
            }
        }
    }

    /// <summary>A bug in the node stops the process, as it should: nobody awaits this before the end.</summary>
    private async Task RunAsync()
    {
        try
        {
            await Task.Delay(StartDelay, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            byte[] saved = _options.File is { } file ? NodeFile.Read(file) : [];
            _resolver.Resolve(_options.Nodes, PeerSource.Owner);
            while (saved.Length == 0 && !_hasSomebody && !_stopping.IsCancellationRequested)
            {
                // Nobody to ask: until somebody is named, or asks, there need not be a node.
                await WaitAsync(Timeout.InfiniteTimeSpan).ConfigureAwait(false);
            }

            if (!_stopping.IsCancellationRequested)
            {
                await DriveAsync(MakeNode(saved)).ConfigureAwait(false);
            }
        }
        catch (Exception bug)
        {
            Environment.FailFast("The DHT met a bug", bug);
        }
    }

    private DhtNode MakeNode(byte[] saved)
    {
        IPAddress bound = _port.EndPoint.Address;
        bool isEverywhere = bound.Equals(IPAddress.IPv6Any) || bound.Equals(IPAddress.Any);
        bool isV6 = bound.AddressFamily == AddressFamily.InterNetworkV6;
        PeerAddress own = PeerAddress.From(bound, _port.EndPoint.Port);
        return new DhtNode(
            new DhtOptions
            {
                Secret = RandomNumberGenerator.GetBytes(32),
                UseV4 = !isV6 || bound.Equals(IPAddress.IPv6Any),
                UseV6 = isV6,
                Saved = saved,
                KeepsSavedId = _options.IsFileMine,
                IsReadOnly = _options.IsReadOnly,
                KnownV4 = isEverywhere || isV6 ? null : own,
                KnownV6 = isEverywhere || !isV6 ? null : own,
            },
            _verifier,
            BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong))));
    }

    private async Task DriveAsync(DhtNode node)
    {
        Instant nextSave = _clock.Now + SaveInterval;
        while (!_stopping.IsCancellationRequested)
        {
            while (_waiting.TryDequeue(out Action<DhtNode, Instant>? work))
            {
                Interlocked.Decrement(ref _waitingCount);
                work(node, _clock.Now);
                CarryOut(node);
            }

            if (node.NextWake <= _clock.Now)
            {
                node.Tick(_clock.Now);
                CarryOut(node);
            }

            NodeCount = node.NodeCount;
            if (nextSave <= _clock.Now)
            {
                nextSave = _clock.Now + SaveInterval;
                Save(node);
            }

            // A wait never lasts longer than to the next save, so it fits what the system can wait.
            TimeSpan wait = Instant.Min(node.NextWake, nextSave) - _clock.Now;
            await WaitAsync(wait > TimeSpan.Zero ? wait : TimeSpan.Zero).ConfigureAwait(false);
        }

        Save(node);
        _gets.ForEach(get => get.Got.TrySetResult(null));
        _scrapes.ForEach(scrape => scrape.Scraped.TrySetResult(null));
        _puts.ForEach(put => put.Put.TrySetResult(new DhtEffect.ItemPut(put.Target, 0, [])));
    }

    private async Task WaitAsync(TimeSpan wait)
    {
        // Rounded up: a wait that ends a moment too early would go round once more.
        TimeSpan rounded = wait == Timeout.InfiniteTimeSpan ? wait : TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds));
        try
        {
            await _workCame.WaitAsync(rounded, _stopping.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The loop sees it.
        }
    }

    private void CarryOut(DhtNode node)
    {
        foreach (DhtEffect effect in node.TakeEffects())
        {
            switch (effect)
            {
                case DhtEffect.Send send:
                    _port.Send(send.To, send.Datagram.Span);
                    break;
                case DhtEffect.PeersFound found:
                    if (_found.TryGetValue(found.Swarm, out Action<IReadOnlyList<PeerAddress>>? tell))
                    {
                        tell(found.Peers);
                    }

                    break;
                case DhtEffect.ItemGot got:
                    EndGets(got.Target, got.Item);
                    break;
                case DhtEffect.Scraped scraped:
                    EndScrapes(scraped.Swarm, scraped);
                    break;
                case DhtEffect.ItemPut put:
                    EndPuts(put);
                    break;
            }
        }
    }

    /// <summary>All who wait for this item have it; a second look would find the same.</summary>
    private void EndGets(NodeId target, DhtItem? item)
    {
        _gets.FindAll(get => get.Target == target).ForEach(get => get.Got.TrySetResult(item));
        _gets.RemoveAll(get => get.Target == target);
    }

    private void EndScrapes(InfoHash swarm, DhtEffect.Scraped? scraped)
    {
        _scrapes.FindAll(each => each.Swarm == swarm).ForEach(each => each.Scraped.TrySetResult(scraped));
        _scrapes.RemoveAll(each => each.Swarm == swarm);
    }

    private void EndPuts(DhtEffect.ItemPut put)
    {
        int first = _puts.FindIndex(waiting => waiting.Target == put.Target);
        if (first >= 0)
        {
            _puts[first].Put.TrySetResult(put);
            _puts.RemoveAt(first);
        }
    }

    private void Save(DhtNode node)
    {
        if (_options.File is { } file && !_options.IsReadOnly && node.NodeCount > 0)
        {
            NodeFile.Write(file, node.Save());
        }
    }
}
