using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Starling.Runtime.Storage;

/// <summary>
/// One thread that takes everything that waits, in order, and hands it to its owner as one list: what comes in while the disk works
/// makes the next list. Asleep while nothing waits.
/// </summary>
internal sealed class WorkThread<T>
{
    private readonly object _gate = new();
    private readonly Action<List<T>> _work;
    private readonly long _maxBytes;
    private readonly int _maxItems;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private List<T> _waiting = [];
    private long _waitingBytes;
    private bool _ending;

    public WorkThread(string name, long maxBytes, int maxItems, Action<List<T>> work)
    {
        _work = work;
        _maxBytes = maxBytes;
        _maxItems = maxItems;
        new Thread(Run) { Name = name, IsBackground = true }.Start();
    }

    /// <summary>Whether a fail point stopped the thread.</summary>
    public bool Crashed { get; private set; }

    /// <summary>Adds an item that holds <paramref name="bytes"/> of memory; false when the bound is reached or the thread has ended.</summary>
    public bool TryAdd(T item, int bytes = 0) => Add(item, bytes, always: false);

    /// <summary>Adds an item whatever waits; false only when the thread has ended.</summary>
    public bool AddAlways(T item) => Add(item, 0, always: true);

    /// <summary>Finishes what waits, then ends.</summary>
    public Task EndAsync()
    {
        lock (_gate)
        {
            _ending = true;
            Monitor.Pulse(_gate);
        }

        return _ended.Task;
    }

    private bool Add(T item, int bytes, bool always)
    {
        lock (_gate)
        {
            if (_ending || (!always && (_waitingBytes + bytes > _maxBytes || _waiting.Count >= _maxItems)))
            {
                return false;
            }

            _waiting.Add(item);
            _waitingBytes += bytes;
            if (_waiting.Count == 1)
            {
                Monitor.Pulse(_gate);
            }

            return true;
        }
    }

    private void Run()
    {
        List<T> taken = [];
        try
        {
            while (true)
            {
                lock (_gate)
                {
                    while (_waiting.Count == 0 && !_ending)
                    {
                        Monitor.Wait(_gate);
                    }

                    if (_waiting.Count == 0)
                    {
                        return;
                    }

                    (taken, _waiting) = (_waiting, taken);
                    _waitingBytes = 0;
                }

                _work(taken);
                taken.Clear();
            }
        }
        catch (StoreCrash)
        {
            Crashed = true;
            lock (_gate)
            {
                _ending = true;
                _waiting.Clear();
            }
        }
        finally
        {
            _ended.TrySetResult();
        }
    }
}
