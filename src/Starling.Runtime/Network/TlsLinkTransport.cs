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
/// The connections of task swarms (DESIGN section 4): one port of TCP and uTP, TLS 1.3 with a throw-away certificate on both sides, whole frames
/// to the node. Every connection that the node hears of opens once and closes once, with one reason. Asynchronous sockets throughout: no
/// thread and no timer of its own for a connection; an idle one costs nothing but memory.
/// </summary>
public sealed class TlsLinkTransport : ILinkTransport
{
    private readonly LinkTransportOptions _options;
    private readonly PostInput _post;
    private readonly ConnectionListener _listener;
    private readonly bool _ownsListener;
    private readonly PeerDialer _dialer;
    private readonly LinkCertificate _certificate = new();
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

    private TlsLinkTransport(LinkTransportOptions options, PostInput post, ConnectionListener listener, bool ownsListener, UtpEndpoint? utp)
    {
        _options = options;
        _post = post;
        _listener = listener;
        _ownsListener = ownsListener;
        _dialer = new PeerDialer(utp);
        TimeSpan period = CheckPeriod(options);
        _deadlines = new Timer(_ => CheckDeadlines(), null, period, period);
    }

    /// <summary>Where it listens, with the port that it got.</summary>
    public IPEndPoint ListenEndPoint => _listener.EndPoint;

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
        if (!ConnectionListener.TryOpen(options, out ConnectionListener? listener, out problem))
        {
            return false;
        }

        transport = Start(options, post, listener);
        return true;
    }

    /// <summary>As <see cref="TryStart"/>, at a socket that listens already and is the transport's from now on.</summary>
    internal static TlsLinkTransport Start(LinkTransportOptions options, PostInput post, Socket listener, UtpEndpoint? utp = null) =>
        Start(options, post, ConnectionListener.At(options, listener), utp);

    private static TlsLinkTransport Start(LinkTransportOptions options, PostInput post, ConnectionListener listener, UtpEndpoint? utp = null)
    {
        var started = new TlsLinkTransport(options, post, listener, ownsListener: true, utp);
        listener.Serve(ConnectionKind.Tls, started.AdmitAsync);
        if (utp is not null)
        {
            listener.Accept(utp);
        }

        listener.Start();
        return started;
    }

    /// <summary>
    /// Serves the task swarms of a port that others use too. The listener is still to be started, and to be disposed after this.
    /// </summary>
    public static TlsLinkTransport Attach(LinkTransportOptions options, PostInput post, ConnectionListener listener, UtpEndpoint? utp = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(post);
        ArgumentNullException.ThrowIfNull(listener);
        var transport = new TlsLinkTransport(options, post, listener, ownsListener: false, utp);
        listener.Serve(ConnectionKind.Tls, transport.AdmitAsync);
        return transport;
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
        await _listener.StopAsync().ConfigureAwait(false);
        foreach (Link link in _links.Values)
        {
            Start(() => link.CloseAsync("stopping"));
        }

        Ended();
        await _allEnded.Task.ConfigureAwait(false);
        if (_ownsListener)
        {
            await _listener.DisposeAsync().ConfigureAwait(false);
        }

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

    private async Task AdmitAsync(IncomingConnection connection)
    {
        try
        {
            if (Interlocked.Increment(ref _connections) > _options.MaxLinks)
            {
                connection.Refused("too many connections");
                return;
            }

            await ServeIncomingAsync(connection).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _connections);
        }
    }

    private async Task ServeIncomingAsync(IncomingConnection connection)
    {
        Link? link = null;
        NodeInput.LinkOpened? opened = null;
        var records = new GatheredStream(connection.Stream);
        var tls = new SslStream(records, leaveInnerStreamOpen: false);
        try
        {
            await tls.AuthenticateAsServerAsync(_certificate.Server, connection.Deadline).ConfigureAwait(false);
            (link, opened) = Open(connection.Stream, records, tls, connection.AcceptedMs, connection.Address, outgoing: false);
            if (link is null)
            {
                connection.Refused("the peer has no certificate");
            }
        }
        catch (Exception exception) when (NetworkFailure.Is(exception))
        {
            if (!_stopping.IsCancellationRequested)
            {
                connection.Refused(WhyHandshakeFailed(exception));
            }
        }

        connection.HandshakeDone();
        await RunAsync(link, opened, tls).ConfigureAwait(false);
    }

    private async Task ConnectAsync(PeerAddress address)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        bool counted = Interlocked.Increment(ref _connections) <= _options.MaxLinks;
        try
        {
            if (!counted)
            {
                ConnectDone();
                _post(new NodeInput.ConnectFailed(address, "too many connections"));
                return;
            }

            await DialAsync(address).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _connections);
        }
    }

    private async Task DialAsync(PeerAddress address)
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
                ConnectionStream stream = await _dialer.DialAsync(address, deadline.Token).ConfigureAwait(false);
                long connectedMs = Environment.TickCount64;
                deadline.CancelAfter(_options.HandshakeTimeout);
                var records = new GatheredStream(stream);
                tls = new SslStream(records, leaveInnerStreamOpen: false);
                await tls.AuthenticateAsClientAsync(_certificate.Client, deadline.Token).ConfigureAwait(false);
                (link, opened) = Open(stream, records, tls, connectedMs, address, outgoing: true);
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
        ConnectionStream stream, GatheredStream records, SslStream tls, long connectedMs, PeerAddress address, bool outgoing)
    {
        if (tls.RemoteCertificate is not X509Certificate2 certificate)
        {
            return (null, null);
        }

        Hash256 remoteHash = LinkCertificate.KeyHashOf(certificate);
        var id = new LinkId(Interlocked.Increment(ref _lastLink));
        var link = new Link(id, stream, records, tls, connectedMs, _options, _post, () => _store);
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

    private string WhyHandshakeFailed(Exception exception) => exception is OperationCanceledException
        ? $"no TLS handshake within {_options.HandshakeTimeout.TotalSeconds:0.#} s"
        : $"TLS handshake failed: {NetworkFailure.Describe(exception)}";

    private string WhyConnectFailed(Exception exception) => exception is OperationCanceledException
        ? _stopping.IsCancellationRequested ? "stopping" : $"no answer within {_options.ConnectTimeout.TotalSeconds:0.#} s"
        : NetworkFailure.Describe(exception);

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
