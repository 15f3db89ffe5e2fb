using System;
using System.Collections.Generic;
using System.Threading;
using Starling.Core.Engine;

namespace Starling.Runtime.Engine;

/// <summary>
/// The way into the engine: many threads add, one takes everything that waits at once, and sleeps in between. Adding never blocks; links look at
/// <see cref="IsCrowded"/> before they read on, so that peers that send faster than the engine takes fill their own sockets, not this.
/// </summary>
public sealed class InputQueue
{
    /// <summary>Bytes of frames beyond which links do not read on.</summary>
    public const long CrowdedBytes = 32 * 1024 * 1024;

    /// <summary>Inputs beyond which links do not read on.</summary>
    public const int CrowdedInputs = 65_536;

    private readonly object _gate = new();
    private long _frameBytes;
    private List<NodeInput> _waiting = [];
    private List<NodeInput> _taken = [];
    private bool _nudged;
    private bool _closed;

    /// <summary>Inputs that wait.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Whether so much waits that peers have to.</summary>
    public bool IsCrowded
    {
        get
        {
            lock (_gate)
            {
                return _frameBytes > CrowdedBytes || _waiting.Count > CrowdedInputs;
            }
        }
    }

    /// <summary>Adds one; after <see cref="Close"/> it is dropped.</summary>
    public void Add(NodeInput input)
    {
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            _frameBytes += input is NodeInput.FrameReceived frame ? frame.Frame.Length : 0;
            _waiting.Add(input);
            if (_waiting.Count == 1)
            {
                Monitor.Pulse(_gate);
            }
        }
    }

    /// <summary>Ends the present or the next wait without an input.</summary>
    public void Nudge()
    {
        lock (_gate)
        {
            _nudged = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Drops what waits and what comes.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            _waiting.Clear();
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>
    /// Waits until something is there, a nudge comes, or <paramref name="patience"/> is over (infinite:
    /// <see cref="Timeout.InfiniteTimeSpan"/>), and takes all of it, in order. The list is reused by the next call.
    /// </summary>
    public IReadOnlyList<NodeInput> Take(TimeSpan patience)
    {
        lock (_gate)
        {
            if (_waiting.Count == 0 && !_nudged && !_closed && patience != TimeSpan.Zero)
            {
                Monitor.Wait(_gate, patience);
            }

            _nudged = false;
            _frameBytes = 0;
            _taken.Clear();
            (_waiting, _taken) = (_taken, _waiting);
            return _taken;
        }
    }
}
