using Starling.Core.Metainfo;

namespace Starling.SystemTests.Torrents;

/// <summary>This program as one side of an exchange, another program as the other.</summary>
public sealed class StarlingClientsTests
{
    [ClientsTheory]
    [InlineData(Way.Address, TorrentVersion.V1, Client.Libtorrent)]
    [InlineData(Way.Address, TorrentVersion.V2, Client.Libtorrent)]
    [InlineData(Way.Address, TorrentVersion.Hybrid, Client.Libtorrent)]
    [InlineData(Way.Address, TorrentVersion.V1, Client.Aria2)]
    [InlineData(Way.Address, TorrentVersion.V1, Client.Transmission)]
    [InlineData(Way.Address, TorrentVersion.V1, Client.QBittorrent)]
    [InlineData(Way.Address, TorrentVersion.V2, Client.QBittorrent)]
    [InlineData(Way.Address, TorrentVersion.Hybrid, Client.QBittorrent)]
    [InlineData(Way.AddressUtp, TorrentVersion.V1, Client.Libtorrent)]
    [InlineData(Way.AddressEncrypted, TorrentVersion.V1, Client.Libtorrent)]
    [InlineData(Way.AddressEncrypted, TorrentVersion.V1, Client.Aria2)]
    [InlineData(Way.AddressEncrypted, TorrentVersion.V1, Client.Transmission)]
    [InlineData(Way.AddressEncrypted, TorrentVersion.V1, Client.QBittorrent)]
    [InlineData(Way.MagnetAddress, TorrentVersion.V1, Client.Libtorrent)]
    [InlineData(Way.MagnetAddress, TorrentVersion.V1, Client.Aria2)]
    [InlineData(Way.MagnetAddress, TorrentVersion.V1, Client.Transmission)]
    [InlineData(Way.MagnetAddress, TorrentVersion.V2, Client.Libtorrent)]
    [InlineData(Way.MagnetAddress, TorrentVersion.Hybrid, Client.QBittorrent)]
    [InlineData(Way.LocalDiscovery, TorrentVersion.V1, Client.Libtorrent)]
    [InlineData(Way.LocalDiscovery, TorrentVersion.V1, Client.Aria2)]
    [InlineData(Way.HttpTracker, TorrentVersion.V1, Client.Libtorrent)]
    [InlineData(Way.HttpTracker, TorrentVersion.V1, Client.Aria2)]
    [InlineData(Way.HttpTracker, TorrentVersion.V1, Client.Transmission)]
    [InlineData(Way.HttpTracker, TorrentVersion.Hybrid, Client.QBittorrent)]
    [InlineData(Way.HttpTracker, TorrentVersion.V2, Client.Libtorrent)]
    [InlineData(Way.UdpTracker, TorrentVersion.V1, Client.Libtorrent)]
    [InlineData(Way.UdpTracker, TorrentVersion.V1, Client.Transmission)]
    [InlineData(Way.Magnet, TorrentVersion.V1, Client.Libtorrent)]
    [InlineData(Way.Magnet, TorrentVersion.Hybrid, Client.QBittorrent)]
    public void It_fetches_from_the_other(Way way, TorrentVersion version, Client seeder)
    {
        using var exchange = new ClientExchange(way, version);
        exchange.Run(seeder, Client.Starling);
    }

    [ClientsTheory]
    [InlineData(Way.Address, TorrentVersion.V1, Client.Libtorrent)]
    [InlineData(Way.Address, TorrentVersion.V2, Client.Libtorrent)]
    [InlineData(Way.Address, TorrentVersion.Hybrid, Client.Libtorrent)]
    [InlineData(Way.AddressUtp, TorrentVersion.V1, Client.Libtorrent)]
    [InlineData(Way.AddressEncrypted, TorrentVersion.V1, Client.Libtorrent)]
    [InlineData(Way.MagnetAddress, TorrentVersion.V1, Client.Libtorrent)]
    [InlineData(Way.LocalDiscovery, TorrentVersion.V1, Client.Libtorrent)]
    [InlineData(Way.LocalDiscovery, TorrentVersion.V1, Client.Aria2)]
    [InlineData(Way.LocalDiscovery, TorrentVersion.V1, Client.Transmission)]
    [InlineData(Way.LocalDiscovery, TorrentVersion.Hybrid, Client.QBittorrent)]
    [InlineData(Way.LocalDiscovery, TorrentVersion.V2, Client.QBittorrent)]
    [InlineData(Way.HttpTracker, TorrentVersion.V1, Client.Libtorrent)]
    [InlineData(Way.HttpTracker, TorrentVersion.V1, Client.Aria2)]
    [InlineData(Way.HttpTracker, TorrentVersion.V1, Client.Transmission)]
    [InlineData(Way.HttpTracker, TorrentVersion.Hybrid, Client.QBittorrent)]
    [InlineData(Way.HttpTracker, TorrentVersion.V2, Client.QBittorrent)]
    [InlineData(Way.UdpTracker, TorrentVersion.V1, Client.Libtorrent)]
    [InlineData(Way.UdpTracker, TorrentVersion.V1, Client.QBittorrent)]
    [InlineData(Way.Encrypted, TorrentVersion.V1, Client.Aria2)]
    [InlineData(Way.Encrypted, TorrentVersion.V1, Client.Transmission)]
    [InlineData(Way.Encrypted, TorrentVersion.V1, Client.QBittorrent)]
    [InlineData(Way.Magnet, TorrentVersion.V1, Client.Libtorrent)]
    [InlineData(Way.Magnet, TorrentVersion.V1, Client.Aria2)]
    [InlineData(Way.Magnet, TorrentVersion.V1, Client.Transmission)]
    public void The_other_fetches_from_it(Way way, TorrentVersion version, Client leecher)
    {
        using var exchange = new ClientExchange(way, version);
        exchange.Run(Client.Starling, leecher);
    }
}
