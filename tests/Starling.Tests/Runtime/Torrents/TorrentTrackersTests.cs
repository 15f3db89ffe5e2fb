using System;
using System.IO;
using System.Net;
using System.Threading.Tasks;
using Starling.Core.Metainfo;
using Starling.Core.Torrents;
using Starling.Runtime.Torrents;
using Starling.Tests.Core.Metainfo;
using Starling.Tests.Runtime.Tasks;
using Starling.Tests.Runtime.Trackers;

namespace Starling.Tests.Runtime.Torrents;

/// <summary>Hosts that know of each other by a tracker alone.</summary>
public sealed class TorrentTrackersTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(TorrentVersion.V1, false, 1)]
    [InlineData(TorrentVersion.V1, true, 1)]
    [InlineData(TorrentVersion.Hybrid, false, 2)]
    public async Task A_torrent_is_fetched_from_peers_that_its_tracker_names(TorrentVersion version, bool magnet, int swarms)
    {
        await using var tracker = new UdpTestTracker();
        foreach ((string path, byte[] content) in TorrentSamples.Tree)
        {
            string full = Path.Combine(In("seed"), "tree", path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            File.WriteAllBytes(full, content);
        }

        TorrentFile file = TorrentSamples.Folder(version, TorrentSamples.Tree).File() with { Trackers = [[tracker.Url]] };
        await using var seed = new TorrentEnd(new TorrentRequest { File = file, Folder = In("seed") });
        Assert.Equal(file.Info.PieceCount, await seed.StartedAsync());
        await using TorrentTrackers first = Trackers(seed);
        first.Begin(isComplete: true);
        for (int swarm = 0; swarm < swarms; swarm++)
        {
            byte[] announce = await tracker.AnnounceAsync();
            Assert.Equal([0, 0, 0, 2], announce[80..84]);
        }

        await using var leecher = new TorrentEnd(magnet
            ? new TorrentRequest { Magnet = TorrentMagnet.Of(file, []), Folder = In("leecher") }
            : new TorrentRequest { File = file, Folder = In("leecher") });
        await using TorrentTrackers second = Trackers(leecher);
        second.Begin(isComplete: false);
        await leecher.CompleteAsync();
        foreach ((string path, byte[] content) in TorrentSamples.Tree)
        {
            Assert.Equal(content, File.ReadAllBytes(Path.Combine(In("leecher"), "tree", path)));
        }

        // Started, completed, stopped, for each of its swarms.
        second.Report(new DataEvent.Complete());
        for (int announces = 0; announces < 2 * swarms; announces++)
        {
            await tracker.AnnounceAsync();
        }

        await second.DisposeAsync();
        for (int swarm = 0; swarm < swarms; swarm++)
        {
            byte[] farewell = await tracker.AnnounceAsync();
            Assert.Equal([0, 0, 0, 3], farewell[80..84]);
        }
    }

    private static TorrentTrackers Trackers(TorrentEnd end) => new(
        end.Session.Request, end.Session, new IPEndPoint(IPAddress.Loopback, end.Address.Port), problem => Assert.Fail(problem.ToString()));

    private string In(string name) => Path.Combine(_folder.Path, name);
}
