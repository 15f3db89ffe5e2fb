using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Primitives;
using Starling.Core.Wire;

namespace Starling.Tests.Core.Wire;

public sealed class FrameReaderTests
{
    /// <summary>A handshake, keep-alives, short and long messages: the frames that every way of feeding must give.</summary>
    private static readonly byte[][] Sent =
    [
        GoldenScene.Handshake.Encode(),
        PeerMessageCodec.Encode(new PeerMessage.HaveNone()),
        PeerMessageCodec.Encode(new PeerMessage.KeepAlive()),
        PeerMessageCodec.Encode(new PeerMessage.KeepAlive()),
        GoldenMessages.Of("st_claim"),
        PeerMessageCodec.Encode(new PeerMessage.Block(1, 0, Enumerable.Range(0, 5000).Select(i => (byte)i).ToArray())),
        PeerMessageCodec.Encode(new PeerMessage.Have(1)),
    ];

    private static readonly string[] Expected =
        [Convert.ToHexString(Sent[0]), .. Sent.Skip(1).Select(frame => Convert.ToHexString(frame.AsSpan(4)))];

    private static byte[] Stream => [.. Sent.SelectMany(frame => frame)];

    [Fact]
    public void The_whole_stream_at_once()
    {
        using var reader = new FrameReader();
        reader.Append(Stream);
        Assert.Equal(Expected, ReadAll(reader));
        Assert.Equal(0, reader.PendingBytes);
    }

    [Fact]
    public void Byte_by_byte()
    {
        using var reader = new FrameReader();
        var frames = new List<string>();
        foreach (byte one in Stream)
        {
            reader.Append([one]);
            frames.AddRange(ReadAll(reader));
        }

        Assert.Equal(Expected, frames);
    }

    [Fact]
    public void Split_at_every_point()
    {
        byte[] stream = Stream;
        for (int split = 0; split <= stream.Length; split++)
        {
            using var reader = new FrameReader();
            reader.Append(stream.AsSpan(0, split));
            List<string> frames = ReadAll(reader);
            reader.Append(stream.AsSpan(split));
            frames.AddRange(ReadAll(reader));
            Assert.Equal(Expected, frames);
        }
    }

    [Fact]
    public void In_random_portions()
    {
        var random = new DeterministicRandom(7);
        byte[] stream = [.. Stream, .. Sent.Skip(1).SelectMany(frame => frame), .. Sent.Skip(1).SelectMany(frame => frame)];
        for (int round = 0; round < 200; round++)
        {
            using var reader = new FrameReader();
            var frames = new List<string>();
            for (int at = 0; at < stream.Length;)
            {
                int size = Math.Min(stream.Length - at, 1 + (random.Next(round + 1) * 20));
                reader.Append(stream.AsSpan(at, size));
                at += size;
                if (random.Next(3) > 0)
                {
                    frames.AddRange(ReadAll(reader));
                }
            }

            frames.AddRange(ReadAll(reader));
            Assert.Equal([.. Expected, .. Expected.Skip(1), .. Expected.Skip(1)], frames);
        }
    }

    [Fact]
    public void Frames_are_the_receivers_own()
    {
        using var reader = new FrameReader(expectHandshake: false);
        reader.Append([0, 0, 0, 1, 2, 0, 0, 0, 1, 3]);
        Assert.True(reader.TryRead(out ReadOnlyMemory<byte> first));
        Assert.True(reader.TryRead(out ReadOnlyMemory<byte> second));
        reader.Append([0, 0, 0, 1, 9, 0, 0, 0, 1, 9]);
        Assert.Equal(2, first.Span[0]);
        Assert.Equal(3, second.Span[0]);
    }

    [Fact]
    public void Another_protocol_is_known_by_its_first_wrong_byte()
    {
        byte[] handshake = GoldenScene.Handshake.Encode();
        for (int wrong = 0; wrong < 20; wrong++)
        {
            byte[] bytes = [.. handshake];
            bytes[wrong] ^= 1;
            using var reader = new FrameReader();
            reader.Append(bytes.AsSpan(0, wrong));
            Assert.Null(reader.Problem);
            reader.Append(bytes.AsSpan(wrong, 1));
            Assert.Equal("protocol", reader.Problem?.Code);
            reader.Append(bytes);
            Assert.False(reader.TryRead(out _));
        }
    }

    [Theory]
    [InlineData(PeerMessageCodec.MaxFrameSize, true)]
    [InlineData(PeerMessageCodec.MaxFrameSize + 1, false)]
    [InlineData(int.MaxValue, false)]
    [InlineData(uint.MaxValue, false)]
    public void The_length_of_a_frame_is_bounded(uint length, bool accepted)
    {
        using var reader = new FrameReader(expectHandshake: false);
        var prefix = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(prefix, length);
        reader.Append(prefix);
        Assert.False(reader.TryRead(out _));
        Assert.Equal(accepted, reader.Problem is null);
        if (accepted)
        {
            reader.Append(new byte[length]);
            Assert.True(reader.TryRead(out ReadOnlyMemory<byte> frame));
            Assert.Equal((int)length, frame.Length);
        }
    }

    [Fact]
    public void Frames_before_a_hostile_one_still_come_out()
    {
        using var reader = new FrameReader(expectHandshake: false);
        reader.Append([0, 0, 0, 1, 2, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0]);
        Assert.True(reader.TryRead(out ReadOnlyMemory<byte> frame));
        Assert.Equal(2, frame.Span[0]);
        Assert.Null(reader.Problem);
        Assert.False(reader.TryRead(out _));
        Assert.NotNull(reader.Problem);
        Assert.Equal(0, reader.PendingBytes);
    }

    [Fact]
    public void An_announced_length_allocates_nothing_before_its_bytes_come()
    {
        using var reader = new FrameReader(expectHandshake: false);
        reader.Append([0, 0x10, 0, 0]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            reader.Append([0]);
            reader.TryRead(out _);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16_384);
    }

    private static List<string> ReadAll(FrameReader reader)
    {
        var frames = new List<string>();
        while (reader.TryRead(out ReadOnlyMemory<byte> frame))
        {
            frames.Add(Convert.ToHexString(frame.Span));
        }

        Assert.Null(reader.Problem);
        return frames;
    }
}
