using System;
using System.Linq;
using Starling.Core.Utp;

namespace Starling.Tests.Core.Utp;

public sealed class UtpReceiverTests
{
    private readonly UtpReceiver _receiver = new(10_000);

    public UtpReceiverTests() => _receiver.Start(65_530);

    [Fact]
    public void The_selective_acknowledgement_has_the_bits_of_the_bep()
    {
        Data(1, 'a');
        Data(3, 'c');
        Data(10, 'k');
        Span<byte> bits = new byte[UtpPacketCodec.MaxSelectiveAckSize];
        Assert.Equal(4, _receiver.WriteSelectiveAck(bits));

        // Acknowledged is 1; the first bit is packet 3, so 3 is bit 0 and 10 is bit 7 of the first byte.
        Assert.Equal("81000000", Convert.ToHexString(bits[..4]));
        Assert.Equal(unchecked((ushort)(65_530 + 1)), _receiver.Acknowledged);

        Data(2, 'b');
        Assert.Equal(unchecked((ushort)(65_530 + 3)), _receiver.Acknowledged);
        Assert.Equal("abc", Text());
        Data(60, 'z');
        Assert.Equal(8, _receiver.WriteSelectiveAck(bits));

        // Acknowledged is 3: 10 is bit 5, 60 is bit 55.
        Assert.Equal("2000000000008000", Convert.ToHexString(bits[..8]));
    }

    [Fact]
    public void What_is_double_too_far_ahead_or_too_much_is_ignored()
    {
        Data(1, 'a');
        Data(1, 'x');
        Data(UtpReceiver.ReorderCapacity + 1, 'y');
        Assert.True(_receiver.HasGap);
        Data(UtpReceiver.ReorderCapacity + 2, 'z');
        Span<byte> bits = new byte[UtpPacketCodec.MaxSelectiveAckSize];
        Assert.Equal(128, _receiver.WriteSelectiveAck(bits));
        Assert.Equal(0x40, bits[127]);

        _receiver.Receive(false, Sequence(5), new byte[9_998]);
        Assert.Equal(0u, _receiver.Advertise());
        _receiver.Receive(false, Sequence(6), new byte[1]);
        Data(2, 'b');
        Assert.Equal("ab", Text());
        Assert.Equal(unchecked((ushort)(65_530 + 2)), _receiver.Acknowledged);
        Data(3, 'c');
        Data(4, 'd');
        Assert.Equal(2 + 9_998, _receiver.Available);
        _receiver.Receive(false, Sequence(6), new byte[1]);
        Assert.Equal(2 + 9_998, _receiver.Available);
    }

    [Fact]
    public void The_end_waits_for_what_is_before_it_and_nothing_comes_behind_it()
    {
        _receiver.Receive(true, Sequence(3), default);
        Data(4, 'x');
        Data(3, 'x');
        Assert.False(_receiver.IsComplete);
        Data(2, 'b');
        Data(1, 'a');
        Assert.True(_receiver.IsComplete);
        Assert.Equal("ab", Text());
        Assert.Equal(Sequence(3), _receiver.Acknowledged);
        Data(4, 'x');
        Assert.Equal(0, _receiver.Available);
    }

    [Fact]
    public void An_end_before_something_that_came_is_a_lie()
    {
        Data(5, 'e');
        _receiver.Receive(true, Sequence(3), default);
        foreach (int place in new[] { 1, 2, 3, 4 })
        {
            Data(place, '.');
        }

        Assert.False(_receiver.IsComplete);
        Assert.Equal("....e", Text());
    }

    [Fact]
    public void A_reader_that_makes_room_has_the_peer_told_of_it()
    {
        _receiver.Receive(false, Sequence(1), new byte[9_000]);
        Assert.Equal(1_000u, _receiver.Advertise());
        _receiver.AckDue = false;
        _receiver.Read(new byte[1_000]);
        Assert.False(_receiver.AckDue);
        _receiver.Read(new byte[2_000]);
        Assert.True(_receiver.AckDue);
    }

    private static ushort Sequence(int place) => unchecked((ushort)(65_530 + place));

    private void Data(int place, char content) => _receiver.Receive(false, Sequence(place), [(byte)content]);

    private string Text()
    {
        var bytes = new byte[100];
        return string.Concat(bytes.Take(_receiver.Read(bytes)).Select(value => (char)value));
    }
}
