using System;
using Starling.Core.Primitives;

namespace Starling.Core.Utp;

/// <summary>What a <see cref="UtpSocketTable"/> asks for. Called while it works, so nothing of it may be called back from here.</summary>
public interface IUtpOutput
{
    /// <summary>Sends a datagram, whose memory is used again.</summary>
    /// <returns>False: it can't be sent now, and is offered again a little later.</returns>
    bool Send(PeerAddress to, ReadOnlySpan<byte> datagram);

    /// <summary>A peer opened this connection and has shown that it is where it says.</summary>
    void Accepted(UtpConnection connection);

    /// <summary>It was opened, can be read or written again, or ended.</summary>
    void Changed(UtpConnection connection);
}
