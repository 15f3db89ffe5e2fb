using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;

namespace Starling.Tests.Runtime.PortMapping;

/// <summary>A UDP server on loopback that answers each datagram with whatever a test wants.</summary>
internal sealed class DatagramServer : IAsyncDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Func<byte[], IReadOnlyList<byte[]>> _answer;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Channel<byte[]> _came = Channel.CreateUnbounded<byte[]>();
    private readonly Task _running;

    public DatagramServer(Func<byte[], IReadOnlyList<byte[]>> answer)
    {
        _answer = answer;
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _running = Task.Run(RunAsync);
    }

    public int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    /// <summary>The next datagram that came.</summary>
    public async Task<byte[]> ReceivedAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return await _came.Reader.ReadAsync(patience.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _socket.Dispose();
    }

    private async Task RunAsync()
    {
        var buffer = new byte[2048];
        try
        {
            while (true)
            {
                SocketReceiveFromResult came = await _socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), _stopping.Token);
                byte[] datagram = buffer[..came.ReceivedBytes];
                _came.Writer.TryWrite(datagram);
                foreach (byte[] answer in _answer(datagram))
                {
                    await _socket.SendToAsync(answer, came.RemoteEndPoint, _stopping.Token);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }
}
