using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Runtime.Engine;

namespace Starling.Runtime.Network;

/// <summary>
/// The connections of task swarms (DESIGN section 4): one TCP port, TLS 1.3 with a throw-away certificate on both sides, whole frames
/// to the node. Every connection that the node hears of opens once and closes once, with one reason. Asynchronous sockets throughout: no
/// thread and no timer of its own for a connection; an idle one costs nothing but memory.
/// </summary>
public sealed class TlsLinkTransport : ILinkTransport
{
    private static readonly TimeSpan AcceptRetryDelay = TimeSpan.FromMilliseconds(100);

    private readonly LinkTransportOptions _options;
    private readonly PostInput _post;
    private readonly Socket _listener;
    private readonly LinkCertificate _certificate = new();
    private readonly IncomingLimits _limits;
    private readonly RefusalReport _refusals;
    private readonly ConcurrentDictionary<LinkId, Link> _links = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _allEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Timer _deadlines;

    private readonly Lock _gate = new();
    private readonly Queue<PeerAddress> _waitingConnects = new();
    private int _connecting;
    private int _connections;
    private int _running = 1;
    private bool _isStopping;

    private long _lastLink;
    private volatile IPieceStore? _store;

    private TlsLinkTransport(LinkTransportOptions options, PostInput post, Socket listener)
    {
        _options = options;
        _post = post;
        _listener = listener;
        _limits = new IncomingLimits(options.MaxIncomingPerAddress, options.MaxIncomingHandshakes);
        _refusals = new RefusalReport(options.Refused, options.MaxRefusalsPerSecond);
        ListenEndPoint = (IPEndPoint)listener.LocalEndPoint!;
        TimeSpan period = CheckPeriod(options);
        _deadlines = new Timer(_ => CheckDeadlines(), null, period, period);
    }

    /// <summary>Where it listens, with the port that it got.</summary>
    public IPEndPoint ListenEndPoint { get; }

    /// <summary>SHA-256 over this process's SubjectPublicKeyInfo.</summary>
    public Hash256 CertificateHash => _certificate.KeyHash;

    /// <summary>Links that stand.</summary>
    public int LinkCount => _links.Count;

    /// <summary>
    /// Listens and begins to accept. Inputs come to <paramref name="post"/> from any thread from now on, until
    /// <see cref="DisposeAsync"/> has ended. False: the port can't be had, and why.
    /// </summary>
    public static bool TryStart(
        LinkTransportOptions options, PostInput post,
        [NotNullWhen(true)] out TlsLinkTransport? transport, [NotNullWhen(false)] out Problem? problem)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(post);
        transport = null;
        if (!LinkListener.TryOpen(options.Listen, out Socket? listener, out problem))
        {
            return false;
        }

        transport = Start(options, post, listener);
        return true;
    }

    /// <summary>As <see cref="TryStart"/>, at a socket that listens already and is the transport's from now on.</summary>
    internal static TlsLinkTransport Start(LinkTransportOptions options, PostInput post, Socket listener)
    {
        var started = new TlsLinkTransport(options, post, listener);
        started.Start(started.AcceptAsync);
        return started;
    }

    /// <summary>Names the store that blocks are read from; before, every block is rejected.</summary>
    public void Serve(IPieceStore store) => _store = store;

    /// <inheritdoc/>
    public void Connect(PeerAddress address)
    {
        string? refused = null;
        bool start = false;
        lock (_gate)
        {
            if (_isStopping)
            {
                return;
            }

            if (_connecting < _options.MaxOutgoingHandshakes)
            {
                _connecting++;
                start = true;
            }
            else if (_waitingConnects.Count < _options.MaxWaitingConnects)
            {
                _waitingConnects.Enqueue(address);
            }
            else
            {
                refused = "too many connects wait";
            }
        }

        if (refused is not null)
        {
            _post(new NodeInput.ConnectFailed(address, refused));
        }
        else if (start)
        {
            Start(() => ConnectAsync(address));
        }
    }

    /// <inheritdoc/>
    public void Close(LinkId link, string reason)
    {
        if (_links.TryGetValue(link, out Link? open))
        {
            Start(() => open.CloseAsync(reason));
        }
    }

    /// <inheritdoc/>
    public void Send(LinkId link, ReadOnlyMemory<byte> bytes)
    {
        if (_links.TryGetValue(link, out Link? open))
        {
            open.Send(bytes);
        }
    }

    /// <inheritdoc/>
    public void SendBlock(LinkId link, int piece, ResultId result, int begin, int length)
    {
        if (_links.TryGetValue(link, out Link? open))
        {
            open.SendBlock(piece, result, begin, length);
        }
    }

    /// <summary>Closes the port and, within the grace, every link. Nothing is posted afterwards.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_isStopping)
            {
                return;
            }

            _isStopping = true;
            _waitingConnects.Clear();
        }

        await _deadlines.DisposeAsync().ConfigureAwait(false);
        await _stopping.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        foreach (Link link in _links.Values)
        {
            Start(() => link.CloseAsync("stopping"));
        }

        Ended();
        await _allEnded.Task.ConfigureAwait(false);
        _certificate.Dispose();
        _stopping.Dispose();
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

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                Socket socket = await _listener.AcceptAsync(_stopping.Token).ConfigureAwait(false);
                Start(() => AdmitAsync(socket));
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
        if (!TryGetRemote(socket, out IPAddress? remote, out PeerAddress address))
        {
            return;
        }

        string? refused = _limits.TryEnter(remote);
        if (refused is not null)
        {
            _refusals.Tell(address, refused);
            return;
        }

        bool inHandshake = true;
        try
        {
            if (Interlocked.Increment(ref _connections) > _options.MaxLinks)
            {
                _refusals.Tell(address, "too many connections");
                return;
            }

            await ServeIncomingAsync(socket, address, () =>
            {
                inHandshake = false;
                _limits.HandshakeDone();
            }).ConfigureAwait(false);
        }
        finally
        {
            if (inHandshake)
            {
                _limits.HandshakeDone();
            }

            Interlocked.Decrement(ref _connections);
            _limits.Leave(remote);
        }
    }

    private async Task ServeIncomingAsync(Socket socket, PeerAddress address, Action handshakeDone)
    {
        long connectedMs = Environment.TickCount64;
        Link? link = null;
        NodeInput.LinkOpened? opened = null;
        SslStream? tls = null;
        using (var deadline = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token))
        {
            deadline.CancelAfter(_options.HandshakeTimeout);
            try
            {
                socket.NoDelay = true;
                (ConnectionKind kind, ReadOnlyMemory<byte> first) = await ReadFirstAsync(socket, deadline.Token).ConfigureAwait(false);
                if (kind == ConnectionKind.Tls)
                {
                    var stream = new SocketStream(socket, first);
                    tls = new SslStream(stream, leaveInnerStreamOpen: false);
                    await tls.AuthenticateAsServerAsync(_certificate.Server, deadline.Token).ConfigureAwait(false);
                    (link, opened) = Open(socket, stream, tls, connectedMs, address, outgoing: false);
                }
                else
                {
                    _refusals.Tell(address, kind switch
                    {
                        ConnectionKind.BitTorrent => "plain BitTorrent is not served here: this port speaks task swarms, over TLS 1.3",
                        ConnectionKind.Unknown => "neither TLS nor BitTorrent",
                        _ => "it closed before it said what it speaks",
                    });
                }
            }
            catch (Exception exception) when (NetworkFailure.Is(exception))
            {
                _refusals.Tell(address, WhyHandshakeFailed(exception));
            }
        }

        handshakeDone();
        await RunAsync(link, opened, tls).ConfigureAwait(false);
    }

    private async Task ConnectAsync(PeerAddress address)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        bool counted = Interlocked.Increment(ref _connections) <= _options.MaxLinks;
        Socket? socket = null;
        try
        {
            if (!counted)
            {
                ConnectDone();
                _post(new NodeInput.ConnectFailed(address, "too many connections"));
                return;
            }

            socket = new Socket(address.IsV4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
            await DialAsync(socket, address).ConfigureAwait(false);
        }
        finally
        {
            socket?.Dispose();
            Interlocked.Decrement(ref _connections);
        }
    }

    private async Task DialAsync(Socket socket, PeerAddress address)
    {
        Link? link = null;
        NodeInput.LinkOpened? opened = null;
        SslStream? tls = null;
        string? failed = null;
        using (var deadline = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token))
        {
            try
            {
                deadline.CancelAfter(_options.ConnectTimeout);
                await socket.ConnectAsync(address.ToIPAddress(), address.Port, deadline.Token).ConfigureAwait(false);
                long connectedMs = Environment.TickCount64;
                deadline.CancelAfter(_options.HandshakeTimeout);
                socket.NoDelay = true;
                var stream = new SocketStream(socket, default);
                tls = new SslStream(stream, leaveInnerStreamOpen: false);
                await tls.AuthenticateAsClientAsync(_certificate.Client, deadline.Token).ConfigureAwait(false);
                (link, opened) = Open(socket, stream, tls, connectedMs, address, outgoing: true);
                failed = link is null ? "the peer has no certificate" : null;
            }
            catch (Exception exception) when (NetworkFailure.Is(exception) || exception is ArgumentException)
            {
                failed = tls is null ? WhyConnectFailed(exception) : WhyHandshakeFailed(exception);
            }
        }

        ConnectDone();
        if (failed is not null)
        {
            _post(new NodeInput.ConnectFailed(address, failed));
        }

        await RunAsync(link, opened, tls).ConfigureAwait(false);
    }

    /// <summary>A slot for an outgoing handshake is free: the next that waits takes it.</summary>
    private void ConnectDone()
    {
        PeerAddress next;
        lock (_gate)
        {
            if (!_waitingConnects.TryDequeue(out next))
            {
                _connecting--;
                return;
            }
        }

        Start(() => ConnectAsync(next));
    }

    private (Link? Link, NodeInput.LinkOpened? Opened) Open(
        Socket socket, SocketStream stream, SslStream tls, long connectedMs, PeerAddress address, bool outgoing)
    {
        if (tls.RemoteCertificate is not X509Certificate2 certificate)
        {
            if (!outgoing)
            {
                _refusals.Tell(address, "the peer has no certificate");
            }

            return (null, null);
        }

        Hash256 remoteHash = LinkCertificate.KeyHashOf(certificate);
        var id = new LinkId(Interlocked.Increment(ref _lastLink));
        var link = new Link(id, socket, stream, tls, connectedMs, _options, _post, () => _store);
        return (link, new NodeInput.LinkOpened(id, address, outgoing, _certificate.KeyHash, remoteHash));
    }

    /// <summary>From LinkOpened to LinkClosed, if it came to a link; else the end of what TLS holds.</summary>
    private async Task RunAsync(Link? link, NodeInput.LinkOpened? opened, SslStream? tls)
    {
        if (link is null)
        {
            tls?.Dispose();
            return;
        }

        _links[link.Id] = link;
        _post(opened!);
        if (_stopping.IsCancellationRequested)
        {
            link.Abort("stopping");
        }

        await link.RunAsync().ConfigureAwait(false);
        _links.TryRemove(link.Id, out _);
        _post(new NodeInput.LinkClosed(link.Id, link.Reason) { BrokeRules = link.BrokeRules });
    }

    private static async Task<(ConnectionKind Kind, ReadOnlyMemory<byte> Bytes)> ReadFirstAsync(Socket socket, CancellationToken cancellation)
    {
        var bytes = new byte[FirstBytes.MaxSize];
        int count = 0;
        ConnectionKind kind;
        do
        {
            int received = await socket.ReceiveAsync(bytes.AsMemory(count), SocketFlags.None, cancellation).ConfigureAwait(false);
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

    private string WhyHandshakeFailed(Exception exception) => exception is OperationCanceledException
        ? _stopping.IsCancellationRequested ? "stopping" : $"no TLS handshake within {_options.HandshakeTimeout.TotalSeconds:0.#} s"
        : $"TLS handshake failed: {NetworkFailure.Describe(exception)}";

    private string WhyConnectFailed(Exception exception) => exception is OperationCanceledException
        ? _stopping.IsCancellationRequested ? "stopping" : $"no answer within {_options.ConnectTimeout.TotalSeconds:0.#} s"
        : NetworkFailure.Describe(exception);

    private static bool TryGetRemote(Socket socket, [NotNullWhen(true)] out IPAddress? remote, out PeerAddress address)
    {
        remote = null;
        address = default;
        try
        {
            if (socket.RemoteEndPoint is not IPEndPoint point)
            {
                return false;
            }

            remote = point.Address.IsIPv4MappedToIPv6 ? point.Address.MapToIPv4() : point.Address;
            address = PeerAddress.From(remote, point.Port);
            return true;
        }
        catch (SocketException)
        {
            // It is gone already.
            return false;
        }
    }

    private void CheckDeadlines()
    {
        long nowMs = Environment.TickCount64;
        foreach (KeyValuePair<LinkId, Link> entry in _links)
        {
            entry.Value.CheckDeadlines(nowMs);
        }
    }

    /// <summary>A quarter of the shortest deadline: no deadline is missed by more than that.</summary>
    private static TimeSpan CheckPeriod(LinkTransportOptions options)
    {
        TimeSpan shortest = options.HandshakeTimeout < options.WriteTimeout ? options.HandshakeTimeout : options.WriteTimeout;
        shortest = options.IdleTimeout < shortest ? options.IdleTimeout : shortest;
        return TimeSpan.FromMilliseconds(Math.Clamp(shortest.TotalMilliseconds / 4, 10, 5000));
    }
}
