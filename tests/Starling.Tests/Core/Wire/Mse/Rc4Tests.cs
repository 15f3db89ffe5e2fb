using System;
using System.Linq;
using Starling.Core.Wire.Mse;

namespace Starling.Tests.Core.Wire.Mse;

public sealed class Rc4Tests
{
    /// <summary>RFC 6229: the key stream from byte 1,024 on.</summary>
    [Theory]
    [InlineData("0102030405", "30abbcc7c20b01609f23ee2d5f6bb7df")]
    [InlineData("0102030405060708090a0b0c0d0e0f10", "bdf0324e6083dcc6d3cedd3ca8c53c16")]
    public void The_key_stream_behind_the_dropped_bytes_is_that_of_the_rfc(string key, string expected)
    {
        var cipher = new Rc4(Convert.FromHexString(key));
        var bytes = new byte[16];
        cipher.Process(bytes);
        Assert.StartsWith(expected, Convert.ToHexStringLower(bytes), StringComparison.Ordinal);
    }

    [Fact]
    public void Cuts_and_copies_give_the_same_stream_as_one_piece_in_place()
    {
        byte[] key = [1, 2, 3];
        byte[] clear = [.. Enumerable.Range(0, 1000).Select(i => (byte)i)];
        byte[] whole = [.. clear];
        new Rc4(key).Process(whole);

        var cipher = new Rc4(key);
        var parts = new byte[clear.Length];
        for (int at = 0, size = 0; at < clear.Length; at += size)
        {
            size = Math.Min(at % 37, clear.Length - at) + (at % 37 == 0 ? 1 : 0);
            cipher.Process(clear.AsSpan(at, size), parts.AsSpan(at));
        }

        Assert.Equal(whole, parts);
        new Rc4(key).Process(parts);
        Assert.Equal(clear, parts);
    }

    [Fact]
    public void A_destination_that_is_too_short_or_a_key_of_no_length_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new Rc4([1]).Process(new byte[2], new byte[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Rc4([]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Rc4(new byte[257]));
    }
}
