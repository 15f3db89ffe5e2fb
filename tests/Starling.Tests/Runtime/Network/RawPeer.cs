using System;
using System.IO;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Threading;
using System.Threading.Tasks;
using Starling.Runtime.Network;

namespace Starling.Tests.Runtime.Network;

/// <summary>A peer that does as the test says, byte by byte.</summary>
internal sealed class RawPeer : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly LinkCertificate _certificate = new();

    public Stream Stream { get; private set; } = Stream.Null;

    public static async Task<RawPeer> DialAsync(TransportProbe probe)
    {
        var peer = new RawPeer();
        await peer._socket.ConnectAsync(probe.Transport.ListenEndPoint);
        peer.Stream = new NetworkStream(peer._socket);
        return peer;
    }

    public static async Task<RawPeer> DialTlsAsync(TransportProbe probe)
    {
        RawPeer peer = await DialAsync(probe);
        await peer.StartTlsAsync();
        return peer;
    }

    public async Task StartTlsAsync(SslProtocols protocols = SslProtocols.Tls13, bool withCertificate = true)
    {
        var tls = new SslStream(Stream);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "",
            EnabledSslProtocols = protocols,
            ClientCertificateContext = withCertificate ? _certificate.Client.ClientCertificateContext : null,
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
        });
        Stream = tls;
    }

    /// <summary>Reads until the other side is gone, however it goes.</summary>
    public async Task ReadToEndAsync()
    {
        using var patience = new CancellationTokenSource(TransportProbe.Patience);
        try
        {
            await Stream.CopyToAsync(Stream.Null, patience.Token);
        }
        catch (IOException)
        {
            // A reset is an end too.
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        _certificate.Dispose();
    }
}
