namespace Starling.SystemTests.Torrents;

/// <summary>The programs that exchange torrents here.</summary>
public enum Client
{
    Starling,
    Libtorrent,
    Aria2,
    Transmission,
    QBittorrent,
}

/// <summary>What the two find each other through, and what is special about their connection.</summary>
public enum Way
{
    HttpTracker,
    UdpTracker,
    Dht,
    LocalDiscovery,

    /// <summary>An HTTP tracker; nothing but encrypted connections (MSE with RC4).</summary>
    Encrypted,

    /// <summary>An HTTP tracker, and a link in place of the .torrent file.</summary>
    Magnet,

    /// <summary>The leecher is told the seeder's address.</summary>
    Address,

    /// <summary>Like <see cref="Address"/>; the other program has no TCP (libtorrent alone can be told so).</summary>
    AddressUtp,

    /// <summary>Like <see cref="Address"/>; nothing but encrypted connections.</summary>
    AddressEncrypted,

    /// <summary>A link that holds the seeder's address (<c>x.pe</c>).</summary>
    MagnetAddress,
}

/// <summary>How one client is started.</summary>
/// <param name="Lab">The network.</param>
/// <param name="Host">Number of its host there.</param>
/// <param name="Folder">A folder for its own files.</param>
/// <param name="Data">The download folder.</param>
/// <param name="Source">A .torrent file or a magnet link.</param>
/// <param name="Way">What it may use.</param>
/// <param name="Router">A node of the DHT as <c>host:port</c>.</param>
/// <param name="Seeds">Whether the data is there already.</param>
/// <param name="Peer">A peer as <c>host:port</c>; empty: none.</param>
internal sealed record ClientSetup(NetworkLab Lab, int Host, string Folder, string Data, string Source, Way Way, string Router, bool Seeds, string Peer)
{
    /// <summary>Where every client listens.</summary>
    public const int Port = 6881;

    public string Address => Lab.AddressOf(Host);

    public bool IsDht => Way == Way.Dht;

    public bool IsLocal => Way == Way.LocalDiscovery;

    public bool IsUtp => Way == Way.AddressUtp;

    public bool IsEncrypted => Way is Way.Encrypted or Way.AddressEncrypted;
}
