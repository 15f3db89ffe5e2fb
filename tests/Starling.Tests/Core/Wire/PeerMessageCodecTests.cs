using System;
using System.Buffers.Binary;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using Starling.Core.Wire;

namespace Starling.Tests.Core.Wire;

public sealed class PeerMessageCodecTests
{
    public static TheoryData<string, PeerMessage> Examples => new()
    {
        { "00000000", new PeerMessage.KeepAlive() },
        { "0000000100", new PeerMessage.Choke() },
        { "0000000101", new PeerMessage.Unchoke() },
        { "0000000102", new PeerMessage.Interested() },
        { "0000000103", new PeerMessage.NotInterested() },
        { "000000050400000007", new PeerMessage.Have(7) },
        { "0000000305ff80", new PeerMessage.Bitfield(new byte[] { 0xFF, 0x80 }) },
        { "0000000105", new PeerMessage.Bitfield(ReadOnlyMemory<byte>.Empty) },
        { "0000000d06000000010000400000004000", new PeerMessage.Request(1, 16_384, 16_384) },
        { "0000000c0700000001000040006e6f77", new PeerMessage.Block(1, 16_384, "now"u8.ToArray()) },
        { "0000000d08000000010000400000004000", new PeerMessage.Cancel(1, 16_384, 16_384) },
        { "00000003091ae1", new PeerMessage.Port(6881) },
        { "000000050d00000007", new PeerMessage.SuggestPiece(7) },
        { "000000010e", new PeerMessage.HaveAll() },
        { "000000010f", new PeerMessage.HaveNone() },
        { "0000000d10000000010000400000004000", new PeerMessage.RejectRequest(1, 16_384, 16_384) },
        { "000000051100000007", new PeerMessage.AllowedFast(7) },
        { "000000041403" + "6465", new PeerMessage.Extended(3, "de"u8.ToArray()) },
        { "000000021400", new PeerMessage.Extended(0, ReadOnlyMemory<byte>.Empty) },
    };

    [Theory]
    [MemberData(nameof(Examples))]
    public void Messages_have_the_bytes_of_their_BEP(string hex, PeerMessage message)
    {
        byte[] frame = PeerMessageCodec.Encode(message);
        Assert.Equal(hex, Convert.ToHexStringLower(frame));
        Assert.True(PeerMessageCodec.TryDecode(frame.AsMemory(4), out PeerMessage? decoded));
        Assert.Equal(message.GetType(), decoded.GetType());
        Assert.Equal(frame, PeerMessageCodec.Encode(decoded));
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public void Messages_of_fixed_size_have_no_other(string hex, PeerMessage message)
    {
        if (message is PeerMessage.KeepAlive or PeerMessage.Bitfield or PeerMessage.Block or PeerMessage.Extended)
        {
            return;
        }

        byte[] frame = Convert.FromHexString(hex)[4..];
        for (int length = 1; length < frame.Length; length++)
        {
            Assert.False(PeerMessageCodec.TryDecode(frame.AsMemory(0, length), out _));
        }

        Assert.False(PeerMessageCodec.TryDecode((byte[])[.. frame, 0], out _));
    }

    [Theory]
    [InlineData("0480000000")]
    [InlineData("04ffffffff")]
    [InlineData("06800000000000000000004000")]
    [InlineData("06000000008000000000004000")]
    [InlineData("06000000000000000000000000")]
    [InlineData("06000000000000000000020001")]
    [InlineData("060000000000000000ffffffff")]
    [InlineData("08000000000000000000020001")]
    [InlineData("10000000000000000000000000")]
    [InlineData("0700000000000000")]
    [InlineData("070000000000000000")]
    [InlineData("07ffffffff0000000000")]
    [InlineData("0700000000ffffffff00")]
    [InlineData("14")]
    public void Numbers_out_of_range_and_missing_parts_are_refused(string hex) =>
        Assert.False(PeerMessageCodec.TryDecode(Convert.FromHexString(hex), out _));

    [Theory]
    [InlineData(PeerMessageCodec.MaxBlockLength, true)]
    [InlineData(PeerMessageCodec.MaxBlockLength + 1, false)]
    public void Blocks_are_bounded(int length, bool accepted)
    {
        var frame = new byte[9 + length];
        frame[0] = 7;
        Assert.Equal(accepted, PeerMessageCodec.TryDecode(frame, out _));
        var request = new byte[13];
        request[0] = 6;
        BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(9), length);
        Assert.Equal(accepted, PeerMessageCodec.TryDecode(request, out _));
    }

    [Theory]
    [InlineData(5, 1 + PeerMessageCodec.MaxBitfieldLength)]
    [InlineData(20, 2 + PeerMessageCodec.MaxExtendedPayload)]
    [InlineData(99, PeerMessageCodec.MaxFrameSize)]
    public void Long_messages_are_bounded_by_kind(byte id, int longest)
    {
        var frame = new byte[longest + 1];
        frame[0] = id;
        Assert.True(PeerMessageCodec.TryDecode(frame.AsMemory(0, longest), out _));
        Assert.False(PeerMessageCodec.TryDecode(frame, out _));
    }

    [Fact]
    public void Ids_that_nobody_here_knows_are_told_apart_from_broken_ones()
    {
        byte[] known = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 14, 15, 16, 17, 20, 21, 22, 23];
        foreach (int id in Enumerable.Range(0, 256).Except(known.Select(id => (int)id)))
        {
            Assert.True(PeerMessageCodec.TryDecode(new byte[] { (byte)id, 1, 2 }, out PeerMessage? message));
            Assert.Equal(new PeerMessage.Unknown((byte)id), message);
        }

        Assert.Throws<ArgumentException>(() => PeerMessageCodec.Encode(new PeerMessage.Unknown(99)));
    }

    [Fact]
    public void Data_is_a_slice_of_the_frame()
    {
        byte[] frame = [7, 0, 0, 0, 1, 0, 0, 0, 0, 42];
        Assert.True(PeerMessageCodec.TryDecode(frame, out PeerMessage? message));
        frame[9] = 43;
        Assert.Equal(43, Assert.IsType<PeerMessage.Block>(message).Data.Span[0]);
    }

    [Fact]
    public void The_header_of_a_block_is_all_but_its_data()
    {
        byte[] whole = PeerMessageCodec.Encode(new PeerMessage.Block(3, 32_768, new byte[100]));
        var header = new byte[PeerMessageCodec.BlockHeaderSize];
        Assert.Equal(header.Length, PeerMessageCodec.WriteBlockHeader(header, 3, 32_768, 100));
        Assert.Equal(whole[..13], header);
    }

    [Fact]
    public void Requests_blocks_and_extended_messages_come_back()
    {
        Prop.ForAll<NonNegativeInt, NonNegativeInt, byte[]>((piece, begin, data) =>
        {
            byte[] some = [1, .. data ?? []];
            PeerMessage[] messages =
            [
                new PeerMessage.Request(piece.Get, begin.Get, some.Length),
                new PeerMessage.Block(piece.Get, begin.Get, some),
                new PeerMessage.Extended(some[^1], some),
                new PeerMessage.Bitfield(some),
            ];
            return messages.All(message =>
                PeerMessageCodec.TryDecode(PeerMessageCodec.Encode(message).AsMemory(4), out PeerMessage? back) && Same(message, back));
        }).QuickCheckThrowOnFailure();
    }

    private static bool Same(PeerMessage left, PeerMessage right) => (left, right) switch
    {
        (PeerMessage.Block a, PeerMessage.Block b) => a.Piece == b.Piece && a.Begin == b.Begin && a.Data.Span.SequenceEqual(b.Data.Span),
        (PeerMessage.Extended a, PeerMessage.Extended b) => a.Id == b.Id && a.Payload.Span.SequenceEqual(b.Payload.Span),
        (PeerMessage.Bitfield a, PeerMessage.Bitfield b) => a.Bits.Span.SequenceEqual(b.Bits.Span),
        _ => left.Equals(right),
    };
}
