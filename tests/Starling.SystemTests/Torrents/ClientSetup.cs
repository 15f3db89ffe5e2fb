namespace Starling.SystemTests.Torrents;

/// <summary>The programs that exchange torrents here.</summary>
public enum Client
{
    Starling,
    Libtorrent,
    Aria2,
    Transmission,
    QBittorrent,
    WebTorrent,
}

/// <summary>What the two find each other through, and what is special about their connection.</summary>
public enum Way
{
    HttpTracker,
    UdpTracker,

    /// <summary>The DHT alone: a node on a third host is all that both know.</summary>
    Dht,
    LocalDiscovery,

    /// <summary>An HTTP tracker, and a link in place of the .torrent file.</summary>
    Magnet,

    /// <summary>The DHT alone, and a link in place of the .torrent file.</summary>
    MagnetDht,

    /// <summary>An HTTP tracker; nothing but encrypted connections (MSE with RC4).</summary>
    Encrypted,

    /// <summary>An HTTP tracker; this program alone requires encryption.</summary>
    EncryptedHere,

    /// <summary>An HTTP tracker; the other program alone requires encryption.</summary>
    EncryptedThere,

    /// <summary>An HTTP tracker; no TCP passes between the two hosts.</summary>
    Utp,

    /// <summary>The leecher is told the seeder's address.</summary>
    Address,

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
/// <param name="IsEncrypted">Whether it takes and makes nothing but encrypted connections.</param>
internal sealed record ClientSetup(
    NetworkLab Lab, int Host, string Folder, string Data, string Source, Way Way, string Router, bool Seeds, string Peer, bool IsEncrypted = false)
{
    /// <summary>Where every client listens.</summary>
    public const int Port = 6881;

    public string Address => Lab.AddressOf(Host);

    public bool IsDht => Way is Way.Dht or Way.MagnetDht;

    public bool IsLocal => Way == Way.LocalDiscovery;

    public bool IsUtp => Way == Way.Utp;
}
