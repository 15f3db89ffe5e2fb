using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Starling.Core.Primitives;

namespace Starling.Runtime.Network;

/// <summary>What addresses this machine has, and which of them are worth telling to another one.</summary>
public static class LocalAddresses
{
    /// <summary>Addresses that are told at most, in a link or elsewhere.</summary>
    public const int MaxTold = 8;

    /// <summary>
    /// Addresses under which a listener may be reached, the likeliest first: IPv4 before IPv6, loopback only when there is nothing else
    /// or the listener is bound to it. Link-local IPv6 is left out: its scope means nothing elsewhere.
    /// </summary>
    /// <param name="listener">Where it listens, with its port; an unspecified address stands for every one of its family (or of both).</param>
    public static IReadOnlyList<PeerAddress> Reachable(IPEndPoint listener)
    {
        ArgumentNullException.ThrowIfNull(listener);
        IPAddress bound = listener.Address.IsIPv4MappedToIPv6 ? listener.Address.MapToIPv4() : listener.Address;
        bool anyV4 = bound.Equals(IPAddress.Any);
        bool anyV6 = bound.Equals(IPAddress.IPv6Any);
        if (!anyV4 && !anyV6)
        {
            return [PeerAddress.From(bound, listener.Port)];
        }

        // The listener of both families is the one at [::].
        List<IPAddress> own = [.. All().Where(address => (anyV6 || address.AddressFamily == AddressFamily.InterNetwork) && IsWorthTelling(address))];
        PeerAddress[] told = [.. own
            .Where(address => !IPAddress.IsLoopback(address))
            .OrderBy(address => address.AddressFamily == AddressFamily.InterNetwork ? 0 : 1)
            .Select(address => PeerAddress.From(address, listener.Port))
            .Distinct()
            .Take(MaxTold)];
        return told.Length > 0 ? told : [PeerAddress.From(IPAddress.Loopback, listener.Port)];
    }

    /// <summary>Every address of every interface that is up; empty when the system does not say.</summary>
    internal static IReadOnlyList<IPAddress> All()
    {
        var found = new List<IPAddress>();
        foreach (NetworkInterface card in Up())
        {
            try
            {
                found.AddRange(card.GetIPProperties().UnicastAddresses.Select(unicast => unicast.Address));
            }
            catch (NetworkInformationException)
            {
                // The interface went away in this moment.
            }
        }

        return found;
    }

    /// <summary>Interfaces that are up, or do not say that they are down; empty when the system does not list them.</summary>
    internal static IReadOnlyList<NetworkInterface> Up()
    {
        try
        {
            return [.. NetworkInterface.GetAllNetworkInterfaces()
                .Where(card => card.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown)];
        }
        catch (NetworkInformationException)
        {
            return [];
        }
    }

    private static bool IsWorthTelling(IPAddress address) =>
        !address.IsIPv6LinkLocal && !address.IsIPv6Multicast && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any);
}
