using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Torrents;
using Starling.Core.Wire;

namespace Starling.Tests.Core.Torrents;

public sealed class DataFrameReaderTests
{
    private static readonly HashRange Range = new(Hash256.Of("root"u8), 4, 512, 512, 9);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(17)]
    [InlineData(4096)]
    [InlineData(int.MaxValue)]
    public void Every_message_is_read_however_it_is_split(int size)
    {
        PeerMessage[] messages = Messages();
        byte[] stream = [.. messages.SelectMany(PeerMessageCodec.Encode)];
        var reader = new DataFrameReader(() => new BlockBuffer());
        var frames = new List<DataFrame>();
        for (int at = 0; at < stream.Length; at += Math.Min(size, stream.Length - at))
        {
            reader.Read(stream.AsSpan(at, Math.Min(size, stream.Length - at)), frames);
        }

        Assert.Null(reader.Problem);
        Assert.Null(reader.TakePartialBlock());
        Assert.Equal(messages.Select(PeerMessageCodec.Encode), frames.Select(Encode));
    }

    [Fact]
    public void A_block_may_have_16_KiB_and_not_a_byte_more()
    {
        Assert.Null(ReadOf(PeerMessageCodec.Encode(new PeerMessage.Block(1, 2, new byte[BlockBuffer.Capacity]))).Problem);
        Assert.NotNull(ReadOf(PeerMessageCodec.Encode(new PeerMessage.Block(1, 2, new byte[BlockBuffer.Capacity + 1]))).Problem);
        Assert.NotNull(ReadOf([0, 0, 0, 9, 7, 0, 0, 0, 1, 0, 0, 0, 0]).Problem);
    }

    [Fact]
    public void A_message_may_be_as_long_as_the_bound_and_is_not_allocated_for_before_it_comes()
    {
        var prefix = new byte[5];
        BinaryPrimitives.WriteUInt32BigEndian(prefix, PeerMessageCodec.MaxFrameSize);
        prefix[4] = 20;
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Null(ReadOf(prefix).Problem);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
        BinaryPrimitives.WriteUInt32BigEndian(prefix, PeerMessageCodec.MaxFrameSize + 1);
        Assert.NotNull(ReadOf(prefix).Problem);
    }

    [Fact]
    public void What_was_half_read_is_given_back()
    {
        DataFrameReader reader = ReadOf([.. PeerMessageCodec.Encode(new PeerMessage.Block(1, 2, new byte[100]))[..60]]);
        Assert.NotNull(reader.TakePartialBlock());
        Assert.Null(reader.TakePartialBlock());
    }

    [Fact]
    public void Hash_messages_have_the_layout_of_bep_52()
    {
        byte[] bytes = PeerMessageCodec.Encode(new PeerMessage.HashRequest(Range));
        Assert.Equal(4 + 49, bytes.Length);
        Assert.Equal([0, 0, 0, 49, 21], bytes[..5]);
        Assert.Equal(Range.Root.ToArray(), bytes[5..37]);
        Assert.Equal([0, 0, 0, 4, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 9], bytes[37..]);
        Assert.Equal(22, PeerMessageCodec.Encode(new PeerMessage.Hashes(Range, new byte[32]))[4]);
        Assert.Equal(23, PeerMessageCodec.Encode(new PeerMessage.HashReject(Range))[4]);
        Assert.True(PeerMessageCodec.TryDecode(PeerMessageCodec.Encode(new PeerMessage.Hashes(Range, new byte[32 * PeerMessageCodec.MaxHashes])).AsMemory(4), out _));
        byte[] tooMany = [22, .. new byte[48 + (32 * (PeerMessageCodec.MaxHashes + 1))]];
        Assert.False(PeerMessageCodec.TryDecode(tooMany, out _));
        Assert.False(PeerMessageCodec.TryDecode(new byte[] { 22 }.Concat(new byte[48 + 31]).ToArray(), out _));
    }

    private static PeerMessage[] Messages() =>
    [
        new PeerMessage.KeepAlive(),
        new PeerMessage.Bitfield(new byte[] { 0xA0 }),
        new PeerMessage.Unchoke(),
        new PeerMessage.Have(77),
        new PeerMessage.Request(3, 16384, 16384),
        new PeerMessage.Block(3, 0, Enumerable.Range(0, BlockBuffer.Capacity).Select(i => (byte)i).ToArray()),
        new PeerMessage.KeepAlive(),
        new PeerMessage.Block(9, 5, new byte[] { 1 }),
        new PeerMessage.Cancel(3, 16384, 16384),
        new PeerMessage.Extended(1, new byte[20_000]),
        new PeerMessage.HashRequest(Range),
        new PeerMessage.Hashes(Range, new byte[64]),
        new PeerMessage.HashReject(Range),
        new PeerMessage.HaveAll(),
    ];

    private static byte[] Encode(DataFrame frame) => PeerMessageCodec.Encode(frame.Kind switch
    {
        DataFrameKind.Block => new PeerMessage.Block(frame.Range.Piece, frame.Range.Begin, frame.Block.Used),
        DataFrameKind.Request => new PeerMessage.Request(frame.Range.Piece, frame.Range.Begin, frame.Range.Length),
        DataFrameKind.Have => new PeerMessage.Have(frame.Range.Piece),
        _ => frame.Message,
    });

    private static DataFrameReader ReadOf(byte[] bytes)
    {
        var reader = new DataFrameReader(() => new BlockBuffer());
        reader.Read(bytes, []);
        return reader;
    }
}
