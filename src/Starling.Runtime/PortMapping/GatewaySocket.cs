using System;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.PortMapping;
using Starling.Runtime.Network;

namespace Starling.Runtime.PortMapping;

/// <summary>A UDP socket that is connected to the gateway: the system drops what others send.</summary>
internal sealed class GatewaySocket : IDisposable
{
    /// <summary>Datagrams looked at for one question.</summary>
    public const int MaxDatagrams = 100;

    private static readonly TimeSpan[] Waits =
        [TimeSpan.FromMilliseconds(250), TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)];

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

    /// <exception cref="SocketException">There is no way to the gateway.</exception>
    public GatewaySocket(Gateway gateway, int port)
    {
        try
        {
            _socket.Bind(new IPEndPoint(gateway.Local, 0));
            _socket.Connect(gateway.Address, port);
        }
        catch (SocketException)
        {
            _socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Sends until a datagram comes that <paramref name="read"/> makes something of: after 250 ms and twice as long each time (RFC 6886, section 3.1), four
    /// times in all. Null: none came.
    /// </summary>
    public async Task<T?> AskAsync<T>(byte[] question, Func<byte[], T?> read, CancellationToken cancellation)
        where T : class
    {
        var buffer = new byte[PcpCodec.MaxSize + 1];
        int datagrams = 0;
        foreach (TimeSpan wait in Waits)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(wait);
            try
            {
                await _socket.SendAsync(question, limit.Token).ConfigureAwait(false);
                while (datagrams++ < MaxDatagrams)
                {
                    int length = await _socket.ReceiveAsync(buffer, limit.Token).ConfigureAwait(false);
                    if (read(buffer[..length]) is { } answer)
                    {
                        return answer;
                    }
                }

                return null;
            }
            catch (SocketException failure) when (failure.SocketErrorCode == SocketError.ConnectionRefused)
            {
                // Nothing listens at that port of the gateway.
                return null;
            }
            catch (Exception exception) when (NetworkFailure.Is(exception))
            {
                if (cancellation.IsCancellationRequested)
                {
                    return null;
                }
            }
        }

        return null;
    }

    /// <summary>Sends once, for what needs no answer.</summary>
    public async Task TellAsync(byte[] datagram, CancellationToken cancellation)
    {
        try
        {
            await _socket.SendAsync(datagram, cancellation).ConfigureAwait(false);
        }
        catch (Exception exception) when (NetworkFailure.Is(exception))
        {
            // The gateway is gone, and the mapping with it.
        }
    }

    public void Dispose() => _socket.Dispose();
}
