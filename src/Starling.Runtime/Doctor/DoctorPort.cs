using System;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Runtime.Network;

namespace Starling.Runtime.Doctor;

/// <summary>
/// The port of the examination, opened as the program opens its own. When the wanted one can't be had, any free one stands in for it, so that the other
/// checks go on.
/// </summary>
internal sealed class DoctorPort : IAsyncDisposable
{
    private readonly Socket? _tcp;

    private DoctorPort(Socket? tcp, UdpPort? udp, Problem? problem)
    {
        (_tcp, Udp, Problem) = (tcp, udp, problem);
        EndPoint = (IPEndPoint?)tcp?.LocalEndPoint ?? new IPEndPoint(IPAddress.Any, 0);
    }

    /// <summary>Where it listens; port 0: nowhere.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>The UDP side; null when it can't be had.</summary>
    public UdpPort? Udp { get; }

    /// <summary>Why the wanted port, or its UDP side, can't be had; null: it can.</summary>
    public Problem? Problem { get; }

    /// <summary>Whether the wanted port is held, at least its TCP side.</summary>
    public bool IsWanted { get; private init; } = true;

    public static DoctorPort Open(IPEndPoint? wanted)
    {
        if (SharedPort.TryOpen(wanted, out Socket? tcp, out UdpPort? udp, out Problem? problem))
        {
            return new DoctorPort(tcp, udp, problem);
        }

        return SharedPort.TryOpen(null, out tcp, out udp, out _)
            ? new DoctorPort(tcp, udp, problem) { IsWanted = false }
            : new DoctorPort(null, null, problem) { IsWanted = false };
    }

    public async ValueTask DisposeAsync()
    {
        if (Udp is not null)
        {
            await Udp.DisposeAsync().ConfigureAwait(false);
        }

        _tcp?.Dispose();
    }
}
