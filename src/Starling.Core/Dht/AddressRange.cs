using System;
using Starling.Core.Primitives;

namespace Starling.Core.Dht;

/// <summary>What kind of address it is: local networks are exempt from rules that rest on addresses being hard to get (BEP 42).</summary>
internal static class AddressRange
{
    /// <summary>Whether a datagram can be sent there at all: a port, and a unicast address that is not "any".</summary>
    public static bool IsUsable(PeerAddress address)
    {
        if (address.Port == 0)
        {
            return false;
        }

        if (address.IsV4)
        {
            // Neither 0.0.0.0/8 nor multicast, class E and broadcast.
            uint v4 = (uint)(ulong)address.Ip;
            return v4 >> 24 is > 0 and < 224;
        }

        // Neither ::, nor other forms of IPv4 (::/96 but ::1), nor link-local ones, which need an interface, nor multicast.
        UInt128 top = address.Ip >> 96;
        return (top != 0 || address.Ip == 1) && (address.Ip >> 118) != 0x3fa && (address.Ip >> 120) != 0xff;
    }

    /// <summary>
    /// Whether it belongs to a local network: the blocks that BEP 42 names, and of IPv6 loopback and the unique local addresses of RFC 4193.
    /// </summary>
    public static bool IsLocal(PeerAddress address)
    {
        if (address.IsV4)
        {
            uint v4 = (uint)(ulong)address.Ip;
            return v4 >> 24 is 10 or 127 || v4 >> 20 == 0xac1 || v4 >> 16 is 0xc0a8 or 0xa9fe;
        }

        return address.Ip == 1 || (address.Ip >> 121) == 0x7e || (address.Ip >> 118) == 0x3fa;
    }

    /// <summary>The network that one owner usually has whole: /24 of IPv4, /64 of IPv6.</summary>
    public static UInt128 Subnet(PeerAddress address) => address.IsV4 ? address.Ip >> 8 << 8 : address.Ip >> 64 << 64;
}
