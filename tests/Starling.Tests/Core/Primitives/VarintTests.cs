using System;
using FsCheck;
using FsCheck.Fluent;
using Starling.Core.Primitives;

namespace Starling.Tests.Core.Primitives;

public sealed class VarintTests
{
    [Theory]
    [InlineData(0, "00")]
    [InlineData(1, "01")]
    [InlineData(127, "7f")]
    [InlineData(128, "8001")]
    [InlineData(300, "ac02")]
    [InlineData(16_383, "ff7f")]
    [InlineData(16_384, "808001")]
    [InlineData(long.MaxValue, "ffffffffffffffff7f")]
    public void Values_have_these_bytes(long value, string hex)
    {
        Span<byte> bytes = stackalloc byte[Varint.MaxSize];
        int size = Varint.Write(bytes, value);
        Assert.Equal(hex, Convert.ToHexStringLower(bytes[..size]));
        Assert.Equal(size, Varint.SizeOf(value));
        ReadOnlySpan<byte> source = bytes[..size];
        Assert.True(Varint.TryRead(ref source, long.MaxValue, out long read));
        Assert.Equal(value, read);
        Assert.True(source.IsEmpty);
    }

    [Theory]
    [InlineData("")]
    [InlineData("80")]
    [InlineData("ffffffffffffffff")]
    [InlineData("8000")]
    [InlineData("ff00")]
    [InlineData("80808000")]
    [InlineData("ffffffffffffffffff")]
    [InlineData("ffffffffffffffffff01")]
    public void Cut_off_longer_than_needed_and_too_large_are_refused(string hex)
    {
        ReadOnlySpan<byte> source = Convert.FromHexString(hex);
        Assert.False(Varint.TryRead(ref source, long.MaxValue, out _));
    }

    [Theory]
    [InlineData(256, 256, true)]
    [InlineData(257, 256, false)]
    [InlineData(0, -1, false)]
    public void The_bound_is_kept(long value, long max, bool accepted)
    {
        Span<byte> bytes = stackalloc byte[Varint.MaxSize];
        ReadOnlySpan<byte> source = bytes[..Varint.Write(bytes, value)];
        Assert.Equal(accepted, Varint.TryRead(ref source, max, out _));
    }

    [Fact]
    public void A_negative_value_is_a_bug() => Assert.Throws<ArgumentOutOfRangeException>(() => Varint.Write(new byte[Varint.MaxSize], -1));

    [Fact]
    public void Every_value_comes_back_and_leaves_what_follows()
    {
        Prop.ForAll<long>(any =>
        {
            long value = any & long.MaxValue;
            var bytes = new byte[Varint.MaxSize + 1];
            int size = Varint.Write(bytes, value);
            ReadOnlySpan<byte> source = bytes;
            return Varint.TryRead(ref source, long.MaxValue, out long read) && read == value && source.Length == bytes.Length - size;
        }).QuickCheckThrowOnFailure();
    }
}
