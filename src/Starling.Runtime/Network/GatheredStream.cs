using System;
using System.Buffers;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace Starling.Runtime.Network;

/// <summary>
/// What lies between TLS and its connection: TLS writes each record of 16 KiB by itself; while <see cref="Hold"/> is on they are gathered and
/// leave in one call, which wakes the peer once instead of seven times. Everything else passes through. Owns the connection.
/// </summary>
internal sealed class GatheredStream(ConnectionStream connection) : Stream
{
    /// <summary>What a TLS record adds to its content at most: header, nonce or content type, tag and padding.</summary>
    private const int RecordOverhead = 64;

    private const int RecordContent = 16 * 1024;

    private byte[]? _held;
    private int _count;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Bytes of content whose records fit in a buffer of that many bytes.</summary>
    public static int ContentThatFits(int bufferBytes) => bufferBytes - (((bufferBytes / RecordContent) + 1) * RecordOverhead);

    /// <summary>From now on what is written waits, as far as the buffer of that size goes, until <see cref="ReleaseAsync"/>.</summary>
    public void Hold(int bufferBytes) => _held ??= ArrayPool<byte>.Shared.Rent(bufferBytes);

    /// <summary>Sends what waits, in one piece, and holds no more.</summary>
    public async ValueTask ReleaseAsync()
    {
        byte[]? held = _held;
        if (held is null)
        {
            return;
        }

        _held = null;
        try
        {
            await connection.WriteAsync(held.AsMemory(0, _count)).ConfigureAwait(false);
        }
        finally
        {
            _count = 0;
            ArrayPool<byte>.Shared.Return(held);
        }
    }

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => connection.ReadAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_held is not null && buffer.Length <= _held.Length - _count)
        {
            buffer.CopyTo(_held.AsMemory(_count));
            _count += buffer.Length;
            return ValueTask.CompletedTask;
        }

        return _count == 0 ? connection.WriteAsync(buffer, cancellationToken) : WriteBehindAsync(buffer, cancellationToken);
    }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            connection.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask WriteBehindAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellation)
    {
        await ReleaseAsync().ConfigureAwait(false);
        await connection.WriteAsync(buffer, cancellation).ConfigureAwait(false);
    }
}
