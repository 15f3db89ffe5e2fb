using System;
using Starling.Core.Utp;
using Starling.Fuzz.Engine;
using Starling.Fuzz.Targets.Machines;

namespace Starling.Fuzz.Targets;

internal static class UtpTargets
{
    public static byte[] Packet(UtpPacketType type, ushort id, ushort sequence, ushort acknowledged, byte[] payload, int selectiveAck = 0)
    {
        var datagram = new byte[UtpPacketCodec.HeaderSize + (selectiveAck > 0 ? UtpPacketCodec.ExtensionHeaderSize + selectiveAck : 0)];
        UtpPacketCodec.WriteHeader(datagram, new UtpHeader(type, id, 1000, 500, 1 << 20, sequence, acknowledged));
        if (selectiveAck > 0)
        {
            datagram[^selectiveAck] = 5;
            UtpPacketCodec.MarkSelectiveAck(datagram, selectiveAck);
        }

        return [.. datagram, .. payload];
    }

    public static FuzzTarget[] All { get; } =
    [
        new()
        {
            Name = "utp-packet",
            Covers = [typeof(UtpPacketCodec)],
            MaxSize = 512,
            Seeds = () =>
            [
                Packet(UtpPacketType.Data, 7, 3, 2, Parts.Filled(20)), Packet(UtpPacketType.State, 7, 3, 2, []), Packet(UtpPacketType.State, 7, 3, 2, [], 4), Packet(UtpPacketType.Syn, 7, 1, 0, []),
                [0x11, 2, .. Packet(UtpPacketType.Fin, 1, 2, 3, [])[2..], 0, 3, 1, 2, 3],
            ],
            Start = () => WriteAgain,
        },
        new()
        {
            Name = "utp-connections",
            Covers = [typeof(UtpSocketTable), typeof(UtpConnection), typeof(UtpReceiver), typeof(UtpSender)],
            Shape = InputShape.Script,
            Encodes = false,
            MaxSize = 1024,
            Seeds = UtpScript.Seeds,
            Start = () => new UtpScript().Run,

            // Rings and pooled packets of up to four connections.
            FixedAllocation = 512 * 1024,
            AllocationPerByte = 512,
            QuickInputs = 2_000,
        },
    ];

    /// <summary>Extensions other than the selective acknowledgement are not written: the rest is what must come back.</summary>
    private static byte[]? WriteAgain(ReadOnlyMemory<byte> input)
    {
        if (!UtpPacketCodec.TryDecode(input.Span, out UtpPacket packet))
        {
            return null;
        }

        int selective = packet.SelectiveAck.IsEmpty ? 0 : UtpPacketCodec.ExtensionHeaderSize + packet.SelectiveAck.Length;
        var written = new byte[UtpPacketCodec.HeaderSize + selective + packet.Payload.Length];
        UtpPacketCodec.WriteHeader(written, packet.Header);
        if (selective > 0)
        {
            packet.SelectiveAck.CopyTo(written.AsSpan(UtpPacketCodec.HeaderSize + UtpPacketCodec.ExtensionHeaderSize));
            UtpPacketCodec.MarkSelectiveAck(written, packet.SelectiveAck.Length);
        }

        packet.Payload.CopyTo(written.AsSpan(UtpPacketCodec.HeaderSize + selective));
        return written;
    }
}
