using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Core.Wire;
using Starling.Core.Wire.Mse;
using Starling.Runtime.Network;

namespace Starling.Runtime.Torrents;

/// <summary>Makes connections of data swarms, as far as the BitTorrent handshake: TCP or uTP, and message stream encryption as the owner wants it.</summary>
internal sealed class DataDialer(TorrentHostOptions options)
{
    private readonly PeerDialer _dialer = new(options.Utp, options.LocalAddress);

    /// <summary>Connects; encrypted where the policy wants it and the peer can, else plain where the policy allows it.</summary>
    /// <exception cref="IOException">Or what sockets throw: nobody is there, or none of both could be agreed on.</exception>
    public async Task<Stream> DialAsync(PeerAddress address, InfoHash infoHash, CancellationToken cancellation)
    {
        MsePolicy policy = options.Encryption;
        if (policy.Methods() != MseMethods.None)
        {
            Stream stream = await ConnectAsync(address, again: false, cancellation).ConfigureAwait(false);
            try
            {
                using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                deadline.CancelAfter(options.EncryptionTimeout);
                return await MseStream.AuthenticateAsClientAsync(stream, infoHash, policy.Methods(), default, deadline.Token).ConfigureAwait(false);
            }
            catch (Exception exception) when (NetworkFailure.Is(exception))
            {
                // Many programs just close a connection whose first bytes they do not know.
                await stream.DisposeAsync().ConfigureAwait(false);
                if (!policy.AllowsPlain() || cancellation.IsCancellationRequested)
                {
                    throw;
                }
            }
        }

        return await ConnectAsync(address, again: policy.Methods() != MseMethods.None, cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// The answering side: what a connection that does not start plainly says behind its encryption. The handshake and the stream behind it; null: it is
    /// none, or the policy forbids it, and has been refused; or it asks for a torrent that is not here.
    /// </summary>
    public async Task<(Handshake Handshake, Stream Stream)?> AnswerAsync(
        IncomingConnection connection, ConnectionKind kind, IEnumerable<InfoHash> swarms)
    {
        MsePolicy policy = options.Encryption;
        if (kind == ConnectionKind.BitTorrent ? !policy.AllowsPlain() : policy.Methods() == MseMethods.None)
        {
            connection.Refused(policy == MsePolicy.Require ? "only encrypted connections are taken" : "neither TLS nor BitTorrent");
            return null;
        }

        Stream stream = connection.Stream;
        try
        {
            if (kind != ConnectionKind.BitTorrent)
            {
                stream = await MseStream.AuthenticateAsServerAsync(stream, new MseSwarmKeys(swarms), policy.Methods(), connection.Deadline).ConfigureAwait(false);
            }

            var bytes = new byte[Handshake.Size];
            await stream.ReadExactlyAsync(bytes, connection.Deadline).ConfigureAwait(false);
            if (Handshake.TryDecode(bytes, out Handshake handshake))
            {
                return (handshake, stream);
            }

            connection.Refused("it does not speak BitTorrent behind its encryption");
        }
        catch (SwarmNotServedException)
        {
            // As with a plain connection for a torrent that is not here: nobody need hear of it.
        }
        catch (Exception exception) when (NetworkFailure.Is(exception))
        {
            connection.Refused($"no BitTorrent handshake: {NetworkFailure.Describe(exception)}");
        }

        await stream.DisposeAsync().ConfigureAwait(false);
        return null;
    }

    private async Task<Stream> ConnectAsync(PeerAddress address, bool again, CancellationToken cancellation)
    {
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            deadline.CancelAfter(options.ConnectTimeout);
            return await (again ? _dialer.DialAgainAsync(address, deadline.Token) : _dialer.DialAsync(address, deadline.Token)).ConfigureAwait(false);
        }
        catch (Exception exception) when (NetworkFailure.Is(exception) || exception is ArgumentException)
        {
            throw new IOException(exception is OperationCanceledException ? "no answer in time" : NetworkFailure.Describe(exception), exception);
        }
    }
}
