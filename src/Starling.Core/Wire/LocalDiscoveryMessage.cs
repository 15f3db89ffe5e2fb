using System;
using System.Buffers.Text;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Starling.Core.Primitives;

namespace Starling.Core.Wire;

/// <summary>
/// A local announcement (BEP 14): "I listen at this port, and I am in these swarms", multicast as lines of an HTTP-like text. The
/// address is the datagram's own.
/// </summary>
/// <param name="Port">TCP port, 1..65535.</param>
/// <param name="InfoHashes">The swarms, 1 to <see cref="MaxInfoHashes"/>.</param>
/// <param name="Cookie">What the sender knows its own echoes by; empty: none.</param>
public sealed record LocalDiscoveryMessage(ushort Port, IReadOnlyList<InfoHash> InfoHashes, string Cookie)
{
    /// <summary>The multicast port of both groups.</summary>
    public const int GroupPort = 6771;

    /// <summary>The IPv4 group.</summary>
    public const string GroupV4 = "239.192.152.143";

    /// <summary>The IPv6 group.</summary>
    public const string GroupV6 = "ff15::efc0:988f";

    /// <summary>Bytes of a datagram; longer ones are refused and never made.</summary>
    public const int MaxSize = 1400;

    /// <summary>Swarms of one message; with longest cookie and host they fit into <see cref="MaxSize"/>.</summary>
    public const int MaxInfoHashes = 20;

    /// <summary>Characters of a cookie.</summary>
    public const int MaxCookieLength = 64;

    private static ReadOnlySpan<byte> FirstLine => "BT-SEARCH * HTTP/1.1"u8;

    /// <summary>
    /// Reads a datagram. Header names in any case and order; unknown ones, info-hashes that are none and those beyond the bound are skipped.
    /// False: another text, no port, a cookie beyond its bound, or no info-hash.
    /// </summary>
    public static bool TryDecode(ReadOnlySpan<byte> datagram, [NotNullWhen(true)] out LocalDiscoveryMessage? message)
    {
        message = null;
        if (datagram.Length > MaxSize || !TakeLine(ref datagram).SequenceEqual(FirstLine))
        {
            return false;
        }

        ushort port = 0;
        string cookie = "";
        var hashes = new List<InfoHash>(1);
        while (!datagram.IsEmpty)
        {
            ReadOnlySpan<byte> line = TakeLine(ref datagram);
            int colon = line.IndexOf((byte)':');
            if (colon < 0)
            {
                continue;
            }

            ReadOnlySpan<byte> name = line[..colon];
            ReadOnlySpan<byte> value = line[(colon + 1)..].Trim(" \t"u8);
            if (Ascii.EqualsIgnoreCase(name, "Port"u8))
            {
                if (!Utf8Parser.TryParse(value, out port, out int used) || used != value.Length)
                {
                    return false;
                }
            }
            else if (Ascii.EqualsIgnoreCase(name, "cookie"u8))
            {
                if (value.Length > MaxCookieLength || !Ascii.IsValid(value))
                {
                    return false;
                }

                cookie = Encoding.ASCII.GetString(value);
            }
            else if (Ascii.EqualsIgnoreCase(name, "Infohash"u8) && hashes.Count < MaxInfoHashes && TryReadHash(value, out InfoHash hash))
            {
                hashes.Add(hash);
            }
        }

        message = port != 0 && hashes.Count > 0 ? new LocalDiscoveryMessage(port, hashes, cookie) : null;
        return message is not null;
    }

    /// <summary>The datagram for one of the groups.</summary>
    /// <param name="toV6">The IPv6 group, not the IPv4 one.</param>
    public byte[] Encode(bool toV6)
    {
        ArgumentOutOfRangeException.ThrowIfZero(Port);
        ArgumentOutOfRangeException.ThrowIfZero(InfoHashes.Count, nameof(InfoHashes));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(InfoHashes.Count, MaxInfoHashes, nameof(InfoHashes));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Cookie.Length, MaxCookieLength, nameof(Cookie));
        var text = new StringBuilder("BT-SEARCH * HTTP/1.1\r\nHost: ");
        text.Append(toV6 ? $"[{GroupV6}]" : GroupV4).Append(CultureInfo.InvariantCulture, $":{GroupPort}\r\nPort: {Port}\r\n");
        foreach (InfoHash hash in InfoHashes)
        {
            text.Append(CultureInfo.InvariantCulture, $"Infohash: {hash}\r\n");
        }

        if (Cookie.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"cookie: {Cookie}\r\n");
        }

        return Encoding.ASCII.GetBytes(text.Append("\r\n\r\n").ToString());
    }

    private static bool TryReadHash(ReadOnlySpan<byte> value, out InfoHash hash)
    {
        hash = default;
        if (value.Length != 2 * InfoHash.Size)
        {
            return false;
        }

        Span<char> hex = stackalloc char[2 * InfoHash.Size];
        return Ascii.ToUtf16(value, hex, out _) == System.Buffers.OperationStatus.Done && InfoHash.TryParse(hex, out hash);
    }

    /// <summary>The bytes up to the next line feed, without it and a carriage return before it.</summary>
    private static ReadOnlySpan<byte> TakeLine(ref ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)'\n');
        ReadOnlySpan<byte> line = end < 0 ? bytes : bytes[..end];
        bytes = end < 0 ? default : bytes[(end + 1)..];
        return line.EndsWith("\r"u8) ? line[..^1] : line;
    }
}
