using System;
using System.Linq;
using System.Text;
using Starling.Core.Dht;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;

namespace Starling.Tests.Core.Metainfo;

/// <summary>Links of BEP 46, its two vectors among them, and what the items behind them say.</summary>
public sealed class MutableMagnetTests
{
    private const string Key = "8543d3e6115f0f98c944077a4493dcd543e49c739fd998550a1f614ab36ed63e";

    [Theory]
    [InlineData("", "cc3f9d90b572172053626f9980ce261a850d050b")]
    [InlineData("&s=6e", "59ee7c2cb9b4f7eb1986ee2d18fd2fdb8a56554f")]
    public void The_vectors_of_the_BEP(string salt, string target)
    {
        string text = $"magnet:?xs=urn:btpk:{Key}{salt}";
        Assert.True(MutableMagnet.IsOne(text));
        Assert.True(MutableMagnet.TryParse(text, out MutableMagnet? magnet, out _));
        Assert.Equal(target, DhtItem.TargetOf(magnet.Key, magnet.Salt.Span).ToString());
        Assert.Equal(text, magnet.ToString());
    }

    [Fact]
    public void Trackers_and_peers_come_along_to_every_version()
    {
        Assert.True(MutableMagnet.TryParse(
            $"magnet:?tr=http%3A%2F%2Ft.example%2Fannounce&xs=urn:btpk:{Key}&x.pe=192.0.2.1:6881&x.pe=nonsense&foo=bar", out MutableMagnet? magnet, out _));
        var v1 = new InfoHash(Enumerable.Repeat((byte)7, 20).ToArray());
        TorrentMagnet torrent = magnet.At(new TorrentPointer { V1 = v1 });
        Assert.Equal($"magnet:?xt=urn:btih:{v1}&tr=http%3A%2F%2Ft.example%2Fannounce&x.pe=192.0.2.1:6881", torrent.ToString());
    }

    [Theory]
    [InlineData("magnet:?xs=urn:btpk:8543")]
    [InlineData("magnet:?xs=urn:btpk:" + Key + "00")]
    [InlineData("magnet:?xs=urn:btpk:" + Key + "&s=6")]
    [InlineData("magnet:?xs=urn:btpk:" + Key + "&s=zz")]
    [InlineData("magnet:?xs=urn:sha1:abc")]
    [InlineData("magnet:?s=6e")]
    [InlineData("http://example")]
    public void Wrong_links_are_refused(string text)
    {
        Assert.False(MutableMagnet.TryParse(text, out _, out Problem? problem));
        Assert.Equal("magnet", problem.Code);
    }

    [Fact]
    public void The_salt_has_64_bytes_at_most()
    {
        string link = $"magnet:?xs=urn:btpk:{Key}&s=";
        Assert.True(MutableMagnet.TryParse(link + new string('a', 2 * MutableMagnet.MaxSaltSize), out _, out _));
        Assert.False(MutableMagnet.TryParse(link + new string('a', 2 * (MutableMagnet.MaxSaltSize + 1)), out _, out _));
        Assert.Equal(MutableMagnet.MaxSaltSize, DhtItem.MaxSaltSize);
    }

    [Theory]
    [InlineData("magnet:?xt=urn:btih:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa&xs=urn:btpk:" + Key)]
    [InlineData("magnet:?xt=urn:btih:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("x.torrent")]
    public void A_link_that_names_a_torrent_is_a_link_to_that(string text) => Assert.False(MutableMagnet.IsOne(text));

    [Fact]
    public void A_pointer_names_v1_v2_or_both()
    {
        Hash256 v2 = Hash256.Of("x"u8);
        var v1 = new InfoHash(new byte[20]);
        foreach (TorrentPointer pointer in (TorrentPointer[])[new() { V1 = v1 }, new() { V2 = v2 }, new() { V1 = v1, V2 = v2 }])
        {
            Assert.True(TorrentPointer.TryRead(pointer.Encode(), out TorrentPointer? read));
            Assert.Equal(pointer, read);
        }

        Assert.StartsWith("d2:ih20:", Encoding.Latin1.GetString(new TorrentPointer { V2 = v2 }.Encode()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("d2:ih20:aaaaaaaaaaaaaaaaaaaae", true)]
    [InlineData("d2:ih20:aaaaaaaaaaaaaaaaaaaa3:newi1ee", true)]
    [InlineData("d2:ih20:aaaaaaaaaaaaaaaaaaaa3:ih23:abce", true)]
    [InlineData("d2:ih19:aaaaaaaaaaaaaaaaaaae", false)]
    [InlineData("d2:ih21:aaaaaaaaaaaaaaaaaaaaae", false)]
    [InlineData("de", false)]
    [InlineData("i7e", false)]
    [InlineData("20:aaaaaaaaaaaaaaaaaaaa", false)]
    [InlineData("d2:ih", false)]
    public void Items_of_others_are_read_as_far_as_they_name_a_torrent(string value, bool isOne) =>
        Assert.Equal(isOne, TorrentPointer.TryRead(Encoding.Latin1.GetBytes(value), out _));
}
