using System;

namespace Starling.Core.Primitives;

/// <summary>How often somebody may do something: a number at once, and one more every so often (a token bucket).</summary>
/// <param name="most">At once.</param>
/// <param name="every">Time in which one more is allowed.</param>
internal sealed class RateAllowance(int most, TimeSpan every)
{
    private double _left = most;
    private Instant? _at;

    /// <summary>Whether it may be done now; counts it.</summary>
    public bool TryTake(Instant now)
    {
        if (_at is { } at && now > at)
        {
            _left = Math.Min(most, _left + ((now - at) / every));
        }

        _at = now;
        if (_left < 1)
        {
            return false;
        }

        _left--;
        return true;
    }
}
