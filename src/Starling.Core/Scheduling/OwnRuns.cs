using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Scheduling;

/// <summary>What runs on this machine, by ascending piece, and on which of its slots.</summary>
internal sealed class OwnRuns(SchedulingOptions options)
{
    private readonly SortedList<int, OwnRun> _runs = [];

    /// <summary>Slots, 1 or more.</summary>
    internal int Slots { get; set; } = int.MaxValue;

    internal int Count => _runs.Count;

    /// <summary>Runs that were ever added.</summary>
    internal int Started { get; private set; }

    /// <summary>The run at a place in the order of pieces.</summary>
    internal (int Piece, OwnRun Run) this[int place] => (_runs.GetKeyAtIndex(place), _runs.GetValueAtIndex(place));

    internal bool Contains(int piece) => _runs.ContainsKey(piece);

    internal void Add(int piece, OwnRun run)
    {
        _runs.Add(piece, run);
        Started++;
    }

    internal bool Remove(int piece, out OwnRun run) => _runs.Remove(piece, out run);

    /// <summary>Changes the run of a piece; false: there is none.</summary>
    internal bool Change(int piece, Func<OwnRun, OwnRun> change)
    {
        int place = _runs.IndexOfKey(piece);
        if (place >= 0)
        {
            _runs.SetValueAtIndex(place, change(_runs.GetValueAtIndex(place)));
        }

        return place >= 0;
    }

    /// <summary>Notes that the run at this place gives way.</summary>
    internal void GiveUp(int place) => _runs.SetValueAtIndex(place, _runs.GetValueAtIndex(place) with { IsGivenUp = true });

    /// <summary>My lowest slot that runs nothing; the last one when all do and the next run is picked ahead.</summary>
    internal int NextSlot()
    {
        int slot = 0;
        while (slot < _runs.Count && OnSlot(slot) is not null)
        {
            slot++;
        }

        return Math.Min(slot, Math.Min(Slots, options.MaxClaimsPerWorker) - 1);
    }

    /// <summary>The run on a slot; null: none.</summary>
    internal OwnRun? OnSlot(int slot)
    {
        foreach (OwnRun run in _runs.Values)
        {
            if (run.Slot == slot)
            {
                return run;
            }
        }

        return null;
    }
}

/// <summary>One run of this machine. IsCopy: beyond the wanted ones. IsQueued: it waits behind another. IsGivenUp: it was told to stop. IsHeld: it is frozen, and so long that it is not claimed any more.</summary>
internal readonly record struct OwnRun(Instant StartedAt, int Slot, bool IsCopy, bool IsQueued, bool IsGivenUp = false, bool IsHeld = false);
