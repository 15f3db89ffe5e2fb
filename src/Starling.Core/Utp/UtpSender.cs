using System;
using Starling.Core.Primitives;

namespace Starling.Core.Utp;

/// <summary>The sending half of a connection: what may be sent now, what came, what was lost.</summary>
internal sealed class UtpSender
{
    /// <summary>Packets under way at most; libutp keeps 1,024 that come early, libtorrent 953.</summary>
    public const int MaxInFlightPackets = 900;

    /// <summary>Packets sent later that came, after which one counts as lost (BEP 29).</summary>
    private const int LossThreshold = 3;

    private readonly RttEstimate _rtt;
    private readonly Ledbat _ledbat;
    private readonly DelayHistory _delays = new();
    private readonly int _packetSize;
    private uint _peerWindow = ushort.MaxValue;
    private int _inFlightBytes;
    private int _inFlightPackets;
    private int _lostPackets;
    private int _highestCame = -1;
    private int _duplicates;
    private long _order;
    private long _highestOrderCame;
    private long _orderOfCut;
    private bool _probing;
    private TimeSpan _lastSample;
    private int _cameBytes;

    public UtpSender(int packetSize, UtpOptions options, PacketPool pool)
    {
        _packetSize = packetSize;
        Ring = new SendRing(packetSize, options.SendBuffer, pool);
        _rtt = new RttEstimate(options.MinTimeout, options.MaxTimeout);
        _ledbat = new Ledbat(packetSize, options.SendBuffer, options.TargetDelay);
    }

    public SendRing Ring { get; }

    /// <summary>When what is under way counts as lost, or a peer without room is asked again.</summary>
    public Instant Deadline { get; private set; } = Instant.Never;

    /// <summary>Since when the peer owes an answer: it has acknowledged nothing since, nor said that it has no room.</summary>
    public Instant WaitingSince { get; private set; }

    public TimeSpan Timeout => _rtt.Timeout;

    public TimeSpan RoundTrip => _rtt.Mean;

    public double Window => _ledbat.Window;

    /// <summary>Packets sent more than once so far.</summary>
    public long Resent { get; private set; }

    /// <summary>The number that acknowledgements start from.</summary>
    public void Start(ushort sequence) => Ring.Start(sequence);

    /// <summary>Doubles the timeout of a SYN.</summary>
    public void BackOff() => _rtt.BackOff();

    /// <summary>The way back got shorter by this, so clocks drift and the way there seems longer (libutp does the same).</summary>
    public void CompensateDrift(uint micros)
    {
        if (_delays.IsKnown)
        {
            _delays.Shift(micros);
        }
    }

    /// <summary>The next packet that may be sent now: lost ones first.</summary>
    public bool TryNext(out ushort sequence)
    {
        if (_lostPackets > 0)
        {
            sequence = Ring.First;
            while (!Ring[sequence].IsLost)
            {
                sequence++;
            }

            return _inFlightPackets == 0 || _inFlightBytes + Ring[sequence].Size <= _ledbat.Window;
        }

        sequence = Ring.Next;
        if (!Ring.HasUnsent || Ring.SentCount >= MaxInFlightPackets)
        {
            return false;
        }

        int size = Ring[sequence].Size;
        return _probing
            || (_inFlightBytes + size <= Math.Min(_ledbat.Window, _peerWindow))
            || (_inFlightPackets == 0 && size <= _peerWindow);
    }

    /// <summary>It was sent.</summary>
    public void Sent(ushort sequence, Instant now)
    {
        ref OutgoingPacket packet = ref Ring[sequence];
        if (sequence == Ring.Next)
        {
            WaitingSince = Ring.SentCount == 0 ? now : WaitingSince;
            Ring.Sent();
            _probing = false;
        }
        else
        {
            packet.IsLost = false;
            _lostPackets--;
            Resent++;
        }

        if (_inFlightPackets == 0 || Deadline == Instant.Never)
        {
            Deadline = now + _rtt.Timeout;
        }

        packet.Transmissions++;
        packet.Order = ++_order;
        packet.SentAt = now;
        _inFlightBytes += packet.Size;
        _inFlightPackets++;
    }

    /// <summary>Nothing more can be sent now: a peer without room is to be asked later.</summary>
    public void Settle(Instant now)
    {
        if (Ring.HasUnsent && Ring.SentCount == 0 && Deadline == Instant.Never)
        {
            Deadline = now + _rtt.Timeout;
            WaitingSince = now;
        }
        else if (Ring.IsEmpty)
        {
            Deadline = Instant.Never;
        }
    }

    /// <summary>
    /// How many packets beyond the first unacknowledged one a number acknowledges; negative for one that was acknowledged before. Null: that was never sent.
    /// </summary>
    public int? Progress(ushort acknowledged)
    {
        int progress = (short)(acknowledged - (Ring.First - 1));
        return progress > Ring.SentCount || progress < -MaxInFlightPackets ? null : progress;
    }

    /// <summary>Whether a reset is an answer to something sent lately; one of an acknowledgement names the number after the last.</summary>
    public bool IsRecent(ushort sequence)
    {
        int place = (short)(sequence - Ring.First);
        return place >= -2 && place <= Ring.SentCount;
    }

    /// <summary>Takes an acknowledgement whose number was found right.</summary>
    /// <param name="packet">The packet that it came with.</param>
    /// <param name="progress">Of its number.</param>
    /// <param name="now">When it came.</param>
    /// <returns>Whether it made room.</returns>
    public bool Acknowledge(in UtpPacket packet, int progress, Instant now)
    {
        if (progress < 0)
        {
            return false;
        }

        UtpHeader header = packet.Header;
        _peerWindow = header.Window;
        bool wasFull = _inFlightBytes + _packetSize > _ledbat.Window;
        (_lastSample, _cameBytes) = (TimeSpan.Zero, 0);
        bool any = Take(packet.SelectiveAck, progress, now);
        WaitingSince = any || _peerWindow < _packetSize ? now : WaitingSince;
        if (any)
        {
            _duplicates = 0;
            _rtt.Recover();
            if (_lastSample > TimeSpan.Zero)
            {
                _rtt.Add(_lastSample);
            }

            Measure(header.TimestampDifference, wasFull, now);
            Deadline = Ring.SentCount == 0 ? Instant.Never : now + _rtt.Timeout;
        }
        else if (Ring.SentCount > 0 && header.Type == UtpPacketType.State && packet.SelectiveAck.IsEmpty)
        {
            _duplicates++;
        }

        FindLost(now);
        return any;
    }

    /// <summary>The deadline passed. False: there was nothing to wait for.</summary>
    public bool TimedOut()
    {
        Deadline = Instant.Never;
        if (Ring.IsEmpty)
        {
            return false;
        }

        _rtt.BackOff();
        if (Ring.SentCount == 0)
        {
            // The peer has no room, or its word of having some was lost.
            _probing = true;
            return true;
        }

        for (ushort sequence = Ring.First; sequence != Ring.Next; sequence++)
        {
            ref OutgoingPacket packet = ref Ring[sequence];
            if (!packet.IsAcknowledged && !packet.IsLost)
            {
                MarkLost(ref packet);
            }
        }

        _ledbat.TimedOut();
        _orderOfCut = _order;
        _duplicates = 0;
        return true;
    }

    private bool Take(ReadOnlySpan<byte> selectiveAck, int progress, Instant now)
    {
        bool any = progress > 0;
        for (int i = 0; i < progress; i++)
        {
            Came(ref Ring[Ring.First], now);
            Ring.Advance();
        }

        _highestCame = Math.Max(-1, _highestCame - progress);

        // Bit k is the packet k + 1 places behind the first one that is missing.
        int sent = Ring.SentCount;
        for (int at = 0; at < selectiveAck.Length && (8 * at) + 1 < sent; at++)
        {
            for (int bits = selectiveAck[at], bit = 0; bits != 0; bits >>= 1, bit++)
            {
                int place = (8 * at) + bit + 1;
                if ((bits & 1) != 0 && place < sent)
                {
                    any |= Came(ref Ring[(ushort)(Ring.First + place)], now);
                    _highestCame = Math.Max(_highestCame, place);
                }
            }
        }

        return any;
    }

    private bool Came(ref OutgoingPacket packet, Instant now)
    {
        if (packet.IsAcknowledged)
        {
            return false;
        }

        packet.IsAcknowledged = true;
        if (packet.IsLost)
        {
            _lostPackets--;
            packet.IsLost = false;
        }
        else
        {
            _inFlightBytes -= packet.Size;
            _inFlightPackets--;
        }

        TimeSpan age = now - packet.SentAt;
        if (packet.Transmissions == 1)
        {
            _lastSample = age;
        }

        // Of one that was sent again, an early answer is to the first sending.
        if (packet.Transmissions == 1 || age > _rtt.Mean / 2)
        {
            _highestOrderCame = Math.Max(_highestOrderCame, packet.Order);
        }

        _cameBytes += packet.Size;
        Ring.Release(ref packet);
        return true;
    }

    private void Measure(uint sample, bool wasFull, Instant now)
    {
        // 0: the peer has no sample; the largest signed number: what µTorrent sends then.
        if (sample is not (0 or int.MaxValue))
        {
            _delays.Add(sample, now);
            if (_lastSample > TimeSpan.Zero && _delays.Queueing > _lastSample)
            {
                // No way is longer than the way there and back.
                _delays.Shift((uint)((_delays.Queueing - _lastSample).Ticks / TimeSpan.TicksPerMicrosecond));
            }
        }

        if (_cameBytes > 0)
        {
            _ledbat.Acknowledged(_cameBytes, _delays.Queueing, wasFull, now);
        }
    }

    private void FindLost(Instant now)
    {
        int sent = Ring.SentCount;
        if (sent == 0)
        {
            return;
        }

        // With few packets under way and none to follow there can't be three later ones (RFC 5827).
        int threshold = Ring.HasUnsent ? LossThreshold : Math.Clamp(sent - 1, 1, LossThreshold);
        bool cut = false;
        if (_duplicates >= LossThreshold && Ring[Ring.First] is { IsAcknowledged: false, IsLost: false, Transmissions: 1 })
        {
            cut |= Lose(ref Ring[Ring.First]);
        }

        int later = 0;
        for (int place = _highestCame; place >= 0; place--)
        {
            ref OutgoingPacket packet = ref Ring[(ushort)(Ring.First + place)];
            if (packet.IsAcknowledged)
            {
                later++;
            }
            else if (later >= threshold && !packet.IsLost && packet.Order + threshold <= _highestOrderCame)
            {
                cut |= Lose(ref packet);
            }
        }

        if (cut)
        {
            _ledbat.Lost(_delays.Queueing, now);
            _orderOfCut = _order;
        }
    }

    /// <summary>Whether the window is to be cut: once for what was sent in one round trip.</summary>
    private bool Lose(ref OutgoingPacket packet)
    {
        MarkLost(ref packet);
        return packet.Order > _orderOfCut;
    }

    private void MarkLost(ref OutgoingPacket packet)
    {
        packet.IsLost = true;
        _lostPackets++;
        _inFlightBytes -= packet.Size;
        _inFlightPackets--;
    }
}
