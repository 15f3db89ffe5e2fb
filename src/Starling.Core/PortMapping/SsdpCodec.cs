using System;
using System.Collections.Generic;
using System.Net;
using System.Text;

namespace Starling.Core.PortMapping;

/// <summary>Searches for gateways (UPnP Device Architecture 1.1, section 1.3).</summary>
public static class SsdpCodec
{
    /// <summary>UDP port of the group.</summary>
    public const int Port = 1900;

    /// <summary>Bytes of an answer; longer ones are not read.</summary>
    public const int MaxAnswerSize = 4 * 1024;

    /// <summary>Characters of an address in an answer.</summary>
    public const int MaxLocationLength = 1_024;

    /// <summary>The group that is searched.</summary>
    public static IPAddress Group { get; } = IPAddress.Parse("239.255.255.250");

    /// <summary>What is searched for: gateways of both versions.</summary>
    public static IReadOnlyList<string> Targets { get; } =
        ["urn:schemas-upnp-org:device:InternetGatewayDevice:2", "urn:schemas-upnp-org:device:InternetGatewayDevice:1"];

    /// <summary>A search.</summary>
    public static byte[] EncodeSearch(string target) => Encoding.ASCII.GetBytes(
        $"M-SEARCH * HTTP/1.1\r\nHOST: {Group}:{Port}\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: {target}\r\n\r\n");

    /// <summary>
    /// Where the answering gateway describes itself. Null: it is no answer, not of a gateway, or points to another host than <paramref name="from"/>: what a
    /// datagram says must not send this machine anywhere else.
    /// </summary>
    public static Uri? Location(ReadOnlySpan<byte> datagram, IPAddress from)
    {
        if (datagram.Length > MaxAnswerSize)
        {
            return null;
        }

        string[] lines = Encoding.Latin1.GetString(datagram).Split("\r\n");
        string? location = null;
        bool gateway = false;
        if (!lines[0].StartsWith("HTTP/1.1 200", StringComparison.Ordinal) && !lines[0].StartsWith("HTTP/1.0 200", StringComparison.Ordinal))
        {
            return null;
        }

        foreach (string line in lines)
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            string value = colon < 0 ? "" : line[(colon + 1)..].Trim();
            switch (colon < 0 ? "" : line[..colon].Trim().ToUpperInvariant())
            {
                case "LOCATION" when value.Length <= MaxLocationLength:
                    location = value;
                    break;
                case "ST":
                    gateway = value.Contains(":InternetGatewayDevice:", StringComparison.Ordinal);
                    break;
            }
        }

        return gateway && location is not null ? OnHost(location, null, from) : null;
    }

    /// <summary>An <c>http</c> address, perhaps relative to another one, that stays at the IP address <paramref name="host"/>; null: it does not.</summary>
    public static Uri? OnHost(string address, Uri? relativeTo, IPAddress host)
    {
        bool parsed = relativeTo is null ? Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) : Uri.TryCreate(relativeTo, address, out uri);
        return parsed && uri!.Scheme == Uri.UriSchemeHttp && uri.UserInfo.Length == 0 && IPAddress.TryParse(uri.DnsSafeHost, out IPAddress? named)
            && named.Equals(host) ? uri : null;
    }
}
