using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Core.Trackers;

/// <summary>What a UDP tracker answered: one of the four kinds of BEP 15.</summary>
public abstract record UdpTrackerAnswer
{
    private UdpTrackerAnswer()
    {
    }

    /// <summary>To be sent with requests of the next minute.</summary>
    public sealed record Connected(ulong ConnectionId) : UdpTrackerAnswer;

    /// <summary>The answer to an announce.</summary>
    public sealed record Announced(AnnounceAnswer Answer) : UdpTrackerAnswer;

    /// <summary>The answer to a scrape: counts in the order of the question.</summary>
    public sealed record Scraped(IReadOnlyList<ScrapeCounts> Counts) : UdpTrackerAnswer;

    /// <summary>It refused.</summary>
    public sealed record Refused(string Reason) : UdpTrackerAnswer;
}

/// <summary>Datagrams of UDP trackers (BEP 15, BEP 41); all numbers are big-endian.</summary>
public static class UdpTrackerCodec
{
    /// <summary>Bytes of an answer: 200 IPv6 peers and room to spare. Longer ones are no answer to what we asked.</summary>
    public const int MaxAnswerSize = 8 * 1024;

    /// <summary>Swarms of one scrape (BEP 15: about 74 fit one datagram).</summary>
    public const int MaxScraped = 70;

    private const ulong ProtocolId = 0x41727101980;
    private const int ConnectAction = 0;
    private const int AnnounceAction = 1;
    private const int ScrapeAction = 2;
    private const int ErrorAction = 3;
    private const int HeaderSize = 16;
    private const int AnnounceSize = 98;
    private const int AnswerHeaderSize = 8;
    private const int AnnounceAnswerSize = 20;
    private const int ScrapeItemSize = 12;
    private const byte UrlDataOption = 2;
    private const byte EndOption = 0;
    private const int MaxReasonSize = 512;

    /// <summary>The request for a connection id.</summary>
    public static byte[] EncodeConnect(uint transaction) => Header(ProtocolId, ConnectAction, transaction, HeaderSize);

    /// <summary>An announce.</summary>
    /// <param name="connection">What the tracker gave.</param>
    /// <param name="transaction">Random: the answer repeats it.</param>
    /// <param name="request">What is told.</param>
    /// <param name="urlData">Path and query of the URL, ASCII (BEP 41); empty: none.</param>
    public static byte[] EncodeAnnounce(ulong connection, uint transaction, AnnounceRequest request, string urlData)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(urlData);
        int chunks = (urlData.Length + byte.MaxValue - 1) / byte.MaxValue;
        byte[] bytes = Header(connection, AnnounceAction, transaction, AnnounceSize + urlData.Length + (2 * chunks) + (chunks > 0 ? 1 : 0));
        Span<byte> at = bytes.AsSpan(HeaderSize);
        request.InfoHash.CopyTo(at);
        request.PeerId.CopyTo(at[20..]);
        BinaryPrimitives.WriteInt64BigEndian(at[40..], request.Downloaded);
        BinaryPrimitives.WriteInt64BigEndian(at[48..], request.Left);
        BinaryPrimitives.WriteInt64BigEndian(at[56..], request.Uploaded);
        BinaryPrimitives.WriteInt32BigEndian(at[64..], (int)request.Event);
        BinaryPrimitives.WriteUInt32BigEndian(at[72..], request.Key);
        BinaryPrimitives.WriteInt32BigEndian(at[76..], request.Wanted);
        BinaryPrimitives.WriteUInt16BigEndian(at[80..], (ushort)request.Port);
        at = bytes.AsSpan(AnnounceSize);
        for (int start = 0; start < urlData.Length; start += byte.MaxValue)
        {
            int length = Math.Min(byte.MaxValue, urlData.Length - start);
            at[0] = UrlDataOption;
            at[1] = (byte)length;
            Encoding.ASCII.GetBytes(urlData.AsSpan(start, length), at[2..]);
            at = at[(2 + length)..];
        }

        if (chunks > 0)
        {
            at[0] = EndOption;
        }

        return bytes;
    }

    /// <summary>A scrape of at most <see cref="MaxScraped"/> swarms.</summary>
    public static byte[] EncodeScrape(ulong connection, uint transaction, IReadOnlyList<InfoHash> swarms)
    {
        ArgumentNullException.ThrowIfNull(swarms);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(swarms.Count, MaxScraped, nameof(swarms));
        byte[] bytes = Header(connection, ScrapeAction, transaction, HeaderSize + (swarms.Count * InfoHash.Size));
        for (int i = 0; i < swarms.Count; i++)
        {
            swarms[i].CopyTo(bytes.AsSpan(HeaderSize + (i * InfoHash.Size)));
        }

        return bytes;
    }

    /// <summary>The transaction that a datagram answers; false: it is too short for an answer.</summary>
    public static bool TryReadTransaction(ReadOnlySpan<byte> datagram, out uint transaction)
    {
        transaction = datagram.Length >= AnswerHeaderSize ? BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]) : 0;
        return datagram.Length is >= AnswerHeaderSize and <= MaxAnswerSize;
    }

    /// <summary>Reads an answer, its transaction left out of account. False: none of the four, or cut short.</summary>
    /// <param name="datagram">The bytes.</param>
    /// <param name="overV6">Whether it came over IPv6: then the addresses in it are of 18 bytes.</param>
    /// <param name="answer">What it says.</param>
    public static bool TryDecode(ReadOnlySpan<byte> datagram, bool overV6, out UdpTrackerAnswer? answer)
    {
        answer = null;
        if (!TryReadTransaction(datagram, out _))
        {
            return false;
        }

        int action = BinaryPrimitives.ReadInt32BigEndian(datagram);
        answer = action switch
        {
            ConnectAction when datagram.Length >= HeaderSize =>
                new UdpTrackerAnswer.Connected(BinaryPrimitives.ReadUInt64BigEndian(datagram[AnswerHeaderSize..])),
            AnnounceAction when datagram.Length >= AnnounceAnswerSize => ReadAnnounce(datagram, overV6),
            ScrapeAction => ReadScrape(datagram[AnswerHeaderSize..]),
            ErrorAction => new UdpTrackerAnswer.Refused(ReadReason(datagram[AnswerHeaderSize..])),
            _ => null,
        };
        return answer is not null;
    }

    private static UdpTrackerAnswer.Announced ReadAnnounce(ReadOnlySpan<byte> datagram, bool overV6)
    {
        var peers = new List<PeerAddress>();
        HttpTrackerCodec.ReadCompact(
            datagram[AnnounceAnswerSize..], overV6 ? PeerAddress.CompactSizeV6 : PeerAddress.CompactSizeV4, peers);
        return new UdpTrackerAnswer.Announced(new AnnounceAnswer
        {
            Interval = NotNegative(datagram[8..]),
            Incomplete = NotNegative(datagram[12..]),
            Complete = NotNegative(datagram[16..]),
            Peers = peers,
        });
    }

    private static UdpTrackerAnswer.Scraped ReadScrape(ReadOnlySpan<byte> items)
    {
        var counts = new List<ScrapeCounts>();
        for (; items.Length >= ScrapeItemSize && counts.Count < MaxScraped; items = items[ScrapeItemSize..])
        {
            counts.Add(new ScrapeCounts(NotNegative(items) ?? 0, NotNegative(items[4..]) ?? 0, NotNegative(items[8..]) ?? 0));
        }

        return new UdpTrackerAnswer.Scraped(counts);
    }

    private static string ReadReason(ReadOnlySpan<byte> text)
    {
        // Some end it with a zero byte.
        text = text[..Math.Min(text.Length, MaxReasonSize)].TrimEnd((byte)0);
        return text.IsEmpty ? "it refused" : SafePath.Quoted(Encoding.UTF8.GetString(text));
    }

    private static int? NotNegative(ReadOnlySpan<byte> number) => BinaryPrimitives.ReadInt32BigEndian(number) is >= 0 and var value ? value : null;

    private static byte[] Header(ulong connection, int action, uint transaction, int size)
    {
        var bytes = new byte[size];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, connection);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(8), action);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(12), transaction);
        return bytes;
    }
}
