using System;
using System.Linq;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using static Starling.Tests.Core.Metainfo.TorrentSamples;

namespace Starling.Tests.Core.Metainfo;

public sealed class TorrentMagnetTests
{
    private const string V1 = "0123456789abcdef0123456789abcdef01234567";
    private const string V2 = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    [Fact]
    public void Everything_a_link_can_say_is_read()
    {
        TorrentMagnet magnet = Parse(
            $"magnet:?xt=urn:btih:{V1}&dn=a+b%2Fc&tr=http%3A%2F%2Ft%2Fannounce&tr.1=udp://u:80&ws=http://w/x&x.pe=1.2.3.4:5&x.pe=[::1]:6&so=0,2-4&xt=urn:btmh:1220{V2}&x.unknown=1");
        Assert.Equal((V1, V2), (magnet.InfoHashV1.ToString(), magnet.InfoHashV2.ToString()));
        Assert.Equal("a b_c", magnet.Name);
        Assert.Equal(["http://t/announce", "udp://u:80"], magnet.Trackers);
        Assert.Equal(["http://w/x"], magnet.WebSeeds);
        Assert.Equal(["1.2.3.4:5", "[::1]:6"], magnet.Peers);
        Assert.Equal([true, false, true, true, true, false], Enumerable.Range(0, 6).Select(magnet.Selection!.Contains));
        Assert.Equal(2, magnet.SwarmHashes.Count);
        Assert.Equal(magnet.ToString(), Parse(magnet.ToString()).ToString());
    }

    [Fact]
    public void Base_32_is_the_same_hash()
    {
        // RFC 4648 of the 20 bytes in V1.
        Assert.Equal(V1, Parse("magnet:?xt=urn:btih:AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH").InfoHashV1.ToString());
        Assert.Equal(V1, Parse("magnet:?xt=urn:btih:aerukz4jvpg66ajdivtytk6n54asgrlh").InfoHashV1.ToString());
    }

    [Theory]
    [InlineData("magnet:?dn=x", "neither")]
    [InlineData("http://x", "starts with")]
    [InlineData("magnet:?xt=urn:btih:01234", "urn:btih")]
    [InlineData("magnet:?xt=urn:btih:0189012345678901234567890123456789", "urn:btih")]
    [InlineData("magnet:?xt=urn:btmh:1114" + V1, "urn:btmh")]
    [InlineData("magnet:?xt=urn:btih:" + V1 + "&xt=urn:btih:1123456789abcdef0123456789abcdef01234567", "two different")]
    [InlineData("magnet:?xt=urn:btih:" + V1 + "&so=4-2", "no selection")]
    [InlineData("magnet:?xt=urn:btih:" + V1 + "&so=", "no selection")]
    [InlineData("magnet:?xt=urn:btih:" + V1 + "&so=99999999999", "no selection")]
    [InlineData("magnet:?xt=urn:btih:" + V1 + "&dn=%zz", "percent")]
    public void What_is_wrong_is_refused(string link, string reason)
    {
        Assert.False(TorrentMagnet.TryParse(link, out _, out Problem? problem));
        Assert.Contains(reason, problem.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Contacts_of_other_kinds_are_left_out_and_the_rest_is_bounded()
    {
        string link = $"magnet:?xt=urn:btih:{V1}&tr=wss://x&x.pe=nothing&ws=ftp://x" + string.Concat(Enumerable.Range(1, MagnetLink.MaxContacts + 1).Select(i => $"&x.pe=h:{i}"));
        TorrentMagnet magnet = Parse(link);
        Assert.Empty(magnet.Trackers);
        Assert.Empty(magnet.WebSeeds);
        Assert.Equal(MagnetLink.MaxContacts, magnet.Peers.Count);
    }

    [Theory]
    [InlineData(TorrentVersion.V1)]
    [InlineData(TorrentVersion.V2)]
    [InlineData(TorrentVersion.Hybrid)]
    public void The_link_of_a_torrent_names_it_and_no_other(TorrentVersion version)
    {
        TorrentFile file = Folder(version, Tree).File() with { Trackers = [["http://a/x"], ["http://b/x"]], WebSeeds = ["http://c/"] };
        TorrentMagnet magnet = Parse(TorrentMagnet.Of(file, ["h:1"]).ToString());
        Assert.True(magnet.Names(file.Info));
        Assert.Equal(file.Info.SwarmHashes, magnet.SwarmHashes);
        Assert.False(magnet.Names(Folder(version, Tree, isPrivate: true).File().Info));
        Assert.Equal(("tree", 2, 1, 1), (magnet.Name, magnet.Trackers.Count, magnet.WebSeeds.Count, magnet.Peers.Count));
    }

    [Fact]
    public void A_selection_is_bounded()
    {
        string Ranges(int count) => string.Join(',', Enumerable.Range(0, count));
        Assert.True(FileSelection.TryParse(Ranges(FileSelection.MaxRanges), out _, out _));
        Assert.False(FileSelection.TryParse(Ranges(FileSelection.MaxRanges + 1), out _, out _));
        Assert.False(FileSelection.TryParse($"0-{TorrentLimits.MaxFiles}", out _, out _));
        Assert.True(FileSelection.TryParse($"1,3-{TorrentLimits.MaxFiles - 1}", out FileSelection? selection, out _));
        TorrentInfo info = Folder(TorrentVersion.V1, Tree).File().Info;
        Assert.Equal([false, true, false, true, true], selection.Of(info));
    }

    private static TorrentMagnet Parse(string link) => TorrentMagnet.TryParse(link, out TorrentMagnet? magnet, out Problem? problem) ? magnet : throw new InvalidOperationException(problem.ToString());
}
