using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Events;

namespace Starling.Display;

/// <summary>
/// What a display shows, gathered from the events of one process or of all local peers; for one process a snapshot of its node adds what
/// events do not tell (claims of others, downloads). Used under one lock, its own.
/// </summary>
internal sealed class RunView(int peers)
{
    /// <summary>Lines of the recent past that are kept.</summary>
    public const int MaxRecent = 16;

    private const double RateWindowSeconds = 30;
    private const int MaxFinishTimes = 4096;

    private readonly SortedDictionary<(int Peer, int Slot), RunningPiece> _running = [];
    private readonly Dictionary<int, int> _connected = [];
    private readonly HashSet<int> _completePeers = [];
    private readonly Queue<double> _finishTimes = new();
    private readonly List<string> _recent = [];
    private readonly Dictionary<int, string> _ownerLines = [];
    private ushort[] _holders = [];
    private bool[] _failed = [];
    private IReadOnlyList<PieceState> _seen = [];
    private double _firstRunAt = double.NaN;

    public int Peers { get; } = peers;

    public string Name { get; private set; } = "";

    public int Pieces => _holders.Length;

    /// <summary>Pieces that at least one process here holds.</summary>
    public int Finished { get; private set; }

    /// <summary>Pieces times processes that hold them.</summary>
    public long Held { get; private set; }

    public int Computed { get; private set; }

    public int Downloaded { get; private set; }

    public int Aborted { get; private set; }

    public int Failed { get; private set; }

    /// <summary>Processes that have everything.</summary>
    public int Complete => _completePeers.Count;

    public bool AllComplete => Complete == Peers;

    /// <summary>The most peers that one process here is connected to.</summary>
    public int Connected { get; private set; }

    public IReadOnlyDictionary<(int Peer, int Slot), RunningPiece> Running => _running;

    /// <summary>The latest last.</summary>
    public IReadOnlyList<string> Recent => _recent;

    /// <summary>Slots of each process, for those that are idle.</summary>
    public SortedDictionary<int, int> SlotCounts { get; } = [];

    public void Know(string name, int pieces)
    {
        Name = name;
        if (pieces != _holders.Length)
        {
            _holders = new ushort[pieces];
            _failed = new bool[pieces];
        }
    }

    public void Apply(RunEvent runEvent)
    {
        int peer = runEvent.Peer ?? 0;
        switch (runEvent.Event)
        {
            case EventName.Started:
                SlotCounts[peer] = runEvent.Slots ?? 1;
                break;
            case EventName.Opened:
                Know(runEvent.Name ?? Name, runEvent.Pieces ?? Pieces);
                break;
            case EventName.Swarm:
                _connected[peer] = runEvent.Connected ?? 0;
                Connected = 0;
                foreach (int connected in _connected.Values)
                {
                    Connected = Math.Max(Connected, connected);
                }

                break;
            case EventName.Computing when runEvent is { Piece: int piece, Slot: int slot }:
                _firstRunAt = double.IsNaN(_firstRunAt) ? runEvent.At : _firstRunAt;
                _running[(peer, slot)] = new RunningPiece(piece, runEvent.Attempt ?? 1, runEvent.At);
                break;
            case EventName.Aborted when runEvent is { Slot: int slot }:
                Aborted++;
                _running.Remove((peer, slot));
                break;
            case EventName.Paused when runEvent is { Slot: int slot } && _running.TryGetValue((peer, slot), out RunningPiece run):
                _running[(peer, slot)] = run with { FrozenAt = run.FrozenAt ?? runEvent.At };
                break;
            case EventName.Resumed when runEvent is { Slot: int slot } && _running.TryGetValue((peer, slot), out RunningPiece run):
                _running[(peer, slot)] = run with { Since = run.Since + (runEvent.At - (run.FrozenAt ?? runEvent.At)), FrozenAt = null };
                break;
            case EventName.Checkpointed when runEvent is { Slot: int slot }:
                _running.Remove((peer, slot));
                break;
            case EventName.Failed when runEvent is { Piece: int piece, Slot: int slot }:
                Failed++;
                _running.Remove((peer, slot));
                if (piece < _failed.Length)
                {
                    _failed[piece] = true;
                }

                break;
            case EventName.Piece when runEvent is { Piece: int piece }:
                Finish(peer, piece, runEvent);
                break;
            case EventName.Checked when runEvent is { Slot: int slot }:
                _running.Remove((peer, slot));
                break;
            case EventName.Reopened when runEvent is { Piece: int piece } && piece < _holders.Length && _holders[piece] > 0:
                Held--;
                Finished -= --_holders[piece] == 0 ? 1 : 0;
                _completePeers.Remove(peer);
                break;
            case EventName.Complete:
                _completePeers.Add(peer);
                break;
        }

        if (EventLine.Describe(runEvent) is string line)
        {
            if (runEvent.Event == EventName.Owner)
            {
                // What the owner's rules said before holds no longer.
                _ = _ownerLines.Remove(peer, out string? before) && _recent.Remove(before);
                _ownerLines[peer] = line;
            }

            if (_recent.Count == MaxRecent)
            {
                _recent.RemoveAt(0);
            }

            _recent.Add(line);
        }
    }

    /// <summary>The node's own view, of the only process.</summary>
    public void Apply(NodeSnapshot snapshot) => _seen = snapshot.Pieces;

    /// <summary>State of every piece, one after the other.</summary>
    public IEnumerable<PieceState> States()
    {
        var running = new HashSet<int>();
        foreach (RunningPiece run in _running.Values)
        {
            running.Add(run.Piece);
        }

        for (int piece = 0; piece < _holders.Length; piece++)
        {
            yield return _holders[piece] >= Peers ? PieceState.Finished
                : Peers == 1 && piece < _seen.Count && _seen[piece] != PieceState.Finished ? _seen[piece]
                : _holders[piece] > 0 ? PieceState.Downloading
                : running.Contains(piece) ? PieceState.Computing
                : _failed[piece] ? PieceState.Failed
                : PieceState.Missing;
        }
    }

    /// <summary>Pieces a second over the recent past; 0 while nothing is known.</summary>
    public double Rate(double now)
    {
        while (_finishTimes.Count > 0 && _finishTimes.Peek() < now - RateWindowSeconds)
        {
            _finishTimes.Dequeue();
        }

        if (_finishTimes.Count == 0 || double.IsNaN(_firstRunAt))
        {
            return 0;
        }

        double from = _finishTimes.Count == MaxFinishTimes ? _finishTimes.Peek() : Math.Max(_firstRunAt, now - RateWindowSeconds);
        return _finishTimes.Count / Math.Max(0.1, now - from);
    }

    private void Finish(int peer, int piece, RunEvent runEvent)
    {
        foreach (KeyValuePair<(int Peer, int Slot), RunningPiece> run in _running)
        {
            // A run that ended well has no event of its own: its piece is told. Another slot's run of it is aborted with one.
            if (run.Key.Peer == peer && run.Value.Piece == piece && runEvent.Source == "computed")
            {
                _running.Remove(run.Key);
                break;
            }
        }

        Computed += runEvent.Source == "computed" ? 1 : 0;
        Downloaded += runEvent.Source == "downloaded" ? 1 : 0;
        if (piece >= _holders.Length)
        {
            return;
        }

        Held++;
        if (_holders[piece]++ > 0)
        {
            return;
        }

        Finished++;
        if (runEvent.Source != "resumed")
        {
            if (_finishTimes.Count == MaxFinishTimes)
            {
                _finishTimes.Dequeue();
            }

            _finishTimes.Enqueue(runEvent.At);
        }
    }
}

/// <summary>What a slot does, and since when (seconds since the start); time in which it was frozen is left out.</summary>
internal readonly record struct RunningPiece(int Piece, int Attempt, double Since)
{
    /// <summary>When it was frozen; null: it runs.</summary>
    public double? FrozenAt { get; init; }
}
