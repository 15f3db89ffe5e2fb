using System;
using System.Diagnostics.CodeAnalysis;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Core.Trackers;

/// <summary>How a tracker is spoken to.</summary>
public enum TrackerScheme
{
    /// <summary>BEP 3 over plain HTTP.</summary>
    Http,

    /// <summary>BEP 3 over TLS.</summary>
    Https,

    /// <summary>BEP 15.</summary>
    Udp,
}

/// <summary>The address of a tracker, checked (<see cref="TaskContacts.CheckTracker"/>).</summary>
public sealed record TrackerUrl
{
    private const string Announce = "announce";

    private TrackerUrl(string text, Uri uri)
    {
        int fragment = text.IndexOf('#', StringComparison.Ordinal);
        Text = fragment < 0 ? text : text[..fragment];
        Host = uri.DnsSafeHost;
        Port = uri.Port;
        Scheme = uri.Scheme switch { "udp" => TrackerScheme.Udp, "https" => TrackerScheme.Https, _ => TrackerScheme.Http };
    }

    /// <summary>The URL as it was written, without a fragment.</summary>
    public string Text { get; }

    /// <summary>How it is spoken to.</summary>
    public TrackerScheme Scheme { get; }

    /// <summary>Name or address; an IPv6 address without brackets.</summary>
    public string Host { get; }

    /// <summary>1..65535.</summary>
    public int Port { get; }

    /// <summary>
    /// Path and query, as they are sent: what BEP 41 calls URL data. Empty when the URL ends with its port.
    /// </summary>
    public string PathAndQuery
    {
        get
        {
            int path = Text.AsSpan(SchemeEnd).IndexOfAny('/', '?');
            return path < 0 ? "" : Text[(SchemeEnd + path)..];
        }
    }

    /// <summary>
    /// Where counts are asked of an HTTP tracker (BEP 48): <c>announce</c> at the start of the last part of the path becomes <c>scrape</c>. Null: this
    /// tracker can't be asked. A UDP tracker is asked at its own address.
    /// </summary>
    public string? ScrapeText
    {
        get
        {
            if (Scheme == TrackerScheme.Udp)
            {
                return Text;
            }

            int query = Text.IndexOf('?', StringComparison.Ordinal);
            int slash = Text.LastIndexOf('/', (query < 0 ? Text.Length : query) - 1);
            return slash >= SchemeEnd && Text.AsSpan(slash + 1).StartsWith(Announce, StringComparison.Ordinal)
                ? string.Concat(Text.AsSpan(0, slash + 1), "scrape", Text.AsSpan(slash + 1 + Announce.Length))
                : null;
        }
    }

    private int SchemeEnd => Text.IndexOf("://", StringComparison.Ordinal) + 3;

    /// <summary>Reads a URL; false with what is wrong with it.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out TrackerUrl? url, [NotNullWhen(false)] out Problem? problem)
    {
        url = null;
        problem = TaskContacts.CheckTracker(text, "tracker");
        if (problem is null)
        {
            var uri = new Uri(text, UriKind.Absolute);
            problem = uri.Port is > 0 and <= ushort.MaxValue ? null : new Problem("tracker", $"'{SafePath.Quoted(text)}' names no port");
            url = problem is null ? new TrackerUrl(text, uri) : null;
        }

        return problem is null;
    }

    /// <inheritdoc/>
    public override string ToString() => Text;
}
