using System;
using System.Buffers.Binary;
using System.Numerics;
using Starling.Core.Primitives;

namespace Starling.Core.Dht;

/// <summary>
/// Node ids bound to addresses (BEP 42): the first 21 bits follow from the address and three bits that the node chooses, so that nobody can place many
/// nodes around a target without having many networks.
/// </summary>
internal static class SecureNodeId
{
    private const uint MaskV4 = 0x030f3fff;
    private const ulong MaskV6 = 0x0103070f1f3f7fff;
    private const uint CheckedBits = 0xfffff800;

    /// <summary>Whether the id fits the address. Local networks are not exempt here: see <see cref="IsAcceptable"/>.</summary>
    public static bool Matches(NodeId id, PeerAddress address)
    {
        Span<byte> bytes = stackalloc byte[NodeId.Size];
        id.CopyTo(bytes);
        return ((BinaryPrimitives.ReadUInt32BigEndian(bytes) ^ Prefix(address, bytes[^1])) & CheckedBits) == 0;
    }

    /// <summary>Whether the id may be believed to be at the address: it fits, or the address is one of a local network.</summary>
    public static bool IsAcceptable(NodeId id, PeerAddress address) => AddressRange.IsLocal(address) || Matches(id, address);

    /// <summary>A random id for a node at the address.</summary>
    public static NodeId Make(PeerAddress address, DeterministicRandom random) => WithPrefix(NodeId.Random(random), address);

    /// <summary>The id with those bits changed that the address decides.</summary>
    internal static NodeId WithPrefix(NodeId id, PeerAddress address)
    {
        Span<byte> bytes = stackalloc byte[NodeId.Size];
        id.CopyTo(bytes);
        uint prefix = (Prefix(address, bytes[^1]) & CheckedBits) | (BinaryPrimitives.ReadUInt32BigEndian(bytes) & ~CheckedBits);
        BinaryPrimitives.WriteUInt32BigEndian(bytes, prefix);
        return new NodeId(bytes);
    }

    /// <summary>CRC-32C over the masked address with three bits of the id's last byte in front.</summary>
    private static uint Prefix(PeerAddress address, byte last)
    {
        uint crc = uint.MaxValue;
        if (address.IsV4)
        {
            uint masked = ((uint)(ulong)address.Ip & MaskV4) | ((uint)(last & 7) << 29);
            return ~BitOperations.Crc32C(crc, BinaryPrimitives.ReverseEndianness(masked));
        }

        ulong masked6 = ((ulong)(address.Ip >> 64) & MaskV6) | ((ulong)(last & 7) << 61);
        return ~BitOperations.Crc32C(crc, BinaryPrimitives.ReverseEndianness(masked6));
    }
}
