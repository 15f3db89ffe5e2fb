using System;
using Starling.Core.Primitives;

namespace Starling.Runtime.Network;

/// <summary>One protocol on the process's UDP port.</summary>
public interface IDatagramHandler
{
    /// <summary>
    /// Takes a datagram if it is one of this protocol. Called for one datagram at a time; must not block, and must copy what it keeps, for
    /// the buffer is used again.
    /// </summary>
    /// <param name="from">Where it came from; IPv4 as <see cref="PeerAddress"/> keeps it.</param>
    /// <param name="datagram">Its bytes, at most <see cref="UdpPort.MaxDatagramSize"/>.</param>
    /// <returns>False: not mine, the next handler is asked.</returns>
    bool TryHandle(PeerAddress from, ReadOnlySpan<byte> datagram);

    /// <summary>
    /// No more datagrams wait, or <see cref="UdpPort.MaxBatch"/> have come since the last time: what can be done once for many of them, such as
    /// acknowledging, is due now.
    /// </summary>
    void EndOfBatch()
    {
    }
}
