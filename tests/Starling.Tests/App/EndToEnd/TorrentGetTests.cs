using System;
using System.Buffers.Binary;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Wire;
using Starling.Tests.Core.Metainfo;
using Starling.Tests.Runtime.Tasks;
using Starling.Tests.Runtime.Torrents;

namespace Starling.Tests.App.EndToEnd;

/// <summary>The built program as an ordinary BitTorrent client: two of them on loopback.</summary>
public sealed class TorrentGetTests : IDisposable
{
    private static readonly byte[] Content = TorrentSamples.Content(3_000_000, 4);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("file", "prefer")]
    [InlineData("magnet", "prefer")]
    [InlineData("file", "off")]
    [InlineData("file", "require")]
    public void One_shares_and_the_other_gets(string by, string encryption)
    {
        string torrent = Lay("seed");
        using StarlingRun seed = Start("torrent", "get", torrent, "--dir", In("seed"), "--encryption", encryption);
        JsonElement started = Wait(seed, "started");
        Wait(seed, "complete");
        string what = by == "file" ? torrent : started.GetProperty("magnet").GetString()!.Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal);
        using StarlingRun get = Start("torrent", "get", what, "--dir", In("got"), "--peer", started.GetProperty("listen").GetString()!, "--encryption", encryption);
        JsonElement complete = Wait(get, "complete");

        Assert.Equal(0, get.WaitForExit());
        Assert.Equal(Content, File.ReadAllBytes(complete.GetProperty("output")[0].GetString()!));
        Assert.Equal(Content.Length, Wait(get, "stopped").GetProperty("bytes").GetInt64());
    }

    [Fact]
    public void A_torrent_with_a_web_seed_needs_no_peer()
    {
        using var server = new TestWebServer(path => path == "/content.bin" ? Content : null);
        using StarlingRun made = Create(server.Url + "content.bin");
        using StarlingRun get = Start("torrent", "get", In("web.torrent"), "--dir", In("got"));
        JsonElement complete = Wait(get, "complete");
        Assert.Equal(0, get.WaitForExit());
        Assert.Equal(Content, File.ReadAllBytes(complete.GetProperty("output")[0].GetString()!));
    }

    private StarlingRun Create(string webSeed)
    {
        _folder.Write("made/content.bin", Content);
        StarlingRun made = StarlingRun.Finish(_folder.Path, "torrent", "create", In("made/content.bin"), "-o", In("web.torrent"), "--web-seed", webSeed);
        Assert.Equal((0, ""), (made.WaitForExit(), made.Error));
        return made;
    }

    [Fact]
    public void Stopped_before_the_end_is_3_and_what_is_here_counts_at_the_next_start()
    {
        string torrent = Lay("seed");
        using StarlingRun seed = Start("torrent", "get", torrent, "--dir", In("seed"), "--up", "400K", "--encryption", "off");
        string address = Wait(seed, "started").GetProperty("listen").GetString()!;
        using StarlingRun get = Start("torrent", "get", torrent, "--dir", In("got"), "--peer", address, "--encryption", "off");
        Wait(get, "piece");
        get.Signal(15);
        Assert.Equal(3, get.WaitForExit());
        using StarlingRun again = Start("torrent", "get", torrent, "--dir", In("got"), "--peer", address, "--exit", "--encryption", "off");
        Assert.InRange(Wait(again, "checked").GetProperty("have").GetInt32(), 1, Content.Length / 16_384);
        Wait(again, "complete");
        Assert.Equal(0, again.WaitForExit());
    }

    /// <summary>BEP 5: the peer's node is asked, though nobody else has told of it.</summary>
    [Fact]
    public void A_peers_node_of_the_DHT_is_told_and_asked()
    {
        string torrent = Lay("seed");
        InfoHash hash = TorrentSamples.Single(TorrentVersion.Hybrid, "content.bin", Content).File().Info.InfoHashV1!.Value;
        using StarlingRun seed = StarlingRun.Start(
            _folder.Path, "torrent", "get", torrent, "--dir", In("seed"), "--encryption", "off", "--json", "--listen", "127.0.0.1:0");
        IPEndPoint address = IPEndPoint.Parse(Wait(seed, "started").GetProperty("listen").GetString()!);
        Wait(seed, "complete");
        using var node = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        node.Client.ReceiveTimeout = 60_000;
        using var peer = new TcpClient { ReceiveTimeout = 60_000 };
        peer.Connect(address);
        NetworkStream stream = peer.GetStream();
        stream.Write(new Handshake(Handshake.DhtBit, hash, PeerId.Create(new DeterministicRandom(9))).Encode());
        var greeting = new byte[Handshake.Size];
        stream.ReadExactly(greeting);
        Assert.True(Handshake.TryDecode(greeting, out Handshake answer) && answer.SupportsDht);
        PeerMessage.Port told = ReadUntilPort(stream);
        Assert.Equal(address.Port, told.Number);
        stream.Write(PeerMessageCodec.Encode(new PeerMessage.Port((ushort)((IPEndPoint)node.Client.LocalEndPoint!).Port)));
        IPEndPoint from = new(IPAddress.Any, 0);
        Assert.Contains("1:y1:q", Encoding.Latin1.GetString(node.Receive(ref from)), StringComparison.Ordinal);
        Assert.Equal(address, from);
    }

    private static PeerMessage.Port ReadUntilPort(NetworkStream stream)
    {
        while (true)
        {
            var prefix = new byte[PeerMessageCodec.PrefixSize];
            stream.ReadExactly(prefix);
            var frame = new byte[BinaryPrimitives.ReadInt32BigEndian(prefix)];
            stream.ReadExactly(frame);
            Assert.True(PeerMessageCodec.TryDecode(frame, out PeerMessage? message));
            if (message is PeerMessage.Port port)
            {
                return port;
            }
        }
    }

    [Fact]
    public void A_link_to_whatever_an_author_names_leads_to_the_torrent()
    {
        // Any process of the program is a node of the DHT.
        string first = Lay("seed");
        using StarlingRun seed = StarlingRun.Start(_folder.Path, "torrent", "get", first, "--dir", In("seed"), "--json", "--listen", "127.0.0.1:0");
        string node = Wait(seed, "started").GetProperty("listen").GetString()!;
        using StarlingRun publisher = StarlingRun.Start(
            _folder.Path, "torrent", "publish", first, "--salt", "x", "--dht-router", node, "--listen", "127.0.0.2:0", "--once", "--json");
        JsonElement published = Wait(publisher, "published");
        Assert.Equal(0, publisher.WaitForExit());
        Assert.EndsWith("&s=78", published.GetProperty("magnet").GetString(), StringComparison.Ordinal);

        using StarlingRun get = StarlingRun.Start(
            _folder.Path, "torrent", "get", published.GetProperty("magnet").GetString()!, "--dir", In("got"), "--dht-router", node, "--listen", "127.0.0.3:0", "--peer", node, "--json");
        Assert.Equal(published.GetProperty("sequence").GetInt64(), Wait(get, "version").GetProperty("sequence").GetInt64());
        JsonElement complete = Wait(get, "complete");
        Assert.Equal(0, get.WaitForExit());
        Assert.Equal(Content, File.ReadAllBytes(complete.GetProperty("output")[0].GetString()!));
    }

    [Fact]
    public void A_feed_needs_the_DHT_and_a_private_torrent_is_not_published()
    {
        string key = new('a', 64);
        using StarlingRun get = StarlingRun.Finish(_folder.Path, "torrent", "get", $"magnet:?xs=urn:btpk:{key}", "--no-dht");
        Assert.Equal(2, get.WaitForExit());
        Assert.Contains("Leave out --no-dht", get.Error, StringComparison.Ordinal);
        string hidden = _folder.Write(
            "private.torrent", TorrentSamples.Folder(TorrentVersion.V1, [("a", Content)], isPrivate: true).File().ToBytes());
        using StarlingRun publish = StarlingRun.Finish(_folder.Path, "torrent", "publish", hidden);
        Assert.Equal(2, publish.WaitForExit());
        Assert.Contains("is private", publish.Error, StringComparison.Ordinal);
        using StarlingRun salt = StarlingRun.Finish(_folder.Path, "torrent", "publish", hidden, "--salt", new string('x', 65));
        Assert.Equal(2, salt.WaitForExit());
    }

    [Fact]
    public void What_is_no_torrent_is_a_wrong_line()
    {
        string path = _folder.Write("bad.torrent", "d4:infoe");
        using StarlingRun bad = StarlingRun.Start(_folder.Path, "torrent", "get", path);
        Assert.Equal(2, bad.WaitForExit());
        using StarlingRun missing = StarlingRun.Start(_folder.Path, "torrent", "get", path + "x");
        Assert.Equal(2, missing.WaitForExit());
        using StarlingRun option = StarlingRun.Start(_folder.Path, "torrent", "get", path, "--down", "much");
        Assert.Equal(2, option.WaitForExit());
    }

    private StarlingRun Start(params string[] args) =>
        StarlingRun.Start(_folder.Path, [.. args, "--json", "--no-dht", "--listen", "127.0.0.1:0"]);

    private string In(string name) => Path.Combine(_folder.Path, name);

    private string Lay(string folder)
    {
        _folder.Write($"{folder}/content.bin", Content);
        return _folder.Write("content.torrent", TorrentSamples.Single(TorrentVersion.Hybrid, "content.bin", Content).File().ToBytes());
    }

    private static JsonElement Wait(StarlingRun run, string name)
    {
        string line = run.WaitForLine(each => each.Contains($"\"event\":\"{name}\"", StringComparison.Ordinal));
        using JsonDocument document = JsonDocument.Parse(line);
        return document.RootElement.Clone();
    }
}
