using System;
using Starling.Core.Primitives;

namespace Starling.Core.Utp;

/// <summary>Where a connection is in its life.</summary>
public enum UtpState
{
    /// <summary>The SYN waits for its answer.</summary>
    Connecting,

    /// <summary>A SYN came; its sender has not yet shown that it gets what is sent to its address.</summary>
    HalfOpen,

    /// <summary>Bytes may flow.</summary>
    Connected,

    /// <summary>Both sides have sent their last; repeated packets are still answered.</summary>
    Lingering,

    /// <summary>Over; nothing may be asked of it but why.</summary>
    Closed,
}

/// <summary>
/// One uTP connection (BEP 29) as a state machine: packets and the time go in, datagrams come out through <see cref="IUtpOutput"/>. Driven by its
/// <see cref="UtpSocketTable"/>; the owner writes, reads and closes. For one thread.
/// </summary>
public sealed class UtpConnection
{
    /// <summary>How long to wait when the system takes no datagram.</summary>
    private static readonly TimeSpan SendRetry = TimeSpan.FromMilliseconds(2);

    /// <summary>Base changes of the way back above this are no drift (libutp, libtorrent).</summary>
    private const uint MaxDriftMicros = 10_000;

    private readonly UtpOptions _options;
    private readonly UtpSocketTable _table;
    private readonly UtpSender _sender;
    private readonly UtpReceiver _receiver;
    private readonly DelayHistory _delaysBack = new();
    private readonly ushort _synSequence;
    private uint _lastDelayBack;
    private int _syns;
    private Instant _synDeadline = Instant.Never;
    private Instant _deadline = Instant.Never;
    private Instant _retry = Instant.Never;
    private Instant _lastSent;

    private UtpConnection(UtpSocketTable table, PeerAddress remote, ushort receiveId, ushort sendId, ushort synSequence, UtpState state, Instant now)
    {
        (_table, _options, Remote, ReceiveId, SendId) = (table, table.Options, remote, receiveId, sendId);
        (_synSequence, State, _lastSent) = (synSequence, state, now);
        _sender = new UtpSender(
            (remote.IsV4 ? _options.MaxDatagramV4 : _options.MaxDatagramV6) - UtpPacketCodec.HeaderSize, _options, table.Packets);
        _receiver = new UtpReceiver(_options.ReceiveWindow);
    }

    /// <summary>The peer.</summary>
    public PeerAddress Remote { get; }

    /// <summary>Whatever the driver wants to find again.</summary>
    public object? Owner { get; set; }

    /// <summary>Where it is.</summary>
    public UtpState State { get; private set; }

    /// <summary>Why it closed, if not in peace (code <c>utp</c>).</summary>
    public Problem? Problem { get; private set; }

    /// <summary>Bytes that can be read now.</summary>
    public int Available => _receiver.Available;

    /// <summary>Whether the peer will send nothing beyond <see cref="Available"/>.</summary>
    public bool IsReadComplete => _receiver.IsComplete;

    /// <summary>Whether the peer has got all that was written, and the end behind it.</summary>
    public bool IsWriteComplete => _sender.Ring.FinQueued && _sender.Ring.IsEmpty;

    /// <summary>Bytes written that the peer has not acknowledged.</summary>
    public int Unacknowledged => _sender.Ring.Bytes;

    /// <summary>The smoothed round trip; zero while unknown.</summary>
    public TimeSpan RoundTrip => _sender.RoundTrip;

    /// <summary>Bytes that the congestion control allows under way.</summary>
    public double CongestionWindow => _sender.Window;

    /// <summary>Packets that had to be sent again.</summary>
    public long Resent => _sender.Resent;

    internal ushort ReceiveId { get; }

    internal ushort SendId { get; }

    /// <summary>Whether it counts among those that are half open.</summary>
    internal bool IsHalfOpen { get; set; }

    /// <summary>Whether the owner let go.</summary>
    internal bool IsReleased { get; private set; }

    internal bool IsInTable { get; set; } = true;

    /// <summary>Whether something happened since the last flush.</summary>
    internal bool IsDirty { get; set; }

    internal Instant NextWake => State switch
    {
        UtpState.Closed => Instant.Never,
        UtpState.Connecting => Instant.Min(_synDeadline, _retry),
        UtpState.HalfOpen or UtpState.Lingering => _deadline,
        _ => Instant.Min(Instant.Min(_sender.Deadline, _retry), Instant.Min(_lastSent + _options.KeepAlive, _deadline)),
    };

    /// <summary>Writes bytes; returns how many were taken, 0 when there is no room or no more may be written.</summary>
    public int Write(ReadOnlySpan<byte> bytes, Instant now)
    {
        if (State is UtpState.Lingering or UtpState.Closed || _sender.Ring.FinQueued)
        {
            return 0;
        }

        int taken = _sender.Ring.Write(bytes);
        Flush(now);
        return taken;
    }

    /// <summary>Reads what came in order; returns how many bytes.</summary>
    public int Read(Span<byte> destination, Instant now)
    {
        int count = _receiver.Read(destination);
        if (_receiver.AckDue && State == UtpState.Connected)
        {
            Flush(now);
        }

        return count;
    }

    /// <summary>Nothing more will be written; what was is still sent.</summary>
    public void CloseWrites(Instant now)
    {
        if (State is UtpState.Connecting or UtpState.Connected && !_sender.Ring.TryQueueFin())
        {
            Abort(now);
        }
        else if (State == UtpState.Connected)
        {
            Flush(now);
        }
    }

    /// <summary>
    /// The owner lets go: nothing is read any more. What was written is still sent, for a while; if the peer had sent something that nobody read, it is
    /// told that the connection broke.
    /// </summary>
    public void Release(Instant now)
    {
        IsReleased = true;
        if (State == UtpState.Connecting || (State == UtpState.Connected && _receiver.Available > 0))
        {
            Abort(now);
            return;
        }

        _deadline = Instant.Min(_deadline, now + _options.MaxFarewell);
        CloseWrites(now);
    }

    /// <summary>Ends the connection at once and tells the peer.</summary>
    public void Abort(Instant now)
    {
        if (State is UtpState.Connected or UtpState.HalfOpen)
        {
            Span<byte> reset = stackalloc byte[UtpPacketCodec.HeaderSize];
            WriteHeader(reset, UtpPacketType.Reset, SendId, _sender.Ring.Next, now);
            _table.Output.Send(Remote, reset);
        }

        Close(new Problem("utp", "The connection was aborted"), now);
    }

    internal static UtpConnection Open(UtpSocketTable table, PeerAddress remote, ushort id, ushort sequence, Instant now)
    {
        var connection = new UtpConnection(table, remote, id, (ushort)(id + 1), sequence, UtpState.Connecting, now);
        connection._sender.Start((ushort)(sequence + 1));
        connection.SendSyn(now);
        return connection;
    }

    internal static UtpConnection Answer(UtpSocketTable table, PeerAddress remote, in UtpHeader syn, ushort sequence, Instant now)
    {
        var connection = new UtpConnection(
            table, remote, (ushort)(syn.ConnectionId + 1), syn.ConnectionId, syn.Sequence, UtpState.HalfOpen, now);
        connection._sender.Start(sequence);
        connection._receiver.Start(syn.Sequence);
        connection._deadline = now + table.Options.HalfOpenTimeout;
        connection.Heard(syn, now);
        connection._receiver.AckDue = true;
        return connection;
    }

    /// <summary>Takes a packet of this connection; answers wait for the flush.</summary>
    internal void Receive(in UtpPacket packet, Instant now)
    {
        UtpHeader header = packet.Header;
        if (State == UtpState.Closed)
        {
            return;
        }

        if (header.Type == UtpPacketType.Reset)
        {
            TakeReset(header, now);
        }
        else if (header.Type == UtpPacketType.Syn)
        {
            // Its answer was lost. A connection of my own is never answered by a SYN.
            _receiver.AckDue |= header.ConnectionId == SendId && header.Sequence == _synSequence;
        }
        else if (State != UtpState.Connecting || TryOpen(header))
        {
            TakePacket(packet, now);
        }
    }

    /// <summary>Sends what may be sent, and an acknowledgement if none went along.</summary>
    internal void Flush(Instant now)
    {
        IsDirty = false;
        _retry = Instant.Never;
        if (State == UtpState.Connected)
        {
            while (_sender.TryNext(out ushort sequence))
            {
                if (!SendData(sequence, now))
                {
                    _retry = now + SendRetry;
                    break;
                }
            }

            _sender.Settle(now);
        }

        if (_receiver.AckDue && State is not (UtpState.Closed or UtpState.Connecting))
        {
            SendState(now);
        }

        if (State == UtpState.Connected && IsWriteComplete && (_receiver.IsComplete || IsReleased))
        {
            State = UtpState.Lingering;
            _deadline = now + _options.Linger;
            _table.Output.Changed(this);
        }
    }

    internal void Tick(Instant now)
    {
        if (State == UtpState.Connecting && now >= Instant.Min(_synDeadline, _retry))
        {
            if (_syns >= _options.MaxSyns)
            {
                Close(new Problem("utp", "No answer over uTP"), now);
            }
            else
            {
                SendSyn(now);
            }
        }
        else if (_deadline <= now)
        {
            if (State == UtpState.Connected)
            {
                Abort(now);
            }
            else
            {
                Close(State == UtpState.HalfOpen ? new Problem("utp", "The peer never went on") : null, now);
            }
        }
        else if (State == UtpState.Connected)
        {
            TickConnected(now);
        }
    }

    private void TickConnected(Instant now)
    {
        if (_sender.Deadline <= now && _sender.TimedOut() && now - _sender.WaitingSince >= _options.MaxSilence)
        {
            Close(new Problem("utp", $"The peer acknowledged nothing for {_options.MaxSilence.TotalSeconds:0} s"), now);
            return;
        }

        _receiver.AckDue |= now - _lastSent >= _options.KeepAlive;
        Flush(now);
    }

    private void TakePacket(in UtpPacket packet, Instant now)
    {
        UtpHeader header = packet.Header;
        if (_sender.Progress(header.Acknowledged) is not { } progress)
        {
            return;
        }

        if (State == UtpState.HalfOpen)
        {
            // Its number is right, so it got my answer: the address is not forged.
            (State, _deadline) = (UtpState.Connected, Instant.Never);
            _table.Accepted(this);
        }

        Heard(header, now);
        bool madeRoom = _sender.Acknowledge(packet, progress, now);
        int before = _receiver.Available;
        bool wasComplete = _receiver.IsComplete;
        if (header.Type is UtpPacketType.Data or UtpPacketType.Fin)
        {
            _receiver.Receive(header.Type == UtpPacketType.Fin, header.Sequence, packet.Payload);
            if (IsReleased && _receiver.Available > 0)
            {
                Abort(now);
                return;
            }
        }

        if (madeRoom || _receiver.Available != before || _receiver.IsComplete != wasComplete)
        {
            _table.Changed(this);
        }
    }

    /// <summary>The answer to a SYN. Its number is that of the peer's first data packet (libutp, libtorrent), which the BEP's picture leaves open.</summary>
    private bool TryOpen(in UtpHeader header)
    {
        if (header.Acknowledged != _synSequence || header.Type == UtpPacketType.Fin)
        {
            return false;
        }

        _receiver.Start((ushort)(header.Sequence - 1));
        State = UtpState.Connected;
        _synDeadline = Instant.Never;

        // With data or without, so that the peer knows where I am.
        _receiver.AckDue = true;
        _table.Changed(this);
        return true;
    }

    private void TakeReset(in UtpHeader header, Instant now)
    {
        // Whoever guesses an id must guess the number of a packet under way too.
        bool isPlausible = State == UtpState.Connecting
            ? header.Acknowledged == _synSequence
            : _sender.IsRecent(header.Acknowledged);
        if (isPlausible)
        {
            Close(State == UtpState.Lingering ? null : new Problem("utp", "The peer reset the connection"), now);
        }
    }

    private void Heard(in UtpHeader header, Instant now)
    {
        if (header.Timestamp == 0)
        {
            return;
        }

        _lastDelayBack = Micros(now) - header.Timestamp;
        bool wasKnown = _delaysBack.IsKnown;
        uint before = _delaysBack.Base;
        _delaysBack.Add(_lastDelayBack, now);
        uint drift = before - _delaysBack.Base;
        if (wasKnown && drift is > 0 and <= MaxDriftMicros)
        {
            _sender.CompensateDrift(drift);
        }
    }

    private void SendSyn(Instant now)
    {
        Span<byte> syn = stackalloc byte[UtpPacketCodec.HeaderSize];
        WriteHeader(syn, UtpPacketType.Syn, ReceiveId, _synSequence, now);
        _retry = Instant.Never;
        if (!_table.Output.Send(Remote, syn))
        {
            // No way leads there, or the system is busy: both may pass.
            _retry = now + TimeSpan.FromSeconds(1);
        }

        _synDeadline = now + _sender.Timeout;
        _sender.BackOff();
        _syns++;
        _lastSent = now;
    }

    private bool SendData(ushort sequence, Instant now)
    {
        ref OutgoingPacket packet = ref _sender.Ring[sequence];
        Span<byte> datagram = packet.Buffer.AsSpan(0, UtpPacketCodec.HeaderSize + packet.Size);
        WriteHeader(datagram, packet.Type, SendId, sequence, now);
        if (!_table.Output.Send(Remote, datagram))
        {
            return false;
        }

        _sender.Sent(sequence, now);
        _lastSent = now;
        _receiver.AckDue &= _receiver.HasGap;
        return true;
    }

    private void SendState(Instant now)
    {
        Span<byte> datagram = stackalloc byte[
            UtpPacketCodec.HeaderSize + UtpPacketCodec.ExtensionHeaderSize + UtpPacketCodec.MaxSelectiveAckSize];

        // Behind a FIN comes nothing, and libtorrent ignores what claims to.
        ushort sequence = _sender.Ring.FinQueued && !_sender.Ring.HasUnsent ? (ushort)(_sender.Ring.Next - 1) : _sender.Ring.Next;
        WriteHeader(datagram, UtpPacketType.State, SendId, sequence, now);
        int bits = _receiver.WriteSelectiveAck(datagram[(UtpPacketCodec.HeaderSize + UtpPacketCodec.ExtensionHeaderSize)..]);
        int size = bits == 0 ? UtpPacketCodec.HeaderSize : UtpPacketCodec.MarkSelectiveAck(datagram, bits);

        // One that can't be sent is as good as lost: the peer will ask again.
        _table.Output.Send(Remote, datagram[..size]);
        _lastSent = now;
        _receiver.AckDue = false;
    }

    private void WriteHeader(Span<byte> datagram, UtpPacketType type, ushort id, ushort sequence, Instant now) =>
        UtpPacketCodec.WriteHeader(datagram, new UtpHeader(
            type, id, Micros(now), _lastDelayBack, _receiver.Advertise(), sequence,
            type == UtpPacketType.Syn ? (ushort)0 : _receiver.Acknowledged));

    private void Close(Problem? problem, Instant now)
    {
        if (State == UtpState.Closed)
        {
            return;
        }

        State = UtpState.Closed;
        Problem = problem;
        _lastSent = now;
        _sender.Ring.Clear();
        if (problem is not null || IsReleased)
        {
            _receiver.Clear();
        }

        _table.Closed(this);
    }

    /// <summary>A wrapping clock; never 0, which means that there is no timestamp.</summary>
    private static uint Micros(Instant now) => Math.Max(1, (uint)(now.Ticks / TimeSpan.TicksPerMicrosecond));
}
