using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Tests.Core.Utp;

/// <summary>What a way does to packets.</summary>
internal sealed record WayOptions
{
    /// <summary>Bits a second; 0: no bound, and no queue.</summary>
    public double Rate { get; init; }

    /// <summary>One way.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Random part of the delay: packets overtake each other.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>Part that is lost.</summary>
    public double Loss { get; init; }

    /// <summary>Part that comes twice.</summary>
    public double Duplication { get; init; }

    /// <summary>Bytes that wait for the rate before more is dropped.</summary>
    public int Buffer { get; init; } = 500_000;
}

/// <summary>A virtual clock, and the events on it. The same seed plays the same.</summary>
internal sealed class VirtualTime
{
    private readonly PriorityQueue<Action, (long Ticks, long Number)> _events = new();
    private long _number;

    public Instant Now { get; private set; } = Instant.FromSeconds(1);

    /// <summary>Things that want to be woken: when, and how.</summary>
    public List<(Func<Instant> Next, Action Wake)> Sleepers { get; } = [];

    public void At(Instant when, Action action) => _events.Enqueue(action, (when.Ticks, _number++));

    /// <summary>Runs until something says stop, nothing is left to do, or the time is over. Returns whether it was stopped.</summary>
    public bool Run(Func<bool> stop, TimeSpan atMost)
    {
        Instant end = Now + atMost;
        while (!stop())
        {
            (Func<Instant> Next, Action Wake) first = (() => Instant.Never, () => { });
            Instant wake = Instant.Never;
            foreach ((Func<Instant> Next, Action Wake) sleeper in Sleepers)
            {
                if (sleeper.Next() < wake)
                {
                    (first, wake) = (sleeper, sleeper.Next());
                }
            }

            bool hasEvent = _events.TryPeek(out _, out (long Ticks, long Number) next);
            if (hasEvent && next.Ticks <= wake.Ticks)
            {
                Now = new Instant(Math.Max(Now.Ticks, next.Ticks));
                if (Now > end)
                {
                    return false;
                }

                _events.Dequeue()();
            }
            else
            {
                if (wake > end)
                {
                    return false;
                }

                Now = new Instant(Math.Max(Now.Ticks, wake.Ticks));
                first.Wake();
            }
        }

        return true;
    }
}

/// <summary>One direction of a network, shared by all that send into it: a queue of bounded size in front of a rate, then a delay.</summary>
internal sealed class VirtualWay(VirtualTime time, WayOptions options, DeterministicRandom random)
{
    /// <summary>IP and UDP in front of each packet.</summary>
    public const int Overhead = 28;

    private Instant _free;

    public long Dropped { get; private set; }

    /// <summary>Seconds that a byte entering now would wait.</summary>
    public double Queueing => options.Rate == 0 ? 0 : Math.Max(0, (_free - time.Now).TotalSeconds);

    /// <summary>Sends a packet of this many bytes; <paramref name="arrive"/> is called when it is there.</summary>
    public void Send(int bytes, Action arrive)
    {
        Instant leaves = time.Now;
        if (options.Rate > 0)
        {
            if (Queueing * options.Rate / 8 + bytes > options.Buffer)
            {
                Dropped++;
                return;
            }

            _free = (_free > time.Now ? _free : time.Now) + TimeSpan.FromSeconds((bytes + Overhead) * 8 / options.Rate);
            leaves = _free;
        }

        if (options.Loss > 0 && random.NextDouble() < options.Loss)
        {
            Dropped++;
            return;
        }

        for (int copies = options.Duplication > 0 && random.NextDouble() < options.Duplication ? 2 : 1; copies > 0; copies--)
        {
            time.At(leaves + options.Delay + (options.Jitter > TimeSpan.Zero ? random.NextSpan(options.Jitter) : TimeSpan.Zero), arrive);
        }
    }
}
