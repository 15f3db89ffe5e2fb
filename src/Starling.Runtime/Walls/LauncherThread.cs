using System;
using System.Collections.Generic;
using System.Threading;
using Starling.Runtime.Execution;

namespace Starling.Runtime.Walls;

/// <summary>
/// The thread that starts walled commands. bubblewrap's <c>--die-with-parent</c> means the thread that started it (PR_SET_PDEATHSIG), so that must be one that lives
/// as long as this program; and what a thread sets with personality(2) is inherited, so that addresses are the same in every run.
/// </summary>
internal sealed class LauncherThread : IDisposable
{
    private readonly object _gate = new();
    private readonly Queue<Action> _waiting = new();
    private bool _started;
    private bool _ending;

    /// <summary>Does something on the thread, and returns after it; the first call starts the thread.</summary>
    public T Do<T>(Func<T> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        T result = default!;
        Exception? failure = null;
        using var done = new ManualResetEventSlim();
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_ending, this);
            _waiting.Enqueue(() =>
            {
                try
                {
                    result = work();
                }
                catch (Exception thrown)
                {
                    failure = thrown;
                }

                done.Set();
            });
            if (!_started)
            {
                _started = true;
                new Thread(Work) { Name = "launcher", IsBackground = true }.Start();
            }

            Monitor.Pulse(_gate);
        }

        done.Wait();
        return failure is null ? result : throw new InvalidOperationException("a start failed", failure);
    }

    /// <summary>Ends the thread, and with it whatever it started; to be called when nothing that it started is awaited any more.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _ending = true;
            Monitor.Pulse(_gate);
        }
    }

    private void Work()
    {
        _ = LibC.SetPersonality(LibC.FixedAddresses);
        while (true)
        {
            Action? work;
            lock (_gate)
            {
                while (!_waiting.TryDequeue(out work))
                {
                    if (_ending)
                    {
                        return;
                    }

                    Monitor.Wait(_gate);
                }
            }

            work();
        }
    }
}
