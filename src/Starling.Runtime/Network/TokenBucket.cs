using System;
using System.Threading;

namespace Starling.Runtime.Network;

/// <summary>Lets at most a burst of things through at once and so many a second on average. Safe from every thread.</summary>
internal sealed class TokenBucket
{
    private readonly Lock _gate = new();
    private readonly double _perSecond;
    private readonly double _burst;
    private double _tokens;
    private long _filledMs = Environment.TickCount64;

    public TokenBucket(double perSecond, double burst) => (_perSecond, _burst, _tokens) = (perSecond, burst, burst);

    /// <summary>Whether one more may pass now.</summary>
    public bool TryTake()
    {
        lock (_gate)
        {
            long nowMs = Environment.TickCount64;
            _tokens = Math.Min(_burst, _tokens + (nowMs - _filledMs) / 1000.0 * _perSecond);
            _filledMs = nowMs;
            if (_tokens < 1)
            {
                return false;
            }

            _tokens--;
            return true;
        }
    }
}
