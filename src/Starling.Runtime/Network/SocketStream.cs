using System;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace Starling.Runtime.Network;

/// <summary>A TCP connection. Owns the socket.</summary>
internal sealed class SocketStream : ConnectionStream
{
    private readonly Socket _socket;

    /// <summary>A socket whose first bytes may have been read already.</summary>
    public SocketStream(Socket socket, ReadOnlyMemory<byte> readBefore)
    {
        _socket = socket;
        Unread(readBefore);
    }

    /// <inheritdoc/>
    public override void CloseWrites() => _socket.Shutdown(SocketShutdown.Send);

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            int sent = await _socket.SendAsync(buffer, SocketFlags.None, cancellationToken).ConfigureAwait(false);
            buffer = buffer[sent..];
            NoteSent();
        }
    }

    /// <inheritdoc/>
    protected override ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellation) =>
        _socket.ReceiveAsync(buffer, SocketFlags.None, cancellation);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _socket.Dispose();
        }

        base.Dispose(disposing);
    }
}
