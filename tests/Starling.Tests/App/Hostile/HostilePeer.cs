using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Gossip;
using Starling.Core.Primitives;
using Starling.Core.Wire;
using Starling.Runtime.Identity;
using Starling.Runtime.Network;

namespace Starling.Tests.App.Hostile;

/// <summary>
/// A peer of its own making that connects to a running program, or is connected to by it, and speaks the protocol rightly up to the point where the test lets it
/// misbehave: a socket, then TLS, then the two handshakes, then any message.
/// </summary>
internal sealed class HostilePeer : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly Socket _socket;
    private readonly LinkCertificate _certificate = new();
    private readonly FrameReader _frames = new();
    private readonly byte[] _buffer = new byte[64 * 1024];
    private Hash256 _remoteCertificate;
    private ExtendedHandshake? _theirs;
    private LinkRole _role = LinkRole.Initiator;
    private int _batches;
    private long _claims;

    private HostilePeer(Socket socket, byte[] metadata)
    {
        _socket = socket;
        _socket.NoDelay = true;
        Stream = Stream.Null;
        Metadata = metadata;
    }

    public Ed25519Identity Identity { get; } = Ed25519Identity.Create();

    public Stream Stream { get; private set; }

    /// <summary>The bytes of <c>info</c> that this peer offers by <c>ut_metadata</c>; empty: it offers none.</summary>
    public byte[] Metadata { get; }

    /// <summary>A TCP connection, nothing more.</summary>
    /// <param name="listen">Where the program listens, as its <c>started</c> event tells.</param>
    /// <param name="metadata">What it offers as the task.</param>
    public static async Task<HostilePeer> DialAsync(string listen, byte[]? metadata = null)
    {
        var peer = new HostilePeer(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp), metadata ?? []);
        await peer._socket.ConnectAsync(IPEndPoint.Parse(listen));
        peer.Stream = new NetworkStream(peer._socket);
        return peer;
    }

    /// <summary>A peer that the program was told to connect to: it is heard before the program begins to work.</summary>
    public static async Task<HostilePeer> AcceptAsync(TcpListener listener, string task, int cores = 1)
    {
        using var patience = new CancellationTokenSource(Patience);
        var peer = new HostilePeer(await listener.AcceptSocketAsync(patience.Token), []) { _role = LinkRole.Responder };
        var tls = new SslStream(new NetworkStream(peer._socket));
        await tls.AuthenticateAsServerAsync(peer._certificate.Server, patience.Token);
        peer._remoteCertificate = LinkCertificate.KeyHashOf((X509Certificate2)tls.RemoteCertificate!);
        peer.Stream = tls;
        await peer.ReadFrameAsync();
        await peer.WriteAsync(Greeting(TaskId(task)));
        await peer.IntroduceAsync(TaskId(task), cores);
        return peer;
    }

    /// <summary>A peer of the task, as far as the program can tell.</summary>
    public static async Task<HostilePeer> JoinAsync(string listen, string task, int cores = 1, byte[]? metadata = null)
    {
        HostilePeer peer = await DialAsync(listen, metadata);
        await peer.StartTlsAsync();
        Hash256 id = TaskId(task);
        await peer.WriteAsync(Greeting(id));
        await peer.ReadFrameAsync();
        await peer.IntroduceAsync(id, cores);
        return peer;
    }

    public static Hash256 TaskId(string hex)
    {
        Assert.True(Hash256.TryParse(hex, out Hash256 id));
        return id;
    }

    /// <summary>The 68 bytes of a peer of this task.</summary>
    public static byte[] Greeting(Hash256 task, ulong reserved = Handshake.ExtensionBit | Handshake.FastBit) =>
        new Handshake(reserved, InfoHash.Of(task), new PeerId(RandomNumberGenerator.GetBytes(PeerId.Size))).Encode();

    public async Task StartTlsAsync()
    {
        var tls = new SslStream(Stream);
        await tls.AuthenticateAsClientAsync(_certificate.Client);
        _remoteCertificate = LinkCertificate.KeyHashOf((X509Certificate2)tls.RemoteCertificate!);
        Stream = tls;
    }

    /// <summary>The proof of this peer's identity on this connection.</summary>
    public StHandshake Binding(Hash256 task, int cores = 1, ReadOnlyMemory<byte> secret = default) => LinkBinding.Create(
        Identity, _role, _certificate.KeyHash, _remoteCertificate, task, secret.Span, cores, "");

    public Task SendIdentityAsync(StHandshake? st)
    {
        var handshake = new ExtendedHandshake
        {
            Extensions = [.. TaskMessageCodec.Names.Append(UtMetadata.Name).Append(UtPex.Name).Select((name, i) => new ExtensionId(name, (byte)(i + 1)))],
            MetadataSize = Metadata.Length == 0 ? null : Metadata.Length,
            St = st,
        };
        return SendAsync(new PeerMessage.Extended(ExtendedHandshake.MessageId, handshake.Encode()));
    }

    public Task SendAsync(PeerMessage message) => WriteAsync(PeerMessageCodec.Encode(message));

    public Task SendAsync(TaskMessage message)
    {
        (string name, byte[] payload) = TaskMessageCodec.Encode(message);
        return SendExtendedAsync(name, payload);
    }

    public Task SendExtendedAsync(string name, byte[] payload)
    {
        Assert.True(_theirs!.TryGetId(name, out byte id));
        return SendAsync(new PeerMessage.Extended(id, payload));
    }

    /// <summary>Writes; that the other side hangs up meanwhile is what the tests are about.</summary>
    public async Task WriteAsync(byte[] bytes)
    {
        try
        {
            await Stream.WriteAsync(bytes);
        }
        catch (IOException)
        {
        }
    }

    /// <summary>Attests these results, signed as it should be, and tells that it has nothing else.</summary>
    public async Task AttestAsync(string task, params Attestation[] entries)
    {
        foreach (Attestation[] chunk in entries.Chunk(AttestationBatch.MaxEntries))
        {
            AttestationBatch batch = AttestationBatchCodec.Sign(Identity, TaskId(task), 1, _batches++, "", chunk);
            await SendAsync(new TaskMessage.Attests([batch], []));
        }

        await SendAsync(new TaskMessage.Attests([], []));
    }

    /// <summary>Claims these pieces.</summary>
    public Task ClaimAsync(string task, IEnumerable<int> pieces) => SendAsync(new TaskMessage.Claims(
        [new AgedClaimBatch(ClaimBatchCodec.Sign(Identity, TaskId(task), ++_claims, [.. pieces.Select(piece => new Claim(piece, TimeSpan.Zero, TimeSpan.Zero))]), TimeSpan.Zero)]));

    /// <summary>The next message of the program; null: it hung up.</summary>
    public async Task<PeerMessage?> ReadAsync()
    {
        if (await ReadFrameAsync() is not { } frame)
        {
            return null;
        }

        Assert.True(PeerMessageCodec.TryDecode(frame, out PeerMessage? message));
        return message;
    }

    /// <summary>Answers what comes until the program hangs up, or for ever.</summary>
    /// <param name="answer">What to do about a message of the peer protocol.</param>
    /// <param name="answerTask">What to do about a message of the task swarm.</param>
    public async Task ServeAsync(Func<PeerMessage, Task> answer, Func<TaskMessage, Task>? answerTask = null)
    {
        while (await ReadAsync() is { } message)
        {
            if (message is PeerMessage.Extended { Id: > 0 } extended && extended.Id <= TaskMessageCodec.Names.Count)
            {
                Assert.True(TaskMessageCodec.TryDecode(TaskMessageCodec.Names[extended.Id - 1], extended.Payload, out TaskMessage? decoded));
                if (answerTask is not null)
                {
                    await answerTask(decoded);
                }
            }
            else if (message is PeerMessage.Extended metadata && metadata.Id == TaskMessageCodec.Names.Count + 1)
            {
                await AnswerMetadataAsync(metadata.Payload);
            }
            else
            {
                await answer(message);
            }
        }
    }

    /// <summary>Reads until the program hangs up.</summary>
    public Task ReadToEndAsync() => ServeAsync(_ => Task.CompletedTask);

    public void Dispose()
    {
        Stream.Dispose();
        _socket.Dispose();
        _certificate.Dispose();
        _frames.Dispose();
    }

    private async Task IntroduceAsync(Hash256 task, int cores)
    {
        await SendIdentityAsync(Binding(task, cores));
        while (_theirs is null)
        {
            if (await ReadAsync() is PeerMessage.Extended { Id: ExtendedHandshake.MessageId } extended)
            {
                Assert.True(ExtendedHandshake.TryDecode(extended.Payload, out _theirs));
            }
        }
    }

    private async Task AnswerMetadataAsync(ReadOnlyMemory<byte> payload)
    {
        if (UtMetadata.TryDecode(payload, out UtMetadata? message) && message is UtMetadata.Request request && Metadata.Length > 0)
        {
            int length = UtMetadata.LengthOf(request.Piece, Metadata.Length);
            var data = new UtMetadata.Data(request.Piece, Metadata.Length, Metadata.AsMemory(request.Piece * UtMetadata.PieceSize, length));
            await SendExtendedAsync(UtMetadata.Name, data.Encode());
        }
    }

    private async Task<ReadOnlyMemory<byte>?> ReadFrameAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        ReadOnlyMemory<byte> frame;
        while (!_frames.TryRead(out frame))
        {
            try
            {
                int count = await Stream.ReadAsync(_buffer, patience.Token);
                if (count == 0)
                {
                    return null;
                }

                _frames.Append(_buffer.AsSpan(0, count));
            }
            catch (IOException)
            {
                // A reset is an end too.
                return null;
            }
        }

        return frame;
    }
}
