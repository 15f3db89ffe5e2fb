using System;
using Starling.Runtime.Kernels.Searching;

namespace Starling.Tests.Runtime.Kernels.Searching;

public sealed class ZeroBitsTests
{
    [Theory]
    [InlineData("00001fff", 19, false, true)]
    [InlineData("00001fff", 20, false, false)]
    [InlineData("ff80", 7, true, true)]
    [InlineData("ff80", 8, true, false)]
    [InlineData("fe00", 9, true, true)]
    [InlineData("fe00", 10, true, false)]
    [InlineData("0000", 16, true, true)]
    [InlineData("0000", 16, false, true)]
    [InlineData("ffff", 0, false, true)]
    public void Zero_bits_are_counted_from_the_outermost_bit(string digest, int count, bool atEnd, bool expected) =>
        Assert.Equal(expected, new ZeroBits(count, atEnd).In(Convert.FromHexString(digest)));

    [Theory]
    [InlineData(0, false, 32, 0UL)]
    [InlineData(1, false, 32, 0x80000000UL)]
    [InlineData(33, false, 32, 0xFFFFFFFFUL)]
    [InlineData(12, true, 32, 0xFFFUL)]
    [InlineData(64, true, 64, ulong.MaxValue)]
    [InlineData(4, false, 64, 0xF000000000000000UL)]
    public void The_mask_covers_the_bits_of_one_word(int count, bool atEnd, int wordBits, ulong expected) =>
        Assert.Equal(expected, new ZeroBits(count, atEnd).MaskOfWord(wordBits));
}
