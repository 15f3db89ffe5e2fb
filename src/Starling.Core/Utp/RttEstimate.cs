using System;

namespace Starling.Core.Utp;

/// <summary>Round-trip time and the time after which an answer counts as lost (BEP 29, "timeouts").</summary>
internal sealed class RttEstimate(TimeSpan minTimeout, TimeSpan maxTimeout)
{
    private static readonly TimeSpan FirstTimeout = TimeSpan.FromSeconds(1);

    private long _meanTicks;
    private long _deviationTicks;
    private int _backoff;

    /// <summary>The smoothed round trip; zero while none was measured.</summary>
    public TimeSpan Mean => TimeSpan.FromTicks(_meanTicks);

    /// <summary>When to give up waiting for an answer; doubles with every time that it is not awaited in vain.</summary>
    public TimeSpan Timeout
    {
        get
        {
            long ticks = _meanTicks == 0 ? FirstTimeout.Ticks : Math.Max(minTimeout.Ticks, _meanTicks + (4 * _deviationTicks));
            return TimeSpan.FromTicks(Math.Min(maxTimeout.Ticks, ticks << _backoff));
        }
    }

    /// <summary>An answer to something that was sent once took this long.</summary>
    public void Add(TimeSpan sample)
    {
        long ticks = Math.Clamp(sample.Ticks, 1, maxTimeout.Ticks);
        if (_meanTicks == 0)
        {
            (_meanTicks, _deviationTicks) = (ticks, ticks / 2);
            return;
        }

        _deviationTicks += (Math.Abs(_meanTicks - ticks) - _deviationTicks) / 4;
        _meanTicks = Math.Max(1, _meanTicks + ((ticks - _meanTicks) / 8));
    }

    /// <summary>Nothing came in time.</summary>
    public void BackOff() => _backoff = Math.Min(_backoff + 1, 10);

    /// <summary>Something new was acknowledged.</summary>
    public void Recover() => _backoff = 0;
}
