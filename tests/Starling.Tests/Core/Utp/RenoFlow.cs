using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Tests.Core.Utp;

/// <summary>
/// A TCP flow as Reno with selective acknowledgements has it, reduced to its window: slow start, one packet more each round trip, half after a loss. It
/// always has something to send.
/// </summary>
internal sealed class RenoFlow(VirtualTime time, VirtualWay there, VirtualWay back)
{
    private const int PacketSize = 1448;
    private const int AckSize = 40;

    private readonly HashSet<long> _underWay = [];
    private readonly PriorityQueue<long, long> _oldest = new();
    private double _window = 10;
    private double _threshold = double.MaxValue;
    private long _sent;
    private long _recovery;
    private Instant _lastAck;

    /// <summary>Bytes that arrived.</summary>
    public long Delivered { get; private set; }

    public void Start()
    {
        _lastAck = time.Now;
        Send();
        Watch();
    }

    private void Send()
    {
        while (_underWay.Count < (int)_window)
        {
            long number = _sent++;
            _underWay.Add(number);
            _oldest.Enqueue(number, number);
            there.Send(PacketSize, () =>
            {
                Delivered += PacketSize;
                back.Send(AckSize, () => Acknowledge(number));
            });
        }
    }

    private void Acknowledge(long number)
    {
        _lastAck = time.Now;
        if (!_underWay.Remove(number))
        {
            return;
        }

        _window += _window < _threshold ? 1 : 1 / _window;

        // The way keeps the order, so what was sent three packets earlier and is still under way is lost.
        while (_oldest.TryPeek(out long oldest, out _) && oldest <= number - 3)
        {
            _oldest.Dequeue();
            if (_underWay.Remove(oldest) && oldest >= _recovery)
            {
                _window = _threshold = Math.Max(2, _window / 2);
                _recovery = _sent;
            }
        }

        Send();
    }

    private void Watch() => time.At(time.Now + TimeSpan.FromMilliseconds(500), () =>
    {
        if ((time.Now - _lastAck).TotalSeconds > 1)
        {
            _underWay.Clear();
            _oldest.Clear();
            (_threshold, _window, _recovery) = (Math.Max(2, _window / 2), 1, _sent);
            Send();
        }

        Watch();
    });
}
