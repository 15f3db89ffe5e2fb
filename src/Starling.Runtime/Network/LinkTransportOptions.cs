using System;
using System.Net;
using Starling.Core.Primitives;

namespace Starling.Runtime.Network;

/// <summary>Where a <see cref="TlsLinkTransport"/> listens, and its bounds. The defaults are the program's.</summary>
public sealed record LinkTransportOptions
{
    /// <summary>Bytes that left a link since the node was last told (LinkDrained).</summary>
    public const int DrainReportBytes = 64 * 1024;

    /// <summary>Address and port to listen at; null: every address of both families, any free port. Port 0: any free one.</summary>
    public IPEndPoint? Listen { get; init; }

    /// <summary>Whether the engine is behind, so that links do not read on; null: never.</summary>
    public Func<bool>? IsEngineBehind { get; init; }

    /// <summary>How long a connect may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a connection may take from TCP to the end of the 68 bytes of the BitTorrent handshake.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a peer may take nothing of what waits for it.</summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a peer may send nothing; keep-alives come every two minutes.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>How long a link that the node closes may go on sending what waits.</summary>
    public TimeSpan CloseGrace { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Connections at once, both directions, from TCP on.</summary>
    public int MaxLinks { get; init; } = 256;

    /// <summary>Incoming connections in their TLS handshake.</summary>
    public int MaxIncomingHandshakes { get; init; } = 128;

    /// <summary>Incoming connections from one address, loopback excepted.</summary>
    public int MaxIncomingPerAddress { get; init; } = 16;

    /// <summary>Outgoing connects and their TLS handshakes at once; further ones wait.</summary>
    public int MaxOutgoingHandshakes { get; init; } = 32;

    /// <summary>Connects that wait; further ones fail at once.</summary>
    public int MaxWaitingConnects { get; init; } = 1024;

    /// <summary>Bytes queued on a link below which the node is told that there is room.</summary>
    public int LowMarkBytes { get; init; } = 512 * 1024;

    /// <summary>Bytes queued on a link, blocks still in the store included, above which the peer counts as one that does not read.</summary>
    public int MaxQueuedBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>Bytes queued on a link that are held in memory, above which the peer counts as one that does not read.</summary>
    public int MaxQueuedMemoryBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>
    /// Told of every incoming connection that ends before it is a link, with the reason; at most <see cref="MaxRefusalsPerSecond"/>
    /// times a second. From any thread.
    /// </summary>
    public Action<PeerAddress, Problem>? Refused { get; init; }

    /// <summary>Bound of <see cref="Refused"/>: a flood of connections is not to become a flood of reports.</summary>
    public int MaxRefusalsPerSecond { get; init; } = 10;
}
