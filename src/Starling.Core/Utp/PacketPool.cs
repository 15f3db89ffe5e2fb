using System.Collections.Generic;

namespace Starling.Core.Utp;

/// <summary>
/// Buffers of outgoing packets, all of one size. The shared pool keeps a few dozen a core, and a connection has hundreds under way, rented by one thread and
/// given back by another.
/// </summary>
internal sealed class PacketPool(int bufferSize)
{
    /// <summary>Buffers kept at most.</summary>
    public const int MaxKept = 1024;

    private readonly Stack<byte[]> _kept = new();

    public byte[] Rent() => _kept.TryPop(out byte[]? buffer) ? buffer : new byte[bufferSize];

    public void Return(byte[] buffer)
    {
        if (_kept.Count < MaxKept)
        {
            _kept.Push(buffer);
        }
    }
}
