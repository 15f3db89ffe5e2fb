using System;
using System.Net;
using Starling.Core.Wire.Mse;
using Starling.Runtime.Network;

namespace Starling.Runtime.Torrents;

/// <summary>The bounds of a <see cref="TorrentHost"/>. The defaults are the program's.</summary>
public sealed record TorrentHostOptions
{
    /// <summary>How long a connect may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a peer may take nothing of what waits for it.</summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a link that is closed may go on sending what waits.</summary>
    public TimeSpan CloseGrace { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Connections of all torrents at once.</summary>
    public int MaxLinks { get; init; } = 256;

    /// <summary>Bytes of blocks that wait for the disk, above which sockets are not read: little, so that they stay in the processor's caches.</summary>
    public long MaxQueuedBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>How often the state of a torrent is saved while pieces and blocks come: what came since is lost when the process is killed.</summary>
    public TimeSpan SaveInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Encryption of connections.</summary>
    public MsePolicy Encryption { get; init; } = MsePolicy.Prefer;

    /// <summary>How long the encryption of an outgoing connection may take, before a plain one is tried.</summary>
    public TimeSpan EncryptionTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>uTP, for outgoing connections; null: TCP alone.</summary>
    public UtpEndpoint? Utp { get; init; }

    /// <summary>Whether this process has a node of the DHT at the UDP port with the listener's number: peers are told.</summary>
    public bool HasDhtNode { get; init; }

    /// <summary>Address to connect from; null: the system chooses.</summary>
    public IPAddress? LocalAddress { get; init; }
}
