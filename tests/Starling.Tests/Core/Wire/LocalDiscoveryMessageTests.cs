using System;
using System.Linq;
using System.Text;
using Starling.Core.Primitives;
using Starling.Core.Wire;

namespace Starling.Tests.Core.Wire;

public sealed class LocalDiscoveryMessageTests
{
    private const string Hex = "0123456789abcdef0123456789abcdef01234567";

    [Fact]
    public void The_bytes_are_those_of_the_BEP()
    {
        Assert.True(InfoHash.TryParse(Hex, out InfoHash hash));
        var message = new LocalDiscoveryMessage(6881, [hash], "c0ffee");
        Assert.Equal(
            $"BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 6881\r\nInfohash: {Hex}\r\ncookie: c0ffee\r\n\r\n\r\n",
            Encoding.ASCII.GetString(message.Encode(toV6: false)));
        Assert.Contains("Host: [ff15::efc0:988f]:6771\r\n", Encoding.ASCII.GetString(message.Encode(toV6: true)), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_written_can_be_read_up_to_the_bounds()
    {
        InfoHash[] hashes = [.. Enumerable.Range(0, LocalDiscoveryMessage.MaxInfoHashes).Select(i => InfoHash.Of(Hash256.Of([(byte)i])))];
        var message = new LocalDiscoveryMessage(65535, hashes, new string('c', LocalDiscoveryMessage.MaxCookieLength));
        byte[] bytes = message.Encode(toV6: true);

        Assert.InRange(bytes.Length, 1, LocalDiscoveryMessage.MaxSize);
        Assert.True(LocalDiscoveryMessage.TryDecode(bytes, out LocalDiscoveryMessage? read));
        Assert.Equal(message.Port, read.Port);
        Assert.Equal(hashes, read.InfoHashes);
        Assert.Equal(message.Cookie, read.Cookie);
    }

    [Theory]
    [InlineData("BT-SEARCH * HTTP/1.1\nport:1\ninfohash:" + Hex)]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nINFOHASH: " + Hex + "\r\nX: y\r\nno colon\r\nPORT:\t1 \r\n\r\n\r\n")]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: zz\r\nInfohash: " + Hex + "\r\n\r\n")]
    public void Other_programs_ways_of_writing_are_read(string text)
    {
        Assert.True(LocalDiscoveryMessage.TryDecode(Encoding.ASCII.GetBytes(text), out LocalDiscoveryMessage? message));
        Assert.Equal(1, message.Port);
        Assert.Equal(Hex, message.InfoHashes.Single().ToString());
        Assert.Empty(message.Cookie);
    }

    [Theory]
    [InlineData("")]
    [InlineData("BT-SEARCH * HTTP/1.1")]
    [InlineData("M-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: " + Hex + "\r\n\r\n")]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nInfohash: " + Hex + "\r\n\r\n")]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nPort: 1\r\n\r\n")]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nPort: 0\r\nInfohash: " + Hex + "\r\n\r\n")]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nPort: 65536\r\nInfohash: " + Hex + "\r\n\r\n")]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nPort: -1\r\nInfohash: " + Hex + "\r\n\r\n")]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nPort: 1x\r\nInfohash: " + Hex + "\r\n\r\n")]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: " + Hex + "0\r\n\r\n")]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: g123456789abcdef0123456789abcdef01234567\r\n\r\n")]
    public void Anything_else_is_refused(string text) =>
        Assert.False(LocalDiscoveryMessage.TryDecode(Encoding.ASCII.GetBytes(text), out _));

    [Theory]
    [InlineData(LocalDiscoveryMessage.MaxCookieLength, true)]
    [InlineData(LocalDiscoveryMessage.MaxCookieLength + 1, false)]
    public void The_cookie_is_bounded(int length, bool read)
    {
        string text = $"BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: {Hex}\r\ncookie: {new string('c', length)}\r\n\r\n";
        Assert.Equal(read, LocalDiscoveryMessage.TryDecode(Encoding.ASCII.GetBytes(text), out _));
    }

    [Fact]
    public void The_datagram_and_its_info_hashes_are_bounded()
    {
        string many = "BT-SEARCH * HTTP/1.1\nPort:1\n" + string.Concat(Enumerable.Repeat($"Infohash:{Hex}\n", 27));
        Assert.True(LocalDiscoveryMessage.TryDecode(Encoding.ASCII.GetBytes(many), out LocalDiscoveryMessage? message));
        Assert.Equal(LocalDiscoveryMessage.MaxInfoHashes, message.InfoHashes.Count);

        byte[] padded = Encoding.ASCII.GetBytes($"BT-SEARCH * HTTP/1.1\nPort:1\nInfohash:{Hex}\n".PadRight(LocalDiscoveryMessage.MaxSize + 1));
        Assert.False(LocalDiscoveryMessage.TryDecode(padded, out _));
        Assert.True(LocalDiscoveryMessage.TryDecode(padded.AsSpan(0, LocalDiscoveryMessage.MaxSize), out _));
    }

    [Fact]
    public void Random_and_mutilated_bytes_are_read_without_an_exception()
    {
        Assert.True(InfoHash.TryParse(Hex, out InfoHash hash));
        byte[] good = new LocalDiscoveryMessage(6881, [hash], "c").Encode(toV6: false);
        var random = new DeterministicRandom(14);
        for (int i = 0; i < 2000; i++)
        {
            byte[] bytes = [.. good];
            for (int change = 0; change < 3; change++)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            LocalDiscoveryMessage.TryDecode(bytes.AsSpan(0, random.Next(bytes.Length + 1)), out _);
        }
    }
}
