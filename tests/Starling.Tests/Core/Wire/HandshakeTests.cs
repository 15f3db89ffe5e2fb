using System;
using Starling.Core.Primitives;
using Starling.Core.Wire;

namespace Starling.Tests.Core.Wire;

public sealed class HandshakeTests
{
    [Fact]
    public void The_bytes_stand_where_BEP_3_puts_them()
    {
        byte[] bytes = GoldenScene.Handshake.Encode();
        Assert.Equal(Handshake.Size, bytes.Length);
        Assert.Equal(19, bytes[0]);
        Assert.Equal("BitTorrent protocol"u8, bytes.AsSpan(1, 19));
        Assert.Equal("0000000000100004", Convert.ToHexString(bytes.AsSpan(20, 8)));
        Assert.Equal(InfoHash.Of(GoldenScene.TaskId).ToArray(), bytes[28..48]);
        Assert.Equal("-ST0100-abcdefghijkl"u8, bytes.AsSpan(48));
    }

    [Theory]
    [InlineData(5, 0x10, nameof(Handshake.SupportsExtensions))]
    [InlineData(7, 0x04, nameof(Handshake.SupportsFast))]
    [InlineData(7, 0x01, nameof(Handshake.SupportsDht))]
    [InlineData(7, 0x10, nameof(Handshake.SupportsV2))]
    public void Reserved_bits_stand_in_the_byte_that_their_BEP_names(int reservedByte, byte bit, string property)
    {
        byte[] bytes = (GoldenScene.Handshake with { Reserved = 0 }).Encode();
        bytes[20 + reservedByte] = bit;
        Assert.True(Handshake.TryDecode(bytes, out Handshake handshake));
        foreach (string name in new[]
        {
            nameof(Handshake.SupportsExtensions), nameof(Handshake.SupportsFast), nameof(Handshake.SupportsDht), nameof(Handshake.SupportsV2),
        })
        {
            Assert.Equal(name == property, (bool)typeof(Handshake).GetProperty(name)!.GetValue(handshake)!);
        }
    }

    [Fact]
    public void Another_length_or_protocol_is_refused()
    {
        byte[] bytes = GoldenScene.Handshake.Encode();
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.False(Handshake.TryDecode(bytes.AsSpan(0, length), out _));
        }

        Assert.False(Handshake.TryDecode([.. bytes, 0], out _));
        for (int i = 0; i < 20; i++)
        {
            byte[] wrong = [.. bytes];
            wrong[i] ^= 0x20;
            Assert.False(Handshake.TryDecode(wrong, out _));
        }
    }

    [Fact]
    public void Peer_ids_name_the_program_and_differ()
    {
        var random = new DeterministicRandom(1);
        PeerId first = PeerId.Create(random);
        PeerId second = PeerId.Create(random);
        Assert.NotEqual(first, second);
        Assert.StartsWith(Convert.ToHexStringLower("-ST0100-"u8), first.ToString(), StringComparison.Ordinal);
    }
}
