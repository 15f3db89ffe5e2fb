using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Core.Utp;

namespace Starling.Runtime.Network;

/// <summary>
/// A uTP connection as a stream. What was written before it is disposed is still sent, for a few seconds. A connection that breaks throws
/// <see cref="IOException"/>.
/// </summary>
public sealed class UtpStream : ConnectionStream
{
    private readonly UtpEndpoint _endpoint;
    private readonly UtpConnection _connection;
    private TaskCompletionSource? _readWaiter;
    private TaskCompletionSource? _writeWaiter;
    private bool _disposed;

    internal UtpStream(UtpEndpoint endpoint, UtpConnection connection)
    {
        (_endpoint, _connection) = (endpoint, connection);
        connection.Owner = this;
    }

    /// <summary>The peer.</summary>
    public PeerAddress Remote => _connection.Remote;

    /// <summary>Packets that had to be sent again.</summary>
    public long Resent => _connection.Resent;

    /// <inheritdoc/>
    public override void CloseWrites()
    {
        lock (_endpoint.Gate)
        {
            _connection.CloseWrites(_endpoint.Now);
            _endpoint.Worked();
        }
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            Task waiting;
            lock (_endpoint.Gate)
            {
                Check(toWrite: true);
                int taken = _connection.Write(buffer.Span, _endpoint.Now);
                buffer = buffer[taken..];
                _endpoint.Worked();
                if (taken > 0)
                {
                    NoteSent();
                }

                if (buffer.IsEmpty)
                {
                    return;
                }

                waiting = Wait(ref _writeWaiter);
            }

            await waiting.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until the peer has answered.</summary>
    internal async Task ConnectedAsync(CancellationToken cancellation)
    {
        while (true)
        {
            Task waiting;
            lock (_endpoint.Gate)
            {
                Check(toWrite: true);
                if (_connection.State != UtpState.Connecting)
                {
                    return;
                }

                waiting = Wait(ref _writeWaiter);
            }

            await waiting.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Something changed; called with the gate held.</summary>
    internal void Signal()
    {
        Wake(ref _writeWaiter);
        if (_connection.Available > 0 || _connection.IsReadComplete || _connection.State == UtpState.Closed || _disposed)
        {
            Wake(ref _readWaiter);
        }
    }

    /// <inheritdoc/>
    protected override ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        int? count = TryReceive(buffer.Span, out Task waiting);
        return count is { } read ? ValueTask.FromResult(read) : ReceiveLaterAsync(buffer, waiting, cancellation);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            lock (_endpoint.Gate)
            {
                if (!_disposed)
                {
                    _disposed = true;
                    _connection.Release(_endpoint.Now);
                    Signal();
                    _endpoint.Worked();
                }
            }
        }

        base.Dispose(disposing);
    }

    private async ValueTask<int> ReceiveLaterAsync(Memory<byte> buffer, Task waiting, CancellationToken cancellation)
    {
        while (true)
        {
            await waiting.WaitAsync(cancellation).ConfigureAwait(false);
            if (TryReceive(buffer.Span, out waiting) is { } count)
            {
                return count;
            }
        }
    }

    private int? TryReceive(Span<byte> buffer, out Task waiting)
    {
        waiting = Task.CompletedTask;
        lock (_endpoint.Gate)
        {
            // What came before the end is read first, even of a connection that broke: unless that threw its bytes away.
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_connection.Available > 0)
            {
                return _connection.Read(buffer, _endpoint.Now);
            }

            if (_connection.IsReadComplete)
            {
                return 0;
            }

            Check(toWrite: false);
            waiting = Wait(ref _readWaiter);
            return null;
        }
    }

    private void Check(bool toWrite)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_connection.State == UtpState.Closed)
        {
            throw new IOException((_connection.Problem?.Reason ?? "The connection is closed") + ".");
        }

        if (toWrite && _connection.State == UtpState.Lingering)
        {
            throw new IOException("The connection is closed.");
        }
    }

    private static Task Wait(ref TaskCompletionSource? waiter) =>
        (waiter ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    private static void Wake(ref TaskCompletionSource? waiter)
    {
        waiter?.TrySetResult();
        waiter = null;
    }
}
