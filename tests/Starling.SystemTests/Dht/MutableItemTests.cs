using System;
using System.IO;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Dht;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Runtime.Discovery;
using Starling.Runtime.Identity;
using Starling.Runtime.Network;
using Starling.Runtime.Torrents;
using Starling.Tests.App.EndToEnd;

namespace Starling.SystemTests.Dht;

/// <summary>Mutable items (BEP 44, 46) in a DHT that is made of libtorrent's nodes.</summary>
public sealed class MutableItemTests
{
    private const int Sessions = 30;

    [LibtorrentFact]
    public async Task Each_reads_what_the_other_signed()
    {
        var seed = new byte[32];
        KeyPair keys = KeyPair.Of(seed);
        using var dht = ForeignDht.OfLibtorrent(Sessions, "127.81.0.%d");
        Assert.True(UdpPort.TryOpen(IPEndPoint.Parse("127.81.1.1:0"), out UdpPort? port, out _));
        await using UdpPort owned = port;
        await using var finder = new PeerFinder(
            new PeerFinderOptions { Listener = port.EndPoint, Locally = false, AskTrackers = false, DhtPort = port, DhtNodes = [dht.Router] }, new Ed25519Verifier());
        var author = new TorrentAuthor(finder, Ed25519Identity.FromSeed(seed), "feed"u8.ToArray());
        Assert.True(await author.HasNodesAsync(TimeSpan.FromSeconds(60), CancellationToken.None));
        Assert.True(SpinWait.SpinUntil(() => finder.DhtNodeCount >= 10, TimeSpan.FromSeconds(60)));

        Assert.InRange(dht.Ask($"putmut 5 {keys.Secret} {keys.Public} feed hello").GetProperty("stored").GetInt32(), 1, 100);
        DhtItem? theirs = await finder.GetItemAsync(Ed25519Identity.FromSeed(seed).PublicKey, "feed"u8.ToArray());
        Assert.Equal("5:hello", Encoding.ASCII.GetString(theirs!.Value.Span));

        // Ours follows theirs: the version is one more than the one that is there.
        var torrent = new TorrentPointer { V1 = new InfoHash(SHA256.HashData("torrent"u8)) };
        PublishedVersion published = await author.PublishAsync(torrent, 0);
        Assert.Equal(theirs.Sequence + 1, published.Sequence);
        Assert.InRange(published.Nodes, 4, 16);
        JsonElement read = dht.Ask($"getmut 17 {keys.Public} feed");
        Assert.Contains(torrent.V1.ToString()!, read.GetProperty("value").GetString(), StringComparison.OrdinalIgnoreCase);
        Assert.Equal(published.Sequence, read.GetProperty("seq").GetInt64());
    }

    [LibtorrentFact]
    public void A_link_to_whatever_an_author_names_works_when_the_author_is_gone()
    {
        using var home = new ScratchFolder();
        byte[] content = new byte[300_000];
        new DeterministicRandom(3).Fill(content);
        Directory.CreateDirectory(home.Folder("seed"));
        File.WriteAllBytes(Path.Combine(home.Folder("seed"), "x"), content);
        Assert.Equal(0, StarlingRun.Finish(home.Path, "torrent", "create", Path.Combine(home.Folder("seed"), "x"), "-o", home.Folder("x.torrent")).WaitForExit());
        using var dht = ForeignDht.OfLibtorrent(Sessions, "127.82.0.%d");
        using StarlingRun publish = StarlingRun.Start(
            home.Path, "torrent", "publish", home.Folder("x.torrent"), "--once", "--json", "--listen", "127.82.1.1:6881", "--dht-router", dht.Router);
        string link = Event(publish, "published").GetProperty("magnet").GetString()!;
        Assert.Equal(0, publish.WaitForExit());

        using StarlingRun seed = StarlingRun.Start(
            home.Path, "torrent", "get", home.Folder("x.torrent"), "--dir", home.Folder("seed"), "--json", "--listen", "127.82.1.2:6881", "--dht-router", dht.Router);
        Event(seed, "complete");
        using StarlingRun get = StarlingRun.Start(
            home.Path, "torrent", "get", link, "--dir", home.Folder("got"), "--json", "--listen", "127.82.1.3:6881", "--dht-router", dht.Router);
        Event(get, "complete");
        Assert.Equal(0, get.WaitForExit());
        Assert.Equal(content, File.ReadAllBytes(Path.Combine(home.Folder("got"), "x")));
    }

    private static JsonElement Event(StarlingRun run, string name) => JsonDocument.Parse(
        run.WaitForLine(line => line.Contains($"\"event\":\"{name}\"", StringComparison.Ordinal))).RootElement;

    /// <summary>A key pair as libtorrent takes it: the secret in its expanded form (RFC 8032, section 5.1.5).</summary>
    private sealed record KeyPair(string Secret, string Public)
    {
        public static KeyPair Of(byte[] seed)
        {
            byte[] expanded = SHA512.HashData(seed);
            expanded[0] &= 248;
            expanded[31] = (byte)((expanded[31] & 63) | 64);
            return new KeyPair(Convert.ToHexStringLower(expanded), Ed25519Identity.FromSeed(seed).PublicKey.ToString());
        }
    }
}
