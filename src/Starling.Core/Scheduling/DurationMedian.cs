using System;
using System.Collections.Generic;

namespace Starling.Core.Scheduling;

/// <summary>The median of the latest run times, of a bounded number of samples.</summary>
public sealed class DurationMedian
{
    private readonly Queue<long> _order = new();
    private readonly List<long> _sorted = [];
    private readonly int _capacity;

    /// <summary>Keeps the latest <paramref name="capacity"/> samples.</summary>
    public DurationMedian(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        _capacity = capacity;
    }

    /// <summary>The median; null before the first sample.</summary>
    public TimeSpan? Value => _sorted.Count == 0 ? null : TimeSpan.FromTicks(_sorted[_sorted.Count / 2]);

    /// <summary>Adds a run time; times that are not positive are ignored.</summary>
    public void Add(TimeSpan duration)
    {
        if (duration <= TimeSpan.Zero)
        {
            return;
        }

        if (_order.Count == _capacity)
        {
            _sorted.RemoveAt(_sorted.BinarySearch(_order.Dequeue()));
        }

        _order.Enqueue(duration.Ticks);
        int at = _sorted.BinarySearch(duration.Ticks);
        _sorted.Insert(at < 0 ? ~at : at, duration.Ticks);
    }
}
