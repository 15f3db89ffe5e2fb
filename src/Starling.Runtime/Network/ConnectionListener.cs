using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Primitives;

namespace Starling.Runtime.Network;

/// <summary>An incoming connection whose protocol is known.</summary>
/// <param name="Stream">The connection from its first byte on. Owned by the listener, which closes it when the handler returns.</param>
/// <param name="Address">The other end.</param>
/// <param name="AcceptedMs">When it came, on the clock of <see cref="Environment.TickCount64"/>.</param>
/// <param name="Deadline">The end of patience for all that comes before <see cref="HandshakeDone"/>.</param>
internal sealed record IncomingConnection(ConnectionStream Stream, PeerAddress Address, long AcceptedMs, CancellationToken Deadline)
{
    /// <summary>To be called when the connection has proved to be of use: it no longer counts as one in its handshake.</summary>
    public required Action HandshakeDone { get; init; }

    /// <summary>Tells the owner why the connection is not served.</summary>
    public required Action<string> Refused { get; init; }
}

/// <summary>
/// The one port of the process (DESIGN section 2), of TCP and uTP: accepts, bounds, tells by the first bytes what a connection speaks, and hands it to
/// whoever serves that. A protocol that nobody serves is refused.
/// </summary>
public sealed class ConnectionListener : IAsyncDisposable
{
    private static readonly TimeSpan AcceptRetryDelay = TimeSpan.FromMilliseconds(100);

    private readonly LinkTransportOptions _options;
    private readonly Socket _listener;
    private readonly IncomingLimits _limits;
    private readonly RefusalReport _refusals;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _allEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<ConnectionKind, Func<IncomingConnection, Task>> _handlers = [];
    private UtpEndpoint? _utp;
    private int _connections;
    private int _running = 1;
    private int _stopped;

    private ConnectionListener(LinkTransportOptions options, Socket listener)
    {
        _options = options;
        _listener = listener;
        _limits = new IncomingLimits(options.MaxIncomingPerAddress, options.MaxIncomingHandshakes);
        _refusals = new RefusalReport(options.Refused, options.MaxRefusalsPerSecond);
        EndPoint = (IPEndPoint)listener.LocalEndPoint!;
    }

    /// <summary>Where it listens, with the port that it got.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Opens the port; nothing is accepted before <see cref="Start"/>. False: the port can't be had, and why.</summary>
    public static bool TryOpen(
        LinkTransportOptions options, [NotNullWhen(true)] out ConnectionListener? listener, [NotNullWhen(false)] out Problem? problem)
    {
        ArgumentNullException.ThrowIfNull(options);
        listener = null;
        if (!LinkListener.TryOpen(options.Listen, out Socket? socket, out problem))
        {
            return false;
        }

        listener = At(options, socket);
        return true;
    }

    /// <summary>As <see cref="TryOpen"/>, with UDP at the same address and number.</summary>
    /// <param name="options">Where, and bounds.</param>
    /// <param name="listener">The TCP side.</param>
    /// <param name="udp">The UDP side, the caller's to dispose; null when it can't be had.</param>
    /// <param name="problem">With false: why there is no listener. With true: why there is no UDP port, else null.</param>
    public static bool TryOpenBoth(
        LinkTransportOptions options, [NotNullWhen(true)] out ConnectionListener? listener, out UdpPort? udp, out Problem? problem)
    {
        ArgumentNullException.ThrowIfNull(options);
        bool opened = SharedPort.TryOpen(options.Listen, out Socket? socket, out udp, out problem);
        listener = opened ? At(options, socket!) : null;
        return opened;
    }

    /// <summary>As <see cref="TryOpen"/>, at a socket that listens already and is the listener's from now on.</summary>
    internal static ConnectionListener At(LinkTransportOptions options, Socket listening) => new(options, listening);

    /// <summary>Names who serves a protocol; before <see cref="Start"/>.</summary>
    internal void Serve(ConnectionKind kind, Func<IncomingConnection, Task> handler) => _handlers[kind] = handler;

    /// <summary>Takes connections over uTP too, as those over TCP.</summary>
    public void Accept(UtpEndpoint utp)
    {
        _utp = utp;
        utp.Listen(AdmitUtp);
    }

    /// <summary>Begins to accept.</summary>
    public void Start() => Run(AcceptAsync);

    /// <summary>Closes the port. Connections that stand go on.</summary>
    public async Task StopAsync()
    {
        if (Interlocked.Exchange(ref _stopped, 1) == 0)
        {
            await _stopping.CancelAsync().ConfigureAwait(false);
            _utp?.StopListening();
            _listener.Dispose();
            Ended();
        }
    }

    /// <summary>Closes the port and waits until every handler has returned; whoever serves must have closed its connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        await _allEnded.Task.ConfigureAwait(false);
        _stopping.Dispose();
    }

    /// <summary>Runs work that <see cref="DisposeAsync"/> waits for. A bug in it stops the process, as it should.</summary>
    private async void Run(Func<Task> work)
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

    private async void AdmitUtp(UtpStream stream)
    {
        // One that comes in the moment of the end is not waited for any more.
        int running;
        do
        {
            running = Volatile.Read(ref _running);
            if (running == 0)
            {
                await stream.DisposeAsync().ConfigureAwait(false);
                return;
            }
        }
        while (Interlocked.CompareExchange(ref _running, running + 1, running) != running);

        try
        {
            await AdmitAsync(stream, stream.Remote).ConfigureAwait(false);
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

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                Socket socket = await _listener.AcceptAsync(_stopping.Token).ConfigureAwait(false);
                Run(() => AdmitAsync(socket));
            }
            catch (SocketException) when (!_stopping.IsCancellationRequested)
            {
                // Out of handles, or the peer was gone before it was accepted.
                await Task.Delay(AcceptRetryDelay).ConfigureAwait(false);
            }
            catch (Exception exception) when (NetworkFailure.Is(exception))
            {
                return;
            }
        }
    }

    private async Task AdmitAsync(Socket socket)
    {
        // The accept loop goes on at once: the first step of a TLS handshake is real work.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using Socket owned = socket;
        if (TryPrepare(socket, out PeerAddress address))
        {
            await AdmitAsync(new SocketStream(socket, default), address).ConfigureAwait(false);
        }
    }

    private async Task AdmitAsync(ConnectionStream stream, PeerAddress address)
    {
        await using ConnectionStream owned = stream;
        IPAddress remote = address.ToIPAddress();
        string? refused = _limits.TryEnter(remote);
        if (refused is not null)
        {
            _refusals.Tell(address, refused);
            return;
        }

        int inHandshake = 1;
        void HandshakeDone()
        {
            if (Interlocked.Exchange(ref inHandshake, 0) == 1)
            {
                _limits.HandshakeDone();
            }
        }

        try
        {
            if (Interlocked.Increment(ref _connections) > _options.MaxLinks)
            {
                _refusals.Tell(address, "too many connections");
                return;
            }

            await ServeAsync(stream, address, HandshakeDone).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _connections);
            HandshakeDone();
            _limits.Leave(remote);
        }
    }

    private async Task ServeAsync(ConnectionStream stream, PeerAddress address, Action handshakeDone)
    {
        long acceptedMs = Environment.TickCount64;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        deadline.CancelAfter(_options.HandshakeTimeout);
        ConnectionKind kind;
        ReadOnlyMemory<byte> first;
        try
        {
            (kind, first) = await ReadFirstAsync(stream, deadline.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (NetworkFailure.Is(exception))
        {
            if (!_stopping.IsCancellationRequested)
            {
                _refusals.Tell(address, exception is OperationCanceledException
                    ? $"no {(_handlers.Count == 1 ? "TLS " : "")}handshake within {_options.HandshakeTimeout.TotalSeconds:0.#} s" : NetworkFailure.Describe(exception));
            }

            return;
        }

        if (_handlers.TryGetValue(kind, out Func<IncomingConnection, Task>? handler))
        {
            stream.Unread(first);
            await handler(new IncomingConnection(stream, address, acceptedMs, deadline.Token)
            {
                HandshakeDone = handshakeDone,
                Refused = reason => _refusals.Tell(address, reason),
            }).ConfigureAwait(false);
            return;
        }

        if (first.IsEmpty)
        {
            // Nothing to tell: whoever dials over TCP and uTP at once drops the slower of both.
            return;
        }

        _refusals.Tell(address, kind switch
        {
            ConnectionKind.Tls => "no task swarm is served here",
            ConnectionKind.BitTorrent => "plain BitTorrent is not served here: this port speaks task swarms, over TLS 1.3",
            ConnectionKind.Unknown => "neither TLS nor BitTorrent",
            _ => "it closed before it said what it speaks",
        });
    }

    private static async Task<(ConnectionKind Kind, ReadOnlyMemory<byte> Bytes)> ReadFirstAsync(ConnectionStream stream, CancellationToken cancellation)
    {
        var bytes = new byte[FirstBytes.MaxSize];
        int count = 0;
        ConnectionKind kind;
        do
        {
            int received = await stream.ReadAsync(bytes.AsMemory(count), cancellation).ConfigureAwait(false);
            count += received;
            kind = FirstBytes.Classify(bytes.AsSpan(0, count));
            if (received == 0)
            {
                break;
            }
        }
        while (kind == ConnectionKind.Undecided);

        return (kind, bytes.AsMemory(0, count));
    }

    private static bool TryPrepare(Socket socket, out PeerAddress address)
    {
        address = default;
        try
        {
            if (socket.RemoteEndPoint is not IPEndPoint point)
            {
                return false;
            }

            socket.NoDelay = true;
            address = PeerAddress.From(point.Address, point.Port);
            return true;
        }
        catch (SocketException)
        {
            // It is gone already.
            return false;
        }
    }
}
