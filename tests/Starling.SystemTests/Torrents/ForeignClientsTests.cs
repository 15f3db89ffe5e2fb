using Starling.Core.Metainfo;

namespace Starling.SystemTests.Torrents;

/// <summary>Other programs with each other: what fails here is the harness's fault, or theirs. Torrents are this program's own making.</summary>
public sealed class ForeignClientsTests
{
    [ClientsTheory(Client.Libtorrent, Client.Aria2, Client.Transmission, Client.QBittorrent)]
    [InlineData(Way.HttpTracker, TorrentVersion.V1, Client.Libtorrent, Client.Aria2)]
    [InlineData(Way.HttpTracker, TorrentVersion.V1, Client.Aria2, Client.Transmission)]
    [InlineData(Way.HttpTracker, TorrentVersion.V1, Client.Transmission, Client.QBittorrent)]
    [InlineData(Way.HttpTracker, TorrentVersion.V1, Client.QBittorrent, Client.Libtorrent)]
    [InlineData(Way.HttpTracker, TorrentVersion.Hybrid, Client.Libtorrent, Client.QBittorrent)]
    [InlineData(Way.HttpTracker, TorrentVersion.V2, Client.QBittorrent, Client.Libtorrent)]
    [InlineData(Way.UdpTracker, TorrentVersion.V1, Client.Libtorrent, Client.QBittorrent)]
    [InlineData(Way.Dht, TorrentVersion.V1, Client.Libtorrent, Client.Aria2)]
    [InlineData(Way.Dht, TorrentVersion.V1, Client.Aria2, Client.QBittorrent)]
    [InlineData(Way.Dht, TorrentVersion.V1, Client.QBittorrent, Client.Transmission)]
    [InlineData(Way.Dht, TorrentVersion.V1, Client.Transmission, Client.Libtorrent)]
    [InlineData(Way.MagnetDht, TorrentVersion.V1, Client.Libtorrent, Client.QBittorrent)]
    [InlineData(Way.MagnetDht, TorrentVersion.V2, Client.QBittorrent, Client.Libtorrent)]
    [InlineData(Way.LocalDiscovery, TorrentVersion.V1, Client.Libtorrent, Client.Aria2)]
    [InlineData(Way.Encrypted, TorrentVersion.V1, Client.Aria2, Client.Libtorrent)]
    [InlineData(Way.Utp, TorrentVersion.V1, Client.Libtorrent, Client.QBittorrent)]
    [InlineData(Way.Utp, TorrentVersion.V1, Client.QBittorrent, Client.Transmission)]
    [InlineData(Way.Utp, TorrentVersion.V1, Client.Transmission, Client.Libtorrent)]
    [InlineData(Way.Magnet, TorrentVersion.V1, Client.Libtorrent, Client.Transmission)]
    [InlineData(Way.Magnet, TorrentVersion.Hybrid, Client.Libtorrent, Client.QBittorrent)]
    public void One_feeds_the_other(Way way, TorrentVersion version, Client seeder, Client leecher) => ClientExchange.Run(way, version, seeder, leecher);

    [ClientsTheory(Client.WebTorrent, Client.Libtorrent)]
    [InlineData(Way.HttpTracker, TorrentVersion.V1, Client.WebTorrent, Client.Libtorrent)]
    [InlineData(Way.HttpTracker, TorrentVersion.V1, Client.Libtorrent, Client.WebTorrent)]
    [InlineData(Way.Dht, TorrentVersion.V1, Client.Libtorrent, Client.WebTorrent)]
    [InlineData(Way.Dht, TorrentVersion.V1, Client.WebTorrent, Client.Libtorrent)]
    [InlineData(Way.Encrypted, TorrentVersion.V1, Client.WebTorrent, Client.Libtorrent)]
    [InlineData(Way.Utp, TorrentVersion.V1, Client.WebTorrent, Client.Libtorrent)]
    public void WebTorrent_and_libtorrent(Way way, TorrentVersion version, Client seeder, Client leecher) => ClientExchange.Run(way, version, seeder, leecher);
}
