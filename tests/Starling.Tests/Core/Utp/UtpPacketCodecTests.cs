using System;
using System.Linq;
using Starling.Core.Utp;

namespace Starling.Tests.Core.Utp;

public sealed class UtpPacketCodecTests
{
    /// <summary>The fields of BEP 29's picture, in order.</summary>
    [Fact]
    public void A_header_is_laid_out_as_the_bep_says()
    {
        var header = new UtpHeader(UtpPacketType.Syn, 0x1122, 0x33445566, 0x778899AA, 0xBBCCDDEE, 0x0102, 0x0304);
        var bytes = new byte[20];
        UtpPacketCodec.WriteHeader(bytes, header);
        Assert.Equal("41001122" + "33445566" + "778899AA" + "BBCCDDEE" + "01020304", Convert.ToHexString(bytes));
        Assert.True(UtpPacketCodec.TryDecode(bytes, out UtpPacket packet));
        Assert.Equal(header, packet.Header);
        Assert.True(packet.Payload.IsEmpty && packet.SelectiveAck.IsEmpty);
    }

    [Theory]
    [InlineData("21" + "01", "0004" + "01020304", "01020304", "")]
    [InlineData("01" + "01", "0004" + "01020304" + "AA", "01020304", "AA")]
    [InlineData("01" + "02", "0102" + "FFFF" + "0008" + "0102030405060708" + "AA", "0102030405060708", "AA")]
    [InlineData("01" + "01", "0200" + "AA", null, null)]
    [InlineData("01" + "01", "0003" + "010203" + "AA", "010203", "AA")]
    [InlineData("21" + "01", "0002" + "0000", "0000", "")]
    [InlineData("21" + "01", "0000", "", "")]
    [InlineData("01" + "01", "0004" + "010203", null, null)]
    [InlineData("01" + "01", "00", null, null)]
    [InlineData("01" + "01", "0104" + "01020304" + "0004" + "01020304" + "AA", null, null)]
    [InlineData("01" + "07", "0000" + "AA", "", "AA")]
    [InlineData("01" + "00", "", null, null)]
    [InlineData("11" + "00", "", "", "")]
    [InlineData("02" + "00", "AA", null, null)]
    [InlineData("51" + "00", "AA", null, null)]
    public void Extensions_are_read_or_skipped_and_damage_is_refused(string start, string rest, string? selectiveAck, string? payload)
    {
        byte[] bytes = Convert.FromHexString(start + string.Concat(Enumerable.Repeat("00", 18)) + rest);
        bool read = UtpPacketCodec.TryDecode(bytes, out UtpPacket packet);
        Assert.Equal(payload is not null, read);
        if (read)
        {
            Assert.Equal(selectiveAck, Convert.ToHexString(packet.SelectiveAck));
            Assert.Equal(payload, Convert.ToHexString(packet.Payload));
        }
    }

    [Fact]
    public void Eight_extensions_pass_and_nine_do_not()
    {
        foreach (int count in new[] { UtpPacketCodec.MaxExtensions, UtpPacketCodec.MaxExtensions + 1 })
        {
            byte[] bytes = [0x21, 9, .. new byte[18], .. Enumerable.Repeat<byte[]>([9, 0], count - 1).SelectMany(pair => pair), 0, 0];
            Assert.Equal(count == UtpPacketCodec.MaxExtensions, UtpPacketCodec.TryDecode(bytes, out _));
        }
    }

    [Fact]
    public void Packets_of_other_protocols_on_the_port_are_not_taken()
    {
        Assert.False(UtpPacketCodec.TryDecode("d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe"u8, out _));
        Assert.False(UtpPacketCodec.TryDecode(new byte[20], out _));
        Assert.False(UtpPacketCodec.TryDecode(new byte[19], out _));
        Assert.False(UtpPacketCodec.TryDecode([], out _));
    }
}
