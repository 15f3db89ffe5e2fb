using System;
using System.Text;
using Starling.Core.Trackers;

namespace Starling.Tests.Core.Trackers;

public sealed class UdpTrackerCodecTests
{
    [Fact]
    public void Requests_have_the_bytes_of_BEP_15()
    {
        Assert.Equal("00000417271019800000000001020304", Hex(UdpTrackerCodec.EncodeConnect(0x01020304)));
        Assert.Equal(
            "1112131415161718" + "00000001" + "01020304" + TrackerParts.Swarm + TrackerParts.Peer
            + "0000000000000002" + "0000000000000003" + "0000000000000001" + "00000002" + "00000000" + "deadbeef" + "00000032" + "1ae1",
            Hex(UdpTrackerCodec.EncodeAnnounce(0x1112131415161718, 0x01020304, TrackerParts.Request with { Event = AnnounceEvent.Started }, "")));
        Assert.Equal(
            "1112131415161718" + "00000002" + "01020304" + TrackerParts.Swarm + TrackerParts.Swarm,
            Hex(UdpTrackerCodec.EncodeScrape(0x1112131415161718, 0x01020304, [TrackerParts.Swarm, TrackerParts.Swarm])));
    }

    [Theory]
    [InlineData(9)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(600)]
    public void Path_and_query_follow_an_announce_in_parts_of_255_bytes(int length)
    {
        string path = "/" + new string('p', length - 1);
        ReadOnlySpan<byte> options = UdpTrackerCodec.EncodeAnnounce(1, 2, TrackerParts.Request, path).AsSpan(98);
        var read = new StringBuilder();
        while (options[0] == 2)
        {
            read.Append(Encoding.ASCII.GetString(options.Slice(2, options[1])));
            options = options[(2 + options[1])..];
        }

        Assert.Equal(path, read.ToString());
        Assert.Equal([0], options.ToArray());
    }

    [Fact]
    public void Answers_are_read_by_the_family_they_came_over()
    {
        string header = "00000001" + "01020304" + "00000708" + "00000002" + "00000003";
        Assert.Equal(
            [TrackerParts.Address("1.2.3.4:6881"), TrackerParts.Address("5.6.7.8:1")],
            Announced(header + "010203041ae1" + "050607080001" + "0506", v6: false).Peers);
        AnnounceAnswer v6 = Announced(header + "20010db80000000000000000000000011ae1", v6: true);
        Assert.Equal([TrackerParts.Address("[2001:db8::1]:6881")], v6.Peers);
        Assert.Equal((1800, 2, 3), (v6.Interval, v6.Incomplete, v6.Complete));
        Assert.Null(Announced("00000001" + "01020304" + "ffffffff" + "80000000" + "00000003", v6: false).Interval);
    }

    [Fact]
    public void Connection_ids_counts_and_errors_are_read()
    {
        Assert.Equal(new UdpTrackerAnswer.Connected(0x1112131415161718), Decode("00000000" + "01020304" + "1112131415161718"));
        Assert.Equal(
            [new ScrapeCounts(1, 2, 3), new ScrapeCounts(4, 0, 6)],
            Assert.IsType<UdpTrackerAnswer.Scraped>(Decode("00000002" + "01020304" + "000000010000000200000003" + "00000004fffffffe00000006" + "00")).Counts);
        Assert.Equal(new UdpTrackerAnswer.Refused("no"), Decode("00000003" + "01020304" + "6e6f00"));
        Assert.Equal(new UdpTrackerAnswer.Refused("it refused"), Decode("00000003" + "01020304"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("00000000010203")]
    [InlineData("000000000102030411121314151617")]
    [InlineData("00000001010203040000070800000002000000")]
    [InlineData("0000000401020304")]
    public void What_is_cut_short_or_of_no_kind_is_no_answer(string hex) => Assert.Null(Decode(hex));

    [Fact]
    public void At_the_bound_an_answer_is_read_and_beyond_it_is_none()
    {
        var bytes = new byte[UdpTrackerCodec.MaxAnswerSize + 1];
        bytes[3] = 1;
        Assert.True(UdpTrackerCodec.TryDecode(bytes.AsSpan(0, UdpTrackerCodec.MaxAnswerSize), false, out UdpTrackerAnswer? answer));
        Assert.Equal(AnnounceAnswer.MaxPeers, Assert.IsType<UdpTrackerAnswer.Announced>(answer).Answer.Peers.Count);
        Assert.False(UdpTrackerCodec.TryDecode(bytes, false, out _));
    }

    private static AnnounceAnswer Announced(string hex, bool v6) => Assert.IsType<UdpTrackerAnswer.Announced>(Decode(hex, v6)).Answer;

    private static UdpTrackerAnswer? Decode(string hex, bool v6 = false) =>
        UdpTrackerCodec.TryDecode(Convert.FromHexString(hex), v6, out UdpTrackerAnswer? answer) ? answer : null;

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
