using Starling.Core.Metainfo;

namespace Starling.SystemTests.Torrents;

/// <summary>Another program seeds, this one fetches, in every way in which one of the others can fetch from it.</summary>
public sealed class FetchingFromClientsTests
{
    [ClientsTheory(Client.Libtorrent)]
    [MemberData(nameof(ClientMatrix.FedBy), Client.Libtorrent, MemberType = typeof(ClientMatrix))]
    public void It_fetches_from_libtorrent(Way way, TorrentVersion version) => ClientExchange.Run(way, version, Client.Libtorrent, Client.Starling);

    [ClientsTheory(Client.Aria2)]
    [MemberData(nameof(ClientMatrix.FedBy), Client.Aria2, MemberType = typeof(ClientMatrix))]
    public void It_fetches_from_aria2(Way way, TorrentVersion version) => ClientExchange.Run(way, version, Client.Aria2, Client.Starling);

    [ClientsTheory(Client.Transmission)]
    [MemberData(nameof(ClientMatrix.FedBy), Client.Transmission, MemberType = typeof(ClientMatrix))]
    public void It_fetches_from_transmission(Way way, TorrentVersion version) => ClientExchange.Run(way, version, Client.Transmission, Client.Starling);

    [ClientsTheory(Client.QBittorrent)]
    [MemberData(nameof(ClientMatrix.FedBy), Client.QBittorrent, MemberType = typeof(ClientMatrix))]
    public void It_fetches_from_qbittorrent(Way way, TorrentVersion version) => ClientExchange.Run(way, version, Client.QBittorrent, Client.Starling);

    [ClientsTheory(Client.WebTorrent)]
    [MemberData(nameof(ClientMatrix.FedBy), Client.WebTorrent, MemberType = typeof(ClientMatrix))]
    public void It_fetches_from_webtorrent(Way way, TorrentVersion version) => ClientExchange.Run(way, version, Client.WebTorrent, Client.Starling);
}
