using System;
using System.Buffers;
using System.IO;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Core.Wire.Mse;

namespace Starling.Runtime.Network;

/// <summary>
/// A stream behind the handshake of message stream encryption: reads decrypt in the caller's buffer, writes encrypt on their way into a pooled one. Owns
/// the stream below. Asynchronous only; one read and one write at a time.
/// </summary>
internal sealed class MseStream : Stream
{
    private const int HandshakeBufferSize = 4096;

    /// <summary>Bytes encrypted at once.</summary>
    private const int WriteBufferSize = 64 * 1024;

    private readonly Stream _below;
    private readonly Rc4? _encrypt;
    private readonly Rc4? _decrypt;
    private ReadOnlyMemory<byte> _readBefore;

    private MseStream(Stream below, MseOutcome outcome)
    {
        _below = below;
        (InfoHash, Method, _encrypt, _decrypt, _readBefore) = outcome;
    }

    /// <summary>The swarm that the initiator named.</summary>
    public InfoHash InfoHash { get; }

    /// <summary>Whether what follows is encrypted (<see cref="MseMethods.Rc4"/>) or not.</summary>
    public MseMethods Method { get; }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>
    /// Makes the handshake of the side that opened the connection. Bound its time by <paramref name="cancellation"/>; after any failure the stream
    /// below is to be disposed by the caller.
    /// </summary>
    /// <param name="below">A fresh connection.</param>
    /// <param name="infoHash">The swarm.</param>
    /// <param name="methods">What is offered; see <see cref="MsePolicyRules.Methods"/>.</param>
    /// <param name="initialPayload">The BitTorrent handshake: it travels within the handshake and saves a round trip. May be empty.</param>
    /// <param name="cancellation">The end of patience.</param>
    /// <exception cref="AuthenticationException">The peer does not speak MSE, or not about this swarm. Sockets throw what they throw.</exception>
    public static async Task<MseStream> AuthenticateAsClientAsync(
        Stream below, InfoHash infoHash, MseMethods methods, ReadOnlyMemory<byte> initialPayload, CancellationToken cancellation)
    {
        var handshake = new MseInitiator(infoHash, methods, initialPayload, FreshRandomness());
        await below.WriteAsync(handshake.Start(), cancellation).ConfigureAwait(false);
        return await FinishAsync(below, handshake, cancellation).ConfigureAwait(false);
    }

    /// <summary>Makes the handshake of the side that was connected to; otherwise as <see cref="AuthenticateAsClientAsync"/>.</summary>
    /// <param name="below">The connection from its first byte on; see <see cref="SocketStream"/> for bytes read before.</param>
    /// <param name="swarms">What is served here.</param>
    /// <param name="methods">What is accepted.</param>
    /// <param name="cancellation">The end of patience.</param>
    /// <exception cref="SwarmNotServedException">The peer named none of the swarms.</exception>
    public static Task<MseStream> AuthenticateAsServerAsync(
        Stream below, MseSwarmKeys swarms, MseMethods methods, CancellationToken cancellation) =>
        FinishAsync(below, new MseResponder(swarms, methods, FreshRandomness()), cancellation);

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_readBefore.IsEmpty)
        {
            int taken = Math.Min(buffer.Length, _readBefore.Length);
            _readBefore[..taken].CopyTo(buffer);
            _readBefore = _readBefore[taken..];
            return taken;
        }

        int count = await _below.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        _decrypt?.Process(buffer.Span[..count]);
        return count;
    }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        _encrypt is null ? _below.WriteAsync(buffer, cancellationToken) : WriteEncryptedAsync(_encrypt, buffer, cancellationToken);

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => _below.FlushAsync(cancellationToken);

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _below.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask WriteEncryptedAsync(Rc4 encrypt, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Min(bytes.Length, WriteBufferSize));
        try
        {
            while (!bytes.IsEmpty)
            {
                int count = Math.Min(bytes.Length, buffer.Length);
                encrypt.Process(bytes.Span[..count], buffer);
                bytes = bytes[count..];
                await _below.WriteAsync(buffer.AsMemory(0, count), cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async Task<MseStream> FinishAsync(Stream below, MseHandshake handshake, CancellationToken cancellation)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(HandshakeBufferSize);
        try
        {
            while (!handshake.IsOver)
            {
                int count = await below.ReadAsync(buffer, cancellation).ConfigureAwait(false);
                if (count == 0)
                {
                    throw new AuthenticationException("The peer closed the connection during the encryption handshake.");
                }

                ReadOnlyMemory<byte> answer = handshake.Receive(buffer.AsSpan(0, count));
                if (!answer.IsEmpty)
                {
                    await below.WriteAsync(answer, cancellation).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return handshake.Outcome is { } outcome
            ? new MseStream(below, outcome)
            : throw (handshake is MseResponder { WantsUnknownSwarm: true }
                ? new SwarmNotServedException() : new AuthenticationException(handshake.Problem!.Reason + "."));
    }

    private static MseRandomness FreshRandomness()
    {
        Span<byte> random = stackalloc byte[MseRandomness.SourceSize];
        RandomNumberGenerator.Fill(random);
        return MseRandomness.From(random);
    }
}
