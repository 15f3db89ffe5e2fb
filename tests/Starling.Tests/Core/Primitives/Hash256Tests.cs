using Starling.Core.Primitives;

namespace Starling.Tests.Core.Primitives;

public sealed class Hash256Tests
{
    [Fact]
    public void Hash_of_abc_is_the_one_of_FIPS_180()
    {
        const string expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        Assert.Equal(expected, Hash256.Of("abc"u8).ToString());
        Assert.True(Hash256.TryParse(expected, out Hash256 parsed));
        Assert.Equal(Hash256.Of("abc"u8), parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ba78")]
    [InlineData("zz7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    public void Text_that_is_not_64_hex_digits_is_refused(string text) => Assert.False(Hash256.TryParse(text, out _));

    [Fact]
    public void Order_is_that_of_the_bytes()
    {
        var low = new Hash256([0, .. new byte[30], 9]);
        var high = new Hash256([1, .. new byte[31]]);
        Assert.True(low.CompareTo(high) < 0);
        Assert.True(high.CompareTo(low) > 0);
        Assert.Equal(0, low.CompareTo(new Hash256(low.ToArray())));
    }
}
