using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Starling.Core.Primitives;
using Starling.Runtime.Network;

namespace Starling.Runtime.PortMapping;

/// <summary>A router between this machine and the rest.</summary>
/// <param name="Address">The router's address in the local network.</param>
/// <param name="Local">This machine's address in the same network.</param>
internal sealed record Gateway(IPAddress Address, IPAddress Local)
{
    /// <summary>
    /// The default gateway over which the listener is reached and which may translate addresses: both ends have private IPv4 addresses. Null: there is
    /// none, so there is nothing to be mapped.
    /// </summary>
    public static Gateway? Find(IPEndPoint listener)
    {
        IPAddress bound = listener.Address.IsIPv4MappedToIPv6 ? listener.Address.MapToIPv4() : listener.Address;
        bool any = bound.Equals(IPAddress.Any) || bound.Equals(IPAddress.IPv6Any);
        return All().FirstOrDefault(gateway => (any || bound.Equals(gateway.Local)) && IsPrivate(gateway.Address) && IsPrivate(gateway.Local));
    }

    private static bool IsPrivate(IPAddress address) => AddressScopes.Of(PeerAddress.From(address, 0)) == AddressScope.Private;

    private static IEnumerable<Gateway> All()
    {
        foreach (NetworkInterface card in LocalAddresses.Up())
        {
            IPInterfaceProperties? properties = null;
            try
            {
                properties = card.GetIPProperties();
            }
            catch (NetworkInformationException)
            {
                // The interface went away in this moment.
            }

            foreach (GatewayIPAddressInformation gateway in properties?.GatewayAddresses ?? Enumerable.Empty<GatewayIPAddressInformation>())
            {
                if (gateway.Address.AddressFamily == AddressFamily.InterNetwork && LocalTowards(gateway.Address) is { } local)
                {
                    yield return new Gateway(gateway.Address, local);
                }
            }
        }
    }

    /// <summary>The address under which this machine speaks to another one; nothing is sent to find out.</summary>
    private static IPAddress? LocalTowards(IPAddress address)
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(address, 9);
            return (socket.LocalEndPoint as IPEndPoint)?.Address;
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
