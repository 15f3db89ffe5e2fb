using System;
using Starling.Core.Primitives;

namespace Starling.Core.Utp;

/// <summary>A packet from the moment that it is written until it is acknowledged.</summary>
internal struct OutgoingPacket
{
    /// <summary>Room for the header, then the payload; null once it was acknowledged.</summary>
    public byte[]? Buffer;

    /// <summary>Bytes of payload.</summary>
    public int Size;

    public UtpPacketType Type;

    /// <summary>How often it was sent.</summary>
    public int Transmissions;

    public bool IsAcknowledged;

    /// <summary>Whether it counts as lost and is to be sent again.</summary>
    public bool IsLost;

    /// <summary>Number of its last transmission among all of the connection.</summary>
    public long Order;

    public Instant SentAt;
}

/// <summary>
/// The packets of one direction by sequence number: acknowledged | sent | not yet sent. Bytes are cut into packets when they are written, for uTP
/// never cuts again what was sent; the last packet is filled up as long as it was not.
/// </summary>
internal sealed class SendRing(int maxPayload, int maxBytes, PacketPool pool)
{
    /// <summary>Packets held at most.</summary>
    public const int MaxPackets = 2048;

    private const int InitialCapacity = 16;

    private OutgoingPacket[] _ring = [];
    private bool _finQueued;

    /// <summary>The oldest that is not acknowledged.</summary>
    public ushort First { get; private set; }

    /// <summary>The next to be sent for the first time.</summary>
    public ushort Next { get; private set; }

    /// <summary>The number of the next packet to be written.</summary>
    public ushort End { get; private set; }

    /// <summary>Bytes of payload held.</summary>
    public int Bytes { get; private set; }

    /// <summary>Sent and not yet passed by the acknowledgement.</summary>
    public int SentCount => (ushort)(Next - First);

    public bool HasUnsent => Next != End;

    /// <summary>Whether there is nothing that the peer has not got.</summary>
    public bool IsEmpty => First == End;

    public bool FinQueued => _finQueued;

    public ref OutgoingPacket this[ushort sequence] => ref _ring[sequence & (_ring.Length - 1)];

    /// <summary>Sets the first number, before anything is written.</summary>
    public void Start(ushort sequence) => First = Next = End = sequence;

    /// <summary>Takes what there is room for; returns the bytes taken.</summary>
    public int Write(ReadOnlySpan<byte> bytes)
    {
        int taken = 0;
        while (taken < bytes.Length && Bytes < maxBytes)
        {
            bool hasRoom = HasUnsent && this[(ushort)(End - 1)].Size < maxPayload;
            if (!hasRoom && !TryAdd(UtpPacketType.Data))
            {
                break;
            }

            ref OutgoingPacket last = ref this[(ushort)(End - 1)];
            int count = Math.Min(Math.Min(bytes.Length - taken, maxPayload - last.Size), maxBytes - Bytes);
            bytes.Slice(taken, count).CopyTo(last.Buffer.AsSpan(UtpPacketCodec.HeaderSize + last.Size));
            last.Size += count;
            Bytes += count;
            taken += count;
        }

        return taken;
    }

    /// <summary>Puts the end behind all that was written. Nothing may be written afterwards.</summary>
    public bool TryQueueFin()
    {
        _finQueued = _finQueued || TryAdd(UtpPacketType.Fin);
        return _finQueued;
    }

    /// <summary>The packet <see cref="Next"/> was sent.</summary>
    public void Sent() => Next++;

    /// <summary>Lets go of a packet's bytes; it keeps its place until all before it are acknowledged too.</summary>
    public void Release(ref OutgoingPacket packet)
    {
        Bytes -= packet.Size;
        pool.Return(packet.Buffer!);
        packet.Buffer = null;
    }

    /// <summary>Drops the first packet, which was released.</summary>
    public void Advance()
    {
        this[First] = default;
        First++;
    }

    /// <summary>Gives all memory back.</summary>
    public void Clear()
    {
        for (ushort sequence = First; sequence != End; sequence++)
        {
            ref OutgoingPacket packet = ref this[sequence];
            if (packet.Buffer is not null)
            {
                Release(ref packet);
            }
        }

        First = Next = End;
        _ring = [];
    }

    private bool TryAdd(UtpPacketType type)
    {
        int count = (ushort)(End - First);
        if (count >= MaxPackets)
        {
            return false;
        }

        if (count == _ring.Length)
        {
            var larger = new OutgoingPacket[Math.Max(InitialCapacity, 2 * _ring.Length)];
            for (ushort sequence = First; sequence != End; sequence++)
            {
                larger[sequence & (larger.Length - 1)] = this[sequence];
            }

            _ring = larger;
        }

        this[End] = new OutgoingPacket { Type = type, Buffer = pool.Rent() };
        End++;
        return true;
    }
}
