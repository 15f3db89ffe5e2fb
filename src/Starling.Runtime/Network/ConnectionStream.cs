using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace Starling.Runtime.Network;

/// <summary>A connection to a peer as a stream, over whatever carries it. Asynchronous only; one read and one write at a time.</summary>
public abstract class ConnectionStream : Stream
{
    private ReadOnlyMemory<byte> _readBefore;
    private long _lastSentMs = Environment.TickCount64;

    /// <summary>When bytes to send were last taken, on the clock of <see cref="Environment.TickCount64"/>.</summary>
    public long LastSentMs => Volatile.Read(ref _lastSentMs);

    /// <inheritdoc/>
    public sealed override bool CanRead => true;

    /// <inheritdoc/>
    public sealed override bool CanSeek => false;

    /// <inheritdoc/>
    public sealed override bool CanWrite => true;

    /// <inheritdoc/>
    public sealed override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public sealed override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Puts bytes that were read back in front of the others; once, before anything else is read.</summary>
    public void Unread(ReadOnlyMemory<byte> bytes) => _readBefore = bytes;

    /// <summary>Tells the peer that no more comes; what it sends can still be read.</summary>
    public abstract void CloseWrites();

    /// <inheritdoc/>
    public sealed override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_readBefore.IsEmpty)
        {
            return ReceiveAsync(buffer, cancellationToken);
        }

        int taken = Math.Min(buffer.Length, _readBefore.Length);
        _readBefore[..taken].CopyTo(buffer);
        _readBefore = _readBefore[taken..];
        return ValueTask.FromResult(taken);
    }

    /// <inheritdoc/>
    public sealed override void Flush()
    {
    }

    /// <inheritdoc/>
    public sealed override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public sealed override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public sealed override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public sealed override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public sealed override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Reads what comes; an empty buffer waits until something does. 0: the peer sends no more.</summary>
    protected abstract ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellation);

    /// <summary>Bytes were taken.</summary>
    protected void NoteSent() => Volatile.Write(ref _lastSentMs, Environment.TickCount64);
}
