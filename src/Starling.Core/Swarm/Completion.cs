using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Exchange;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Scheduling;
using Starling.Core.Tasks;

namespace Starling.Core.Swarm;

/// <summary>
/// When it is over: files are merged as soon as their pieces are finished, the task is complete when all are merged, and the command
/// leaves when its owner wants that and others hold what is held here (DESIGN section 11, <c>--exit</c>).
/// </summary>
internal sealed class Completion
{
    private static readonly TimeSpan LongestStay = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan GiveUpPatience = TimeSpan.FromSeconds(3);

    private readonly NodeContext _context;
    private readonly TaskInfo _task;
    private readonly PieceMap _map;
    private readonly LinkTable _links;
    private readonly Downloader _downloader;
    private readonly SlotTable _slots;
    private readonly FileState[] _files;
    private readonly int[] _unfinished;
    private readonly SortedDictionary<int, JobOutcome.Failed> _givenUp = [];
    private readonly SortedSet<int> _hits = [];
    private readonly Instant _openedAt;
    private int _downloaded;
    private int _filesToMerge;
    private bool _left;
    private bool _mergeFailed;
    private Instant _completeAt = Instant.Never;
    private Instant _hopelessSince = Instant.Never;
    private LeaveReason? _leaveReason;
    private Problem? _leaveProblem;

    public Completion(NodeContext context, TaskInfo task, PieceMap map, LinkTable links, Downloader downloader, SlotTable slots)
    {
        _context = context;
        _task = task;
        _map = map;
        _links = links;
        _downloader = downloader;
        _slots = slots;
        _openedAt = context.Now;
        _files = new FileState[task.Files.Count];
        _unfinished = new int[task.Files.Count];
        for (int i = 0; i < _files.Length; i++)
        {
            _unfinished[i] = task.Files[i].Pieces;
        }
    }

    /// <summary>No new work is taken: the owner, the author or the outcome ends it.</summary>
    public bool IsStopping { get; private set; }

    /// <summary>Others wait for something that only this peer can tell them.</summary>
    public bool MustStay { get; set; }

    public bool IsComplete => _completeAt != Instant.Never;

    public int Downloaded => _downloaded;

    private bool IsSearch => _task.Until == Until.First;

    /// <summary>Whether results are not needed here any more: everything is merged, and nobody ends it. A search keeps its hits.</summary>
    public bool MayRelease
    {
        get
        {
            if (!IsComplete || IsStopping || IsSearch)
            {
                return false;
            }

            foreach (FileState file in _files)
            {
                if (file.Running || file.Wanted || !file.Merged)
                {
                    return false;
                }
            }

            return true;
        }
    }

    public bool HasGivenUp(int piece) => _givenUp.ContainsKey(piece);

    /// <summary>Why the pieces failed that were given up here.</summary>
    public IReadOnlyDictionary<int, Problem> Failures()
    {
        var failures = new SortedDictionary<int, Problem>();
        foreach ((int piece, JobOutcome.Failed failed) in _givenUp)
        {
            failures.Add(piece, failed.Problem);
        }

        return failures;
    }

    public void OnFinished(int piece, ResultSource source)
    {
        _downloaded += source == ResultSource.Downloaded ? 1 : 0;
        _givenUp.Remove(piece);
        int file = _task.Locate(piece).FileIndex;
        _unfinished[file]--;
        bool hit = IsSearch && _map.Used(piece) is { Length: > 0 };
        if (hit)
        {
            _hits.Add(piece);
        }

        if (IsSearch ? hit : _unfinished[file] == 0)
        {
            WantMerge(file);
        }
    }

    /// <summary>The file was merged by an earlier process, of results that were released since.</summary>
    public void OnMergedBefore(int file)
    {
        if (_files[file].Wanted)
        {
            _filesToMerge--;
        }

        _files[file] = new FileState { Started = true, Merged = true };
    }

    public void OnUnfinished(int piece)
    {
        int file = _task.Locate(piece).FileIndex;
        _unfinished[file]++;
        _hits.Remove(piece);
        _completeAt = Instant.Never;
        if (_files[file].Wanted)
        {
            _files[file].Wanted = false;
            _filesToMerge--;
        }
    }

    /// <summary>A finished piece is used with another result from now on: what was merged from it is out of date.</summary>
    public void OnSwitched(int piece)
    {
        int file = _task.Locate(piece).FileIndex;
        if (_files[file].Started)
        {
            WantMerge(file);
        }
    }

    /// <summary>A piece failed here as often as it may.</summary>
    public void GaveUp(int piece, JobOutcome.Failed failed) => _givenUp[piece] = failed;

    public void OnMergeExited(int file, Problem? problem)
    {
        _files[file].Running = false;
        if (problem is not null)
        {
            _mergeFailed = true;
            _context.Report(new NodeEvent.Error(problem));
            if (_context.Options.ExitWhenDone)
            {
                Leave(LeaveReason.Failed, problem);
            }

            return;
        }

        if (!_files[file].Wanted)
        {
            _files[file].Merged = true;
            _context.Report(new NodeEvent.Merged(file));
        }
    }

    /// <summary>At the end of a step: starts merges, notices the end.</summary>
    public void Settle()
    {
        for (int file = 0; !IsStopping && !_context.Grant.IsHalted && _filesToMerge > 0 && file < _files.Length; file++)
        {
            if (_files[file] is { Wanted: true, Running: false })
            {
                StartMerge(file);
            }
        }

        if (!IsStopping && !IsComplete && IsOver())
        {
            _completeAt = _context.Now;
            _context.Report(new NodeEvent.Complete(
                _map.Count, _slots.Computed, _downloaded, _slots.Aborted, _context.Now - _openedAt));
        }

        if (IsSearch && _hits.Count == 0 && _map.FinishedCount == _map.Count && !IsStopping)
        {
            var problem = new Problem("no-hit", $"all {_map.Count} pieces of the range were searched without a hit", "Search another range");
            _context.Report(new NodeEvent.Error(problem));
            IsStopping = true;
            if (_context.Options.ExitWhenDone)
            {
                Leave(LeaveReason.Failed, problem);
            }
        }

        LeaveIfDone();
    }

    /// <summary>Once a second: what only time decides.</summary>
    public void Tidy(WorkScheduler scheduler)
    {
        if (IsComplete || !_context.Options.ExitWhenDone || _givenUp.Count == 0 || _mergeFailed)
        {
            return;
        }

        bool hopeless = _map.FinishedCount + _givenUp.Count >= _map.Count && !_slots.AnyRunning;
        foreach (int piece in _givenUp.Keys)
        {
            hopeless &= scheduler.Claims.CountOf(piece) == 0 && !_map.IsAccepted(piece);
        }

        if (!hopeless)
        {
            _hopelessSince = Instant.Never;
            return;
        }

        _hopelessSince = Instant.Min(_hopelessSince, _context.Now);
        if (_context.Now - _hopelessSince >= GiveUpPatience)
        {
            foreach ((int piece, JobOutcome.Failed failed) in _givenUp)
            {
                Leave(LeaveReason.Failed, new Problem(
                    failed.Problem.Code,
                    $"piece {piece} failed {_context.Options.MaxAttempts} times here and nobody else tries it: {failed.Problem.Reason}",
                    failed.StandardError.Length == 0 ? failed.Problem.Hint : $"Its standard error: {failed.StandardError.Trim()}"));
                return;
            }
        }
    }

    /// <summary>The owner stops it: leaves when the runs are gone.</summary>
    public void Stop(string reason)
    {
        IsStopping = true;
        _leaveReason = IsComplete ? LeaveReason.Done : LeaveReason.Stopped;
        _leaveProblem = IsComplete ? null : new Problem("stopped", reason);
        LeaveIfDone();
    }

    /// <summary>The author stops it.</summary>
    public void Cancel(Hash256? replacedBy)
    {
        IsStopping = true;
        _leaveReason = LeaveReason.Failed;
        _leaveProblem = replacedBy is null
            ? new Problem("cancelled", "the author cancelled the task", "What was finished is in the folder")
            : new Problem("replaced", $"the author replaced the task by {replacedBy}", "Ask the author for the new link");
        _context.Report(new NodeEvent.Error(_leaveProblem));
        LeaveIfDone();
    }

    private bool IsOver()
    {
        if ((IsSearch ? _hits.Count == 0 : _map.FinishedCount < _map.Count) || (MustStay && _context.Options.Publishes))
        {
            return false;
        }

        foreach (FileState file in _files)
        {
            if (file.Running || file.Wanted || (!IsSearch && !file.Merged))
            {
                return false;
            }
        }

        return !_mergeFailed;
    }

    private void LeaveIfDone()
    {
        if (_left)
        {
            return;
        }

        if (_leaveReason is { } reason)
        {
            if (!_slots.AnyRunning)
            {
                Leave(reason, _leaveProblem);
            }

            return;
        }

        if (IsComplete
            && _context.Options.ExitWhenDone
            && !(MustStay && _links.Established.Count > 0)
            && (_links.Established.Count == 0 || _context.Now - _completeAt >= LongestStay || OthersHoldAll()))
        {
            Leave(LeaveReason.Done, null);
        }
    }

    /// <summary>
    /// Whether what is here is held by others too. Of several peers that hold everything the one with the lowest key stays while a neighbour
    /// lacks something, so that they do not all leave in the belief that another one stays.
    /// </summary>
    private bool OthersHoldAll()
    {
        bool lacking = false;
        bool lowest = true;
        foreach (PeerLink link in _links.Established)
        {
            bool full = HoldsAll(link);
            lacking |= !full;
            lowest &= !full || link.Key.CompareTo(_context.Self) > 0;
        }

        if (lacking && lowest)
        {
            return false;
        }

        for (int piece = 0; piece < _map.Count; piece++)
        {
            if (IsOutput(piece) && _downloader.Availability(piece) == 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Of a search only the hits are worth staying for: what holds none is not fetched by anybody.</summary>
    private bool IsOutput(int piece) => IsSearch ? _hits.Contains(piece) : _map.Served(piece) is not null;

    private bool HoldsAll(PeerLink link)
    {
        if (!IsSearch)
        {
            // Nobody releases anything before it has everything.
            return link.Exchange.HoldingCount == _map.Count || link.Released.Count > 0;
        }

        foreach (int piece in _hits)
        {
            if (link.Exchange.Holding(piece) < 0)
            {
                return false;
            }
        }

        return true;
    }

    private void Leave(LeaveReason reason, Problem? problem)
    {
        if (_left)
        {
            return;
        }

        _left = true;
        IsStopping = true;
        _slots.KillAll(AbortReason.Owner);
        foreach (PeerLink link in new List<PeerLink>(_links.Established))
        {
            _links.Close(link, "leaving");
        }

        _context.Emit(new NodeEffect.Leave(reason, problem));
    }

    private void WantMerge(int file)
    {
        if (!_files[file].Wanted)
        {
            _files[file].Wanted = true;
            _files[file].Merged = false;
            _filesToMerge++;
        }
    }

    private void StartMerge(int file)
    {
        var parts = new List<(int Piece, ResultId Result)>();
        int first = _task.FirstPieceOf(file);
        for (int piece = first; piece < first + _task.Files[file].Pieces; piece++)
        {
            if (_map.Used(piece) is { } used && (!IsSearch || used.Length > 0))
            {
                parts.Add((piece, used));
            }
        }

        _files[file] = new FileState { Running = true, Started = true };
        _filesToMerge--;
        _context.Emit(new NodeEffect.StartMerge(file, parts));
    }

    private struct FileState
    {
        /// <summary>A merge is to be started (again).</summary>
        public bool Wanted;

        public bool Running;

        public bool Started;

        public bool Merged;
    }
}
