using System;
using System.Collections.Generic;
using Starling.Core.Scheduling;

namespace Starling.Core.Swarm;

/// <summary>
/// Among strangers pieces are settled a few at a time, in order, and not all a little: agreement is what makes strangers known, and the sooner they are, the less has
/// to be run twice. A piece is settled when enough workers agree, whether or not I know one of them; those that only lack an acquaintance of mine are
/// run here when nothing else is left, by which time most have found one.
/// </summary>
/// <param name="pieceCount">Pieces of the task.</param>
/// <param name="isActive">Whether agreement is needed; else every piece is open.</param>
internal sealed class WorkWindow(int pieceCount, bool isActive)
{
    /// <summary>Open pieces at least.</summary>
    private const int Least = 16;

    /// <summary>Runs that are open for every slot of the swarm.</summary>
    private const int RunsPerSlot = 2;

    private readonly PieceSet _unsettled = new(pieceCount, full: true);
    private int _width = Least;

    /// <summary>The last open piece.</summary>
    public int Frontier { get; private set; } = isActive ? Math.Min(Least, pieceCount) - 1 : pieceCount - 1;

    /// <summary>Whether nothing is left but what strangers have settled.</summary>
    public bool AllSettled => _unsettled.Count == 0;

    /// <summary>Whether runs of the piece are wanted as the policy says.</summary>
    public bool IsOpen(int piece) => piece <= Frontier;

    /// <summary>A piece was judged. True: nothing is left that is not settled, or something is again.</summary>
    public bool Note(int piece, bool settled)
    {
        bool before = AllSettled;
        _ = settled ? _unsettled.Remove(piece) : _unsettled.Add(piece);
        return isActive && AllSettled != before;
    }

    /// <summary>Widens the window for so many slots in the swarm and runs of an untouched piece.</summary>
    public void Fit(int slots, int runs) => _width = Math.Max(Least, RunsPerSlot * slots / Math.Max(1, runs));

    /// <summary>Moves on; the pieces that became open.</summary>
    public IEnumerable<int> Advance()
    {
        if (!isActive || _unsettled.Count == 0)
        {
            yield break;
        }

        int last = _unsettled.Select(Math.Min(_width, _unsettled.Count) - 1);
        while (Frontier < last)
        {
            yield return ++Frontier;
        }
    }
}
