using System;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using Starling.Core.Primitives;

namespace Starling.Core.PortMapping;

/// <summary>An answer of NAT-PMP.</summary>
/// <param name="Operation">What it answers: 0 the external address, 1 a UDP mapping, 2 a TCP mapping.</param>
/// <param name="Result">0: well; else RFC 6886, section 3.5.</param>
/// <param name="Epoch">Seconds since the gateway's table of mappings was empty.</param>
/// <param name="ExternalAddress">Port 0; null: not said in this kind of answer.</param>
/// <param name="InternalPort">Of a mapping.</param>
/// <param name="ExternalPort">Of a mapping.</param>
/// <param name="LifetimeSeconds">Of a mapping.</param>
public sealed record NatPmpAnswer(
    byte Operation, int Result, uint Epoch, PeerAddress? ExternalAddress, int InternalPort, int ExternalPort, uint LifetimeSeconds);

/// <summary>Datagrams of NAT-PMP (RFC 6886); all numbers are big-endian.</summary>
public static class NatPmpCodec
{
    /// <summary>UDP port of the gateway, of PCP too.</summary>
    public const int Port = 5351;

    private const byte Version = 0;
    private const byte AnswerBit = 128;
    private const int AddressAnswerSize = 12;
    private const int MappingSize = 12;
    private const int MappingAnswerSize = 16;

    /// <summary>The question for the external address.</summary>
    public static byte[] EncodeAddressRequest() => [Version, 0];

    /// <summary>The question for a mapping, or its removal.</summary>
    public static byte[] Encode(MappingRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var bytes = new byte[MappingSize];
        bytes[0] = Version;
        bytes[1] = OperationOf(request.Transport);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), (ushort)request.InternalPort);

        // A removal names no external port (section 3.4).
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(6), request.Lifetime == TimeSpan.Zero ? (ushort)0 : (ushort)request.ExternalPort);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), (uint)request.Lifetime.TotalSeconds);
        return bytes;
    }

    /// <summary>The operation that answers of a mapping name.</summary>
    public static byte OperationOf(MappedTransport transport) => transport == MappedTransport.Udp ? (byte)1 : (byte)2;

    /// <summary>Reads an answer; false: it is none of NAT-PMP, or cut short. One of a failure may be short.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> datagram, [NotNullWhen(true)] out NatPmpAnswer? answer)
    {
        answer = null;
        if (datagram.Length < 4 || datagram[0] != Version || datagram[1] is < AnswerBit or > AnswerBit + 2)
        {
            return false;
        }

        byte operation = (byte)(datagram[1] - AnswerBit);
        int result = BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]);
        uint epoch = datagram.Length >= 8 ? BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]) : 0;
        if (result != 0)
        {
            answer = new NatPmpAnswer(operation, result, epoch, null, 0, 0, 0);
        }
        else if (operation == 0 && datagram.Length >= AddressAnswerSize)
        {
            answer = new NatPmpAnswer(operation, 0, epoch, PeerAddress.From(new IPAddress(datagram.Slice(8, 4)), 0), 0, 0, 0);
        }
        else if (operation != 0 && datagram.Length >= MappingAnswerSize)
        {
            answer = new NatPmpAnswer(
                operation, 0, epoch, null, BinaryPrimitives.ReadUInt16BigEndian(datagram[8..]), BinaryPrimitives.ReadUInt16BigEndian(datagram[10..]),
                BinaryPrimitives.ReadUInt32BigEndian(datagram[12..]));
        }

        return answer is not null;
    }

    /// <summary>What a result other than 0 means.</summary>
    public static MappingRefusal Refusal(int result) => new(result switch
    {
        1 => "it does not speak this version",
        2 => "port forwarding is switched off in it, or not allowed for this machine",
        3 => "it has no connection itself",
        4 => "it has no ports left",
        5 => "it does not know this request",
        _ => $"NAT-PMP result {result}",
    });
}
