using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Starling.Core.Primitives;

namespace Starling.Tests.Runtime.Trackers;

/// <summary>A UDP tracker (BEP 15): remembers who announced, names the others; a test may put an answer of its own in front.</summary>
internal sealed class UdpTestTracker : IAsyncDisposable
{
    private const ulong ConnectionId = 0x0102030405060708;

    private readonly Socket _socket;
    private readonly Func<byte[], EndPoint, IReadOnlyList<byte[]>?>? _first;
    private readonly CancellationTokenSource _stopping = new();
    private readonly HashSet<PeerAddress> _peers = [];
    private readonly Channel<byte[]> _announces = Channel.CreateUnbounded<byte[]>();
    private readonly Task _running;

    public UdpTestTracker(IPAddress? address = null, Func<byte[], EndPoint, IReadOnlyList<byte[]>?>? first = null)
    {
        _first = first;
        address ??= IPAddress.Loopback;
        _socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        _socket.Bind(new IPEndPoint(address, 0));
        _running = Task.Run(RunAsync);
    }

    public string Url => $"udp://{_socket.LocalEndPoint}/announce";

    public IPEndPoint EndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    /// <summary>The next announce, 98 bytes and options.</summary>
    public async Task<byte[]> AnnounceAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return await _announces.Reader.ReadAsync(patience.Token);
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
                SocketReceiveFromResult came = await _socket.ReceiveFromAsync(buffer, new IPEndPoint(
                    _socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0), _stopping.Token);
                byte[] datagram = buffer[..came.ReceivedBytes];
                foreach (byte[] answer in _first?.Invoke(datagram, came.RemoteEndPoint) ?? [Answer(datagram, (IPEndPoint)came.RemoteEndPoint)])
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

    private byte[] Answer(byte[] datagram, IPEndPoint from)
    {
        var writer = new List<byte>();
        int action = BinaryPrimitives.ReadInt32BigEndian(datagram.AsSpan(8));
        bool known = BinaryPrimitives.ReadUInt64BigEndian(datagram) == ConnectionId;
        writer.AddRange([0, 0, 0, action == 0 || known ? (byte)action : (byte)3]);
        writer.AddRange(datagram[12..16]);
        if (action == 0)
        {
            writer.AddRange([1, 2, 3, 4, 5, 6, 7, 8]);
        }
        else if (known && action == 1)
        {
            writer.AddRange([0, 0, 7, 8, 0, 0, 0, 1, 0, 0, 0, 2]);
            PeerAddress self = PeerAddress.From(from.Address, BinaryPrimitives.ReadUInt16BigEndian(datagram.AsSpan(96)));
            foreach (PeerAddress peer in _peers)
            {
                var compact = new byte[PeerAddress.CompactSizeV6];
                int size = peer.WriteCompact(compact);
                writer.AddRange(compact[..size]);
            }

            _peers.Add(self);
            _announces.Writer.TryWrite(datagram);
        }
        else if (known)
        {
            writer.AddRange([0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 7]);
        }

        return [.. writer];
    }
}
