using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Sim.Swarms;

/// <summary>What is to happen, by (time, number): two events of one time happen in the order in which they were planned.</summary>
internal sealed class EventQueue
{
    private readonly PriorityQueue<Action, (long Ticks, long Number)> _queue = new();
    private long _number;

    /// <summary>The time of the event that happens now.</summary>
    public Instant Now { get; private set; }

    public int Count => _queue.Count;

    public long Executed { get; private set; }

    public void At(Instant time, Action action) =>
        _queue.Enqueue(action, (Math.Max(time.Ticks, Now.Ticks), _number++));

    public void After(TimeSpan delay, Action action) => At(Now + delay, action);

    /// <summary>Runs the next event if it is due by <paramref name="end"/>; false: nothing happens until then, and it is that time now.</summary>
    public bool RunNext(Instant end)
    {
        if (!_queue.TryPeek(out _, out (long Ticks, long Number) due) || due.Ticks > end.Ticks)
        {
            Now = end;
            return false;
        }

        Action action = _queue.Dequeue();
        Now = new Instant(due.Ticks);
        Executed++;
        action();
        return true;
    }
}
