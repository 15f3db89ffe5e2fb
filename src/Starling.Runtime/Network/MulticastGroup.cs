using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Wire;

namespace Starling.Runtime.Network;

/// <summary>
/// One family's multicast group of local discovery: a UDP socket that shares its port with the other programs of the machine. It hears
/// the group on every interface, and speaks on those that it is told to.
/// </summary>
internal sealed class MulticastGroup : IDisposable
{
    private readonly Socket _socket;
    private readonly IPEndPoint _group;
    private readonly HashSet<int> _joined = [];

    private MulticastGroup(Socket socket, IPEndPoint group)
    {
        _socket = socket;
        _group = group;
        IsV6 = group.AddressFamily == AddressFamily.InterNetworkV6;
    }

    /// <summary>Whether it is the IPv6 group.</summary>
    public bool IsV6 { get; }

    /// <summary>Opens the group's socket; it hears nothing before an interface is joined.</summary>
    public static bool TryOpen(IPEndPoint group, [NotNullWhen(true)] out MulticastGroup? opened, [NotNullWhen(false)] out string? failure)
    {
        opened = null;
        Socket? socket = null;
        try
        {
            socket = new Socket(group.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            bool isV6 = group.AddressFamily == AddressFamily.InterNetworkV6;
            if (isV6)
            {
                socket.DualMode = false;
            }

            SocketOptionLevel level = isV6 ? SocketOptionLevel.IPv6 : SocketOptionLevel.IP;
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.SetSocketOption(level, SocketOptionName.PacketInformation, true);
            socket.SetSocketOption(level, SocketOptionName.MulticastLoopback, true);
            socket.Bind(new IPEndPoint(isV6 ? IPAddress.IPv6Any : IPAddress.Any, group.Port));
            opened = new MulticastGroup(socket, group);
            failure = null;
            return true;
        }
        catch (SocketException exception)
        {
            socket?.Dispose();
            failure = exception.Message;
            return false;
        }
    }

    /// <summary>Hears the group on this interface from now on, if the interface can do it.</summary>
    public void Join(NetworkInterface card)
    {
        int? index = IndexOf(card);
        if (index is null || !_joined.Add(index.Value))
        {
            return;
        }

        try
        {
            if (IsV6)
            {
                _socket.SetSocketOption(
                    SocketOptionLevel.IPv6, SocketOptionName.AddMembership, new IPv6MulticastOption(_group.Address, index.Value));
            }
            else
            {
                _socket.SetSocketOption(
                    SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(_group.Address, index.Value));
            }
        }
        catch (SocketException)
        {
            // It can't, or not yet: tried again the next time.
            _joined.Remove(index.Value);
        }
    }

    /// <summary>Speaks on one interface; false when it can't.</summary>
    public async Task<bool> SendAsync(NetworkInterface card, ReadOnlyMemory<byte> datagram, CancellationToken cancellation)
    {
        if (IndexOf(card) is not { } index)
        {
            return false;
        }

        try
        {
            if (IsV6)
            {
                _socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastInterface, index);
            }
            else
            {
                _socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, IPAddress.HostToNetworkOrder(index));
            }

            await _socket.SendToAsync(datagram, SocketFlags.None, _group, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>
    /// The next datagram to the group (what is sent to the port alone is dropped: it may come from anywhere): its length and
    /// sender; null once the socket can't go on.
    /// </summary>
    public async Task<(int Length, IPAddress Sender)?> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        EndPoint any = new IPEndPoint(IsV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        while (true)
        {
            try
            {
                SocketReceiveMessageFromResult received =
                    await _socket.ReceiveMessageFromAsync(buffer, SocketFlags.None, any, cancellation).ConfigureAwait(false);
                if (received.PacketInformation.Address is { } to && to.Equals(_group.Address) && received.RemoteEndPoint is IPEndPoint from)
                {
                    return (received.ReceivedBytes, from.Address);
                }
            }
            catch (SocketException exception) when (exception.SocketErrorCode is SocketError.MessageSize or SocketError.ConnectionReset)
            {
                // Longer than a message may be, or the echo of somebody's closed port (Windows).
            }
            catch (Exception exception) when (NetworkFailure.Is(exception))
            {
                return null;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    /// <summary>The group of a family at the port of BEP 14 or another one.</summary>
    public static IPEndPoint Of(bool v6, int port) =>
        new(IPAddress.Parse(v6 ? LocalDiscoveryMessage.GroupV6 : LocalDiscoveryMessage.GroupV4), port);

    private int? IndexOf(NetworkInterface card)
    {
        try
        {
            IPInterfaceProperties properties = card.GetIPProperties();
            return IsV6 ? properties.GetIPv6Properties()?.Index : properties.GetIPv4Properties()?.Index;
        }
        catch (NetworkInformationException)
        {
            // The interface does not speak this family.
            return null;
        }
    }
}
