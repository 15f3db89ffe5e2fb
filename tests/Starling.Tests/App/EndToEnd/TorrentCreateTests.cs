using System;
using System.IO;
using Starling.Commands;
using Starling.Core.Metainfo;
using Starling.Tests.Core.Metainfo;
using Starling.Tests.Runtime.Tasks;

namespace Starling.Tests.App.EndToEnd;

public sealed class TorrentCreateTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("--v1", "8aa633dad27dfa5e6f64ad0b9ecbfef4c63397fe")]
    [InlineData("--v2", "8e919af8a66fa9cc4b0e8db60d8a3edb0e177e0608048952f2f12a30e4c4f14a")]
    [InlineData("--hybrid", "8f790c03d38651403808ed4205f3d9dff0cc2ac5")]
    public void A_folder_becomes_the_torrent_that_libtorrent_makes_of_it(string version, string hash)
    {
        foreach ((string path, byte[] content) in TorrentSamples.Tree)
        {
            _folder.Write("tree/" + path, content);
        }

        string target = Path.Combine(_folder.Path, "out.torrent");
        (int code, _, string error) = Invoke(
            "torrent", "create", Path.Combine(_folder.Path, "tree"), version, "--piece-length", "16384", "-o", target,
            "--tracker", "http://a/announce,http://b/announce", "--tracker", "udp://c:80", "--web-seed", "http://d/x/");
        Assert.Equal((0, ""), (code, error));
        Assert.True(TorrentFile.TryRead(File.ReadAllBytes(target), out TorrentFile? file, out _));
        Assert.Contains(hash, (string[])[file.Info.InfoHashV1.ToString() ?? "", file.Info.InfoHashV2.ToString() ?? ""]);
        Assert.Equal([["http://a/announce", "http://b/announce"], ["udp://c:80"]], file.Trackers);
        Assert.Equal(["http://d/x/"], file.WebSeeds);
        Assert.False(file.Info.IsPrivate);
    }

    [Theory]
    [InlineData("exclude", "--v1", "--v2")]
    [InlineData("16384", "--piece-length", "8192")]
    [InlineData("tracker", "--tracker", "nonsense")]
    [InlineData("http", "--web-seed", "ftp://x")]
    [InlineData("--tracker", "--private")]
    public void A_wrong_line_says_what_is_wrong(string part, params string[] options)
    {
        (int code, _, string error) = Invoke(["torrent", "create", _folder.Write("x", "x"), .. options]);
        Assert.Equal(2, code);
        Assert.Contains(part, error, StringComparison.Ordinal);
        Assert.Single(Directory.EnumerateFiles(_folder.Path));
    }

    public void Dispose() => _folder.Dispose();

    private static (int Code, string Output, string Error) Invoke(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = CommandTree.Invoke(args, output, error);
        return (code, output.ToString(), error.ToString());
    }
}
