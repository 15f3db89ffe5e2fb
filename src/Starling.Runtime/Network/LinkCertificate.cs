using System;
using System.Collections.ObjectModel;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Starling.Core.Primitives;

namespace Starling.Runtime.Network;

/// <summary>
/// The throw-away certificate of one process (DESIGN section 4): ECDSA P-256, self-signed, never written down. It names nobody; the
/// identity signs the hash of its key inside the connection. Both TLS roles use it, and every peer's certificate is accepted.
/// </summary>
internal sealed class LinkCertificate : IDisposable
{
    private readonly X509Certificate2 _certificate;
    private readonly SslStreamCertificateContext _context;

    /// <summary>A fresh key and certificate.</summary>
    public LinkCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=peer", key, HashAlgorithmName.SHA256);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        _certificate = request.CreateSelfSigned(now.AddDays(-2), now.AddYears(20));
        if (OperatingSystem.IsWindows())
        {
            // Windows' TLS takes keys from its key store only, which a PFX import creates for as long as the object lives.
            using X509Certificate2 ephemeral = _certificate;
            _certificate = X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), null);
        }

        KeyHash = KeyHashOf(_certificate);
        _context = ContextOf(_certificate);
        Server = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = _context,
            ClientCertificateRequired = true,
            EnabledSslProtocols = SslProtocols.Tls13,
            AllowTlsResume = false,
            CertificateChainPolicy = NoChain(),
            RemoteCertificateValidationCallback = AcceptAny,
        };
        Client = new SslClientAuthenticationOptions
        {
            ClientCertificateContext = _context,
            TargetHost = "",
            EnabledSslProtocols = SslProtocols.Tls13,
            AllowTlsResume = false,
            CertificateChainPolicy = NoChain(),
            RemoteCertificateValidationCallback = AcceptAny,
        };
    }

    /// <summary>SHA-256 of the SubjectPublicKeyInfo (DER): what identity signatures bind to.</summary>
    public Hash256 KeyHash { get; }

    /// <summary>How incoming connections are authenticated.</summary>
    public SslServerAuthenticationOptions Server { get; }

    /// <summary>How outgoing connections are authenticated: without a server name.</summary>
    public SslClientAuthenticationOptions Client { get; }

    /// <summary>SHA-256 of a certificate's SubjectPublicKeyInfo; the same on both ends of a connection.</summary>
    public static Hash256 KeyHashOf(X509Certificate2 certificate) =>
        Hash256.Of(certificate.PublicKey.ExportSubjectPublicKeyInfo());

    /// <inheritdoc/>
    public void Dispose() => _certificate.Dispose();

    private static bool AcceptAny(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) => true;

    /// <summary>A chain that looks nowhere: not at the system's authorities, not at the net.</summary>
    private static X509ChainPolicy NoChain() => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        RevocationMode = X509RevocationMode.NoCheck,
        DisableCertificateDownloads = true,
        VerificationFlags = X509VerificationFlags.AllFlags,
    };

    /// <summary>
    /// The public way to a context builds a chain against the system's authorities, which reads them all: 45 ms of processor time
    /// and 2.4 MB in every process, for a certificate that has no chain. The constructor behind it does without; should
    /// a runtime not have it, the public way is taken.
    /// </summary>
    private static SslStreamCertificateContext ContextOf(X509Certificate2 certificate)
    {
        try
        {
            return NewContext(certificate, ReadOnlyCollection<X509Certificate2>.Empty, null);
        }
        catch (MissingMethodException)
        {
            return SslStreamCertificateContext.Create(certificate, null, offline: true);
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    private static extern SslStreamCertificateContext NewContext(
        X509Certificate2 target, ReadOnlyCollection<X509Certificate2> intermediates, SslCertificateTrust? trust);
}
