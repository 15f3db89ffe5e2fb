using System;
using Starling.Core.Primitives;

namespace Starling.Core.Torrents;

/// <summary>Bytes a second, smoothed over about four seconds and honest within half a second of the start.</summary>
internal sealed class RateMeter
{
    private static readonly TimeSpan Slot = TimeSpan.FromMilliseconds(500);
    private const double Weight = 0.2;

    private Instant _slotStart;
    private long _slotBytes;
    private double _rate;
    private int _slots;
    private bool _started;

    /// <summary>Bytes since the start.</summary>
    public long Total { get; private set; }

    /// <summary>Whether a first slot is over, so that <see cref="Rate"/> means something.</summary>
    public bool IsKnown(Instant now)
    {
        Roll(now);
        return _slots > 0;
    }

    public void Add(int bytes, Instant now)
    {
        Roll(now);
        if (!_started)
        {
            _started = true;
            _slotStart = now;
        }

        _slotBytes += bytes;
        Total += bytes;
    }

    public double Rate(Instant now)
    {
        Roll(now);
        return _rate;
    }

    private void Roll(Instant now)
    {
        if (!_started || now - _slotStart < Slot)
        {
            return;
        }

        long passed = (now - _slotStart).Ticks / Slot.Ticks;
        double first = _slotBytes / Slot.TotalSeconds;
        _rate = _slots == 0 ? first : _rate + (Weight * (first - _rate));
        _slots = Math.Min(_slots + 1, int.MaxValue - 1);
        _rate *= Math.Pow(1 - Weight, Math.Min(passed - 1, 200));
        _slotBytes = 0;
        _slotStart += TimeSpan.FromTicks(passed * Slot.Ticks);
    }
}
