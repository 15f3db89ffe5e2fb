using System;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Torrents;
using Starling.Core.Wire;
using Starling.Runtime.Engine;
using Starling.Runtime.Network;

namespace Starling.Runtime.Torrents;

/// <summary>
/// Ordinary BitTorrent for this process: any number of torrents, driven by one thread of their own, so that big blocks never delay the claims
/// of task swarms; one more thread hashes and writes. Plain connections come from the port that task swarms use too.
/// </summary>
public sealed class TorrentHost : IAsyncDisposable
{
    private static readonly TimeSpan LongestSleep = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan SnapshotInterval = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan BehindPause = TimeSpan.FromMilliseconds(2);

    /// <summary>Inputs that are settled together at most.</summary>
    private const int MostAtOnce = 256;

    private readonly TorrentHostOptions _options;
    private readonly ConnectionListener _listener;
    private readonly DataDialer _dialer;
    private readonly EngineClock _clock = new();
    private readonly HostQueue _queue = new();
    private readonly Action<Exception> _crashed;
    private readonly ConcurrentDictionary<InfoHash, TorrentSession> _byHash = new();
    private readonly ConcurrentDictionary<LinkId, DataLink> _links = new();
    private readonly List<TorrentSession> _sessions = [];
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _allEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;
    private readonly Timer _deadlines;
    private long _lastLink;
    private int _running = 1;
    private int _disposed;

    /// <summary>A host that serves the plain BitTorrent connections of a port; before the listener is started.</summary>
    /// <param name="options">Bounds.</param>
    /// <param name="listener">The port; to be disposed after this.</param>
    /// <param name="crashed">Told of a bug in the engine, which ends its thread: the process should end.</param>
    public TorrentHost(TorrentHostOptions options, ConnectionListener listener, Action<Exception> crashed)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(listener);
        ArgumentNullException.ThrowIfNull(crashed);
        _options = options;
        _listener = listener;
        _crashed = crashed;
        Pool = new BlockPool(options.MaxQueuedBytes);
        _dialer = new DataDialer(options);
        listener.Serve(ConnectionKind.BitTorrent, connection => ServeAsync(connection, ConnectionKind.BitTorrent));
        listener.Serve(ConnectionKind.Unknown, connection => ServeAsync(connection, ConnectionKind.Unknown));
        _thread = new Thread(Run) { Name = "data swarms", IsBackground = true };
        _thread.Start();
        TimeSpan period = options.WriteTimeout / 4;
        _deadlines = new Timer(_ => CheckDeadlines(), null, period, period);
    }

    internal TimeSpan SaveInterval => _options.SaveInterval;

    /// <summary>Links that stand.</summary>
    public int LinkCount => _links.Count;

    internal BlockPool Pool { get; }

    internal TorrentDisk Disk { get; } = new();

    /// <summary>Takes a torrent in; false: it is here already, or the request names none.</summary>
    public bool TryAdd(
        TorrentRequest request, ITorrentObserver observer,
        [NotNullWhen(true)] out TorrentSession? session, [NotNullWhen(false)] out Problem? problem)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(observer);
        session = null;
        Span<byte> seed = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(seed);
        ulong number = BinaryPrimitives.ReadUInt64LittleEndian(seed);
        var added = new TorrentSession(this, request, observer, new DataSwarmOptions
        {
            V1 = request.File is { } file ? file.Info.InfoHashV1 : request.Magnet!.InfoHashV1,
            V2 = request.File is { } known ? known.Info.InfoHashV2 : request.Magnet!.InfoHashV2,
            PeerId = PeerId.Create(new DeterministicRandom(~number)),
            Seed = number,
            ListenPort = (ushort)_listener.EndPoint.Port,
            HasDhtNode = _options.HasDhtNode,
            FetchMetadata = request.File is null,
            Sequential = request.Sequential,
            DownRate = request.DownRate,
            UpRate = request.UpRate,
            KeepAfter = _options.SaveInterval / 2,
            Client = $"Starling {typeof(TorrentHost).Assembly.GetName().Version?.ToString(3)}",
        });
        foreach (InfoHash hash in request.SwarmHashes)
        {
            if (!_byHash.TryAdd(hash, added))
            {
                Unlist(added);
                problem = new Problem("torrent", "This torrent is here already");
                return false;
            }
        }

        lock (_gate)
        {
            _sessions.Add(added);
        }

        session = added;
        problem = null;
        if (request.File is { } torrent)
        {
            Disk.Add(() => added.Open(torrent));
        }

        return true;
    }

    /// <summary>Ends a torrent: links closed, state saved, files closed.</summary>
    public async Task RemoveAsync(TorrentSession session)
    {
        ArgumentNullException.ThrowIfNull(session);
        Unlist(session);
        Post(session, new DataInput.StopRequested("stopping"));
        long giveUpMs = Environment.TickCount64 + (long)(2 * _options.CloseGrace).TotalMilliseconds;
        while (Volatile.Read(ref _disposed) == 0 && session.LinksOpen > 0 && Environment.TickCount64 < giveUpMs)
        {
            await Task.Delay(10).ConfigureAwait(false);
        }

        lock (_gate)
        {
            _sessions.Remove(session);
        }

        await session.CloseAsync().ConfigureAwait(false);
    }

    /// <summary>Ends every torrent and every thread.</summary>
    public async ValueTask DisposeAsync()
    {
        TorrentSession[] sessions;
        lock (_gate)
        {
            sessions = [.. _sessions];
        }

        foreach (TorrentSession session in sessions)
        {
            await RemoveAsync(session).ConfigureAwait(false);
        }

        if (Interlocked.Exchange(ref _disposed, 1) == 1)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await _deadlines.DisposeAsync().ConfigureAwait(false);
        foreach (DataLink link in _links.Values)
        {
            link.Abort("stopping");
        }

        Ended();
        await _allEnded.Task.ConfigureAwait(false);
        _queue.Close();
        _thread.Join();
        await Disk.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    /// <summary>Whether this thread is behind the links.</summary>
    internal bool IsBehind => _queue.IsBehind;

    /// <summary>Ends when it has caught up; rare, for the thread handles names of blocks only.</summary>
    internal async Task CatchUpAsync()
    {
        while (_queue.IsBehind && !_stopping.IsCancellationRequested)
        {
            await Task.Delay(BehindPause).ConfigureAwait(false);
        }
    }

    internal void Post(TorrentSession session, DataInput input) => _queue.Add(session, input);

    internal DataLink? Find(LinkId link) => _links.GetValueOrDefault(link);

    internal void CloseLink(LinkId link, string reason)
    {
        if (_links.TryGetValue(link, out DataLink? open))
        {
            Start(() => open.CloseAsync(reason));
        }
    }

    internal void Connect(TorrentSession session, PeerAddress address) => Start(() => ConnectAsync(session, address));

    /// <summary>The metadata that a link named is known: connections are served under all its names from now on.</summary>
    internal void List(TorrentSession session)
    {
        foreach (InfoHash hash in session.SwarmHashes)
        {
            _byHash.TryAdd(hash, session);
        }
    }

    private void Unlist(TorrentSession session)
    {
        foreach (InfoHash hash in session.Request.SwarmHashes.Concat(session.SwarmHashes))
        {
            _byHash.TryRemove(new KeyValuePair<InfoHash, TorrentSession>(hash, session));
        }
    }

    private void Run()
    {
        try
        {
            while (_queue.Take(Patience()) is { } inputs)
            {
                for (int i = 0; i < inputs.Count; i++)
                {
                    (TorrentSession session, DataInput input) = inputs[i];
                    bool more = i + 1 < inputs.Count && inputs[i + 1].Session == session && (i + 1) % MostAtOnce != 0;
                    session.Step(input, _clock.Now, more);
                }

                Wake();
            }
        }
#pragma warning disable CA1031 // Whatever it is, it is a bug, and the owner ends the process.
        catch (Exception bug)
#pragma warning restore CA1031
        {
            _queue.Close();
            _crashed(bug);
        }
    }

    /// <summary>Gives the time to swarms that asked for it, and renews views.</summary>
    private void Wake()
    {
        Instant now = _clock.Now;
        lock (_gate)
        {
            foreach (TorrentSession session in _sessions)
            {
                if (session.NextWake <= now)
                {
                    session.Step(new DataInput.Tick(), now, more: false);
                }

                if (now - session.SnapshotAt >= SnapshotInterval)
                {
                    session.TakeSnapshot(now);
                }
            }
        }
    }

    private TimeSpan Patience()
    {
        Instant now = _clock.Now;
        Instant wake = now + LongestSleep;
        lock (_gate)
        {
            foreach (TorrentSession session in _sessions)
            {
                wake = Instant.Min(wake, session.NextWake);
            }
        }

        return wake <= now ? TimeSpan.Zero : TimeSpan.FromMilliseconds(Math.Ceiling((wake - now).TotalMilliseconds));
    }

    /// <summary>Runs work that <see cref="DisposeAsync"/> waits for. A bug in it stops the process, as it should.</summary>
    private async void Start(Func<Task> work)
    {
        Interlocked.Increment(ref _running);
        try
        {
            await work().ConfigureAwait(false);
        }
        finally
        {
            Ended();
        }
    }

    private void Ended()
    {
        if (Interlocked.Decrement(ref _running) == 0)
        {
            _allEnded.TrySetResult();
        }
    }

    private async Task ServeAsync(IncomingConnection connection, ConnectionKind kind)
    {
        if (await _dialer.AnswerAsync(connection, kind, _byHash.Keys).ConfigureAwait(false) is not { } answered)
        {
            return;
        }

        if (!_byHash.TryGetValue(answered.Handshake.InfoHash, out TorrentSession? session))
        {
            // Not told to the owner: peers keep the address of a torrent that was here, or may be here soon, and come for it day and night.
        }
        else if (_links.Count >= _options.MaxLinks)
        {
            connection.Refused("too many connections");
        }
        else
        {
            connection.HandshakeDone();
            await RunAsync(session, answered.Stream, connection.Address, outgoing: false, answered.Handshake).ConfigureAwait(false);
        }

        await answered.Stream.DisposeAsync().ConfigureAwait(false);
    }

    private async Task ConnectAsync(TorrentSession session, PeerAddress address)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        if (_links.Count >= _options.MaxLinks)
        {
            session.Post(new DataInput.ConnectFailed(address, "too many connections"));
            return;
        }

        Stream stream;
        try
        {
            stream = await _dialer.DialAsync(address, session.SwarmHashes[0], _stopping.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (NetworkFailure.Is(exception))
        {
            session.Post(new DataInput.ConnectFailed(address, NetworkFailure.Describe(exception)));
            return;
        }

        await using Stream owned = stream;
        await RunAsync(session, stream, address, outgoing: true, null).ConfigureAwait(false);
    }

    private async Task RunAsync(TorrentSession session, Stream stream, PeerAddress address, bool outgoing, Handshake? received)
    {
        var id = new LinkId(Interlocked.Increment(ref _lastLink));
        var link = new DataLink(id, session, stream, _options.CloseGrace);
        _links[id] = link;
        session.LinkOpened();
        session.Post(new DataInput.LinkOpened(id, address, outgoing, received));
        if (_stopping.IsCancellationRequested)
        {
            link.Abort("stopping");
        }

        await link.RunAsync(expectHandshake: outgoing).ConfigureAwait(false);
        _links.TryRemove(id, out _);
        session.LinkClosed();
    }

    private void CheckDeadlines()
    {
        long nowMs = Environment.TickCount64;
        foreach (KeyValuePair<LinkId, DataLink> entry in _links)
        {
            entry.Value.CheckDeadline(nowMs, _options.WriteTimeout);
        }
    }
}
