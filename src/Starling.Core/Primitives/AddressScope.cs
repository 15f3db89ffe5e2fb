namespace Starling.Core.Primitives;

/// <summary>How far an address reaches; decides whom it may be told to and from whom it is believed.</summary>
public enum AddressScope
{
    /// <summary>Nobody can be reached there: no port-independent unicast address (unspecified, multicast, reserved, link-local IPv6, other forms of IPv4).</summary>
    Unusable,

    /// <summary>This machine: 127.0.0.0/8, ::1.</summary>
    Loopback,

    /// <summary>A local network (RFC 1918, RFC 3927, RFC 4193), or the provider's side of a shared address (RFC 6598).</summary>
    Private,

    /// <summary>The Internet.</summary>
    Public,
}

/// <summary>Tells the <see cref="AddressScope"/> of addresses.</summary>
public static class AddressScopes
{
    /// <summary>The scope of an address; its port does not matter.</summary>
    public static AddressScope Of(PeerAddress address)
    {
        if (address.IsV4)
        {
            uint v4 = (uint)(ulong)address.Ip;
            return (v4 >> 24) switch
            {
                0 or >= 224 => AddressScope.Unusable,
                127 => AddressScope.Loopback,
                10 => AddressScope.Private,
                _ when v4 >> 20 == 0xac1 || v4 >> 16 is 0xc0a8 or 0xa9fe || v4 >> 22 == 0x191 => AddressScope.Private,
                _ => AddressScope.Public,
            };
        }

        if (address.Ip == 1)
        {
            return AddressScope.Loopback;
        }

        // ::/96 is no address of a host, fe80::/10 needs an interface, ff00::/8 is multicast.
        return address.Ip >> 32 == 0 || address.Ip >> 118 == 0x3fa || address.Ip >> 120 == 0xff ? AddressScope.Unusable
            : address.Ip >> 121 == 0x7e ? AddressScope.Private
            : AddressScope.Public;
    }
}
