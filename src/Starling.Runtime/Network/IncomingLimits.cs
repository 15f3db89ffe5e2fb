using System.Collections.Generic;
using System.Net;
using System.Threading;

namespace Starling.Runtime.Network;

/// <summary>Counts incoming connections by address, from their accept to their end, against the bounds of the options.</summary>
internal sealed class IncomingLimits(int maxPerAddress, int maxHandshakes)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, int> _perAddress = [];
    private int _handshakes;

    /// <summary>Counts a connection in; null, or why it is not to be.</summary>
    public string? TryEnter(IPAddress address)
    {
        lock (_gate)
        {
            if (_handshakes >= maxHandshakes)
            {
                return "too many connections are in their handshake";
            }

            if (!IPAddress.IsLoopback(address))
            {
                int count = _perAddress.GetValueOrDefault(address);
                if (count >= maxPerAddress)
                {
                    return $"{count} connections from this address already";
                }

                _perAddress[address] = count + 1;
            }

            _handshakes++;
            return null;
        }
    }

    /// <summary>Its handshake is over, well or not.</summary>
    public void HandshakeDone()
    {
        lock (_gate)
        {
            _handshakes--;
        }
    }

    /// <summary>The connection ended.</summary>
    public void Leave(IPAddress address)
    {
        if (IPAddress.IsLoopback(address))
        {
            return;
        }

        lock (_gate)
        {
            int count = _perAddress[address] - 1;
            if (count == 0)
            {
                _perAddress.Remove(address);
            }
            else
            {
                _perAddress[address] = count;
            }
        }
    }
}
