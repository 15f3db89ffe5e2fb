using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Scheduling;

/// <summary>
/// Which piece a free slot takes (rules 1 and 4 of DESIGN section 5), from what <see cref="WorkScheduler"/>, which owns all that is shared here, knows.
/// What it remembers itself is only when to look again.
/// </summary>
/// <param name="self">This worker.</param>
/// <param name="wanted">Runs wanted of each piece.</param>
/// <param name="free">Pieces that may be run here and that too few others claim.</param>
/// <param name="ring">All slots.</param>
/// <param name="claims">What others run.</param>
/// <param name="own">What runs here.</param>
/// <param name="times">How long runs take.</param>
/// <param name="delay">How long claims travel.</param>
/// <param name="options">Constants.</param>
/// <param name="random">The Node's generator.</param>
/// <param name="mayRun">Whether a piece may be run here, whoever claims it.</param>
internal sealed class PiecePicker(
    PublicKey self,
    byte[] wanted,
    PieceSet free,
    SlotRing ring,
    ClaimTable claims,
    OwnRuns own,
    RunTimes times,
    MessageDelayEstimate delay,
    SchedulingOptions options,
    DeterministicRandom random,
    Func<int, bool> mayRun)
{
    private const int MaxLayers = 8;

    private SlotPace[] _paces = [];
    private int[] _loads = [];
    private Instant? _hungrySince;
    private int _layers = 1;

    /// <summary>When the choice should be made again if nothing happens before; <see cref="Instant.Never"/>: no need.</summary>
    internal Instant NextLook { get; private set; } = Instant.Never;

    /// <summary>Some piece wants so many runs: that many shares of the ring are gone through.</summary>
    internal void NoteWanted(int runs) => _layers = Math.Max(_layers, Math.Min(runs, MaxLayers));

    /// <summary>Time has passed. Asked for once: whether anybody picks then or all slots are taken, <see cref="NextLook"/> does not come back by itself.</summary>
    internal void Advance(Instant now) => NextLook = NextLook <= now ? Instant.Never : NextLook;

    /// <summary>For a slot that is still busy: a free piece of its own share.</summary>
    internal int? PickAhead() => PickOwn(Math.Max(0, ring.RankOf(self, own.NextSlot()))) is var next and >= 0 ? next : null;

    /// <summary>For a free slot: a free piece, else a copy of an overdue one; null: nothing now.</summary>
    internal int? Pick(Instant now)
    {
        NextLook = Instant.Never;
        if (free.Count > 0 && PickFree(now) is var found and >= 0)
        {
            _hungrySince = null;
            return found;
        }

        int? piece = PickStraggler(now);
        _hungrySince = piece is null && free.Count > 0 ? _hungrySince ?? now : null;
        return piece;
    }

    private int PickFree(Instant now)
    {
        int slot = own.NextSlot();
        ring.Saw(self, slot + 1, now, default);
        int slots = ring.Count;
        int rank = Math.Max(0, ring.RankOf(self, slot));
        bool patient = _hungrySince is not { } since || now - since < times.RunOf(TimeSpan.Zero);
        bool late = patient && free.Count < 2 * slots && times.OwnIsKnown;
        Span<SlotPace> paces = default;
        if (late)
        {
            paces = Paces(rank, now);
            if (SharePolicy.OthersAreSooner(free.Count, rank, paces, now.Seconds))
            {
                return LookAgain(now);
            }
        }

        int mine = PickOwn(rank);
        if (mine >= 0)
        {
            return mine;
        }

        paces = late ? paces : Paces(rank, now);
        int surplus = SharePolicy.PickSurplus(free, rank, paces, now.Seconds, _loads);
        if (surplus >= 0)
        {
            return surplus;
        }

        if (!patient)
        {
            return free.Select(random.Next(free.Count));
        }

        int loose = SharePolicy.PickLoose(
            free, paces, now.Seconds, (delay.Value * options.YieldDelays).TotalSeconds, options.StragglerFactor, random);
        return loose >= 0 ? loose : LookAgain(now);
    }

    /// <summary>A free piece of the share of this rank (for each further run that pieces want, a share further round the ring), or -1.</summary>
    private int PickOwn(int rank)
    {
        int slots = ring.Count;
        for (int layer = 0; layer < _layers && free.Count > 0; layer++)
        {
            int share = (int)((rank + ((long)layer * slots / _layers)) % slots);
            int piece = SharePolicy.PickOwn(free, share, slots, own.Started == 0 ? random : null);
            if (piece >= 0)
            {
                return piece;
            }
        }

        return -1;
    }

    /// <summary>There are free pieces, but others are about to run them: look again soon, for they may be gone.</summary>
    private int LookAgain(Instant now)
    {
        NextLook = now + delay.Value;
        return -1;
    }

    private Span<SlotPace> Paces(int rank, Instant now)
    {
        if (_paces.Length < ring.Count)
        {
            _paces = new SlotPace[ring.Count * 2];
            _loads = new int[ring.Count * 2];
        }

        PublicKey last = default;
        WorkerClaims? known = null;
        SlotRing.Member? member = null;
        for (int i = 0; i < ring.Count; i++)
        {
            (PublicKey worker, int slot) = ring.At(i);
            if (i == 0 || worker != last)
            {
                (last, known, member) = (worker, claims.Find(worker), ring.Find(worker));
            }

            _paces[i] = worker == self ? OwnPace(i == rank, slot, now) : PaceOf(member!, known, slot, now);
        }

        return _paces.AsSpan(0, ring.Count);
    }

    private SlotPace OwnPace(bool asking, int slot, Instant now)
    {
        double seconds = times.RunOf(times.ExpectedRun).TotalSeconds;
        return !asking && own.OnSlot(slot) is { } run
            ? new SlotPace(run.StartedAt.Seconds, seconds, ClaimKnown: true)
            : new SlotPace(now.Seconds, seconds, ClaimKnown: false);
    }

    private SlotPace PaceOf(SlotRing.Member member, WorkerClaims? known, int slot, Instant now)
    {
        double seconds = times.RunOf(member.RunTime).TotalSeconds;
        if (known is not null && slot < known.Live.Count)
        {
            return new SlotPace(known.Live[slot].StartedAt.Seconds, seconds, ClaimKnown: true);
        }

        // The batch that releases a run may arrive a little before the run's result.
        Instant sign = member.LastResult ?? member.FirstSeen;
        bool idle = known?.Batch is { } batch && slot >= batch.Claims.Count && known.SignedAt + claims.Linger >= sign;
        return idle ? new SlotPace(now.Seconds, seconds, false, IsIdle: true) : new SlotPace(sign.Seconds, seconds, ClaimKnown: false);
    }

    private int? PickStraggler(Instant now)
    {
        int? worst = null;
        Instant worstFrom = Instant.Never;
        IReadOnlyList<int> claimed = claims.ClaimedPieces;
        for (int i = 0; i < claimed.Count; i++)
        {
            int piece = claimed[i];
            if (!mayRun(piece))
            {
                continue;
            }

            Instant from = StragglerPolicy.WorthFrom(
                claims.Of(piece), claims.ClaimedSince(piece), wanted[piece], times.Median, times.ExpectedRun, options);
            if (from < worstFrom)
            {
                (worst, worstFrom) = (piece, from);
            }
        }

        if (worstFrom <= now)
        {
            return worst;
        }

        NextLook = Instant.Min(NextLook, worstFrom);
        return null;
    }
}
