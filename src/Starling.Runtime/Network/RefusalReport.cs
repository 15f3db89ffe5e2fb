using System;
using Starling.Core.Primitives;

namespace Starling.Runtime.Network;

/// <summary>Passes on why connections were refused, at most so many times a second.</summary>
internal sealed class RefusalReport(Action<PeerAddress, Problem>? told, int maxPerSecond)
{
    private readonly TokenBucket _bucket = new(maxPerSecond, maxPerSecond);

    /// <summary>One connection from <paramref name="address"/> was refused.</summary>
    public void Tell(PeerAddress address, string reason)
    {
        if (told is not null && _bucket.TryTake())
        {
            told(address, new Problem("connection", $"Connection from {address} refused: {reason}"));
        }
    }
}
