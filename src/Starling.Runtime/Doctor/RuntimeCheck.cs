using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Starling.Runtime.Identity;
using Starling.Runtime.Network;

namespace Starling.Runtime.Doctor;

/// <summary>The machine and its runtime: what it is, whether it can do TLS 1.3 as task swarms speak it, and how signatures are checked.</summary>
internal sealed class RuntimeCheck : ICheck
{
    public string Name => "machine";

    public async Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancellation) =>
    [
        new Finding(Name, "system", Health.Ok, $"{RuntimeInformation.OSDescription}, {RuntimeInformation.OSArchitecture}, {Environment.ProcessorCount} cores"),
        new Finding(Name, ".NET", Health.Ok, RuntimeInformation.FrameworkDescription),
        await TlsAsync(cancellation).ConfigureAwait(false),
        Signatures(),
    ];

    /// <summary>A link to itself over loopback, with certificates as links have them.</summary>
    private async Task<Finding> TlsAsync(CancellationToken cancellation)
    {
        try
        {
            using var certificate = new LinkCertificate();
            using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen(1);
            using var here = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await here.ConnectAsync(listener.LocalEndPoint!, cancellation).ConfigureAwait(false);
            using Socket there = await listener.AcceptAsync(cancellation).ConfigureAwait(false);
            await using var client = new SslStream(new NetworkStream(here));
            await using var server = new SslStream(new NetworkStream(there));
            await Task.WhenAll(
                client.AuthenticateAsClientAsync(certificate.Client, cancellation),
                server.AuthenticateAsServerAsync(certificate.Server, cancellation)).ConfigureAwait(false);
            return new Finding(Name, "TLS", Health.Ok, $"{client.SslProtocol.ToString().Replace("Tls13", "1.3", StringComparison.Ordinal)}, {client.NegotiatedCipherSuite}");
        }
        catch (Exception exception) when (exception is AuthenticationException or IOException or SocketException or CryptographicException or PlatformNotSupportedException)
        {
            return new Finding(
                Name,
                "TLS",
                Health.Failed,
                $"no link of a task swarm can be made: {NetworkFailure.Describe(exception)}",
                "Install a library with TLS 1.3: on Linux OpenSSL 1.1.1 or later");
        }
    }

    private Finding Signatures() => OpenSslEd25519.Instance is not null || !OperatingSystem.IsLinux()
        ? new Finding(Name, "signatures", Health.Ok, OpenSslEd25519.Instance is null ? "Ed25519 in managed code" : "Ed25519 by OpenSSL")
        : new Finding(
            Name,
            "signatures",
            Health.Warning,
            "Ed25519 in managed code, which is slower: no OpenSSL from 1.1.1 on was found",
            "Install OpenSSL 3 (libssl)");
}
