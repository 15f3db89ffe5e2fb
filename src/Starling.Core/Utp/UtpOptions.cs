using System;

namespace Starling.Core.Utp;

/// <summary>Bounds and times of uTP. The defaults are the program's.</summary>
public sealed record UtpOptions
{
    /// <summary>
    /// Bytes of a datagram to an IPv4 address: with IP and UDP 1,428, which passes wherever tunnels take less than 72 bytes; elsewhere routers fragment it.
    /// </summary>
    public int MaxDatagramV4 { get; init; } = 1400;

    /// <summary>Bytes of a datagram to an IPv6 address: with IP and UDP 1,280, which every path takes, for nobody fragments there.</summary>
    public int MaxDatagramV6 { get; init; } = 1232;

    /// <summary>Bytes received and not read by the owner at most: the window that a peer is offered.</summary>
    public int ReceiveWindow { get; init; } = 1024 * 1024;

    /// <summary>Bytes written and not acknowledged at most.</summary>
    public int SendBuffer { get; init; } = 2 * 1024 * 1024;

    /// <summary>Queueing delay that the congestion control aims at (BEP 29: 100 ms).</summary>
    public TimeSpan TargetDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Connections at once, those that end included.</summary>
    public int MaxConnections { get; init; } = 512;

    /// <summary>Connections whose initiator has not yet shown that it gets what is sent to its address.</summary>
    public int MaxHalfOpen { get; init; } = 128;

    /// <summary>Of those, connections from one IP.</summary>
    public int MaxHalfOpenPerIp { get; init; } = 16;

    /// <summary>How long such a connection is kept.</summary>
    public TimeSpan HalfOpenTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Resets that unknown connections are answered with, each second.</summary>
    public int MaxResetsPerSecond { get; init; } = 50;

    /// <summary>How often a SYN is sent, after 1, 2, 4… seconds.</summary>
    public int MaxSyns { get; init; } = 5;

    /// <summary>The shortest time after which something unanswered is sent again (BEP 29: 500 ms).</summary>
    public TimeSpan MinTimeout { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest.</summary>
    public TimeSpan MaxTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a peer may acknowledge nothing of what is under way.</summary>
    public TimeSpan MaxSilence { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>How long nothing is sent before a keep-alive is, for the address translators on the way.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(29);

    /// <summary>How long a closed connection goes on answering the peer's last packet.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long what was written before the owner let go may take to arrive.</summary>
    public TimeSpan MaxFarewell { get; init; } = TimeSpan.FromSeconds(10);
}
