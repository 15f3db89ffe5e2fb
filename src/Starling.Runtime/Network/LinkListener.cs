using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Starling.Core.Primitives;

namespace Starling.Runtime.Network;

/// <summary>Opens the one TCP port of the process, and says clearly why it can't.</summary>
internal static class LinkListener
{
    private const int Backlog = 512;

    /// <summary>Listens at <paramref name="wanted"/>, or, when null, at any free port of every address of both families.</summary>
    public static bool TryOpen(IPEndPoint? wanted, [NotNullWhen(true)] out Socket? socket, [NotNullWhen(false)] out Problem? problem)
    {
        IPEndPoint point = wanted
            ?? new IPEndPoint(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        if (TryBind(point, out socket, out SocketException? failure))
        {
            problem = null;
            return true;
        }

        // IPv6 may be compiled in and switched off.
        if (wanted is null && point.AddressFamily == AddressFamily.InterNetworkV6
            && TryBind(new IPEndPoint(IPAddress.Any, 0), out socket, out failure))
        {
            problem = null;
            return true;
        }

        problem = Explain(point, failure!);
        return false;
    }

    private static bool TryBind(IPEndPoint point, [NotNullWhen(true)] out Socket? socket, out SocketException? failure)
    {
        socket = null;
        failure = null;
        try
        {
            socket = new Socket(point.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (point.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Bind(point);
            socket.Listen(Backlog);
            return true;
        }
        catch (SocketException exception)
        {
            socket?.Dispose();
            socket = null;
            failure = exception;
            return false;
        }
    }

    private static Problem Explain(IPEndPoint point, SocketException failure) => failure.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => new Problem(
            "listen", $"Port {point.Port} of {point.Address} is in use by another program",
            "Name another with --listen ADDR:PORT; port 0 takes any free one"),
        SocketError.AddressNotAvailable => new Problem(
            "listen", $"{point.Address} is not an address of this machine",
            "Name one of its own with --listen ADDR:PORT, or 0.0.0.0 for all of them"),
        SocketError.AccessDenied => new Problem(
            "listen", $"This user may not listen at port {point.Port}",
            "Name a port from 1024 on with --listen ADDR:PORT"),
        _ => new Problem(
            "listen", $"Can't listen at {point}: {NetworkFailure.Describe(failure)}",
            "Name another address and port with --listen ADDR:PORT"),
    };
}
