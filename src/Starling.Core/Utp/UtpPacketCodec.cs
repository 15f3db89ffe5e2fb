using System;
using System.Buffers.Binary;

namespace Starling.Core.Utp;

/// <summary>
/// Datagrams of uTP, version 1 (BEP 29). Strict: what no implementation sends is none. A selective acknowledgement may have any length, though the BEP wants a multiple of
/// four bytes: libtorrent sends as many as it has bits for.
/// </summary>
public static class UtpPacketCodec
{
    /// <summary>Bytes of the header.</summary>
    public const int HeaderSize = 20;

    /// <summary>Extensions of one packet at most; there are three in use.</summary>
    public const int MaxExtensions = 8;

    /// <summary>Bytes of the selective acknowledgement that is sent at most: 1,024 packets.</summary>
    public const int MaxSelectiveAckSize = 128;

    /// <summary>Bytes of an extension's own header: the next one's type, this one's length.</summary>
    public const int ExtensionHeaderSize = 2;

    private const int Version = 1;
    private const byte NoExtension = 0;
    private const byte SelectiveAckExtension = 1;
    private const int SelectiveAckUnit = 4;

    /// <summary>Reads one datagram. False: it is none of uTP, or damaged.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> datagram, out UtpPacket packet)
    {
        packet = default;
        if (datagram.Length < HeaderSize || (datagram[0] & 0xF) != Version || datagram[0] >> 4 > (int)UtpPacketType.Syn)
        {
            return false;
        }

        ReadOnlySpan<byte> selectiveAck = default;
        int at = HeaderSize;
        int extensions = 0;
        for (byte type = datagram[1]; type != NoExtension;)
        {
            if (++extensions > MaxExtensions || datagram.Length - at < ExtensionHeaderSize
                || datagram.Length - at - ExtensionHeaderSize < datagram[at + 1])
            {
                return false;
            }

            ReadOnlySpan<byte> content = datagram.Slice(at + ExtensionHeaderSize, datagram[at + 1]);
            if (type == SelectiveAckExtension)
            {
                if (!selectiveAck.IsEmpty)
                {
                    return false;
                }

                selectiveAck = content;
            }

            type = datagram[at];
            at += ExtensionHeaderSize + content.Length;
        }

        var header = new UtpHeader(
            (UtpPacketType)(datagram[0] >> 4),
            BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]),
            BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]),
            BinaryPrimitives.ReadUInt32BigEndian(datagram[8..]),
            BinaryPrimitives.ReadUInt32BigEndian(datagram[12..]),
            BinaryPrimitives.ReadUInt16BigEndian(datagram[16..]),
            BinaryPrimitives.ReadUInt16BigEndian(datagram[18..]));
        ReadOnlySpan<byte> payload = datagram[at..];
        if (header.Type == UtpPacketType.Data && payload.IsEmpty)
        {
            return false;
        }

        packet = new UtpPacket(header, selectiveAck, payload);
        return true;
    }

    /// <summary>Writes the header of a packet without extensions to the first <see cref="HeaderSize"/> bytes.</summary>
    public static void WriteHeader(Span<byte> datagram, in UtpHeader header)
    {
        datagram[0] = (byte)(((int)header.Type << 4) | Version);
        datagram[1] = NoExtension;
        BinaryPrimitives.WriteUInt16BigEndian(datagram[2..], header.ConnectionId);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[4..], header.Timestamp);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[8..], header.TimestampDifference);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[12..], header.Window);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[16..], header.Sequence);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[18..], header.Acknowledged);
    }

    /// <summary>
    /// Makes the bytes behind the header a selective acknowledgement of <paramref name="size"/> bytes, which the caller has put behind the
    /// extension's header.
    /// </summary>
    /// <returns>Bytes of the datagram so far.</returns>
    public static int MarkSelectiveAck(Span<byte> datagram, int size)
    {
        datagram[1] = SelectiveAckExtension;
        datagram[HeaderSize] = NoExtension;
        datagram[HeaderSize + 1] = (byte)size;
        return HeaderSize + ExtensionHeaderSize + size;
    }

    /// <summary>Bytes, a multiple of four, that hold this many bits of a selective acknowledgement.</summary>
    public static int SelectiveAckSize(int bits) => (bits + (8 * SelectiveAckUnit) - 1) / (8 * SelectiveAckUnit) * SelectiveAckUnit;
}
