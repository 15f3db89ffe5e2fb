using System;
using System.Globalization;
using System.Net;
using Starling.Core.Primitives;

namespace Starling.Core.Tasks;

/// <summary>The addresses that a task file or link names: trackers, and DHT nodes or peers as <c>host:port</c>.</summary>
public static class TaskContacts
{
    private const int MaxHostLength = 255;

    /// <summary>Whether <paramref name="url"/> may be asked as a tracker: <c>http</c>, <c>https</c> or <c>udp</c> (BEP 3, 15). Null: it may.</summary>
    public static Problem? CheckTracker(string url, string key)
    {
        ArgumentNullException.ThrowIfNull(url);
        const string hint = "Write it like udp://host:port/announce or https://host/announce.";
        if (url.Length > TaskLimitsOfFormat.MaxUrlLength)
        {
            return new Problem(TaskInfoValidator.ProblemCode, $"{key}: is longer than {TaskLimitsOfFormat.MaxUrlLength} bytes", hint);
        }

        bool right = IsPlain(url) && Uri.TryCreate(url, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https" or "udp"
            && uri.Host.Length > 0 && uri.UserInfo.Length == 0 && (uri.Scheme != "udp" || uri.Port > 0);
        return right ? null : new Problem(TaskInfoValidator.ProblemCode, $"{key}: '{SafePath.Quoted(url)}' is not a tracker's address", hint);
    }

    /// <summary>Whether <paramref name="node"/> is <c>host:port</c> with a name, an IPv4 address or an IPv6 address in brackets. Null: it is.</summary>
    public static Problem? CheckNode(string node, string key)
    {
        ArgumentNullException.ThrowIfNull(node);
        return TrySplit(node, out _, out _)
            ? null
            : new Problem(TaskInfoValidator.ProblemCode, $"{key}: '{SafePath.Quoted(node)}' is not host:port", "Write it like example.org:6881 or [::1]:6881.");
    }

    /// <summary>Host and port of <c>host:port</c>; the host of <c>[::1]:6881</c> is <c>::1</c>.</summary>
    public static bool TrySplit(string node, out string host, out int port)
    {
        ArgumentNullException.ThrowIfNull(node);
        host = "";
        port = 0;
        int colon = node.LastIndexOf(':');
        if (colon <= 0 || node.Length > MaxHostLength + 8 || !IsPlain(node)
            || !int.TryParse(node.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is 0 or > ushort.MaxValue)
        {
            return false;
        }

        string name = node[..colon];
        bool bracketed = name.Length > 2 && name[0] == '[' && name[^1] == ']';
        host = bracketed ? name[1..^1] : name;
        return bracketed
            ? IPAddress.TryParse(host, out IPAddress? address) && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6
            : host.Length <= MaxHostLength && IsHostName(host);
    }

    /// <summary><c>host:port</c>, with brackets around an IPv6 address.</summary>
    public static string Join(string host, int port)
    {
        ArgumentNullException.ThrowIfNull(host);
        return host.Contains(':', StringComparison.Ordinal)
            ? string.Create(CultureInfo.InvariantCulture, $"[{host}]:{port}")
            : string.Create(CultureInfo.InvariantCulture, $"{host}:{port}");
    }

    internal static (string Host, int Port) Split(string node) =>
        TrySplit(node, out string host, out int port) ? (host, port) : throw new ArgumentException("not host:port", nameof(node));

    private static bool IsHostName(string host)
    {
        foreach (char c in host)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '.' or '_'))
            {
                return false;
            }
        }

        return host.Length > 0 && host[0] is not ('-' or '.');
    }

    private static bool IsPlain(string text)
    {
        foreach (char c in text)
        {
            if (c is <= ' ' or >= (char)0x7f)
            {
                return false;
            }
        }

        return true;
    }
}
