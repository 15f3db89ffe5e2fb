using System;
using System.Linq;
using System.Text;
using Starling.Core.Bencode;
using Starling.Core.Primitives;
using Starling.Core.Trackers;

namespace Starling.Tests.Core.Trackers;

public sealed class HttpTrackerCodecTests
{
    private const string Escaped = "%00%FF%20AM._~-%26%25%3D%2F%3A%0A%0D%7F%80%C3%A9";

    [Fact]
    public void An_announce_is_a_url_in_which_every_unusual_byte_is_escaped()
    {
        Assert.Equal(
            $"http://t.example/announce?info_hash={Escaped}&peer_id=-ST0100-abcdefghijkl&port=6881&uploaded=1&downloaded=2&left=3"
            + "&compact=1&no_peer_id=1&numwant=50&key=deadbeef",
            HttpTrackerCodec.AnnounceUrl(TrackerParts.Url("http://t.example/announce"), TrackerParts.Request));
    }

    [Fact]
    public void Event_and_tracker_id_are_added_and_a_query_of_the_url_is_kept()
    {
        string url = HttpTrackerCodec.AnnounceUrl(
            TrackerParts.Url("http://t.example/announce?pass=%41"),
            TrackerParts.Request with { Event = AnnounceEvent.Completed, TrackerId = new byte[] { 0, (byte)'x' }, Wanted = 0 });
        Assert.StartsWith("http://t.example/announce?pass=%41&info_hash=", url, StringComparison.Ordinal);
        Assert.EndsWith("&numwant=0&key=deadbeef&event=completed&trackerid=%00x", url, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(AnnounceEvent.Started, "&event=started")]
    [InlineData(AnnounceEvent.Stopped, "&event=stopped")]
    [InlineData(AnnounceEvent.None, "key=deadbeef")]
    public void Events_have_their_words(AnnounceEvent reason, string end) => Assert.EndsWith(
        end, HttpTrackerCodec.AnnounceUrl(TrackerParts.Url("http://t.example/"), TrackerParts.Request with { Event = reason }), StringComparison.Ordinal);

    [Fact]
    public void Compact_answers_of_both_families_are_read()
    {
        AnnounceAnswer answer = Read(Bytes(
            "d8:completei3e11:external ip4:\u0001\u0002\u0003\u000410:incompletei4e8:intervali1800e12:min intervali60e5:peers12:\u0001\u0002\u0003\u0004\u001a\u00e1\u0005\u0006\u0007\u0008\u0000\u0001"
            + "6:peers618:\u0020\u0001\u000d\u00b8\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0001\u001a\u00e110:tracker id2:id15:warning message4:slowe"));
        Assert.Equal((1800, 60, 3, 4, "slow"), (answer.Interval, answer.MinInterval, answer.Complete, answer.Incomplete, answer.Warning));
        Assert.Equal(["1.2.3.4:6881", "5.6.7.8:1", "[2001:db8::1]:6881"], answer.Peers.Select(peer => peer.ToString()));
        Assert.Equal("id"u8.ToArray(), answer.TrackerId.ToArray());
        Assert.Equal("1.2.3.4", answer.ExternalAddress?.ToIPAddress().ToString());
    }

    [Fact]
    public void A_list_of_dictionaries_is_read_and_names_and_nonsense_in_it_left_out()
    {
        AnnounceAnswer answer = Read(Bytes(
            "d5:peersld2:ip7:1.2.3.44:porti1eed2:ip11:example.com4:porti1eed2:ip11:2001:db8::14:porti65535eed2:ip7:1.2.3.44:porti65536eei7ed4:porti1eeee"));
        Assert.Equal(["1.2.3.4:1", "[2001:db8::1]:65535"], answer.Peers.Select(peer => peer.ToString()));
    }

    [Fact]
    public void Hostile_numbers_are_clamped_or_left_out()
    {
        AnnounceAnswer answer = Read(Bytes("d8:completei9223372036854775807e10:incompletei-5e8:intervali-1e12:min interval1:x5:peers5:\u0001\u0002\u0003\u0004\u001ae"));
        Assert.Equal((int.MaxValue, (int?)null, (int?)null, (int?)null), (answer.Complete, answer.Incomplete, answer.Interval, answer.MinInterval));
        Assert.Empty(answer.Peers);
    }

    [Theory]
    [InlineData("d14:failure reason3:no!e", "no!", null)]
    [InlineData("d14:failure reason3:no!8:retry in5:nevere", "no!", double.PositiveInfinity)]
    [InlineData("d14:failure reason3:no!8:retry ini7ee", "no!", 7.0)]
    [InlineData("d14:failure reason3:no!8:retry in1:8e", "no!", 8.0)]
    [InlineData("d14:failure reasoni7ee", "it refused", null)]
    [InlineData("d14:failure reason2:\u001b\u0007e", "..", null)]
    public void A_refusal_is_told_with_its_reason(string body, string reason, double? retryMinutes)
    {
        Assert.False(HttpTrackerCodec.TryReadAnnounce(Bytes(body), out _, out TrackerFailure? failure));
        Assert.True(failure.Refused);
        Assert.DoesNotContain('\u001b', failure.Reason);
        if (!reason.Contains("..", StringComparison.Ordinal))
        {
            Assert.Equal(reason, failure.Reason);
        }

        Assert.Equal(
            retryMinutes is null ? null : double.IsInfinity(retryMinutes.Value) ? TimeSpan.MaxValue : TimeSpan.FromMinutes(retryMinutes.Value), failure.RetryAfter);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>404</html>")]
    [InlineData("le")]
    [InlineData("d5:peers99:")]
    public void What_is_no_answer_is_a_failure_but_no_refusal(string body)
    {
        Assert.False(HttpTrackerCodec.TryReadAnnounce(Bytes(body), out _, out TrackerFailure? failure));
        Assert.False(failure.Refused);
    }

    [Fact]
    public void At_the_bounds_peers_beyond_are_left_and_an_answer_beyond_is_refused()
    {
        Assert.Equal(AnnounceAnswer.MaxPeers, Read(WithPeers(AnnounceAnswer.MaxPeers)).Peers.Count);
        Assert.Equal(AnnounceAnswer.MaxPeers, Read(WithPeers(AnnounceAnswer.MaxPeers + 1)).Peers.Count);
        Assert.Equal(HttpTrackerCodec.MaxTrackerIdSize, Read(WithId(HttpTrackerCodec.MaxTrackerIdSize)).TrackerId.Length);
        Assert.True(Read(WithId(HttpTrackerCodec.MaxTrackerIdSize + 1)).TrackerId.IsEmpty);
        Assert.Empty(Read(Padded(HttpTrackerCodec.MaxAnswerSize)).Peers);
        Assert.False(HttpTrackerCodec.TryReadAnnounce(Padded(HttpTrackerCodec.MaxAnswerSize + 1), out _, out _));
    }

    [Fact]
    public void Counts_are_asked_of_the_scrape_address_and_read_in_the_order_asked()
    {
        InfoHash other = new(new byte[20]);
        Assert.Equal(
            $"http://t.example/scrape?info_hash={Escaped}&info_hash={string.Concat(Enumerable.Repeat("%00", 20))}",
            HttpTrackerCodec.ScrapeUrl(TrackerParts.Url("http://t.example/announce"), [TrackerParts.Swarm, other]));
        Assert.Null(HttpTrackerCodec.ScrapeUrl(TrackerParts.Url("http://t.example/x"), [other]));

        var writer = new BencodeWriter();
        writer.BeginDictionary();
        writer.Key("files"u8);
        writer.BeginDictionary();
        writer.Key(TrackerParts.Swarm.ToArray());
        writer.BeginDictionary();
        writer.Key("complete"u8);
        writer.Integer(5);
        writer.Key("downloaded"u8);
        writer.Integer(-1);
        writer.Key("incomplete"u8);
        writer.Integer(7);
        writer.End();
        writer.End();
        writer.End();
        Assert.True(HttpTrackerCodec.TryReadScrape(writer.ToArray(), [other, TrackerParts.Swarm], out var counts, out _));
        Assert.Equal([(TrackerParts.Swarm, new ScrapeCounts(5, 0, 7))], counts);
    }

    private static AnnounceAnswer Read(byte[] body)
    {
        Assert.True(HttpTrackerCodec.TryReadAnnounce(body, out AnnounceAnswer? answer, out TrackerFailure? failure), failure?.Reason);
        return answer;
    }

    private static byte[] WithPeers(int count) => [.. Bytes($"d5:peers{6 * count}:"), .. Enumerable.Repeat((byte)1, 6 * count), (byte)'e'];

    private static byte[] WithId(int size) => Bytes($"d10:tracker id{size}:{new string('x', size)}e");

    private static byte[] Padded(int size)
    {
        int padding = size - "d1:x1000000:e".Length;
        return Bytes($"d1:x{padding}:{new string('x', padding)}e");
    }

    private static byte[] Bytes(string latin1) => Encoding.Latin1.GetBytes(latin1);
}
