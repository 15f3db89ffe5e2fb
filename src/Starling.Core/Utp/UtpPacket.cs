using System;

namespace Starling.Core.Utp;

/// <summary>BEP 29, "type".</summary>
public enum UtpPacketType
{
    /// <summary>Payload.</summary>
    Data = 0,

    /// <summary>The sender's last packet in sequence.</summary>
    Fin = 1,

    /// <summary>An acknowledgement without payload; takes no sequence number.</summary>
    State = 2,

    /// <summary>The sender knows nothing of this connection.</summary>
    Reset = 3,

    /// <summary>Opens a connection.</summary>
    Syn = 4,
}

/// <summary>The 20 bytes in front of every packet (BEP 29, "header format").</summary>
/// <param name="Type">What it is.</param>
/// <param name="ConnectionId">The receiver's id of the connection; of a SYN the sender's.</param>
/// <param name="Timestamp">The sender's clock when it was sent, µs, wrapping.</param>
/// <param name="TimestampDifference">The sender's clock minus the timestamp of the last packet it got, µs, wrapping; 0: none yet.</param>
/// <param name="Window">Bytes that the sender has room for.</param>
/// <param name="Sequence">Number of this packet; of <see cref="UtpPacketType.State"/> that of the sender's next one.</param>
/// <param name="Acknowledged">Last number up to which all packets of the other side came.</param>
public readonly record struct UtpHeader(
    UtpPacketType Type, ushort ConnectionId, uint Timestamp, uint TimestampDifference, uint Window, ushort Sequence, ushort Acknowledged);

/// <summary>A decoded datagram; its spans lie in the datagram.</summary>
public readonly ref struct UtpPacket
{
    internal UtpPacket(UtpHeader header, ReadOnlySpan<byte> selectiveAck, ReadOnlySpan<byte> payload)
    {
        Header = header;
        SelectiveAck = selectiveAck;
        Payload = payload;
    }

    /// <summary>The fixed part.</summary>
    public UtpHeader Header { get; }

    /// <summary>Bit k (least significant first): packet Acknowledged + 2 + k came. Empty: the extension is not there.</summary>
    public ReadOnlySpan<byte> SelectiveAck { get; }

    /// <summary>What follows the extensions.</summary>
    public ReadOnlySpan<byte> Payload { get; }
}
