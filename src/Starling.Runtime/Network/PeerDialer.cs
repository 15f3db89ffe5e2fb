using System;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Primitives;

namespace Starling.Runtime.Network;

/// <summary>
/// Makes outgoing connections: by TCP, and by uTP beside it when TCP takes long or fails. Whichever stands first is used, the other one is given up.
/// </summary>
internal sealed class PeerDialer(UtpEndpoint? utp = null, IPAddress? localAddress = null)
{
    /// <summary>How long TCP alone is tried: an answer that takes longer is a lost SYN, or a router that lets no TCP in.</summary>
    public static readonly TimeSpan HeadStart = TimeSpan.FromMilliseconds(1200);

    /// <summary>How long uTP may take once TCP was refused: the machine is there, so its answer is near.</summary>
    public static readonly TimeSpan PatienceAfterRefusal = TimeSpan.FromSeconds(2);

    /// <summary>Connects.</summary>
    /// <exception cref="IOException">Or what sockets throw: nobody is there; what TCP said.</exception>
    /// <exception cref="OperationCanceledException">The caller's patience is over.</exception>
    public async Task<ConnectionStream> DialAsync(PeerAddress address, CancellationToken cancellation)
    {
        if (utp is null)
        {
            return await DialTcpAsync(address, cancellation).ConfigureAwait(false);
        }

        using var givenUp = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task<ConnectionStream> tcp = DialTcpAsync(address, givenUp.Token);
        Task<ConnectionStream>? overUtp = null;
        ConnectionStream? used = null;
        try
        {
            await Task.WhenAny(tcp, Task.Delay(HeadStart, givenUp.Token)).ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
            if (!tcp.IsCompletedSuccessfully)
            {
                overUtp = DialUtpAsync(utp, address, givenUp.Token);
                if (await Task.WhenAny(tcp, overUtp).ConfigureAwait(false) == tcp && !tcp.IsCompletedSuccessfully)
                {
                    givenUp.CancelAfter(PatienceAfterRefusal);
                    await Task.WhenAny(overUtp).ConfigureAwait(false);
                }
            }

            // Where both failed, what TCP says tells more.
            used = await (overUtp is { IsCompletedSuccessfully: true } ? overUtp : tcp).ConfigureAwait(false);
            return used;
        }
        finally
        {
            await givenUp.CancelAsync().ConfigureAwait(false);
            Discard(tcp, used);
            Discard(overUtp, used);
        }
    }

    /// <summary>
    /// Connects by uTP, or by TCP if that does not answer soon: for a second attempt, where TCP was closed before anything came. Programs that want no TCP
    /// may take a connection only to close it (libtorrent).
    /// </summary>
    public async Task<ConnectionStream> DialAgainAsync(PeerAddress address, CancellationToken cancellation)
    {
        if (utp is not null)
        {
            try
            {
                using var soon = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                soon.CancelAfter(PatienceAfterRefusal);
                return await DialUtpAsync(utp, address, soon.Token).ConfigureAwait(false);
            }
            catch (Exception exception) when (NetworkFailure.Is(exception) && !cancellation.IsCancellationRequested)
            {
                // It speaks no uTP.
            }
        }

        return await DialTcpAsync(address, cancellation).ConfigureAwait(false);
    }

    /// <summary>The loser may have connected in the same moment.</summary>
    private static async void Discard(Task<ConnectionStream>? attempt, ConnectionStream? used)
    {
        try
        {
            if (attempt is not null && await attempt.ConfigureAwait(false) is { } stream && stream != used)
            {
                await stream.DisposeAsync().ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (NetworkFailure.Is(exception) || exception is ArgumentException)
        {
            // It was given up, or failed by itself.
        }
    }

    private static async Task<ConnectionStream> DialUtpAsync(UtpEndpoint utp, PeerAddress address, CancellationToken cancellation) =>
        await utp.ConnectAsync(address, cancellation).ConfigureAwait(false);

    private async Task<ConnectionStream> DialTcpAsync(PeerAddress address, CancellationToken cancellation)
    {
        var socket = new Socket(address.IsV4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (localAddress?.AddressFamily == socket.AddressFamily)
            {
                socket.Bind(new IPEndPoint(localAddress, 0));
            }

            await socket.ConnectAsync(address.ToIPAddress(), address.Port, cancellation).ConfigureAwait(false);
            socket.NoDelay = true;
            return new SocketStream(socket, default);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
