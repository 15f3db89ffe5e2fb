using Starling.Core.Metainfo;

namespace Starling.SystemTests.Torrents;

/// <summary>This program seeds, another one fetches, in every way in which it can fetch from one of the others.</summary>
public sealed class FeedingClientsTests
{
    [ClientsTheory(Client.Libtorrent)]
    [MemberData(nameof(ClientMatrix.Feeding), Client.Libtorrent, MemberType = typeof(ClientMatrix))]
    public void Libtorrent_fetches_from_it(Way way, TorrentVersion version) => ClientExchange.Run(way, version, Client.Starling, Client.Libtorrent);

    [ClientsTheory(Client.Aria2)]
    [MemberData(nameof(ClientMatrix.Feeding), Client.Aria2, MemberType = typeof(ClientMatrix))]
    public void Aria2_fetches_from_it(Way way, TorrentVersion version) => ClientExchange.Run(way, version, Client.Starling, Client.Aria2);

    [ClientsTheory(Client.Transmission)]
    [MemberData(nameof(ClientMatrix.Feeding), Client.Transmission, MemberType = typeof(ClientMatrix))]
    public void Transmission_fetches_from_it(Way way, TorrentVersion version) => ClientExchange.Run(way, version, Client.Starling, Client.Transmission);

    [ClientsTheory(Client.QBittorrent)]
    [MemberData(nameof(ClientMatrix.Feeding), Client.QBittorrent, MemberType = typeof(ClientMatrix))]
    public void QBittorrent_fetches_from_it(Way way, TorrentVersion version) => ClientExchange.Run(way, version, Client.Starling, Client.QBittorrent);

    [ClientsTheory(Client.WebTorrent)]
    [MemberData(nameof(ClientMatrix.Feeding), Client.WebTorrent, MemberType = typeof(ClientMatrix))]
    public void WebTorrent_fetches_from_it(Way way, TorrentVersion version) => ClientExchange.Run(way, version, Client.Starling, Client.WebTorrent);
}
