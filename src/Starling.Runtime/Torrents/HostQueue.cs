using System;
using System.Collections.Generic;
using System.Threading;
using Starling.Core.Torrents;

namespace Starling.Runtime.Torrents;

/// <summary>The way into the thread of the data swarms: many threads add, one takes everything that waits at once, and sleeps in between.</summary>
internal sealed class HostQueue
{
    /// <summary>Inputs beyond which links do not read on; each holds at most one read of a link.</summary>
    public const int MaxWaiting = 128;

    private readonly object _gate = new();
    private List<(TorrentSession Session, DataInput Input)> _waiting = [];
    private List<(TorrentSession Session, DataInput Input)> _taken = [];
    private bool _isWaiting;
    private bool _nudged;
    private bool _closed;

    public void Add(TorrentSession session, DataInput input)
    {
        lock (_gate)
        {
            if (!_closed)
            {
                _waiting.Add((session, input));
                Wake();
            }
        }
    }

    /// <summary>Whether so much waits that links have to.</summary>
    public bool IsBehind
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count > MaxWaiting;
            }
        }
    }

    /// <summary>Ends the present or the next wait.</summary>
    public void Nudge()
    {
        lock (_gate)
        {
            _nudged = true;
            Wake();
        }
    }

    /// <summary>Drops what waits and what comes, and ends the thread that takes.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            _waiting.Clear();
            Wake();
        }
    }

    /// <summary>Waits until something is there or <paramref name="patience"/> is over, and takes all of it; null: closed. The list is reused.</summary>
    public IReadOnlyList<(TorrentSession Session, DataInput Input)>? Take(TimeSpan patience)
    {
        lock (_gate)
        {
            if (_waiting.Count == 0 && !_nudged && !_closed && patience > TimeSpan.Zero)
            {
                _isWaiting = true;
                Monitor.Wait(_gate, patience);
                _isWaiting = false;
            }

            _nudged = false;
            _taken.Clear();
            (_waiting, _taken) = (_taken, _waiting);
            return _closed ? null : _taken;
        }
    }

    private void Wake()
    {
        if (_isWaiting)
        {
            Monitor.Pulse(_gate);
        }
    }
}
