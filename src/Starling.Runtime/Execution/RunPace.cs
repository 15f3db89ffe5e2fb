using System;
using System.Diagnostics;
using System.Threading;

namespace Starling.Runtime.Execution;

/// <summary>
/// What a kernel asks every few milliseconds whether it is to go on; the answer waits while it is frozen. Its limit of wall time does not run meanwhile. One run on one
/// thread, which makes it; the other members are safe from every thread.
/// </summary>
public sealed class RunPace : IHeldRun
{
    private readonly object _gate = new();
    private readonly TimeSpan _wall;
    private readonly CancellationToken _outer;
    private readonly long _started = Stopwatch.GetTimestamp();
    private volatile bool _isCancelled;
    private volatile HoldCause _causes;
    private volatile bool _isNice;
    private long _processorTicks;
    private long _takenTicks;
    private TimeSpan _held;
    private TimeSpan _frozen;
    private bool _wasNice;

    /// <param name="wall">Wall time that it may take.</param>
    /// <param name="outer">Ends it too.</param>
    public RunPace(TimeSpan wall, CancellationToken outer = default)
    {
        _wall = wall;
        _outer = outer;
        _processorTicks = _takenTicks = LibC.ProcessorTimeOfThisThread().Ticks;
    }

    /// <summary>Whether it took longer than it may.</summary>
    public bool IsTooSlow { get; private set; }

    /// <summary>Whether the run is to end. Waits while it is frozen.</summary>
    public bool IsCancellationRequested
    {
        get
        {
            if (_causes != HoldCause.None || _isNice)
            {
                Await();
            }

            IsTooSlow |= Stopwatch.GetElapsedTime(_started) - _held > _wall;
            if (!IsTooSlow && !_isCancelled && !_outer.IsCancellationRequested)
            {
                Volatile.Write(ref _processorTicks, LibC.ProcessorTimeOfThisThread().Ticks);
                return false;
            }

            return true;
        }
    }

    /// <summary>Wall time so far, without that in which there was no slot for it.</summary>
    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_started) - _frozen;

    /// <summary>One that nothing slows down but a token, for callers that hold nothing to rules.</summary>
    public static implicit operator RunPace(CancellationToken token) => new(TimeSpan.MaxValue, token);

    /// <summary>Waits so long, and longer by what it is frozen meanwhile; true: the run is to end.</summary>
    public bool Wait(TimeSpan span)
    {
        TimeSpan end = Stopwatch.GetElapsedTime(_started) - _held + span;
        using CancellationTokenRegistration wake = _outer.Register(Cancel);
        while (!IsCancellationRequested)
        {
            TimeSpan left = end - (Stopwatch.GetElapsedTime(_started) - _held);
            if (left <= TimeSpan.Zero)
            {
                return false;
            }

            TimeSpan patience = _wall - (Stopwatch.GetElapsedTime(_started) - _held);
            lock (_gate)
            {
                if (!_isCancelled && _causes == HoldCause.None)
                {
                    Monitor.Wait(_gate, TimeSpan.FromMilliseconds(Math.Clamp(Math.Ceiling(Math.Min(left.TotalMilliseconds, patience.TotalMilliseconds)), 0, int.MaxValue)));
                }
            }
        }

        return true;
    }

    /// <summary>It has ended, on its thread: what it took of the processor is known to the last.</summary>
    internal void End() => Volatile.Write(ref _processorTicks, LibC.ProcessorTimeOfThisThread().Ticks);

    /// <summary>Ends the run.</summary>
    public void Cancel()
    {
        lock (_gate)
        {
            _isCancelled = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <inheritdoc/>
    void IHeldRun.Hold(HoldCause cause, bool held) => Hold(cause, held);

    /// <inheritdoc/>
    TimeSpan IHeldRun.TakeProcessorTime()
    {
        long now = Volatile.Read(ref _processorTicks);
        long taken = Math.Max(0, now - _takenTicks);
        _takenTicks = now;
        return new TimeSpan(taken);
    }

    /// <inheritdoc/>
    void IHeldRun.BeNice() => _isNice = true;

    /// <inheritdoc cref="IHeldRun.Hold"/>
    internal void Hold(HoldCause cause, bool held)
    {
        lock (_gate)
        {
            _causes = held ? _causes | cause : _causes & ~cause;
            Monitor.PulseAll(_gate);
        }
    }

    private void Await()
    {
        if (_isNice && !_wasNice)
        {
            _wasNice = true;
            LibC.BeNice(0);
        }

        lock (_gate)
        {
            while (_causes != HoldCause.None && !_isCancelled && !_outer.IsCancellationRequested)
            {
                bool isFrozen = (_causes & HoldCause.Slot) != 0;
                long since = Stopwatch.GetTimestamp();
                Volatile.Write(ref _processorTicks, LibC.ProcessorTimeOfThisThread().Ticks);
                Monitor.Wait(_gate, TimeSpan.FromSeconds(1));
                _held += Stopwatch.GetElapsedTime(since);
                _frozen += isFrozen ? Stopwatch.GetElapsedTime(since) : TimeSpan.Zero;
            }
        }
    }
}
