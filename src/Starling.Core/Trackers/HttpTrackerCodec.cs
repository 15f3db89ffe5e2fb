using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Text;
using Starling.Core.Bencode;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Core.Trackers;

/// <summary>URLs and answers of HTTP trackers (BEP 3, 7, 23, 24, 31, 48).</summary>
public static class HttpTrackerCodec
{
    /// <summary>Bytes of an answer, decompressed.</summary>
    public const int MaxAnswerSize = BReaderOptions.WireMaxSize;

    /// <summary>Bytes of a <c>tracker id</c>; a longer one is left out.</summary>
    public const int MaxTrackerIdSize = 256;

    /// <summary>Bytes of a text that a tracker says to a person; a longer one is not shown.</summary>
    public const int MaxTextSize = 4_096;

    /// <summary>Swarms of one scrape: its URL stays below 2,048 characters or so.</summary>
    public const int MaxScraped = 20;

    private const int MaxDepth = 8;
    private const int MaxHostSize = 64;

    private static readonly BReaderOptions Options = BReaderOptions.ForeignWire with { MaxSize = MaxAnswerSize, MaxDepth = MaxDepth };

    /// <summary>The URL of an announce; every byte that is not unreserved (RFC 3986) is escaped.</summary>
    public static string AnnounceUrl(TrackerUrl tracker, AnnounceRequest request)
    {
        ArgumentNullException.ThrowIfNull(tracker);
        ArgumentNullException.ThrowIfNull(request);
        var url = new StringBuilder(tracker.Text).Append(Joint(tracker.Text)).Append("info_hash=");
        Escape(url, request.InfoHash.ToArray());
        url.Append("&peer_id=");
        Escape(url, request.PeerId.ToArray());
        url.Append(
            CultureInfo.InvariantCulture,
            $"&port={request.Port}&uploaded={request.Uploaded}&downloaded={request.Downloaded}&left={request.Left}&compact=1&no_peer_id=1");
        url.Append(CultureInfo.InvariantCulture, $"&numwant={request.Wanted}&key={request.Key:x8}");
        if (request.Event != AnnounceEvent.None)
        {
            url.Append("&event=").Append(request.Event switch
            {
                AnnounceEvent.Started => "started",
                AnnounceEvent.Completed => "completed",
                _ => "stopped",
            });
        }

        if (!request.TrackerId.IsEmpty)
        {
            url.Append("&trackerid=");
            Escape(url, request.TrackerId.Span);
        }

        return url.ToString();
    }

    /// <summary>The URL that asks for counts of these swarms (BEP 48), at most <see cref="MaxScraped"/>; null: this tracker can't be asked.</summary>
    public static string? ScrapeUrl(TrackerUrl tracker, IReadOnlyList<InfoHash> swarms)
    {
        ArgumentNullException.ThrowIfNull(tracker);
        ArgumentNullException.ThrowIfNull(swarms);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(swarms.Count, MaxScraped, nameof(swarms));
        if (tracker.ScrapeText is not { } text || tracker.Scheme == TrackerScheme.Udp)
        {
            return null;
        }

        var url = new StringBuilder(text);
        char joint = Joint(text);
        foreach (InfoHash swarm in swarms)
        {
            url.Append(joint).Append("info_hash=");
            Escape(url, swarm.ToArray());
            joint = '&';
        }

        return url.ToString();
    }

    /// <summary>Reads the answer to an announce. Keys of the wrong kind are left out; false: no answer, or the tracker refused.</summary>
    public static bool TryReadAnnounce(
        ReadOnlyMemory<byte> body, [NotNullWhen(true)] out AnnounceAnswer? answer, [NotNullWhen(false)] out TrackerFailure? failure)
    {
        answer = null;
        if (!TryReadRoot(body, out BDictionary? root, out failure))
        {
            return false;
        }

        answer = new AnnounceAnswer
        {
            Interval = Number(root, "interval"u8),
            MinInterval = Number(root, "min interval"u8),
            Complete = Number(root, "complete"u8),
            Incomplete = Number(root, "incomplete"u8),
            Peers = Peers(root),
            TrackerId = root.TryGetBytes("tracker id"u8, MaxTrackerIdSize, out ReadOnlyMemory<byte> id) ? id.ToArray() : default,
            Warning = Text(root, "warning message"u8),
            ExternalAddress = ExternalAddress(root),
        };
        return true;
    }

    /// <summary>Reads the answer to a scrape: the counts of those <paramref name="swarms"/> that it names, in their order.</summary>
    public static bool TryReadScrape(
        ReadOnlyMemory<byte> body,
        IReadOnlyList<InfoHash> swarms,
        [NotNullWhen(true)] out IReadOnlyList<(InfoHash Swarm, ScrapeCounts Counts)>? counts,
        [NotNullWhen(false)] out TrackerFailure? failure)
    {
        ArgumentNullException.ThrowIfNull(swarms);
        counts = null;
        if (!TryReadRoot(body, out BDictionary? root, out failure))
        {
            return false;
        }

        if (!root.TryGetDictionary("files"u8, out BDictionary? files))
        {
            failure = new TrackerFailure("its answer names no swarms");
            return false;
        }

        var found = new List<(InfoHash, ScrapeCounts)>();
        foreach (InfoHash swarm in swarms)
        {
            if (files.TryGetDictionary(swarm.ToArray(), out BDictionary? file))
            {
                found.Add((swarm, new ScrapeCounts(
                    Number(file, "complete"u8) ?? 0, Number(file, "downloaded"u8) ?? 0, Number(file, "incomplete"u8) ?? 0)));
            }
        }

        counts = found;
        return true;
    }

    private static bool TryReadRoot(
        ReadOnlyMemory<byte> body, [NotNullWhen(true)] out BDictionary? root, [NotNullWhen(false)] out TrackerFailure? failure)
    {
        failure = null;
        if (!BReader.TryReadDictionary(body, Options, out root, out Problem? problem))
        {
            failure = new TrackerFailure($"it is no tracker's answer ({problem.Reason})");
            return false;
        }

        if (root["failure reason"u8] is { } reason)
        {
            failure = new TrackerFailure(reason is BString ? Text(root, "failure reason"u8) ?? "it refused" : "it refused")
            {
                Refused = true,
                RetryAfter = RetryAfter(root),
            };
            root = null;
            return false;
        }

        return true;
    }

    /// <summary>BEP 31: <c>retry in</c>, minutes or <c>never</c>.</summary>
    private static TimeSpan? RetryAfter(BDictionary root) =>
        Number(root, "retry in"u8) is { } minutes ? TimeSpan.FromMinutes(minutes)
        : root.TryGetText("retry in"u8, 16, out string? text) && text == "never" ? TimeSpan.MaxValue
        : root.TryGetText("retry in"u8, 16, out text) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int written)
            ? TimeSpan.FromMinutes(written)
        : null;

    private static int? Number(BDictionary root, ReadOnlySpan<byte> key) =>
        root[key] is BInteger { Value: >= 0 } number ? (int)Math.Min(number.Value, int.MaxValue) : null;

    private static string? Text(BDictionary root, ReadOnlySpan<byte> key) =>
        root.TryGetText(key, MaxTextSize, out string? text) && text.Length > 0 ? SafePath.Quoted(text) : null;

    private static PeerAddress? ExternalAddress(BDictionary root)
    {
        bool found = root.TryGetBytes("external ip"u8, PeerAddress.IpSize, out ReadOnlyMemory<byte> ip) && ip.Length is 4 or PeerAddress.IpSize;
        return found ? PeerAddress.From(new IPAddress(ip.Span), 0) : null;
    }

    private static List<PeerAddress> Peers(BDictionary root)
    {
        var peers = new List<PeerAddress>();
        switch (root["peers"u8])
        {
            case BString compact:
                ReadCompact(compact.Bytes.Span, PeerAddress.CompactSizeV4, peers);
                break;
            case BList list:
                ReadList(list, peers);
                break;
        }

        if (root["peers6"u8] is BString compact6)
        {
            ReadCompact(compact6.Bytes.Span, PeerAddress.CompactSizeV6, peers);
        }

        return peers;
    }

    /// <summary>Addresses one after the other (BEP 23, BEP 7); bytes that are left over count for nothing.</summary>
    internal static void ReadCompact(ReadOnlySpan<byte> bytes, int size, List<PeerAddress> peers)
    {
        for (int at = 0; at + size <= bytes.Length && peers.Count < AnnounceAnswer.MaxPeers; at += size)
        {
            if (PeerAddress.TryReadCompact(bytes.Slice(at, size), out PeerAddress address))
            {
                peers.Add(address);
            }
        }
    }

    /// <summary>Dictionaries with <c>ip</c> and <c>port</c> (BEP 3). Names are left out: a tracker does not make us ask name servers.</summary>
    private static void ReadList(BList list, List<PeerAddress> peers)
    {
        foreach (BValue item in list.Items)
        {
            if (peers.Count == AnnounceAnswer.MaxPeers)
            {
                return;
            }

            if (item is BDictionary peer && peer.TryGetText("ip"u8, MaxHostSize, out string? host) && IPAddress.TryParse(host, out IPAddress? ip)
                && peer.TryGetInteger("port"u8, 1, ushort.MaxValue, out long port))
            {
                peers.Add(PeerAddress.From(ip, (int)port));
            }
        }
    }

    private static char Joint(string url) => url.Contains('?', StringComparison.Ordinal) ? '&' : '?';

    private static void Escape(StringBuilder url, ReadOnlySpan<byte> bytes)
    {
        foreach (byte b in bytes)
        {
            char c = (char)b;
            if (char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '~')
            {
                url.Append(c);
            }
            else
            {
                url.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
            }
        }
    }
}
