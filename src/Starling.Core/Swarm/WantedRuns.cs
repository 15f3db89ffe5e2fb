using Starling.Core.Pieces;
using Starling.Core.Scheduling;
using Starling.Core.Verification;

namespace Starling.Core.Swarm;

/// <summary>
/// r(i) of DESIGN section 5: how many runs of each piece the scheduler is told to want, from the verdict about it and from what is known besides: hits, lost results, spot checks, and the
/// order of work among strangers.
/// </summary>
internal sealed class WantedRuns(PieceMap map, Acceptance acceptance, HitSearch hits, LostPieces lost, WorkScheduler scheduler)
{
    private readonly WorkWindow _window = new(map.Count, acceptance.IsAmongStrangers);

    /// <summary>A piece was judged.</summary>
    public void Note(int piece, in Verdict verdict)
    {
        Set(piece, verdict);
        if (_window.Note(piece, verdict.Acceptable != 0 || verdict.NeedsMyRun))
        {
            SetAll();
        }

        foreach (int open in _window.Advance())
        {
            Set(open, acceptance.VerdictOn(open));
        }
    }

    /// <summary>Something changed that concerns every piece.</summary>
    public void SetAll()
    {
        for (int piece = 0; piece < map.Count; piece++)
        {
            Set(piece, acceptance.VerdictOn(piece));
        }
    }

    /// <summary>Once a second: the window follows the size of the swarm.</summary>
    public void Tidy() => _window.Fit(scheduler.SwarmSlots, acceptance.TypicalRuns);

    private void Set(int piece, in Verdict verdict) => scheduler.SetWanted(
        piece,
        hits.HasHit ? 0
            : lost.IsLost(piece) ? 1
            : map.IsAccepted(piece) ? acceptance.IsCheckDue(piece) ? 1 : 0
            : verdict.NeedsMyRun ? _window.AllSettled ? 1 : 0
            : _window.IsOpen(piece) ? verdict.WantedRuns : 0);
}
