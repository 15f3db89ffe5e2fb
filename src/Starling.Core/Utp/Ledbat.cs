using System;
using Starling.Core.Primitives;

namespace Starling.Core.Utp;

/// <summary>
/// How much may be under way: LEDBAT (RFC 6817), which gives way to everything else. It grows by at most one packet a round trip while less than
/// the target is queued on the way, and above the target falls in proportion, by up to half in a round trip (as in LEDBAT++), for the linear
/// decrease of the RFC leaves a standing queue to others for seconds. Whoever comes when others have filled a deep queue takes their queue for the way itself; so
/// once the delay went well above the target, or a queue overflowed, it grows eight times as slowly for a minute.
/// </summary>
internal sealed class Ledbat
{
    private const int InitialPackets = 4;
    private const int MinPackets = 2;
    private const double DecreaseGain = 0.25;

    /// <summary>Part of the target at which the exponential start ends.</summary>
    private const double StartEnd = 0.5;

    /// <summary>Times the target above which others must have filled the queue.</summary>
    private const double Crowded = 1.2;

    private const double CrowdedGain = 0.125;

    private static readonly TimeSpan CrowdedMemory = TimeSpan.FromMinutes(1);

    private readonly int _packetSize;
    private readonly double _maxWindow;
    private readonly double _targetTicks;
    private double _threshold = double.MaxValue;
    private Instant _crowdedUntil;

    public Ledbat(int packetSize, int maxWindow, TimeSpan target)
    {
        (_packetSize, _maxWindow, _targetTicks) = (packetSize, maxWindow, target.Ticks);
        Window = InitialPackets * packetSize;
    }

    /// <summary>Bytes.</summary>
    public double Window { get; private set; }

    /// <summary>Whether it still doubles each round trip.</summary>
    public bool IsStarting { get; private set; } = true;

    /// <summary>Bytes arrived.</summary>
    /// <param name="bytes">How many.</param>
    /// <param name="queueing">How long they stood in queues.</param>
    /// <param name="wasFull">Whether the window was in use; one that is not says nothing about the way.</param>
    /// <param name="now">When.</param>
    public void Acknowledged(int bytes, TimeSpan queueing, bool wasFull, Instant now)
    {
        double offTarget = (_targetTicks - queueing.Ticks) / _targetTicks;
        double share = Math.Min(1, bytes / Window);
        if (IsStarting && offTarget < 1 - StartEnd)
        {
            // What doubled within a round trip has put as much again on its way.
            IsStarting = false;
            Window /= 2;
            _threshold = Window;
        }

        if (offTarget < 1 - Crowded)
        {
            _crowdedUntil = now + CrowdedMemory;
        }

        if (offTarget < 0)
        {
            Window += Math.Max(-Window / 2, (_packetSize * offTarget) + (Window * DecreaseGain * offTarget)) * share;
        }
        else if (wasFull)
        {
            Window += IsStarting ? bytes : _packetSize * offTarget * share * (now < _crowdedUntil ? CrowdedGain : 1);
            IsStarting = IsStarting && Window < _threshold;
        }

        Window = Math.Clamp(Window, MinPackets * _packetSize, _maxWindow);
    }

    /// <summary>Something was lost; to be told once a round trip.</summary>
    /// <param name="queueing">How long what arrived lately stood in queues.</param>
    /// <param name="now">When.</param>
    public void Lost(TimeSpan queueing, Instant now)
    {
        if (queueing.Ticks > _targetTicks / 2)
        {
            _crowdedUntil = now + CrowdedMemory;
        }

        Window = Math.Max(MinPackets * _packetSize, Window / 2);
        _threshold = Window;
        IsStarting = false;
    }

    /// <summary>Nothing came back in time.</summary>
    public void TimedOut()
    {
        _threshold = Math.Max(MinPackets * _packetSize, Window / 2);
        Window = MinPackets * _packetSize;
        IsStarting = true;
    }
}
