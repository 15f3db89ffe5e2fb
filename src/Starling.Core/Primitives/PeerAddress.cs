using System;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Starling.Core.Primitives;

/// <summary>
/// Where a peer listens: an IPv4 or IPv6 address and a port. IPv4 is kept as IPv6-mapped, so that one address has one value. Two numbers
/// of 64 bits inside: code over a field of 128 bits can't be compiled ahead, and this type is in most of the engine's.
/// </summary>
public readonly record struct PeerAddress : IComparable<PeerAddress>
{
    /// <summary>Bytes of the compact IPv4 form (BEP 23).</summary>
    public const int CompactSizeV4 = 6;

    /// <summary>Bytes of the compact IPv6 form (BEP 7).</summary>
    public const int CompactSizeV6 = 18;

    /// <summary>Bytes of the IP in its long form.</summary>
    public const int IpSize = 16;

    private const ulong MappedPrefix = 0x0000FFFF_00000000;

    private readonly ulong _high;
    private readonly ulong _low;

    /// <param name="ip">The 16 bytes as a big-endian number.</param>
    /// <param name="port">TCP and UDP port, 1..65535; 0 means "not known".</param>
    public PeerAddress(UInt128 ip, ushort port)
        : this((ulong)(ip >> 64), (ulong)ip, port)
    {
    }

    private PeerAddress(ulong high, ulong low, ushort port)
    {
        _high = high;
        _low = low;
        Port = port;
    }

    /// <summary>The 16 bytes as a big-endian number; for sums and masks, comparisons have <see cref="HasSameIp"/>.</summary>
    public UInt128 Ip
    {
        get => new(_high, _low);
        init
        {
            _high = (ulong)(value >> 64);
            _low = (ulong)value;
        }
    }

    /// <summary>TCP and UDP port, 1..65535; 0 means "not known".</summary>
    public ushort Port { get; init; }

    /// <summary>Whether this is an IPv4 address.</summary>
    public bool IsV4 => _high == 0 && (_low & 0xFFFFFFFF_00000000) == MappedPrefix;

    /// <summary>Whether the IP is all zeros, <c>::</c>.</summary>
    public bool IsUnspecified => (_high | _low) == 0;

    /// <summary>The address of a socket end point.</summary>
    public static PeerAddress From(IPAddress address, int port)
    {
        ArgumentNullException.ThrowIfNull(address);
        Span<byte> bytes = stackalloc byte[IpSize];
        address.MapToIPv6().TryWriteBytes(bytes, out _);
        return ReadIp(bytes, (ushort)port);
    }

    /// <summary>From the 16 bytes of the long form and a port.</summary>
    public static PeerAddress ReadIp(ReadOnlySpan<byte> ip, ushort port) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(ip), BinaryPrimitives.ReadUInt64BigEndian(ip[sizeof(ulong)..]), port);

    /// <summary>Whether both are on one host, whatever the ports.</summary>
    public bool HasSameIp(PeerAddress other) => _high == other._high && _low == other._low;

    /// <summary>Writes the 16 bytes of the long form.</summary>
    public void WriteIp(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _high);
        BinaryPrimitives.WriteUInt64BigEndian(destination[sizeof(ulong)..], _low);
    }

    /// <summary>The IP address alone, IPv4 in its own form.</summary>
    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[IpSize];
        WriteIp(bytes);
        return IsV4 ? new IPAddress(bytes[12..]) : new IPAddress(bytes);
    }

    /// <summary>Parses <c>1.2.3.4:5</c> or <c>[::1]:5</c>; names are Runtime's to resolve.</summary>
    public static bool TryParse(string? text, out PeerAddress address)
    {
        address = default;
        if (!IPEndPoint.TryParse(text ?? "", out IPEndPoint? point) || point.Port == 0)
        {
            return false;
        }

        address = From(point.Address, point.Port);
        return true;
    }

    /// <summary>Reads the compact form: 6 bytes for IPv4 (BEP 23), 18 for IPv6 (BEP 7). False for any other length.</summary>
    public static bool TryReadCompact(ReadOnlySpan<byte> bytes, out PeerAddress address)
    {
        address = default;
        if (bytes.Length is not (CompactSizeV4 or CompactSizeV6))
        {
            return false;
        }

        ushort port = BinaryPrimitives.ReadUInt16BigEndian(bytes[^2..]);
        address = bytes.Length == CompactSizeV4
            ? new PeerAddress(0, MappedPrefix | BinaryPrimitives.ReadUInt32BigEndian(bytes), port)
            : ReadIp(bytes, port);
        return true;
    }

    /// <summary>Writes the compact form and returns its length, 6 or 18.</summary>
    public int WriteCompact(Span<byte> destination)
    {
        int size = IsV4 ? CompactSizeV4 : CompactSizeV6;
        if (IsV4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)_low);
        }
        else
        {
            WriteIp(destination);
        }

        BinaryPrimitives.WriteUInt16BigEndian(destination[(size - 2)..], Port);
        return size;
    }

    /// <inheritdoc/>
    public int CompareTo(PeerAddress other)
    {
        int order = _high.CompareTo(other._high);
        order = order != 0 ? order : _low.CompareTo(other._low);
        return order != 0 ? order : Port.CompareTo(other.Port);
    }

    /// <summary><c>1.2.3.4:5</c> or <c>[::1]:5</c>.</summary>
    public override string ToString() =>
        ToIPAddress() is { AddressFamily: AddressFamily.InterNetworkV6 } v6 ? $"[{v6}]:{Port}" : $"{ToIPAddress()}:{Port}";

    /// <summary>The same in every process.</summary>
    public override int GetHashCode() => (int)(_low ^ _high ^ ((ulong)Port << 16));
}
