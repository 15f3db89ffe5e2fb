using System;
using System.Collections.Generic;
using Starling.Core.Primitives;
using Starling.Core.Utp;
using Starling.Fuzz.Engine;

namespace Starling.Fuzz.Targets.Machines;

/// <summary>
/// A uTP port and strangers at four addresses, who see what is sent to them, so that their numbers are about right. The first byte of a chunk says what happens:
/// 0 a bare datagram, 1 a SYN, 2 a packet of a known connection, 3 time passes, 4 the owner writes, reads or closes, 5 the owner connects, 6 the system is busy or not.
/// </summary>
internal sealed class UtpScript : IUtpOutput
{
    private const int MaxTicksAtOnce = 64;

    /// <summary>Wakes of one script: a clock that runs for ever would test nothing more.</summary>
    private const int MaxWakes = 150;

    private static readonly UtpOptions Options =
        new() { MaxConnections = 6, MaxHalfOpen = 4, MaxHalfOpenPerIp = 2, ReceiveWindow = 16 * 1024, SendBuffer = 16 * 1024 };

    private readonly byte[] _datagram = new byte[2048];
    private readonly byte[] _buffer = new byte[4096];
    private readonly List<Seen> _seen = [];
    private readonly List<UtpConnection> _owned = [];
    private UtpSocketTable _table = null!;
    private Instant _now;
    private int _wakes;
    private bool _isBusy;

    public static IEnumerable<byte[]> Seeds()
    {
        byte[] data = [2, 0, 0, 1, 0, 0, .. Parts.Filled(200)];
        byte[] state = [2, 0, 2, 0, 0, 0];
        byte[] fin = [2, 0, 1, 1, 0, 0];
        yield return Script.Of([1, 0, 7], state, data, data, [4, 0, 0, 200], [4, 0, 1, 200], [3, 0, 200], fin, [4, 0, 2, 0], state, [3, 0x20, 0]);
        yield return Script.Of([5, 1], [2, 0, 2, 1, 0, 0], [4, 0, 0, 255], [2, 0, 2, 0, 0, 0], data, [3, 10, 0], [3, 40, 0], [3, 0xFF, 0], [4, 0, 3, 0]);
        yield return Script.Of([1, 0, 7], state, [2, 0, 0, 3, 0, 0, .. Parts.Filled(60)], [2, 0, 0, 2, 0, 0, 1], data, [2, 0, 2, 1, 0, 4, 255, 0, 0, 0], [2, 0, 3, 0, 0, 0], [0, 1, .. UtpTargets.Packet(UtpPacketType.Data, 9, 1, 1, [1])]);
    }

    public byte[]? Run(ReadOnlyMemory<byte> script)
    {
        _seen.Clear();
        _owned.Clear();
        _isBusy = false;
        _now = Instant.FromSeconds(1);
        _wakes = 0;
        _table = new UtpSocketTable(Options, this, new DeterministicRandom(1));
        foreach (ReadOnlyMemory<byte> chunk in new Script(script))
        {
            if (!chunk.IsEmpty)
            {
                Do(chunk.Span[0], chunk.Span[1..]);
                _table.EndOfBatch(_now);
                Judge();
            }
        }

        _table.AbortAll(_now);
        _table.EndOfBatch(_now);
        FuzzFailureException.Unless(_table is { Count: 0, HalfOpenCount: 0 }, $"{_table.Count} connections after the end");
        return null;
    }

    bool IUtpOutput.Send(PeerAddress to, ReadOnlySpan<byte> datagram)
    {
        if (_isBusy)
        {
            return false;
        }

        FuzzFailureException.Unless(UtpPacketCodec.TryDecode(datagram, out UtpPacket packet), "it sends what is no packet");
        UtpHeader header = packet.Header;
        for (int i = 0; i < _seen.Count; i++)
        {
            if (_seen[i].At == to && _seen[i].TheirId == header.ConnectionId)
            {
                _seen[i] = _seen[i] with { Sequence = header.Sequence, Acknowledged = header.Acknowledged };
                return true;
            }
        }

        if (_seen.Count < 16 && header.Type != UtpPacketType.Reset)
        {
            // A SYN of its own: it goes on with the number above, and is answered under the one that it told.
            bool isSyn = header.Type == UtpPacketType.Syn;
            _seen.Add(new Seen(to, isSyn ? (ushort)(header.ConnectionId + 1) : header.ConnectionId, isSyn ? header.ConnectionId : (ushort)(header.ConnectionId + 1), header.Sequence, header.Acknowledged));
        }

        return true;
    }

    void IUtpOutput.Accepted(UtpConnection connection) => _owned.Add(connection);

    void IUtpOutput.Changed(UtpConnection connection)
    {
    }

    private static PeerAddress At(int number) => new(PeerAddress.From(System.Net.IPAddress.Parse((number & 2) == 0 ? "50.0.0.1" : "2001:db9::1"), 0).Ip, (ushort)(1 + (number & 1)));

    private void Do(byte what, ReadOnlySpan<byte> rest)
    {
        switch (what)
        {
            case 0 when rest.Length > 1:
                _table.Receive(At(rest[0]), rest[1..], _now);
                break;
            case 1 when rest.Length > 1:
                Receive(At(rest[0]), new UtpHeader(UtpPacketType.Syn, rest[1], 1, 0, 1 << 20, 100, 0), default, default);
                break;
            case 2 when rest.Length >= 5 && _seen.Count > 0:
                Seen seen = _seen[rest[0] % _seen.Count];
                var header = new UtpHeader(
                    (UtpPacketType)(rest[1] % 5), seen.MyId, (uint)(_now.Ticks / 10), 1000, (rest[4] & 128) != 0 ? 0u : 1 << 20, (ushort)(seen.Acknowledged + (sbyte)rest[2]), (ushort)(seen.Sequence + (sbyte)rest[3]));
                int selective = Math.Min(rest[4] & 0x7C, (rest.Length - 5) & ~3);
                Receive(seen.At, header, rest.Slice(5, selective), rest[(5 + selective)..]);
                break;
            case 3 when rest.Length >= 2:
                Pass(TimeSpan.FromMilliseconds((rest[0] << 8) | rest[1]));
                break;
            case 4 when rest.Length >= 3 && _owned.Count > 0:
                Own(_owned[rest[0] % _owned.Count], rest[1] % 5, rest[2]);
                break;
            case 5 when rest.Length > 0:
                if (_table.Connect(At(rest[0]), _now) is { } made)
                {
                    _owned.Add(made);
                }

                break;
            case 6:
                _isBusy = !_isBusy;
                break;
        }
    }

    private void Own(UtpConnection connection, int action, byte count)
    {
        if (connection.State == UtpState.Closed)
        {
            return;
        }

        switch (action)
        {
            case 0:
                connection.Write(_buffer.AsSpan(0, count * 16), _now);
                break;
            case 1:
                connection.Read(_buffer.AsSpan(0, count * 16), _now);
                break;
            case 2:
                connection.CloseWrites(_now);
                break;
            case 3:
                connection.Release(_now);
                _owned.Remove(connection);
                break;
            default:
                connection.Abort(_now);
                break;
        }
    }

    private void Receive(PeerAddress from, UtpHeader header, ReadOnlySpan<byte> selectiveAck, ReadOnlySpan<byte> payload)
    {
        UtpPacketCodec.WriteHeader(_datagram, header);
        int size = UtpPacketCodec.HeaderSize;
        if (!selectiveAck.IsEmpty)
        {
            selectiveAck.CopyTo(_datagram.AsSpan(size + UtpPacketCodec.ExtensionHeaderSize));
            size = UtpPacketCodec.MarkSelectiveAck(_datagram, selectiveAck.Length);
        }

        payload.CopyTo(_datagram.AsSpan(size));
        _table.Receive(from, _datagram.AsSpan(0, size + payload.Length), _now);
    }

    /// <summary>The clock goes from one wake to the next, as a driver's does.</summary>
    private void Pass(TimeSpan time)
    {
        Instant end = _now + time;
        int atOnce = 0;
        for (; _wakes < MaxWakes && _table.NextWake <= end; _wakes++)
        {
            Instant next = _table.NextWake;
            atOnce = next <= _now ? atOnce + 1 : 0;
            FuzzFailureException.Unless(atOnce < MaxTicksAtOnce, "it wants to be woken at one instant again and again");
            _now = next > _now ? next : _now;
            _table.Tick(_now);
        }

        _now = end;
    }

    private void Judge()
    {
        FuzzFailureException.Unless(_table.Count <= Options.MaxConnections && _table.HalfOpenCount <= Options.MaxHalfOpen, $"{_table.Count} connections, {_table.HalfOpenCount} half open");
        foreach (UtpConnection connection in _owned)
        {
            FuzzFailureException.Unless(connection.Available >= 0 && connection.Available <= Options.ReceiveWindow, $"{connection.Available} bytes wait to be read");
            FuzzFailureException.Unless(connection.Unacknowledged >= 0 && connection.Unacknowledged <= Options.SendBuffer, $"{connection.Unacknowledged} bytes wait to be acknowledged");
        }
    }

    /// <summary>A connection as its peer sees it.</summary>
    /// <param name="At">The peer.</param>
    /// <param name="TheirId">The number under which it sends.</param>
    /// <param name="MyId">The number under which the peer answers.</param>
    /// <param name="Sequence">Its last one.</param>
    /// <param name="Acknowledged">The peer's last one that it has.</param>
    private readonly record struct Seen(PeerAddress At, ushort TheirId, ushort MyId, ushort Sequence, ushort Acknowledged);
}
