using System;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using Starling.Core.PortMapping;
using Starling.Core.Primitives;
using Starling.Runtime.Network;

namespace Starling.Runtime.Engine;

/// <summary>The one port of a session: TCP with the links of the task, UDP with uTP and whatever else speaks there.</summary>
internal sealed class SessionPort : IAsyncDisposable
{
    /// <summary>How long the last bytes of closed uTP connections may take to leave.</summary>
    private static readonly TimeSpan UtpFarewell = TimeSpan.FromSeconds(1);

    private SessionPort(ConnectionListener listener, UdpPort? udp, UtpEndpoint? utp, TlsLinkTransport transport)
    {
        Listener = listener;
        Udp = udp;
        Utp = utp;
        Transport = transport;
    }

    /// <summary>What accepts connections.</summary>
    public ConnectionListener Listener { get; }

    /// <summary>UDP at the same number; null: it can't be had.</summary>
    public UdpPort? Udp { get; }

    /// <summary>uTP; null: TCP alone.</summary>
    public UtpEndpoint? Utp { get; }

    /// <summary>The links of the task.</summary>
    public TlsLinkTransport Transport { get; }

    /// <summary>Where others reach it.</summary>
    public IPEndPoint EndPoint => Listener.EndPoint;

    /// <summary>What a router is asked to forward.</summary>
    public MappedTransport[] Transports => Udp is null ? [MappedTransport.Tcp] : [MappedTransport.Tcp, MappedTransport.Udp];

    /// <summary>Opens the port; nothing is accepted before <see cref="Start"/>.</summary>
    /// <param name="wanted">Where to listen; null: every address, any free port.</param>
    /// <param name="useUtp">Whether to speak uTP.</param>
    /// <param name="options">Bounds of the links.</param>
    /// <param name="post">Gets the inputs of the links.</param>
    /// <param name="port">The port.</param>
    /// <param name="problem">With false: why not. With true: what is missing of it, else null.</param>
    public static bool TryOpen(
        IPEndPoint? wanted, bool useUtp, LinkTransportOptions options, PostInput post, [NotNullWhen(true)] out SessionPort? port, out Problem? problem)
    {
        port = null;
        if (!SharedPort.TryOpen(wanted, out Socket? socket, out UdpPort? udp, out problem))
        {
            return false;
        }

        ConnectionListener listener = ConnectionListener.At(options, socket);
        UtpEndpoint? utp = useUtp && udp is not null ? UtpEndpoint.Start(udp) : null;
        port = new SessionPort(listener, udp, utp, TlsLinkTransport.Attach(options, post, listener, utp));
        return true;
    }

    /// <summary>Begins to accept; whoever serves connections has said so.</summary>
    public void Start()
    {
        if (Utp is not null)
        {
            Listener.Accept(Utp);
        }

        Listener.Start();
    }

    /// <summary>Closes the port; after <see cref="Transport"/> and whoever else serves connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await Listener.DisposeAsync().ConfigureAwait(false);
        if (Utp is not null)
        {
            await Utp.StopAsync(UtpFarewell).ConfigureAwait(false);
        }

        if (Udp is not null)
        {
            await Udp.DisposeAsync().ConfigureAwait(false);
        }
    }
}
