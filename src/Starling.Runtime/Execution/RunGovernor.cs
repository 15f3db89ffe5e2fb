using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using Starling.Core.Owner;

namespace Starling.Runtime.Execution;

/// <summary>
/// Holds everything that runs for a task to the owner's rules: all of it can be halted, and all of it together gets a part of the processor. The part is kept by
/// account: what the rule gives flows in, what the runs take flows out, and while the account is empty they are frozen. What was taken too much is made up for, so the
/// mean is right however coarse the clock is. Safe from every thread.
/// </summary>
public sealed class RunGovernor : IDisposable
{
    /// <summary>How often the account is looked at while runs go on.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(25);

    /// <summary>Saved up at most, and waited at most: a part that was not used is not made up for later.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);

    private readonly object _gate = new();
    private readonly List<IHeldRun> _runs = [];
    private double _cores = double.PositiveInfinity;
    private bool _isHalted;
    private bool _isNice;
    private bool _isFrozen;
    private bool _disposed;
    private double _balance;
    private Thread? _thread;

    /// <summary>How long a run that the owner stops may take to save its state.</summary>
    public TimeSpan Grace { get; private set; } = new OwnerRules().Grace;

    /// <summary>Memory in bytes of a run whose task names no limit; null: none.</summary>
    public long? MemoryOfRun { get; private set; }

    /// <summary>What the owner's rules leave from now on.</summary>
    /// <param name="grant">To this task.</param>
    /// <param name="rules">The rules.</param>
    /// <param name="cores">Processor cores of the machine.</param>
    public void Obey(Grant grant, OwnerRules rules, int cores)
    {
        ArgumentNullException.ThrowIfNull(grant);
        ArgumentNullException.ThrowIfNull(rules);
        Grace = rules.Grace;
        MemoryOfRun = grant.MemoryOfRun;
        Set(grant.IsHalted, grant.CpuShare >= 1 ? double.PositiveInfinity : grant.CpuShare * cores, rules.IsNice);
    }

    /// <summary>What may run from now on.</summary>
    /// <param name="isHalted">Nothing.</param>
    /// <param name="cores">Processor cores that all runs together take on average; infinite: as many as there are.</param>
    /// <param name="isNice">Whether runs get only what others leave.</param>
    public void Set(bool isHalted, double cores, bool isNice)
    {
        lock (_gate)
        {
            if (isHalted != _isHalted)
            {
                _isHalted = isHalted;
                _runs.ForEach(run => run.Hold(HoldCause.Halt, isHalted));
            }

            if (isNice && !_isNice)
            {
                _runs.ForEach(run => run.BeNice());
            }

            _isNice = isNice;
            if (cores != _cores)
            {
                _cores = cores;
                _balance = Math.Min(_balance, 0);
                if (double.IsPositiveInfinity(cores))
                {
                    Freeze(false);
                }
                else if (_thread is null && !_disposed)
                {
                    _thread = new Thread(Govern) { Name = "processor share", IsBackground = true };
                    _thread.Start();
                }

                Monitor.Pulse(_gate);
            }
        }
    }

    /// <summary>Ends the thread; everything goes on.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            Freeze(false);
            Monitor.Pulse(_gate);
        }

        _thread?.Join();
    }

    /// <summary>Something begins to run.</summary>
    internal void Add(IHeldRun run)
    {
        lock (_gate)
        {
            _runs.Add(run);
            if (_isNice)
            {
                run.BeNice();
            }

            if (_isHalted)
            {
                run.Hold(HoldCause.Halt, true);
            }

            if (_isFrozen)
            {
                run.Hold(HoldCause.Share, true);
            }

            Monitor.Pulse(_gate);
        }
    }

    /// <summary>It has ended.</summary>
    internal void Remove(IHeldRun run)
    {
        lock (_gate)
        {
            if (_runs.Remove(run) && !double.IsPositiveInfinity(_cores))
            {
                _balance -= run.TakeProcessorTime().TotalSeconds;
            }
        }
    }

    private void Govern()
    {
        lock (_gate)
        {
            long last = Stopwatch.GetTimestamp();
            while (!_disposed)
            {
                if (double.IsPositiveInfinity(_cores) || (_runs.Count == 0 && _balance > 0))
                {
                    Monitor.Wait(_gate);
                    last = Stopwatch.GetTimestamp();
                    continue;
                }

                double given = Stopwatch.GetElapsedTime(last).TotalSeconds * _cores;
                last = Stopwatch.GetTimestamp();
                _balance = Math.Min(_balance + given - Taken(), Period.TotalSeconds * _cores);
                if (_balance > 0 == _isFrozen)
                {
                    Freeze(!_isFrozen);
                }

                TimeSpan wait = _isFrozen ? TimeSpan.FromSeconds(Math.Min(-_balance / _cores, Period.TotalSeconds)) : Tick;
                Monitor.Wait(_gate, wait + TimeSpan.FromMilliseconds(1));
            }
        }
    }

    private double Taken()
    {
        double taken = 0;
        foreach (IHeldRun run in _runs)
        {
            taken += run.TakeProcessorTime().TotalSeconds;
        }

        return taken;
    }

    private void Freeze(bool frozen)
    {
        if (frozen != _isFrozen)
        {
            _isFrozen = frozen;
            _runs.ForEach(run => run.Hold(HoldCause.Share, frozen));
        }
    }
}
