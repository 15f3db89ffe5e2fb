using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Starling.Core.Metainfo;
using Starling.Core.Torrents;
using Starling.Runtime.Torrents;
using Starling.Tests.Core.Metainfo;
using Starling.Tests.Runtime.Tasks;
using Starling.Tests.Runtime.Trackers;

namespace Starling.Tests.Runtime.Torrents;

/// <summary>Hosts that know of each other by a tracker alone.</summary>
public sealed class TorrentSearchTests : IDisposable
{
    private const int None = 0;
    private const int Completed = 1;
    private const int Started = 2;
    private const int Stopped = 3;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(TorrentVersion.V1, false, 1)]
    [InlineData(TorrentVersion.V1, true, 1)]
    [InlineData(TorrentVersion.Hybrid, false, 2)]
    public async Task A_torrent_is_fetched_from_peers_that_its_tracker_names(TorrentVersion version, bool magnet, int swarms)
    {
        await using var tracker = new UdpTestTracker();
        TorrentFile file = Lay(version, "seed", tracker);
        await using var seed = new TorrentEnd(new TorrentRequest { File = file, Folder = In("seed") }, asksTrackers: true);
        Assert.Equal(file.Info.PieceCount, await seed.StartedAsync());
        for (int swarm = 0; swarm < swarms; swarm++)
        {
            Assert.Equal((0, Started), Told(await tracker.AnnounceAsync()));
        }

        TorrentRequest request = magnet
            ? new TorrentRequest { Magnet = TorrentMagnet.Of(file, []), Folder = In("leecher") }
            : new TorrentRequest { File = file, Folder = In("leecher") };
        await using var leecher = new TorrentEnd(request, asksTrackers: true);
        if (!magnet)
        {
            Assert.Equal(0, await leecher.StartedAsync());
        }

        await leecher.CompleteAsync();
        foreach ((string path, byte[] content) in TorrentSamples.Tree)
        {
            Assert.Equal(content, File.ReadAllBytes(Path.Combine(In("leecher"), "tree", path)));
        }

        // Started, completed, stopped, for each of its swarms.
        long left = magnet ? 16 * 1024 : PieceLayout.Of(file.Info).TotalLength;
        var told = new List<(long Left, int Event)>();
        for (int announces = 0; announces < 2 * swarms; announces++)
        {
            told.Add(Told(await tracker.AnnounceAsync()));
        }

        Assert.Contains((left, Started), told);
        Assert.Equal(swarms, told.Count(each => each.Event == Started));
        Assert.Equal(swarms, told.Count(each => each == (0, Completed)));
        await leecher.DisposeAsync();
        for (int swarm = 0; swarm < swarms; swarm++)
        {
            Assert.Equal((0, Stopped), Told(await tracker.AnnounceAsync()));
        }
    }

    [Fact]
    public async Task What_was_here_already_is_no_completion_though_only_the_link_was_given()
    {
        await using var tracker = new UdpTestTracker();
        TorrentFile file = Lay(TorrentVersion.V1, "seed", tracker);
        Lay(TorrentVersion.V1, "other", tracker);
        await using var seed = new TorrentEnd(new TorrentRequest { File = file, Folder = In("seed") });
        await seed.StartedAsync();
        await using var second = new TorrentEnd(new TorrentRequest { Magnet = TorrentMagnet.Of(file, []), Folder = In("other") }, asksTrackers: true);
        Assert.Equal((16 * 1024, Started), Told(await tracker.AnnounceAsync()));
        second.Meet(seed);
        await second.CompleteAsync();
        Assert.Equal((0, None), Told(await tracker.AnnounceAsync()));
    }

    [Fact]
    public async Task With_what_was_asked_for_of_a_torrent_a_peer_is_no_seed()
    {
        await using var tracker = new UdpTestTracker();
        TorrentFile file = Lay(TorrentVersion.V2, "seed", tracker);
        await using var seed = new TorrentEnd(new TorrentRequest { File = file, Folder = In("seed") });
        await seed.StartedAsync();
        Assert.True(FileSelection.TryParse("0", out FileSelection? selection, out _));
        await using var part = new TorrentEnd(new TorrentRequest { File = file, Folder = In("part"), Selection = selection }, asksTrackers: true);
        await part.StartedAsync();
        Assert.Equal(Started, Told(await tracker.AnnounceAsync()).Event);
        part.Meet(seed);
        await part.CompleteAsync();
        await part.DisposeAsync();
        (long left, int last) = Told(await tracker.AnnounceAsync());
        Assert.Equal(Stopped, last);
        Assert.InRange(left, 1, PieceLayout.Of(file.Info).TotalLength - 1);
    }

    /// <summary>What a tracker hears (BEP 15): bytes left, and why.</summary>
    private static (long Left, int Event) Told(byte[] announce) =>
        (BinaryPrimitives.ReadInt64BigEndian(announce.AsSpan(64)), BinaryPrimitives.ReadInt32BigEndian(announce.AsSpan(80)));

    private TorrentFile Lay(TorrentVersion version, string name, UdpTestTracker tracker)
    {
        foreach ((string path, byte[] content) in TorrentSamples.Tree)
        {
            string full = Path.Combine(In(name), "tree", path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            File.WriteAllBytes(full, content);
        }

        return TorrentSamples.Folder(version, TorrentSamples.Tree).File() with { Trackers = [[tracker.Url]] };
    }

    private string In(string name) => Path.Combine(_folder.Path, name);
}
