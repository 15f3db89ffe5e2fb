using System;
using System.Buffers;
using System.Net.Security;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Wire;
using Starling.Runtime.Engine;

namespace Starling.Runtime.Network;

/// <summary>
/// One connection whose TLS stands. Two loops and one close path with one recorded reason: the read loop lives as long as the link
/// and posts everything that the node hears of it; the write loop runs only while something waits. An idle link holds no buffer.
/// </summary>
internal sealed class Link
{
    private const int ReadBufferSize = 32 * 1024;

    /// <summary>A pooled size that takes seven 16 KiB blocks with their headers.</summary>
    private const int WriteBufferSize = 128 * 1024;

    /// <summary>How long a link waits before it looks again whether the engine has caught up.</summary>
    private static readonly TimeSpan EngineBehindPause = TimeSpan.FromMilliseconds(5);

    private readonly LinkTransportOptions _options;
    private readonly PostInput _post;
    private readonly Func<IPieceStore?> _store;
    private readonly ConnectionStream _connection;
    private readonly GatheredStream _records;
    private readonly SslStream _tls;
    private readonly SendQueue _queue;
    private readonly long _connectedMs;
    private readonly TaskCompletionSource _readEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private string? _reason;
    private volatile bool _brokeRules;
    private int _unreportedBytes;
    private volatile bool _handshakeDone;
    private long _lastReceivedMs;
    private long _writeStartedMs;
    private volatile Task _writing = Task.CompletedTask;

    public Link(
        LinkId id, ConnectionStream connection, GatheredStream records, SslStream tls, long connectedMs,
        LinkTransportOptions options, PostInput post, Func<IPieceStore?> store)
    {
        Id = id;
        (_connection, _records, _tls, _connectedMs) = (connection, records, tls, connectedMs);
        (_options, _post, _store) = (options, post, store);
        _queue = new SendQueue(options.MaxQueuedBytes, options.MaxQueuedMemoryBytes);
        _lastReceivedMs = Environment.TickCount64;
    }

    public LinkId Id { get; }

    private bool IsClosing => Volatile.Read(ref _reason) is not null;

    /// <summary>The link's whole life after TLS; ends when nothing of it is left. Posts nothing after LinkClosed.</summary>
    public async Task RunAsync()
    {
        string ended;
        try
        {
            ended = await ReadAsync().ConfigureAwait(false);
        }
        catch (Exception exception) when (NetworkFailure.Is(exception))
        {
            ended = NetworkFailure.Describe(exception);
        }

        Abort(ended);
        _readEnded.TrySetResult();
        await _writing.ConfigureAwait(false);
        try
        {
            await _tls.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception exception) when (NetworkFailure.Is(exception))
        {
            // It is gone either way.
        }
    }

    /// <summary>Whether the peer is to blame for the end.</summary>
    public bool BrokeRules => _brokeRules;

    /// <summary>Why the link closed; known from the first moment of its end.</summary>
    public string Reason => Volatile.Read(ref _reason) ?? "closed";

    public void Send(ReadOnlyMemory<byte> bytes)
    {
        if (!IsClosing && !bytes.IsEmpty)
        {
            AfterAdd(_queue.Add(bytes));
        }
    }

    public void SendBlock(int piece, ResultId result, int begin, int length)
    {
        if (!IsClosing)
        {
            AfterAdd(_queue.AddBlock(piece, result, begin, length));
        }
    }

    /// <summary>
    /// Ends the link in peace: what waits is sent, the peer is told that no more comes, and its own end is awaited, all of
    /// it within the grace. (A socket that is closed while bytes come in resets the connection and destroys what was sent last.)
    /// </summary>
    public async Task CloseAsync(string reason)
    {
        if (Interlocked.CompareExchange(ref _reason, reason, null) is not null)
        {
            return;
        }

        using var grace = new CancellationTokenSource(_options.CloseGrace);
        try
        {
            await _writing.WaitAsync(grace.Token).ConfigureAwait(false);
            await _tls.ShutdownAsync().WaitAsync(grace.Token).ConfigureAwait(false);
            _connection.CloseWrites();
            await _readEnded.Task.WaitAsync(grace.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (NetworkFailure.Is(exception))
        {
            // The grace is over, or the peer was faster.
        }

        _connection.Dispose();
    }

    /// <summary>Ends the link at once.</summary>
    public void Abort(string reason)
    {
        Interlocked.CompareExchange(ref _reason, reason, null);
        _connection.Dispose();
    }

    /// <summary>Ends the link at once, for what the peer did; unless it was ending already.</summary>
    private void Blame(string reason)
    {
        if (Interlocked.CompareExchange(ref _reason, reason, null) is null)
        {
            _brokeRules = true;
        }

        _connection.Dispose();
    }

    /// <summary>Looks at the deadlines; called now and then for every link by one timer.</summary>
    public void CheckDeadlines(long nowMs)
    {
        if (IsClosing)
        {
            return;
        }

        long writeStartedMs = Volatile.Read(ref _writeStartedMs);
        if (!_handshakeDone && nowMs - _connectedMs > _options.HandshakeTimeout.TotalMilliseconds)
        {
            Blame($"no BitTorrent handshake within {_options.HandshakeTimeout.TotalSeconds:0.#} s");
        }
        else if (writeStartedMs != 0
            && nowMs - Math.Max(writeStartedMs, _connection.LastSentMs) > _options.WriteTimeout.TotalMilliseconds)
        {
            Blame($"the peer took nothing for {_options.WriteTimeout.TotalSeconds:0.#} s");
        }
        else if (nowMs - Volatile.Read(ref _lastReceivedMs) > _options.IdleTimeout.TotalMilliseconds)
        {
            Abort($"the peer sent nothing for {_options.IdleTimeout.TotalSeconds:0.#} s");
        }
    }

    private async Task<string> ReadAsync()
    {
        using var frames = new FrameReader();
        while (true)
        {
            while (!IsClosing && _options.IsEngineBehind?.Invoke() == true)
            {
                await Task.Delay(EngineBehindPause).ConfigureAwait(false);
            }

            // Waiting with an empty buffer costs no buffer, here and inside TLS.
            await _tls.ReadAsync(Memory<byte>.Empty).ConfigureAwait(false);
            byte[] buffer = ArrayPool<byte>.Shared.Rent(ReadBufferSize);
            try
            {
                int count = await _tls.ReadAsync(buffer).ConfigureAwait(false);
                if (count == 0)
                {
                    return "the peer closed the connection";
                }

                Volatile.Write(ref _lastReceivedMs, Environment.TickCount64);
                if (!IsClosing)
                {
                    frames.Append(buffer.AsSpan(0, count));
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }

            while (!IsClosing && frames.TryRead(out ReadOnlyMemory<byte> frame))
            {
                _handshakeDone = true;
                _post(new NodeInput.FrameReceived(Id, frame));
            }

            if (frames.Problem is { } problem)
            {
                Blame(problem.Reason);
                return problem.Reason;
            }
        }
    }

    private void AfterAdd(SendQueue.Added added)
    {
        if (added == SendQueue.Added.WriterWanted)
        {
            // On the pool: the engine thread goes on and adds more meanwhile, which then goes out in one write.
            _writing = Task.Run(WriteAsync);
        }
        else if (added == SendQueue.Added.Full)
        {
            Blame("the peer does not read: too much waits to be sent");
        }
    }

    /// <summary>The node's estimate of what waits only grows until it is told, so small traffic is told of too, every 64 KiB.</summary>
    private async Task WriteAsync()
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(WriteBufferSize);
        try
        {
            int count;
            int most = GatheredStream.ContentThatFits(WriteBufferSize);
            while ((count = _queue.Fill(buffer.AsSpan(0, most), _store())) > 0)
            {
                Volatile.Write(ref _writeStartedMs, Environment.TickCount64);
                _records.Hold(WriteBufferSize);
                await _tls.WriteAsync(buffer.AsMemory(0, count)).ConfigureAwait(false);
                await _records.ReleaseAsync().ConfigureAwait(false);
                Volatile.Write(ref _writeStartedMs, 0);
                (int before, int after) = _queue.Sent();
                _unreportedBytes += before - after;
                if (_unreportedBytes >= LinkTransportOptions.DrainReportBytes && after < _options.LowMarkBytes && !IsClosing)
                {
                    _unreportedBytes = 0;
                    _post(new NodeInput.LinkDrained(Id, after));
                }
            }

            if (count < 0)
            {
                Abort("a result vanished while it was being sent");
            }
        }
        catch (Exception exception) when (NetworkFailure.Is(exception))
        {
            Abort(NetworkFailure.Describe(exception));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
