using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Utp;

/// <summary>
/// All uTP connections of a port, by the peer's address and the connection's id. Strangers get little: a SYN is answered by a packet no larger than it,
/// half-open connections are bounded in all and for one IP, and resets are rationed. For one thread.
/// </summary>
public sealed class UtpSocketTable
{
    private readonly DeterministicRandom _random;
    private readonly Dictionary<(PeerAddress Remote, ushort ReceiveId), UtpConnection> _connections = [];
    private readonly List<UtpConnection> _all = [];
    private readonly List<UtpConnection> _dirty = [];
    private readonly List<UtpConnection> _changed = [];
    private readonly Dictionary<UInt128, int> _halfOpenByIp = [];
    private int _halfOpen;
    private double _resets;
    private Instant _resetsFilled;

    /// <summary>An empty table.</summary>
    /// <param name="options">Bounds and times.</param>
    /// <param name="output">Where effects go.</param>
    /// <param name="random">For ids and first numbers; seeded from a generator fit for secrets, they are hard to guess for those who don't see them.</param>
    public UtpSocketTable(UtpOptions options, IUtpOutput output, DeterministicRandom random)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(random);
        (Options, Output, _random) = (options, output, random);
        _resets = options.MaxResetsPerSecond;
        Packets = new PacketPool(Math.Max(options.MaxDatagramV4, options.MaxDatagramV6));
    }

    /// <summary>Bounds and times.</summary>
    public UtpOptions Options { get; }

    /// <summary>Connections, those that end included.</summary>
    public int Count => _all.Count;

    /// <summary>Connections whose initiators have not shown that they are where they say.</summary>
    public int HalfOpenCount => _halfOpen;

    /// <summary>Whether SYNs of others are answered.</summary>
    public bool IsListening { get; set; } = true;

    /// <summary>When <see cref="Tick"/> is due.</summary>
    public Instant NextWake
    {
        get
        {
            Instant next = Instant.Never;
            foreach (UtpConnection connection in _all)
            {
                next = Instant.Min(next, connection.NextWake);
            }

            return next;
        }
    }

    internal IUtpOutput Output { get; }

    internal PacketPool Packets { get; }

    /// <summary>Opens a connection. Null: there are too many.</summary>
    public UtpConnection? Connect(PeerAddress remote, Instant now)
    {
        if (_all.Count >= Options.MaxConnections)
        {
            return null;
        }

        ushort id;
        do
        {
            id = (ushort)_random.NextUInt64();
        }
        while (_connections.ContainsKey((remote, id)));

        var connection = UtpConnection.Open(this, remote, id, (ushort)_random.NextUInt64(), now);
        Add(connection);
        return connection;
    }

    /// <summary>Takes a datagram. False: it is none of uTP. Answers wait for <see cref="EndOfBatch"/>.</summary>
    public bool Receive(PeerAddress from, ReadOnlySpan<byte> datagram, Instant now)
    {
        if (!UtpPacketCodec.TryDecode(datagram, out UtpPacket packet))
        {
            return false;
        }

        UtpConnection? connection = Find(from, packet.Header);
        if (connection is not null)
        {
            connection.Receive(packet, now);
            Touch(connection);
        }
        else if (packet.Header.Type == UtpPacketType.Syn)
        {
            Answer(from, packet.Header, now);
        }
        else if (packet.Header.Type != UtpPacketType.Reset)
        {
            Reset(from, packet.Header, now);
        }

        return true;
    }

    /// <summary>Acknowledges and sends what the last datagrams call for.</summary>
    public void EndOfBatch(Instant now)
    {
        for (int i = 0; i < _dirty.Count; i++)
        {
            if (_dirty[i].IsDirty)
            {
                _dirty[i].Flush(now);
            }
        }

        _dirty.Clear();
        foreach (UtpConnection connection in _changed)
        {
            Output.Changed(connection);
        }

        _changed.Clear();
    }

    /// <summary>Does what is due; to be called at <see cref="NextWake"/> or now and then.</summary>
    public void Tick(Instant now)
    {
        for (int i = _all.Count - 1; i >= 0; i--)
        {
            // One that closes is replaced by the last, which was looked at before.
            if (_all[i].NextWake <= now)
            {
                _all[i].Tick(now);
            }
        }

        EndOfBatch(now);
    }

    /// <summary>Whether a connection whose owner let go still has something to deliver.</summary>
    public bool HasFarewells => _all.Exists(connection => connection.IsReleased && connection.Unacknowledged > 0);

    /// <summary>Ends every connection and tells the peers.</summary>
    public void AbortAll(Instant now)
    {
        for (int i = _all.Count - 1; i >= 0; i--)
        {
            _all[i].Abort(now);
        }
    }

    internal void Accepted(UtpConnection connection)
    {
        LeaveHalfOpen(connection);
        Output.Accepted(connection);
    }

    internal void Changed(UtpConnection connection)
    {
        if (_changed.Count == 0 || _changed[^1] != connection)
        {
            _changed.Add(connection);
        }
    }

    internal void Closed(UtpConnection connection)
    {
        if (!connection.IsInTable)
        {
            return;
        }

        connection.IsInTable = false;
        _connections.Remove((connection.Remote, connection.ReceiveId));
        int at = _all.IndexOf(connection);
        _all[at] = _all[^1];
        _all.RemoveAt(_all.Count - 1);
        if (connection.IsHalfOpen)
        {
            LeaveHalfOpen(connection);
        }

        Output.Changed(connection);
    }

    /// <summary>
    /// By the receiver's id. A SYN carries that of its sender, one below mine; a reset the one that the offending packet had (libutp) or mine (libtorrent).
    /// </summary>
    private UtpConnection? Find(PeerAddress from, in UtpHeader header)
    {
        UtpConnection? connection;
        switch (header.Type)
        {
            case UtpPacketType.Syn:
                return _connections.GetValueOrDefault((from, (ushort)(header.ConnectionId + 1)));
            case UtpPacketType.Reset:
                return _connections.TryGetValue((from, header.ConnectionId), out connection)
                    || (_connections.TryGetValue((from, (ushort)(header.ConnectionId - 1)), out connection) && connection.SendId == header.ConnectionId)
                    || (_connections.TryGetValue((from, (ushort)(header.ConnectionId + 1)), out connection) && connection.SendId == header.ConnectionId)
                    ? connection : null;
            default:
                return _connections.GetValueOrDefault((from, header.ConnectionId));
        }
    }

    private void Answer(PeerAddress from, in UtpHeader syn, Instant now)
    {
        int ofIp = _halfOpenByIp.GetValueOrDefault(from.Ip);
        if (!IsListening || _all.Count >= Options.MaxConnections || _halfOpen >= Options.MaxHalfOpen || ofIp >= Options.MaxHalfOpenPerIp)
        {
            return;
        }

        var connection = UtpConnection.Answer(this, from, syn, (ushort)_random.NextUInt64(), now);
        _halfOpen++;
        _halfOpenByIp[from.Ip] = ofIp + 1;
        connection.IsHalfOpen = true;
        Add(connection);
        Touch(connection);
    }

    private void LeaveHalfOpen(UtpConnection connection)
    {
        connection.IsHalfOpen = false;
        _halfOpen--;
        int left = _halfOpenByIp[connection.Remote.Ip] - 1;
        if (left == 0)
        {
            _halfOpenByIp.Remove(connection.Remote.Ip);
        }
        else
        {
            _halfOpenByIp[connection.Remote.Ip] = left;
        }
    }

    private void Reset(PeerAddress to, in UtpHeader offending, Instant now)
    {
        _resets = Math.Min(Options.MaxResetsPerSecond, _resets + ((now - _resetsFilled).TotalSeconds * Options.MaxResetsPerSecond));
        _resetsFilled = now;
        if (_resets < 1)
        {
            return;
        }

        _resets--;
        Span<byte> reset = stackalloc byte[UtpPacketCodec.HeaderSize];
        UtpPacketCodec.WriteHeader(reset, new UtpHeader(
            UtpPacketType.Reset, offending.ConnectionId, 0, 0, 0, (ushort)_random.NextUInt64(), offending.Sequence));
        Output.Send(to, reset);
    }

    private void Add(UtpConnection connection)
    {
        _connections.Add((connection.Remote, connection.ReceiveId), connection);
        _all.Add(connection);
    }

    private void Touch(UtpConnection connection)
    {
        if (!connection.IsDirty)
        {
            connection.IsDirty = true;
            _dirty.Add(connection);
        }
    }
}
