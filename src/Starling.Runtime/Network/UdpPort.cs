using System;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Primitives;

namespace Starling.Runtime.Network;

/// <summary>
/// The one UDP socket of the process, at the address and port number of its TCP listener (DESIGN section 2). DHT, uTP and whatever else speaks UDP share
/// it: each datagram goes to the first handler that takes it. Neither a datagram received nor one sent allocates memory.
/// </summary>
public sealed class UdpPort : IAsyncDisposable
{
    /// <summary>Bytes of the largest datagram, both ways: what UDP over IPv4 can carry. Handlers have smaller bounds of their own.</summary>
    public const int MaxDatagramSize = 65_507;

    /// <summary>Datagrams after which handlers are told of the end of a batch even if more wait.</summary>
    public const int MaxBatch = 64;

    // A burst must fit while the receiver's thread waits for a processor. The system may grant less.
    private const int SocketBufferSize = 4 * 1024 * 1024;

    // Offsets in sockaddr_in and sockaddr_in6, the same on every system.
    private const int PortOffset = 2;
    private const int AddressOffsetV4 = 4;
    private const int AddressOffsetV6 = 8;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(10);

    private readonly Socket _socket;
    private readonly ThreadLocal<SocketAddress> _sendTo;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly Task _receiving;
    private volatile IDatagramHandler[] _handlers = [];
    private long _dropped;
    private long _unclaimed;
    private int _disposed;

    private UdpPort(Socket socket)
    {
        _socket = socket;
        EndPoint = (IPEndPoint)socket.LocalEndPoint!;
        IPEndPoint template = new(socket.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        _sendTo = new ThreadLocal<SocketAddress>(template.Serialize);
        _receiving = Task.Run(ReceiveAsync);
    }

    /// <summary>Where it is bound, with the port that it got.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Datagrams that could not be sent: the socket's buffer was full, or no way leads to the address.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Datagrams that no handler took.</summary>
    public long Unclaimed => Interlocked.Read(ref _unclaimed);

    /// <summary>
    /// Opens the port and begins to receive. The address of all IPv6 addresses means all of both families; port 0 any free one.
    /// False: it can't be had, and why (code <c>udp-port</c>).
    /// </summary>
    public static bool TryOpen(IPEndPoint at, [NotNullWhen(true)] out UdpPort? port, [NotNullWhen(false)] out Problem? problem)
    {
        ArgumentNullException.ThrowIfNull(at);
        port = null;
        Socket? socket = null;
        try
        {
            socket = new Socket(at.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            if (at.AddressFamily == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = at.Address.Equals(IPAddress.IPv6Any);
            }

            socket.ReceiveBufferSize = SocketBufferSize;
            socket.SendBufferSize = SocketBufferSize;
            socket.Blocking = false;
            AllowFragments(socket);
            socket.Bind(at);
            port = new UdpPort(socket);
            problem = null;
            return true;
        }
        catch (SocketException failure)
        {
            socket?.Dispose();
            problem = new Problem(
                "udp-port",
                failure.SocketErrorCode == SocketError.AddressAlreadyInUse
                    ? $"UDP port {at.Port} of {at.Address} is in use by another program"
                    : $"Can't open UDP port {at.Port} of {at.Address}: {NetworkFailure.Describe(failure)}",
                "DHT and uTP are off; name another port with --listen ADDR:PORT");
            return false;
        }
    }

    /// <summary>Asks this handler after those added before it.</summary>
    public void Add(IDatagramHandler handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        lock (_gate)
        {
            _handlers = [.. _handlers, handler];
        }
    }

    /// <summary>Ceases to ask this handler. A call of it that has begun may still be under way.</summary>
    public void Remove(IDatagramHandler handler)
    {
        lock (_gate)
        {
            _handlers = Array.FindAll(_handlers, other => other != handler);
        }
    }

    /// <summary>
    /// Sends, or drops and counts: UDP promises no more, and the caller is never held up. From any thread; failures that the network reports
    /// are not told, for a silent peer looks the same.
    /// </summary>
    /// <returns>Whether the system took it.</returns>
    public bool Send(PeerAddress to, ReadOnlySpan<byte> datagram)
    {
        if (Volatile.Read(ref _disposed) != 0 || datagram.Length > MaxDatagramSize || !TryWrite(to, _sendTo.Value!))
        {
            Interlocked.Increment(ref _dropped);
            return false;
        }

        try
        {
            _socket.SendTo(datagram, SocketFlags.None, _sendTo.Value!);
            return true;
        }
        catch (Exception exception) when (NetworkFailure.Is(exception))
        {
            Interlocked.Increment(ref _dropped);
            return false;
        }
    }

    /// <summary>Closes the port. No handler is called afterwards.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await _receiving.ConfigureAwait(false);
        _socket.Dispose();
        _stopping.Dispose();
    }

    /// <summary>
    /// Datagrams that a path of IPv4 can't take whole are cut by its routers: senders that can't make theirs smaller (uTP) would never get through.
    /// </summary>
    private static void AllowFragments(Socket socket)
    {
        if (socket.AddressFamily == AddressFamily.InterNetwork)
        {
            socket.DontFragment = false;
        }
        else if (OperatingSystem.IsLinux())
        {
            // Of a socket for both families .NET sets this for IPv6 alone.
            const int IpLevel = 0;
            const int MtuDiscovery = 10;
            socket.SetRawSocketOption(IpLevel, MtuDiscovery, BitConverter.GetBytes(0));
        }
    }

    private async Task ReceiveAsync()
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(MaxDatagramSize, pinned: true);
        var from = new SocketAddress(_socket.AddressFamily);
        int inBatch = 0;
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                ValueTask<int> next = _socket.ReceiveFromAsync(buffer, SocketFlags.None, from, _stopping.Token);
                if (inBatch > 0 && (inBatch == MaxBatch || !next.IsCompleted))
                {
                    inBatch = 0;
                    EndBatch();
                }

                int length = await next.ConfigureAwait(false);
                inBatch++;
                Handle(Read(from), buffer.AsSpan(0, length));
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException)
            {
                // The echo of somebody's closed port (Windows), or a moment without memory: neither ends the port.
                await Task.Delay(RetryDelay).ConfigureAwait(false);
            }
        }
    }

    /// <summary>A bug in a handler stops the process, as it should.</summary>
    private void Handle(PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        try
        {
            foreach (IDatagramHandler handler in _handlers)
            {
                if (handler.TryHandle(from, datagram))
                {
                    return;
                }
            }
        }
        catch (Exception bug)
        {
            Environment.FailFast($"A datagram from {from} met a bug", bug);
        }

        Interlocked.Increment(ref _unclaimed);
    }

    private void EndBatch()
    {
        try
        {
            foreach (IDatagramHandler handler in _handlers)
            {
                handler.EndOfBatch();
            }
        }
        catch (Exception bug)
        {
            Environment.FailFast("The end of a batch of datagrams met a bug", bug);
        }
    }

    private static PeerAddress Read(SocketAddress from)
    {
        ReadOnlySpan<byte> bytes = from.Buffer.Span;
        ushort port = BinaryPrimitives.ReadUInt16BigEndian(bytes[PortOffset..]);
        if (from.Family == AddressFamily.InterNetworkV6)
        {
            return PeerAddress.ReadIp(bytes[AddressOffsetV6..], port);
        }

        Span<byte> compact = stackalloc byte[PeerAddress.CompactSizeV4];
        bytes.Slice(AddressOffsetV4, 4).CopyTo(compact);
        BinaryPrimitives.WriteUInt16BigEndian(compact[4..], port);
        PeerAddress.TryReadCompact(compact, out PeerAddress address);
        return address;
    }

    /// <summary>Writes an address in the form of this socket's family; false when the socket can't reach such an address.</summary>
    private bool TryWrite(PeerAddress to, SocketAddress destination)
    {
        if (to.Port == 0)
        {
            return false;
        }

        Span<byte> bytes = destination.Buffer.Span;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[PortOffset..], to.Port);
        if (destination.Family == AddressFamily.InterNetworkV6)
        {
            to.WriteIp(bytes[AddressOffsetV6..]);
            return !to.IsV4 || _socket.DualMode;
        }

        Span<byte> compact = stackalloc byte[PeerAddress.CompactSizeV6];
        to.WriteCompact(compact);
        compact[..4].CopyTo(bytes[AddressOffsetV4..]);
        return to.IsV4;
    }
}
