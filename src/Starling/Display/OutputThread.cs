using System;
using System.Collections.Generic;
using System.Threading;
using Starling.Core.Engine;
using Starling.Events;

namespace Starling.Display;

/// <summary>
/// Writes events by a thread of its own, so that a reader that is slow (a pager, a full pipe) does not hold up the engine. At
/// <see cref="MaxWaiting"/> events it does: every event is told, and memory is not for ever.
/// </summary>
internal sealed class OutputThread : IRunOutput
{
    /// <summary>Events that wait for a slow reader at most.</summary>
    public const int MaxWaiting = 1 << 16;

    private readonly object _gate = new();
    private readonly Queue<Action> _waiting = new();
    private readonly IRunOutput _output;
    private readonly Thread _thread;
    private bool _closed;

    public OutputThread(IRunOutput output)
    {
        _output = output;
        _thread = new Thread(Run) { Name = "output", IsBackground = true };
        _thread.Start();
    }

    public Func<NodeSnapshot>? Snapshots { get; set; }

    public void ShowMagnet(string commandLine) => Add(() => _output.ShowMagnet(commandLine));

    public void Know(string name, int pieces) => Add(() => _output.Know(name, pieces));

    public void Take(RunEvent runEvent) => Add(() => _output.Take(runEvent));

    public void Conclude(string line) => Add(() => _output.Conclude(line));

    /// <summary>Writes what waits, then ends.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }

        _thread.Join();
        _output.Dispose();
    }

    private void Add(Action write)
    {
        lock (_gate)
        {
            while (_waiting.Count >= MaxWaiting && !_closed)
            {
                Monitor.Wait(_gate);
            }

            _waiting.Enqueue(write);
            Monitor.PulseAll(_gate);
        }
    }

    private void Run()
    {
        while (true)
        {
            Action write;
            lock (_gate)
            {
                while (_waiting.Count == 0)
                {
                    if (_closed)
                    {
                        return;
                    }

                    Monitor.Wait(_gate);
                }

                write = _waiting.Dequeue();
                Monitor.PulseAll(_gate);
            }

            write();
        }
    }
}
