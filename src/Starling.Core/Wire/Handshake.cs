using System;
using System.Buffers.Binary;
using Starling.Core.Primitives;

namespace Starling.Core.Wire;

/// <summary>The first 68 bytes of each side of a BitTorrent connection (BEP 3).</summary>
/// <param name="Reserved">The 8 reserved bytes as a big-endian number; the named bits say what the sender speaks.</param>
/// <param name="InfoHash">The swarm.</param>
/// <param name="PeerId">The sender's name for this process.</param>
public readonly record struct Handshake(ulong Reserved, InfoHash InfoHash, PeerId PeerId)
{
    /// <summary>Length in bytes.</summary>
    public const int Size = 68;

    /// <summary>Reserved bit of the extension protocol (BEP 10).</summary>
    public const ulong ExtensionBit = 0x00000000_00100000;

    /// <summary>Reserved bit of the DHT's <c>port</c> message (BEP 5).</summary>
    public const ulong DhtBit = 0x00000000_00000001;

    /// <summary>Reserved bit of the fast extension (BEP 6).</summary>
    public const ulong FastBit = 0x00000000_00000004;

    /// <summary>Reserved bit by which a hybrid torrent's peer offers to go on with the v2 protocol (BEP 52).</summary>
    public const ulong V2Bit = 0x00000000_00000010;

    private const int ReservedOffset = 20;
    private const int InfoHashOffset = 28;
    private const int PeerIdOffset = 48;

    /// <summary>The 20 bytes that every handshake starts with: <c>\x13BitTorrent protocol</c>.</summary>
    public static ReadOnlySpan<byte> Prefix => "\u0013BitTorrent protocol"u8;

    /// <summary>Whether BEP 10 extended messages are understood.</summary>
    public bool SupportsExtensions => (Reserved & ExtensionBit) != 0;

    /// <summary>Whether BEP 6's messages are understood.</summary>
    public bool SupportsFast => (Reserved & FastBit) != 0;

    /// <summary>Whether the <c>port</c> message of BEP 5 is understood.</summary>
    public bool SupportsDht => (Reserved & DhtBit) != 0;

    /// <summary>Whether the v2 protocol is offered (BEP 52).</summary>
    public bool SupportsV2 => (Reserved & V2Bit) != 0;

    /// <summary>Reads exactly 68 bytes. False for any other length or protocol name.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out Handshake handshake)
    {
        handshake = default;
        if (bytes.Length != Size || !bytes.StartsWith(Prefix))
        {
            return false;
        }

        handshake = new Handshake(
            BinaryPrimitives.ReadUInt64BigEndian(bytes[ReservedOffset..]),
            new InfoHash(bytes[InfoHashOffset..]),
            new PeerId(bytes[PeerIdOffset..]));
        return true;
    }

    /// <summary>The 68 bytes.</summary>
    public byte[] Encode()
    {
        var bytes = new byte[Size];
        Prefix.CopyTo(bytes);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(ReservedOffset), Reserved);
        InfoHash.CopyTo(bytes.AsSpan(InfoHashOffset));
        PeerId.CopyTo(bytes.AsSpan(PeerIdOffset));
        return bytes;
    }
}
