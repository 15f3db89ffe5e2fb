using System;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Starling.Core.Primitives;

namespace Starling.Core.PortMapping;

/// <summary>The 96 random bits that make a mapping mine (RFC 6887, section 11.1).</summary>
public readonly record struct PcpNonce(ulong High, uint Low);

/// <summary>An answer to a MAP request.</summary>
/// <param name="Result">0: well; else RFC 6887, section 7.4.</param>
/// <param name="LifetimeSeconds">Of the mapping; after a failure, how long it will not change.</param>
/// <param name="Epoch">Seconds since the gateway's table of mappings was empty.</param>
/// <param name="Nonce">Of the request.</param>
/// <param name="Transport">Of the request, as number of IANA.</param>
/// <param name="InternalPort">Of the request.</param>
/// <param name="External">Address and port outside.</param>
public sealed record PcpAnswer(
    int Result, uint LifetimeSeconds, uint Epoch, PcpNonce Nonce, byte Transport, int InternalPort, PeerAddress External);

/// <summary>MAP requests and answers of PCP (RFC 6887, sections 7 and 11); all numbers are big-endian.</summary>
public static class PcpCodec
{
    /// <summary>Bytes of the largest message (section 7).</summary>
    public const int MaxSize = 1_100;

    private const byte Version = 2;
    private const byte MapOperation = 1;
    private const byte AnswerBit = 128;
    private const int HeaderSize = 24;
    private const int MapSize = 36;
    private const int AddressMismatch = 12;

    /// <summary>A MAP request; a lifetime of zero removes the mapping.</summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="client">This machine's address towards the gateway: a gateway refuses any other.</param>
    /// <param name="nonce">The same in all requests for one mapping.</param>
    public static byte[] Encode(MappingRequest request, PeerAddress client, PcpNonce nonce)
    {
        ArgumentNullException.ThrowIfNull(request);
        var bytes = new byte[HeaderSize + MapSize];
        bytes[0] = Version;
        bytes[1] = MapOperation;
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), (uint)request.Lifetime.TotalSeconds);
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(8), client.Ip);
        Span<byte> map = bytes.AsSpan(HeaderSize);
        BinaryPrimitives.WriteUInt64BigEndian(map, nonce.High);
        BinaryPrimitives.WriteUInt32BigEndian(map[8..], nonce.Low);
        map[12] = (byte)request.Transport;
        BinaryPrimitives.WriteUInt16BigEndian(map[16..], (ushort)request.InternalPort);
        BinaryPrimitives.WriteUInt16BigEndian(map[18..], (ushort)request.ExternalPort);

        // "Any address" in the family of the client (section 11.1).
        BinaryPrimitives.WriteUInt128BigEndian(map[20..], client.IsV4 ? (UInt128)0xFFFF_00000000 : 0);
        return bytes;
    }

    /// <summary>Whether a gateway says that it knows another version only: then it may speak NAT-PMP (RFC 6887, appendix A).</summary>
    public static bool IsOtherVersion(ReadOnlySpan<byte> datagram) =>
        datagram.Length >= 4 && datagram[0] != Version && (datagram[1] & AnswerBit) != 0;

    /// <summary>Reads an answer to MAP; false: it is none, or cut short.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> datagram, [NotNullWhen(true)] out PcpAnswer? answer)
    {
        answer = null;
        if (datagram.Length is < HeaderSize + MapSize or > MaxSize || datagram[0] != Version || datagram[1] != (AnswerBit | MapOperation))
        {
            return false;
        }

        ReadOnlySpan<byte> map = datagram[HeaderSize..];
        answer = new PcpAnswer(
            datagram[3],
            BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]),
            BinaryPrimitives.ReadUInt32BigEndian(datagram[8..]),
            new PcpNonce(BinaryPrimitives.ReadUInt64BigEndian(map), BinaryPrimitives.ReadUInt32BigEndian(map[8..])),
            map[12],
            BinaryPrimitives.ReadUInt16BigEndian(map[16..]),
            new PeerAddress(BinaryPrimitives.ReadUInt128BigEndian(map[20..]), BinaryPrimitives.ReadUInt16BigEndian(map[18..])));
        return true;
    }

    /// <summary>What a result other than 0 means.</summary>
    public static MappingRefusal Refusal(PcpAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        return new MappingRefusal(answer.Result switch
        {
            2 => "port forwarding is switched off in it, or not allowed for this machine",
            4 or 9 => "it does not forward ports of this kind",
            7 => "it has no connection itself",
            8 => "it has no ports left",
            10 => "this machine has used up its share of ports",
            11 => "it can't give the port that was asked for",
            AddressMismatch => "there is another router between this machine and it",
            _ => $"PCP result {answer.Result}",
        })
        {
            IsConflict = answer.Result == 11,
            RetryAfter = TimeSpan.FromSeconds(answer.LifetimeSeconds),
        };
    }
}
