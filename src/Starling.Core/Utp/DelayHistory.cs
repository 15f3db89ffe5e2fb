using System;
using Starling.Core.Primitives;

namespace Starling.Core.Utp;

/// <summary>
/// One-way delays, each known only up to the difference of two clocks. The lowest of the last minutes is the way itself (the "base"); what a sample has above
/// it was spent in queues (RFC 6817, sections 3.4.2 and 4.3).
/// </summary>
internal sealed class DelayHistory
{
    /// <summary>Minutes that the base reaches back: routes change.</summary>
    public const int Minutes = 10;

    private const int FilterSize = 4;

    private readonly uint[] _bases = new uint[Minutes];
    private readonly uint[] _recent = new uint[FilterSize];
    private int _samples;
    private int _minute;
    private Instant _minuteEnd;

    /// <summary>Whether there is a base.</summary>
    public bool IsKnown => _samples > 0;

    /// <summary>The lowest sample, µs, wrapping.</summary>
    public uint Base { get; private set; }

    /// <summary>Time in queues: the lowest of the last few samples above the base, for single ones are late for other reasons.</summary>
    public TimeSpan Queueing
    {
        get
        {
            uint lowest = uint.MaxValue;
            for (int i = 0; i < Math.Min(_samples, FilterSize); i++)
            {
                lowest = Math.Min(lowest, Above(_recent[i]));
            }

            return TimeSpan.FromMicroseconds(_samples == 0 ? 0 : lowest);
        }
    }

    /// <summary>Takes a sample in µs, wrapping.</summary>
    public void Add(uint sample, Instant now)
    {
        if (_samples == 0)
        {
            Array.Fill(_bases, sample);
            Base = sample;
            _minuteEnd = now + TimeSpan.FromMinutes(1);
        }
        else if (now >= _minuteEnd)
        {
            _minute = (_minute + 1) % Minutes;
            _bases[_minute] = sample;
            _minuteEnd = now + TimeSpan.FromMinutes(1);
            Rebase();
        }
        else if (IsLess(sample, _bases[_minute]))
        {
            _bases[_minute] = sample;
            Base = IsLess(sample, Base) ? sample : Base;
        }

        _recent[_samples % FilterSize] = sample;
        _samples = _samples >= 2 * FilterSize ? FilterSize + ((_samples + 1) % FilterSize) : _samples + 1;
    }

    /// <summary>Raises the base: the clocks drift, or a sample was impossible.</summary>
    public void Shift(uint micros)
    {
        for (int i = 0; i < Minutes; i++)
        {
            _bases[i] += micros;
        }

        Base += micros;
    }

    /// <summary>Whether a wrapping clock passed <paramref name="left"/> before <paramref name="right"/>.</summary>
    public static bool IsLess(uint left, uint right) => (int)(left - right) < 0;

    private uint Above(uint sample) => IsLess(sample, Base) ? 0 : sample - Base;

    private void Rebase()
    {
        Base = _bases[0];
        foreach (uint candidate in _bases)
        {
            Base = IsLess(candidate, Base) ? candidate : Base;
        }
    }
}
