using System;
using System.Linq;
using System.Text;
using Starling.Core.Bencode;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using static Starling.Tests.Core.Metainfo.TorrentSamples;

namespace Starling.Tests.Core.Metainfo;

public sealed class TorrentFileTests
{
    [Theory]
    [InlineData(TorrentVersion.V1)]
    [InlineData(TorrentVersion.V2)]
    [InlineData(TorrentVersion.Hybrid)]
    public void What_is_written_is_read_again(TorrentVersion version)
    {
        TorrentFile written = Folder(version, Tree).File() with
        {
            Trackers = [["http://a/announce", "http://b/announce"], ["udp://c:80"]],
            WebSeeds = ["http://d/x/", "https://e/y/"],
            Nodes = ["f:6881", "[::1]:6882"],
            Comment = "for people",
            CreatedBy = "test",
            CreationDate = 1_700_000_000,
        };
        byte[] bytes = written.ToBytes();
        TorrentFile read = Read(bytes);
        Assert.Equal(bytes, read.ToBytes());
        Assert.Equal(written.Trackers, read.Trackers);
        Assert.Equal(written.WebSeeds, read.WebSeeds);
        Assert.Equal(written.Nodes, read.Nodes);
        Assert.Equal(("for people", "test", 1_700_000_000L), (read.Comment, read.CreatedBy, read.CreationDate));
        Assert.Equal(version != TorrentVersion.V1, read.Layers is { IsComplete: true });
    }

    [Fact]
    public void Contacts_that_are_none_are_left_out_and_the_rest_counts()
    {
        TorrentFile file = With(
            ("announce", new BString("http://ignored/when/there/is/a/list")),
            ("announce-list", new BList([new BList([new BString("wss://x"), new BString("http://a")]), new BInteger(1), new BList([]), new BList([new BString("http://a"), new BString("udp://b:1")])])),
            ("url-list", new BList([new BString("ftp://x"), new BString("http://u@h/"), new BString("http://h/%20/")])),
            ("nodes", new BList([new BList([new BString("ok"), new BInteger(1)]), new BList([new BString("no port")]), new BList([new BString("x"), new BInteger(70_000)])])));
        Assert.Equal([["http://a"], ["udp://b:1"]], file.Trackers);
        Assert.Equal(["http://h/%20/"], file.WebSeeds);
        Assert.Equal(["ok:1"], file.Nodes);
    }

    [Fact]
    public void One_tracker_and_one_web_seed_need_no_lists()
    {
        TorrentFile file = With(("announce", new BString("http://a")), ("url-list", new BString("http://h/")));
        Assert.Equal([["http://a"]], file.Trackers);
        Assert.Equal(["http://h/"], file.WebSeeds);
    }

    [Fact]
    public void Contacts_are_bounded()
    {
        BList Many(string prefix, int count) => new([.. Enumerable.Range(0, count).Select(i => new BString($"{prefix}{i}/"))]);
        TorrentFile file = With(("announce-list", new BList([Many("http://t", TorrentLimits.MaxTrackers + 1)])), ("url-list", Many("http://s", TorrentLimits.MaxWebSeeds + 1)));
        Assert.Equal(TorrentLimits.MaxTrackers, Assert.Single(file.Trackers).Count);
        Assert.Equal(TorrentLimits.MaxWebSeeds, file.WebSeeds.Count);
        BList nodes = new([.. Enumerable.Range(1, TorrentLimits.MaxNodes + 1).Select(port => new BList([new BString("192.0.2.1"), new BInteger(port)]))]);
        Assert.Equal(TorrentLimits.MaxNodes, With(("nodes", nodes)).Nodes.Count);
    }

    [Fact]
    public void The_bytes_and_values_of_a_file_and_of_its_info_are_bounded()
    {
        Assert.False(TorrentFile.TryRead(new byte[TorrentLimits.MaxTorrentFileSize + 1], out _, out Problem? file));
        Assert.Contains($"longer than {TorrentLimits.MaxTorrentFileSize} bytes", file.Reason, StringComparison.Ordinal);
        Assert.False(TorrentInfo.TryRead(new byte[TorrentLimits.MaxInfoSize + 1], out _, out Problem? info));
        Assert.Contains($"longer than {TorrentLimits.MaxInfoSize} bytes", info.Reason, StringComparison.Ordinal);
        byte[] values = Encoding.Latin1.GetBytes("d1:al" + string.Concat(Enumerable.Repeat("0:", TorrentLimits.MaxTokens)) + "e4:infodee");
        Assert.False(TorrentFile.TryRead(values, out _, out Problem? tokens));
        Assert.Contains($"more than {TorrentLimits.MaxTokens} values", tokens.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Layers_that_do_not_lead_to_the_root_refuse_the_file_and_absent_ones_do_not()
    {
        string text = Encoding.Latin1.GetString(Folder(TorrentVersion.V2, Tree).File().ToBytes());
        int layers = text.IndexOf("12:piece layersd32:", StringComparison.Ordinal);
        char[] damaged = text.ToCharArray();
        damaged[layers + 19 + 32 + 10] ^= (char)1;
        Assert.False(TorrentFile.TryRead(Encoding.Latin1.GetBytes(damaged), out _, out Problem? problem));
        Assert.Contains("'piece layers'", problem.Reason, StringComparison.Ordinal);
        Assert.False(Read(Encoding.Latin1.GetBytes(text[..layers] + "e")).Layers!.IsComplete);
    }

    [Theory]
    [InlineData("")]
    [InlineData("de")]
    [InlineData("d4:infoi1ee")]
    [InlineData("le")]
    public void What_is_no_torrent_is_refused(string text) => Assert.False(TorrentFile.TryRead(Encoding.Latin1.GetBytes(text), out _, out _));

    private static TorrentFile With(params (string Key, BValue Value)[] entries)
    {
        Assert.True(BReader.TryReadDictionary(Folder(TorrentVersion.V1, Tree).InfoBytes, BReaderOptions.File, out BDictionary? info, out _));
        return Read(Dictionary([.. entries, ("info", info)]).ToBytes());
    }

    private static TorrentFile Read(byte[] bytes) => TorrentFile.TryRead(bytes, out TorrentFile? file, out Problem? problem) ? file : throw new InvalidOperationException(problem.ToString());
}
