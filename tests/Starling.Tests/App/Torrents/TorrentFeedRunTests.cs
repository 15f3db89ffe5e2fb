using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Metainfo;
using Starling.Events;
using Starling.Runtime.Discovery;
using Starling.Runtime.Identity;
using Starling.Runtime.Network;
using Starling.Runtime.Torrents;
using Starling.Tests.Core.Metainfo;
using Starling.Tests.Runtime.Tasks;
using Starling.Tests.Runtime.Torrents;
using Starling.Torrents;

namespace Starling.Tests.App.Torrents;

/// <summary>A <c>torrent get --seed</c> of a link to whatever an author names: when the author names another torrent, that one is fetched.</summary>
public sealed class TorrentFeedRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_new_version_takes_the_place_of_the_old_one()
    {
        byte[] old = TorrentSamples.Content(400_000, 1);
        byte[] young = TorrentSamples.Content(400_000, 1);
        young[0] ^= 1;
        await using TorrentEnd first = Seed("first", old, TorrentVersion.V1, out TorrentFile firstFile);
        await using TorrentEnd second = Seed("second", young, TorrentVersion.Hybrid, out TorrentFile secondFile);
        Assert.True(UdpPort.TryOpen(IPEndPoint.Parse("127.0.0.5:0"), out UdpPort? udp, out _));
        await using UdpPort port = udp;
        await using var node = new PeerFinder(
            new PeerFinderOptions { Listener = port.EndPoint, Locally = false, AskTrackers = false, DhtPort = port }, new Ed25519Verifier());
        Ed25519Identity identity = Ed25519Identity.FromSeed(new byte[32]);
        var link = new MutableMagnet { Key = identity.PublicKey, Peers = [first.Address.ToString(), second.Address.ToString()] };
        var text = new LockedText();
        var settings = new TorrentGetSettings
        {
            Torrent = link.ToString(),
            Dir = Path.Combine(_folder.Path, "got"),
            Listen = IPEndPoint.Parse("127.0.0.6:0"),
            DhtRouters = [$"{port.EndPoint}"],
            Seed = true,
            FeedPoll = TimeSpan.FromMilliseconds(200),
        };
        var clock = new RunClock();
        var get = new TorrentGet(settings, null, link, new TorrentOutput(text, json: true, terminal: false, clock), clock);
        Task<int> run = get.RunAsync();

        var author = new TorrentAuthor(node, identity, default);
        Assert.True(await author.HasNodesAsync(TimeSpan.FromSeconds(60), CancellationToken.None));
        await author.PublishAsync(TorrentPointer.To(TorrentMagnet.Of(firstFile, [])), 1);
        await UntilAsync(() => Events(text, "complete") == 1);
        string file = Path.Combine(_folder.Path, "got", "x");
        Assert.Equal(old, await File.ReadAllBytesAsync(file));

        await author.PublishAsync(TorrentPointer.To(TorrentMagnet.Of(secondFile, [])), 2);
        await UntilAsync(() => Events(text, "complete") == 2);
        get.Stop();
        Assert.Equal(0, await run);
        Assert.Equal(young, await File.ReadAllBytesAsync(file));
        Assert.Equal(2, Events(text, "version"));

        // What both have in common was there already: of the second one piece was fetched.
        JsonElement stopped = JsonDocument.Parse(text.ToString().Split('\n').Single(line => line.Contains("\"event\":\"stopped\"", StringComparison.Ordinal))).RootElement;
        Assert.Equal(old.Length + 16_384, stopped.GetProperty("bytes").GetInt64());
    }

    private static int Events(LockedText text, string name) => text.ToString().Split($"\"event\":\"{name}\"").Length - 1;

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (int i = 0; !condition(); i++)
        {
            Assert.True(i < 6_000, "It did not happen.");
            await Task.Delay(10);
        }
    }

    /// <summary>What the run printed so far; whole lines.</summary>
    private sealed class LockedText : StringWriter
    {
        private readonly Lock _gate = new();

        public override void WriteLine(string? value)
        {
            lock (_gate)
            {
                base.WriteLine(value);
            }
        }

        public override string ToString()
        {
            lock (_gate)
            {
                return base.ToString();
            }
        }
    }

    private TorrentEnd Seed(string name, byte[] content, TorrentVersion version, out TorrentFile file)
    {
        _folder.Write($"{name}/x", content);
        file = TorrentSamples.Single(version, "x", content).File();
        return new TorrentEnd(new TorrentRequest { File = file, Folder = Path.Combine(_folder.Path, name), IsChecked = true });
    }
}
