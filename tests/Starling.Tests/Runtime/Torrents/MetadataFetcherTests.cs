using System;
using System.IO;
using System.Net;
using System.Threading.Tasks;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Runtime.Identity;
using Starling.Runtime.Torrents;
using Starling.Tests.Core.Metainfo;
using Starling.Tests.Runtime.Tasks;

namespace Starling.Tests.Runtime.Torrents;

public sealed class MetadataFetcherTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(TorrentVersion.V1)]
    [InlineData(TorrentVersion.V2)]
    [InlineData(TorrentVersion.Hybrid)]
    public async Task The_metadata_comes_from_a_peer_of_the_link_and_no_file_is_made(TorrentVersion version)
    {
        byte[] content = TorrentSamples.Content(100_000, 3);
        _folder.Write("seed/a.bin", content);
        TorrentFile file = TorrentSamples.Single(version, "a.bin", content).File();
        await using var seed = new TorrentEnd(new TorrentRequest { File = file, Folder = Path.Combine(_folder.Path, "seed") });
        TorrentMagnet link = TorrentMagnet.Of(file, [seed.Address.ToString()]) with { Trackers = ["udp://127.0.0.1:9"] };
        (TorrentFile? torrent, Problem? problem) = await MetadataFetcher.FetchAsync(link, Options(TimeSpan.FromMinutes(1)), new Ed25519Verifier());
        Assert.Null(problem);
        Assert.Equal(file.Info.Id, torrent!.Info.Id);
        Assert.Equal([["udp://127.0.0.1:9"]], torrent.Trackers);
        Assert.False(File.Exists("a.bin"));
    }

    [Fact]
    public async Task A_link_that_nobody_knows_is_given_up_with_what_was_tried()
    {
        var link = new TorrentMagnet { InfoHashV1 = InfoHash.Of(Hash256.Of([4])), Name = "film" };
        (TorrentFile? torrent, Problem? problem) = await MetadataFetcher.FetchAsync(link, Options(TimeSpan.FromMilliseconds(50)), new Ed25519Verifier());
        Assert.Null(torrent);
        Assert.Equal(MetadataFetcher.ProblemCode, problem!.Code);
        Assert.Contains("'film'", problem.Reason, StringComparison.Ordinal);
        Assert.Contains("no peer was found", problem.Reason, StringComparison.Ordinal);
        Assert.Contains("x.pe", problem.Hint, StringComparison.Ordinal);
    }

    private static MetadataFetcherOptions Options(TimeSpan timeout) =>
        new() { Listen = new IPEndPoint(IPAddress.Loopback, 0), Locally = false, UseDht = false, Timeout = timeout };
}
