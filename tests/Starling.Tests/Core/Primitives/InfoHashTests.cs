using System;
using Starling.Core.Primitives;

namespace Starling.Tests.Core.Primitives;

public sealed class InfoHashTests
{
    [Fact]
    public void The_short_form_is_the_first_20_bytes()
    {
        Hash256 full = Hash256.Of("abc"u8);
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a3", InfoHash.Of(full).ToString());
        Assert.Equal(full.ToArray()[..InfoHash.Size], InfoHash.Of(full).ToArray());
    }

    [Fact]
    public void Hex_digits_come_back()
    {
        Assert.True(InfoHash.TryParse("BA7816BF8F01CFEA414140DE5DAE2223B00361A3", out InfoHash hash));
        Assert.Equal(InfoHash.Of(Hash256.Of("abc"u8)), hash);
        Assert.False(InfoHash.TryParse("ba7816bf8f01cfea414140de5dae2223b00361", out _));
        Assert.False(InfoHash.TryParse("zz7816bf8f01cfea414140de5dae2223b00361a3", out _));
    }

    [Fact]
    public void Every_byte_counts_for_equality_and_order()
    {
        var zero = new InfoHash(new byte[InfoHash.Size]);
        for (int i = 0; i < InfoHash.Size; i++)
        {
            var bytes = new byte[InfoHash.Size];
            bytes[i] = 1;
            var other = new InfoHash(bytes);
            Assert.NotEqual(zero, other);
            Assert.True(zero.CompareTo(other) < 0);
            Assert.True(other.CompareTo(zero) > 0);
        }

        Assert.Throws<ArgumentException>(() => new InfoHash(new byte[InfoHash.Size - 1]));
    }
}
