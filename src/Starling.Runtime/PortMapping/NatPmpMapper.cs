using System;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.PortMapping;

namespace Starling.Runtime.PortMapping;

/// <summary>NAT-PMP (RFC 6886).</summary>
internal sealed class NatPmpMapper(Gateway gateway, int port) : IPortMapper
{
    private readonly GatewaySocket _socket = new(gateway, port);

    public string Name => "NAT-PMP";

    public async Task<MappingReply> AskAsync(MappingRequest request, CancellationToken cancellation)
    {
        NatPmpAnswer? mapped = await AskAsync(NatPmpCodec.Encode(request), NatPmpCodec.OperationOf(request.Transport), request.InternalPort, cancellation)
            .ConfigureAwait(false);
        if (mapped is null)
        {
            return MappingReply.Silence;
        }

        if (mapped.Result != 0)
        {
            return new MappingReply(null, NatPmpCodec.Refusal(mapped.Result), mapped.Epoch);
        }

        NatPmpAnswer? outside = await AskAsync(NatPmpCodec.EncodeAddressRequest(), 0, 0, cancellation).ConfigureAwait(false);
        return new MappingReply(
            new MappingGrant(mapped.ExternalPort, outside?.ExternalAddress, TimeSpan.FromSeconds(mapped.LifetimeSeconds)), null, mapped.Epoch);
    }

    public Task RemoveAsync(MappingRequest request, CancellationToken cancellation) =>
        AskAsync(NatPmpCodec.Encode(request), NatPmpCodec.OperationOf(request.Transport), request.InternalPort, cancellation);

    public void Dispose() => _socket.Dispose();

    private Task<NatPmpAnswer?> AskAsync(byte[] question, byte operation, int internalPort, CancellationToken cancellation) => _socket.AskAsync(
        question,
        datagram => NatPmpCodec.TryDecode(datagram, out NatPmpAnswer? answer) && answer.Operation == operation
            && (answer.Result != 0 || answer.InternalPort == internalPort) ? answer : null,
        cancellation);
}
