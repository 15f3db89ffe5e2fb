using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Primitives;
using Starling.Core.Trackers;
using Starling.Fuzz.Engine;

namespace Starling.Fuzz.Targets;

internal static class TrackerTargets
{
    private static readonly AnnounceRequest Request = new() { InfoHash = Parts.Swarm, PeerId = Parts.Peer, Port = 6881, Uploaded = 1, Downloaded = 2, Left = 3, Key = 4 };

    private static readonly byte[][] Datagrams =
    [
        [0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8],
        [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 7, 8, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 7],
        [0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3],
        [0, 0, 0, 3, 0, 0, 0, 1, (byte)'n', (byte)'o'],
    ];

    public static FuzzTarget[] All { get; } =
    [
        new()
        {
            Name = "http-announce",
            Covers = [typeof(HttpTrackerCodec)],
            Shape = InputShape.Bencode,
            Encodes = false,
            Words = ["interval", "min interval", "complete", "incomplete", "peers", "peers6", "ip", "port", "tracker id", "warning message", "failure reason", "retry in", "never", "external ip", "1.2.3.4", "::1", "2001:db8::1"],
            Seeds = () =>
            [
                Parts.Latin("d8:completei3e11:external ip4:abcd10:incompletei4e8:intervali1800e12:min intervali60e5:peers12:abcdefghijkl6:peers618:abcdefghijklmnopqre"),
                Parts.Latin("d5:peersld2:ip7:1.2.3.44:porti1eed2:ip11:2001:db8::14:porti65535eee10:tracker id2:id15:warning message4:slowe"),
                Parts.Latin("d14:failure reason3:no!8:retry in5:nevere"), Parts.Latin("d14:failure reason3:no!8:retry ini5ee"),
            ],
            Start = () => static input =>
            {
                bool read = HttpTrackerCodec.TryReadAnnounce(input, out AnnounceAnswer? answer, out TrackerFailure? failure);
                FuzzFailureException.Unless(read == (failure is null) && read == (answer is not null), "an answer or a failure, one of both");
                FuzzFailureException.Unless(answer is null or { Interval: null or >= 0, MinInterval: null or >= 0, Complete: null or >= 0, Incomplete: null or >= 0 }, "a number below 0");
                FuzzFailureException.Unless(answer is null || answer.Peers.Count <= AnnounceAnswer.MaxPeers, "more peers than the bound");
                foreach (PeerAddress peer in FoundPeers.Usable(answer?.Peers ?? [], Parts.Address("50.0.0.1:80")))
                {
                    FuzzFailureException.Unless(peer.Port != 0, "a peer without a port is to be connected to");
                }

                return null;
            },
            AllocationPerByte = 128,
        },
        new()
        {
            Name = "http-scrape",
            Covers = [typeof(HttpTrackerCodec)],
            Shape = InputShape.Bencode,
            Encodes = false,
            Words = ["files", "complete", "downloaded", "incomplete", "failure reason", "flags"],
            Seeds = () => [[.. "d5:filesd20:"u8, .. Parts.Swarm.ToArray(), .. "d8:completei5e10:downloadedi50e10:incompletei10eeee"u8], Parts.Latin("d14:failure reason3:no!e")],
            Start = () => static input =>
            {
                bool read = HttpTrackerCodec.TryReadScrape(input, [Parts.Swarm], out IReadOnlyList<(InfoHash Swarm, ScrapeCounts Counts)>? counts, out TrackerFailure? failure);
                FuzzFailureException.Unless(read == (failure is null) && read == (counts is not null), "counts or a failure, one of both");
                FuzzFailureException.Unless(counts is null || (counts.Count <= 1 && counts.All(each => each.Counts is { Complete: >= 0, Downloaded: >= 0, Incomplete: >= 0 })), "wrong counts");
                return null;
            },
            AllocationPerByte = 128,
        },
        new()
        {
            Name = "udp-tracker",
            Covers = [typeof(UdpTrackerCodec)],
            Encodes = false,
            MaxSize = 1024,
            Seeds = () => Datagrams,
            Start = () => static input =>
            {
                foreach (bool v6 in (ReadOnlySpan<bool>)[false, true])
                {
                    UdpTrackerCodec.TryDecode(input.Span, v6, out UdpTrackerAnswer? answer);
                    bool fits = answer switch
                    {
                        UdpTrackerAnswer.Announced announced => announced.Answer.Interval is null or >= 0 && announced.Answer.Peers.Count <= AnnounceAnswer.MaxPeers,
                        UdpTrackerAnswer.Scraped scraped => scraped.Counts.Count <= UdpTrackerCodec.MaxScraped,
                        _ => true,
                    };
                    FuzzFailureException.Unless(fits, "an answer beyond its bounds");
                }

                return null;
            },
        },
        new()
        {
            Name = "udp-exchange",
            Covers = [typeof(UdpTrackerExchange)],
            Shape = InputShape.Script,
            Encodes = false,
            MaxSize = 1024,
            Seeds = () => [Script.Of(Datagrams[0], Datagrams[1]), Script.Of(Datagrams[0], Datagrams[3]), Script.Of(Datagrams[0], [9], Datagrams[2]), Script.Of([40], [40], [80])],
            Start = () => Exchange,
        },
        new()
        {
            Name = "tracker-url",
            Covers = [typeof(TrackerUrl)],
            Words = ["udp://", "http://", "https://", "announce", "/announce?x=1", ":80", ":0", ":65536", "[::1]", "@", "#", "%", "?", "\u00fc.example", " "],
            MaxSize = 512,
            Seeds = () => [Parts.Latin("udp://t.example:6969"), Parts.Latin("http://[2001:db8::1]:80/a/announce?k=v#f"), Parts.Latin("https://t.example/x/announce.php")],
            Start = () => static input =>
            {
                if (!TrackerUrl.TryParse(Parts.Text(input), out TrackerUrl? url, out _))
                {
                    return null;
                }

                HttpTrackerCodec.AnnounceUrl(url, Request);
                HttpTrackerCodec.ScrapeUrl(url, [Parts.Swarm]);
                UdpTrackerCodec.EncodeAnnounce(1, 1, Request, url.PathAndQuery);
                return Parts.Utf8(url.Text);
            },
        },
    ];

    /// <summary>A chunk of one byte lets so many seconds pass; longer ones are datagrams, of which those that begin with 0xFF have a wrong transaction.</summary>
    private static byte[]? Exchange(ReadOnlyMemory<byte> script)
    {
        uint next = 1;
        uint sent = 0;
        UdpTrackerExchange exchange = script.Length % 2 == 0
            ? UdpTrackerExchange.Announce(Request, "/a", false, () => next++)
            : UdpTrackerExchange.Scrape([Parts.Swarm], true, () => next++, new UdpConnectionId(1, Instant.FromSeconds(30)));
        Instant now = Instant.FromSeconds(1);
        var datagram = new byte[1024];
        foreach (ReadOnlyMemory<byte> chunk in new Script(script))
        {
            if (exchange.Next(now) is { } asked)
            {
                sent++;
                FuzzFailureException.Unless(sent <= 64, "it never ends asking");
            }

            if (chunk.Length == 1)
            {
                now += TimeSpan.FromSeconds(chunk.Span[0]);
                continue;
            }

            int length = Math.Min(chunk.Length, datagram.Length);
            chunk.Span[..length].CopyTo(datagram);
            if (length >= 8 && datagram[0] != 0xFF)
            {
                System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(datagram.AsSpan(4), next - 1);
            }

            exchange.Receive(datagram.AsSpan(0, length), now);
        }

        FuzzFailureException.Unless(!exchange.IsOver || exchange.Next(now) is null, "it asks after its end");
        return null;
    }
}
