using System;
using System.Linq;
using Starling.Core.Metainfo;

namespace Starling.SystemTests.Torrents;

/// <summary>
/// Which cells there are: by what way, what kind of torrent, with which program, in which direction. What a program can't do, with any other, is left out here; docs/torrents.md
/// has the table.
/// </summary>
public static class ClientMatrix
{
    private static readonly TorrentVersion[] All = [TorrentVersion.V1, TorrentVersion.V2, TorrentVersion.Hybrid];
    private static readonly TorrentVersion[] WithoutV2 = [TorrentVersion.V1, TorrentVersion.Hybrid];
    private static readonly TorrentVersion[] OnlyV1 = [TorrentVersion.V1];

    /// <summary>Cells in which the other program seeds.</summary>
    public static TheoryData<Way, TorrentVersion> FedBy(Client seeder) => Cells(seeder, seeds: true);

    /// <summary>Cells in which the other program fetches.</summary>
    public static TheoryData<Way, TorrentVersion> Feeding(Client leecher) => Cells(leecher, seeds: false);

    private static TheoryData<Way, TorrentVersion> Cells(Client client, bool seeds)
    {
        var cells = new TheoryData<Way, TorrentVersion>();
        foreach (Way way in Enum.GetValues<Way>().Where(way => Can(client, way, seeds)))
        {
            foreach (TorrentVersion version in Versions(client, way))
            {
                cells.Add(way, version);
            }
        }

        return cells;
    }

    private static bool Can(Client client, Way way, bool seeds) => (client, way) switch
    {
        // Only a program that can be told an address fetches from one.
        (not Client.Libtorrent, Way.Address) => seeds,
        (not Client.Libtorrent, Way.MagnetAddress) => seeds,
        (Client.Aria2, Way.UdpTracker or Way.Utp) => false,

        // With a link it tells trackers that "Infinity" is left, which opentracker refuses.
        (Client.WebTorrent, Way.Magnet) => seeds,

        // Once complete it connects to nobody, and announces itself every five minutes; it encrypts only if it is told to.
        (Client.WebTorrent, Way.LocalDiscovery) => !seeds,
        (Client.WebTorrent, Way.EncryptedHere) => false,
        _ => true,
    };

    private static TorrentVersion[] Versions(Client client, Way way) => (client, way) switch
    {
        (Client.Libtorrent or Client.QBittorrent, Way.EncryptedHere or Way.EncryptedThere) => OnlyV1,
        (Client.Libtorrent or Client.QBittorrent, _) => All,

        // aria2 1.36 takes the v1 info-hash of a hybrid torrent for another one, Transmission 3.00 does not read it at all, whoever made it.
        (Client.WebTorrent, Way.HttpTracker or Way.Dht or Way.LocalDiscovery) => WithoutV2,
        _ => OnlyV1,
    };
}
