using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.PortMapping;
using Starling.Core.Primitives;

namespace Starling.Runtime.PortMapping;

/// <summary>PCP (RFC 6887).</summary>
internal sealed class PcpMapper(Gateway gateway, int port) : IPortMapper
{
    private readonly GatewaySocket _socket = new(gateway, port);
    private readonly PeerAddress _client = PeerAddress.From(gateway.Local, 0);
    private readonly Dictionary<MappedTransport, PcpNonce> _nonces = new()
    {
        [MappedTransport.Tcp] = NewNonce(),
        [MappedTransport.Udp] = NewNonce(),
    };

    public string Name => "PCP";

    public async Task<MappingReply> AskAsync(MappingRequest request, CancellationToken cancellation)
    {
        PcpNonce nonce = _nonces[request.Transport];
        MappingReply? reply = await _socket.AskAsync(PcpCodec.Encode(request, _client, nonce), datagram => Read(datagram, request, nonce), cancellation)
            .ConfigureAwait(false);
        return reply ?? MappingReply.Silence;
    }

    public Task RemoveAsync(MappingRequest request, CancellationToken cancellation) =>
        _socket.AskAsync(
            PcpCodec.Encode(request, _client, _nonces[request.Transport]), datagram => Read(datagram, request, _nonces[request.Transport]), cancellation);

    public void Dispose() => _socket.Dispose();

    private static MappingReply? Read(byte[] datagram, MappingRequest request, PcpNonce nonce)
    {
        if (PcpCodec.IsOtherVersion(datagram))
        {
            return MappingReply.Silence;
        }

        if (!PcpCodec.TryDecode(datagram, out PcpAnswer? answer)
            || answer.Nonce != nonce || answer.Transport != (byte)request.Transport || answer.InternalPort != request.InternalPort)
        {
            return null;
        }

        return answer.Result == 0
            ? new MappingReply(
                new MappingGrant(answer.External.Port, new PeerAddress(answer.External.Ip, 0), TimeSpan.FromSeconds(answer.LifetimeSeconds)), null, answer.Epoch)
            : new MappingReply(null, PcpCodec.Refusal(answer), answer.Epoch);
    }

    private static PcpNonce NewNonce()
    {
        byte[] random = RandomNumberGenerator.GetBytes(12);
        return new PcpNonce(BinaryPrimitives.ReadUInt64LittleEndian(random), BinaryPrimitives.ReadUInt32LittleEndian(random.AsSpan(8)));
    }
}
