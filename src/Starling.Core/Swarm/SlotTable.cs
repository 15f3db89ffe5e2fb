using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Owner;
using Starling.Core.Primitives;
using Starling.Core.Scheduling;

namespace Starling.Core.Swarm;

/// <summary>
/// What runs on this machine: the slots, their jobs, and how often each piece has failed here. Shortly before a run is expected to end its slot
/// gets the next one queued behind it, so that the slot does not wait for the way through a busy engine; where runs take
/// milliseconds, it has one queued all the time.
/// </summary>
internal sealed class SlotTable
{
    private static readonly TimeSpan ShortRun = TimeSpan.FromMilliseconds(20);

    /// <summary>The next run is picked this long before the expected end at most: early enough for a busy machine, too late to take it from an idle one.</summary>
    private static readonly TimeSpan MostAhead = TimeSpan.FromMilliseconds(100);

    private readonly NodeContext _context;
    private readonly WorkScheduler _scheduler;
    private readonly Slot[] _slots;
    private readonly SortedDictionary<int, int> _attempts = [];
    private long _lastJob;
    private TimeSpan? _typicalRun;

    public SlotTable(NodeContext context, WorkScheduler scheduler)
    {
        _context = context;
        _scheduler = scheduler;
        _slots = new Slot[context.Options.Slots];
        for (int i = 0; i < _slots.Length; i++)
        {
            _slots[i] = new Slot(i);
        }
    }

    public IReadOnlyList<Slot> Slots => _slots;

    /// <summary>Runs that ended well here.</summary>
    public int Computed { get; private set; }

    /// <summary>Runs that were killed here.</summary>
    public int Aborted { get; private set; }

    public bool AnyRunning
    {
        get
        {
            foreach (Slot slot in Lanes())
            {
                if (slot.Job is not null)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Whether runs take milliseconds here.</summary>
    public bool RunsAreShort => _typicalRun < ShortRun;

    /// <summary>When the next slot is to get a run queued; <see cref="Instant.Never"/>: none.</summary>
    public Instant NextWake()
    {
        Instant wake = Instant.Never;
        foreach (Slot slot in _slots)
        {
            if (slot.Job is not null && slot.Behind.Job is null && slot.AheadFrom > _context.Now)
            {
                wake = Instant.Min(wake, slot.AheadFrom);
            }

            if (slot is { Job: not null, Frozen: { } since, IsHeld: false })
            {
                wake = Instant.Min(wake, since + _scheduler.Lease);
            }
        }

        return wake;
    }

    /// <summary>
    /// Brings the runs in line with what the owner's rules grant: those that began last are frozen or stopped first, those that are frozen go on before others begin, in the
    /// order in which they began. The claim of a run that is frozen for longer than a lease is given back; who runs the piece meanwhile may end it.
    /// </summary>
    public void Obey()
    {
        int going = Going;
        for (; going > _context.Grant.Slots; going--)
        {
            Slot last = Best(slot => slot.Frozen is null, latest: true)!;
            if (last.Behind is { Job: not null } behind)
            {
                Kill(behind, AbortReason.Owner);
            }

            if (_context.Grant.Halt == HaltKind.Stop)
            {
                Kill(last, AbortReason.Owner);
            }
            else
            {
                last.Frozen = _context.Now;
                Pause(last, true);
            }
        }

        for (; going < _context.Grant.Slots && Best(slot => slot.Frozen is not null, latest: false) is { } first; going++)
        {
            Thaw(first);
            Pause(first, false);
        }

        foreach (Slot slot in _slots)
        {
            if (slot is { Job: not null, Killed: null, Frozen: { } since, IsHeld: false } && _context.Now >= since + _scheduler.Lease)
            {
                slot.IsHeld = true;
                _scheduler.Hold(slot.Piece);
            }
        }
    }

    /// <summary>
    /// Gives work to every idle slot. The claims must be sent before the effects of <paramref name="started"/> are emitted, so that the
    /// neighbours hear of a run before it begins.
    /// </summary>
    public void Fill(List<NodeEffect> started)
    {
        int left = _context.Grant.Slots - Going;
        foreach (Slot slot in Lanes())
        {
            bool ahead = _slots[slot.Index] != slot;
            if (slot.Job is not null || (left <= 0 && !ahead) || !MayStart(slot))
            {
                continue;
            }

            if (_scheduler.Pick(_context.Now, ahead) is not { } piece)
            {
                break;
            }

            int attempt = _attempts.GetValueOrDefault(piece) + 1;
            slot.Job = new JobId(++_lastJob);
            slot.Piece = piece;
            slot.Attempt = attempt;
            slot.StartedAt = _context.Now;
            slot.AheadFrom = AheadFrom();
            slot.Killed = null;
            left -= ahead ? 0 : 1;
            _scheduler.Started(piece, _context.Now, queued: ahead);
            started.Add(new NodeEffect.StartJob(slot.Job.Value, slot.Index, piece, attempt));
            started.Add(new NodeEffect.Report(new NodeEvent.Computing(piece, slot.Index, attempt)));
        }
    }

    /// <summary>Kills every run of a piece.</summary>
    public void Kill(int piece, AbortReason reason)
    {
        foreach (Slot slot in Lanes())
        {
            if (slot.Job is not null && slot.Piece == piece)
            {
                Kill(slot, reason);
            }
        }
    }

    /// <summary>Kills everything.</summary>
    public void KillAll(AbortReason reason)
    {
        foreach (Slot slot in Lanes())
        {
            if (slot.Job is not null)
            {
                Kill(slot, reason);
            }
        }
    }

    /// <summary>Whether a run of this piece is going on and not being killed.</summary>
    public bool IsRunning(int piece)
    {
        foreach (Slot slot in Lanes())
        {
            if (slot.Job is not null && slot.Piece == piece && slot.Killed is null)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether the run of this piece is frozen.</summary>
    public bool IsFrozen(int piece)
    {
        foreach (Slot slot in _slots)
        {
            if (slot is { Job: not null, Frozen: not null } && slot.Piece == piece)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Takes a job out of its slot; null when the driver names a job that never was.</summary>
    public EndedJob? End(JobId job, JobOutcome outcome)
    {
        foreach (Slot slot in Lanes())
        {
            if (slot.Job != job)
            {
                continue;
            }

            if (slot.Frozen is not null)
            {
                Thaw(slot);
            }

            var ended = new EndedJob(slot.Index, slot.Piece, slot.Attempt, slot.Killed);
            slot.Job = null;
            Promote(slot);
            if (slot.Killed is null)
            {
                _scheduler.Ended(ended.Piece, _context.Now, outcome is JobOutcome.Succeeded);
            }

            switch (outcome)
            {
                case JobOutcome.Succeeded:
                    Computed++;
                    _attempts.Remove(ended.Piece);
                    _scheduler.SetBegun(ended.Piece, false);
                    _typicalRun = ((_typicalRun ?? outcome.Elapsed) * 0.75) + (outcome.Elapsed * 0.25);
                    break;
                case JobOutcome.Killed or JobOutcome.Checkpointed when ended.Killed is not null:
                    Aborted++;
                    _scheduler.SetBegun(ended.Piece, ended.Killed == AbortReason.Owner);
                    break;
                case JobOutcome.Killed:
                    Aborted++;
                    break;
                case JobOutcome.Checkpointed:
                    _scheduler.SetBegun(ended.Piece, true);
                    break;
                case JobOutcome.Failed when ended.Killed is not null:
                    Aborted++;
                    break;
                case JobOutcome.Failed:
                    _attempts[ended.Piece] = ended.Attempt;
                    break;
            }

            return ended;
        }

        return null;
    }

    /// <summary>Runs that go on and are not being killed.</summary>
    private int Going
    {
        get
        {
            int going = 0;
            foreach (Slot slot in _slots)
            {
                going += slot is { Job: not null, Killed: null, Frozen: null } ? 1 : 0;
            }

            return going;
        }
    }

    /// <summary>Of the runs that are not being killed, the one that began first or last.</summary>
    private Slot? Best(Predicate<Slot> isMeant, bool latest)
    {
        Slot? best = null;
        foreach (Slot slot in _slots)
        {
            if (slot is { Job: not null, Killed: null } && isMeant(slot)
                && (best is null || (latest ? slot.StartedAt >= best.StartedAt : slot.StartedAt < best.StartedAt)))
            {
                best = slot;
            }
        }

        return best;
    }

    private void Pause(Slot slot, bool paused)
    {
        _context.Emit(new NodeEffect.PauseJob(slot.Job!.Value, paused));
        _context.Report(new NodeEvent.Paused(slot.Piece, slot.Index, paused));
    }

    /// <summary>Its time stood still while it was frozen.</summary>
    private void Thaw(Slot slot)
    {
        TimeSpan frozen = _context.Now - slot.Frozen!.Value;
        slot.Frozen = null;
        slot.IsHeld = false;
        slot.StartedAt += frozen;
        slot.AheadFrom = slot.AheadFrom == Instant.Never ? Instant.Never : slot.AheadFrom + frozen;
        if (slot.Killed is null)
        {
            _scheduler.GoOn(slot.Piece, frozen, _context.Now);
        }
    }

    /// <summary>Every slot, then what is queued behind each.</summary>
    private IEnumerable<Slot> Lanes()
    {
        foreach (Slot slot in _slots)
        {
            yield return slot;
        }

        foreach (Slot slot in _slots)
        {
            yield return slot.Behind;
        }
    }

    /// <summary>In front always; behind a run only when that is about to end by itself.</summary>
    private bool MayStart(Slot slot) =>
        _slots[slot.Index] == slot || (slot.Behind is { Job: not null, Killed: null, Frozen: null } front && front.AheadFrom <= _context.Now);

    private Instant AheadFrom()
    {
        if (_typicalRun is not { } typical)
        {
            return Instant.Never;
        }

        TimeSpan ahead = typical < ShortRun ? typical : typical / 10;
        return _context.Now + typical - (ahead < MostAhead ? ahead : MostAhead);
    }

    /// <summary>What was queued behind an ended run is running now.</summary>
    private void Promote(Slot ended)
    {
        Slot behind = ended.Behind;
        if (_slots[ended.Index] == ended && behind.Job is not null)
        {
            behind.StartedAt = _context.Now;
            behind.AheadFrom = AheadFrom();
            _slots[ended.Index] = behind;
            if (behind.Killed is null)
            {
                // Its time counts from now, for the median and for those who wait for it.
                _scheduler.Ended(behind.Piece, _context.Now, finished: false);
                _scheduler.Started(behind.Piece, _context.Now);
            }
        }
    }

    private void Kill(Slot slot, AbortReason reason)
    {
        if (slot.Killed is null)
        {
            // The claim ends now, not when the process is gone: others may take the piece at once.
            slot.Killed = reason;
            _scheduler.Ended(slot.Piece, _context.Now, finished: false);
            _context.Emit(new NodeEffect.KillJob(slot.Job!.Value, reason));
        }
    }

    /// <summary>One run, and the one that waits behind it.</summary>
    internal sealed class Slot
    {
        public Slot(int index)
        {
            Index = index;
            Behind = new Slot(this);
        }

        private Slot(Slot front)
        {
            Index = front.Index;
            Behind = front;
        }

        public int Index { get; }

        /// <summary>The other of the two: which of them is in front changes with each run.</summary>
        public Slot Behind { get; }

        public JobId? Job { get; set; }

        public int Piece { get; set; }

        public int Attempt { get; set; }

        public Instant StartedAt { get; set; }

        /// <summary>From when on the next run may be queued behind this one.</summary>
        public Instant AheadFrom { get; set; } = Instant.Never;

        /// <summary>Since when it is frozen; null: it is not.</summary>
        public Instant? Frozen { get; set; }

        /// <summary>Whether it is frozen for so long that it is claimed no more.</summary>
        public bool IsHeld { get; set; }

        /// <summary>Why it is being killed; null: it is not.</summary>
        public AbortReason? Killed { get; set; }
    }
}

/// <summary>A job that left its slot; <paramref name="Killed"/> is why, if the node wanted it dead.</summary>
internal readonly record struct EndedJob(int Slot, int Piece, int Attempt, AbortReason? Killed);
