using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Starling.Core.Primitives;

namespace Starling.Runtime.Network;

/// <summary>The one port of the process (DESIGN section 2): TCP and UDP at the same address and number.</summary>
internal static class SharedPort
{
    /// <summary>Free TCP ports tried until one is found whose number is free for UDP too.</summary>
    public const int MaxAttempts = 16;

    /// <summary>
    /// Listens at <paramref name="wanted"/> (null: every address, any free port; port 0: any free one) and opens UDP there too.
    /// </summary>
    /// <param name="wanted">Address and port.</param>
    /// <param name="listener">The listening TCP socket.</param>
    /// <param name="udp">The UDP port; null when it can't be had, which leaves TCP as it is.</param>
    /// <param name="problem">With false: why there is no TCP listener. With true: why there is no UDP port, else null.</param>
    public static bool TryOpen(
        IPEndPoint? wanted, [NotNullWhen(true)] out Socket? listener, out UdpPort? udp, out Problem? problem)
    {
        udp = null;
        for (int attempt = 1; LinkListener.TryOpen(wanted, out listener, out problem); attempt++)
        {
            // A port that was asked for by number is kept; of those that the system chooses another may do.
            if (UdpPort.TryOpen((IPEndPoint)listener.LocalEndPoint!, out udp, out problem)
                || wanted is { Port: not 0 } || attempt == MaxAttempts)
            {
                return true;
            }

            listener.Dispose();
        }

        return false;
    }
}
