using System;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Starling.Core.Primitives;

/// <summary>
/// Where a peer listens: an IPv4 or IPv6 address and a port. IPv4 is kept as IPv6-mapped, so that one address has one value.
/// </summary>
/// <param name="Ip">The 16 bytes as a big-endian number.</param>
/// <param name="Port">TCP and UDP port, 1..65535; 0 means "not known".</param>
public readonly record struct PeerAddress(UInt128 Ip, ushort Port) : IComparable<PeerAddress>
{
    /// <summary>Bytes of the compact IPv4 form (BEP 23).</summary>
    public const int CompactSizeV4 = 6;

    /// <summary>Bytes of the compact IPv6 form (BEP 7).</summary>
    public const int CompactSizeV6 = 18;

    private static readonly UInt128 MappedPrefix = new(0, 0x0000FFFF_00000000);

    /// <summary>Whether this is an IPv4 address.</summary>
    public bool IsV4 => (Ip >> 32) == (MappedPrefix >> 32);

    /// <summary>The address of a socket end point.</summary>
    public static PeerAddress From(IPAddress address, int port)
    {
        ArgumentNullException.ThrowIfNull(address);
        Span<byte> bytes = stackalloc byte[16];
        address.MapToIPv6().TryWriteBytes(bytes, out _);
        return new PeerAddress(BinaryPrimitives.ReadUInt128BigEndian(bytes), (ushort)port);
    }

    /// <summary>The IP address alone, IPv4 in its own form.</summary>
    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Ip);
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
        address = new PeerAddress(
            bytes.Length == CompactSizeV4
                ? MappedPrefix | BinaryPrimitives.ReadUInt32BigEndian(bytes)
                : BinaryPrimitives.ReadUInt128BigEndian(bytes),
            port);
        return true;
    }

    /// <summary>Writes the compact form and returns its length, 6 or 18.</summary>
    public int WriteCompact(Span<byte> destination)
    {
        int size = IsV4 ? CompactSizeV4 : CompactSizeV6;
        if (IsV4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)(ulong)Ip);
        }
        else
        {
            BinaryPrimitives.WriteUInt128BigEndian(destination, Ip);
        }

        BinaryPrimitives.WriteUInt16BigEndian(destination[(size - 2)..], Port);
        return size;
    }

    /// <inheritdoc/>
    public int CompareTo(PeerAddress other)
    {
        int order = Ip.CompareTo(other.Ip);
        return order != 0 ? order : Port.CompareTo(other.Port);
    }

    /// <summary><c>1.2.3.4:5</c> or <c>[::1]:5</c>.</summary>
    public override string ToString() =>
        ToIPAddress() is { AddressFamily: AddressFamily.InterNetworkV6 } v6 ? $"[{v6}]:{Port}" : $"{ToIPAddress()}:{Port}";

    /// <summary>The same in every process.</summary>
    public override int GetHashCode() => (int)((ulong)Ip ^ (ulong)(Ip >> 64) ^ ((ulong)Port << 16));
}
