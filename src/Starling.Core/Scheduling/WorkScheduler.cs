using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Starling.Core.Gossip;
using Starling.Core.Primitives;

namespace Starling.Core.Scheduling;

/// <summary>
/// Who computes what (DESIGN section 5), as one worker of one task sees it: which piece a free slot takes, which runs give way, what is claimed.
/// It neither sends nor runs anything; its owner (the Node) tells it what happened and does what it says.
/// </summary>
/// <remarks>
/// After every input the owner calls <see cref="Surrender"/> and stops the runs it names, then <see cref="Pick"/> for each free slot, each followed by
/// <see cref="Started"/>. When <see cref="ClaimsChanged"/> or at <see cref="NextRenewal"/> it signs and sends <see cref="MyClaims"/>.
/// </remarks>
public sealed class WorkScheduler
{
    private const int MaxLayers = 8;

    private readonly PublicKey _self;
    private readonly SchedulingOptions _options;
    private readonly DeterministicRandom _random;
    private readonly byte[] _wanted;
    private readonly PieceSet _free;
    private readonly PieceSet _excluded;
    private readonly PieceSet _withheld;
    private readonly SortedList<int, OwnRun> _running = [];
    private readonly SlotRing _ring;
    private readonly Dictionary<int, Instant> _notBefore = [];
    private readonly SortedSet<(long Until, int Piece)> _backOff = [];
    private readonly DurationMedian _swarm;
    private readonly DurationMedian _own;
    private readonly MessageDelayEstimate _delay;
    private SlotPace[] _paces = [];
    private int[] _loads = [];
    private Instant _straggler = Instant.Never;
    private Instant _settled = Instant.Never;
    private Instant? _hungrySince;
    private int _layers = 1;
    private int _runs;
    private int _yieldsInARow;

    /// <summary>A scheduler that wants one run of every piece and knows no other worker.</summary>
    /// <param name="pieceCount">Pieces of the task.</param>
    /// <param name="self">This worker.</param>
    /// <param name="options">Constants of the rules.</param>
    /// <param name="random">The Node's generator.</param>
    public WorkScheduler(int pieceCount, PublicKey self, SchedulingOptions options, DeterministicRandom random)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(pieceCount);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        _self = self;
        _options = options;
        _random = random;
        _wanted = new byte[pieceCount];
        Array.Fill(_wanted, (byte)1);
        _free = new PieceSet(pieceCount, full: true);
        _excluded = new PieceSet(pieceCount);
        _withheld = new PieceSet(pieceCount);
        _swarm = new DurationMedian(options.MedianSamples);
        _own = new DurationMedian(options.MedianSamples);
        Claims = new ClaimTable(pieceCount, options, Refresh, OnClaims);
        _delay = new MessageDelayEstimate(options);
        Claims.Linger = MessageDelay * options.YieldDelays;
        _ring = new SlotRing(self, options);
        _ring.Saw(self, 1, default, default);
    }

    /// <summary>The claims of others.</summary>
    public ClaimTable Claims { get; }

    /// <summary>My slots, 1 or more; runs that are queued behind others do not add to them.</summary>
    public int Slots { get; init; } = int.MaxValue;

    /// <summary>How long a claim needs to reach the swarm, as <see cref="HeardClaim"/> measured it.</summary>
    public TimeSpan MessageDelay => _delay.Value;

    /// <summary>Whether my claims changed since <see cref="MyClaims"/> was asked.</summary>
    public bool ClaimsChanged { get; private set; }

    /// <summary>Median run time of the swarm, my own runs included; null before the first is known.</summary>
    public TimeSpan? Median => _swarm.Value;

    /// <summary>How long a claim of this machine counts without news (rule 5).</summary>
    public TimeSpan Lease => LeasePolicy.Lease(ExpectedRun(), Median, _options);

    /// <summary>When my claims must be sent again so that their lease does not run out; <see cref="Instant.Never"/>: nothing runs.</summary>
    public Instant NextRenewal { get; private set; } = Instant.Never;

    /// <summary>
    /// When the owner should look again if nothing happens before: a lease of others ends, mine wants renewal, a back-off ends, a run that
    /// idle slots wait for becomes overdue, or a collision must be decided for good. <see cref="Instant.Never"/>: nothing of these.
    /// </summary>
    public Instant NextWake
    {
        get
        {
            Instant wake = Instant.Min(Instant.Min(Claims.NextExpiry, NextRenewal), Instant.Min(_straggler, _settled));
            return _backOff.Count == 0 ? wake : Instant.Min(wake, new Instant(_backOff.Min.Until));
        }
    }

    /// <summary>r(i): how many more runs the policy wants of a piece, at most 255; 0: accepted, or acceptable by download.</summary>
    public void SetWanted(int piece, int runs)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(runs);
        _wanted[piece] = (byte)Math.Min(runs, byte.MaxValue);
        _layers = Math.Max(_layers, Math.Min(runs, MaxLayers));
        Refresh(piece);
    }

    /// <summary>Never pick this piece: I attested it already, or it failed here too often.</summary>
    public void Exclude(int piece)
    {
        _excluded.Add(piece);
        Refresh(piece);
    }

    /// <summary>Takes back <see cref="Exclude"/>.</summary>
    public void Include(int piece)
    {
        _excluded.Remove(piece);
        Refresh(piece);
    }

    /// <summary>Never pick this piece before <see cref="Provide"/>: what its run reads is not here yet.</summary>
    public void Withhold(int piece)
    {
        _withheld.Add(piece);
        Refresh(piece);
    }

    /// <summary>What the piece's run reads has arrived.</summary>
    public void Provide(int piece)
    {
        if (_withheld.Remove(piece))
        {
            Refresh(piece);
        }
    }

    /// <summary>Do not pick this piece before <paramref name="until"/>: its last run failed.</summary>
    public void NotBefore(int piece, Instant until)
    {
        if (_notBefore.Remove(piece, out Instant earlier))
        {
            _backOff.Remove((earlier.Ticks, piece));
        }

        _notBefore.Add(piece, until);
        _backOff.Add((until.Ticks, piece));
        Refresh(piece);
    }

    /// <summary>A neighbour is there and computes: a share of the pieces is left to it.</summary>
    /// <param name="worker">Its key.</param>
    /// <param name="cores">Slots that it runs at once; zero or less: it computes nothing, or it is not known. It gets its share with its first claim.</param>
    /// <param name="now">The time.</param>
    public void SawWorker(PublicKey worker, int cores, Instant now)
    {
        if (cores > 0)
        {
            _ring.Saw(worker, cores, now, RingLease(worker));
        }
    }

    /// <summary>A worker left: its claims end, no work is left for it.</summary>
    public void WorkerLeft(PublicKey worker)
    {
        Claims.DropWorker(worker);
        _ring.Remove(worker);
    }

    /// <summary>A believable result of another worker was heard: its run of that piece is over, and its time counts for the median.</summary>
    public void Attested(PublicKey worker, int piece, Instant now)
    {
        TimeSpan? duration = Claims.Finished(worker, piece, now);
        _ring.Saw(worker, 1, now, RingLease(worker));
        if (_ring.Find(worker) is { } member)
        {
            member.LastResult = now;
            member.RunTime = duration ?? member.RunTime;
        }

        if (duration is { } run)
        {
            ObserveRun(run);
        }
    }

    /// <summary>Somebody's claim, not told before, was heard this long after it was signed (as relays say): the message delay follows from it.</summary>
    public void HeardClaim(TimeSpan age)
    {
        _delay.Heard(age);
        Claims.Linger = MessageDelay * _options.YieldDelays;
    }

    /// <summary>The time of a run elsewhere, if it is known otherwise than by claim and attestation.</summary>
    public void ObserveRun(TimeSpan duration)
    {
        _swarm.Add(duration);
        Claims.Median = _swarm.Value;
    }

    /// <summary>
    /// The piece that a free slot should run now: a free one (rule 1, by <see cref="SharePolicy"/>), else a copy of an overdue one (rule 4); null:
    /// nothing now, ask again after the next input or at <see cref="NextWake"/>.
    /// </summary>
    /// <param name="now">The time.</param>
    /// <param name="ahead">For a slot that is still busy: only a free piece of its own share, which nobody else is about to take.</param>
    public int? Pick(Instant now, bool ahead = false)
    {
        Advance(now);
        if (ahead)
        {
            return PickOwn(Math.Max(0, _ring.RankOf(_self, NextSlot()))) is var next and >= 0 ? next : null;
        }

        _straggler = Instant.Never;
        if (_free.Count > 0 && PickFree(now) is var free and >= 0)
        {
            _hungrySince = null;
            return free;
        }

        int? piece = PickStraggler(now);
        _hungrySince = piece is null && _free.Count > 0 ? _hungrySince ?? now : null;
        return piece;
    }

    /// <summary>Whether a run of the piece goes on here.</summary>
    public bool IsRunning(int piece) => _running.ContainsKey(piece);

    /// <summary>The piece was picked and its run begins.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="now">The time.</param>
    /// <param name="queued">
    /// It waits behind a run that is about to end (its owner calls <see cref="Ended"/> and this again when it begins). It is not claimed, for a
    /// worker with more claims than slots would look like one with more slots; and it gives way to whoever claims the piece meanwhile.
    /// </param>
    public void Started(int piece, Instant now, bool queued = false)
    {
        int slot = NextSlot();
        _ring.Saw(_self, slot + 1, now, default);
        _running.Add(piece, new OwnRun(now, slot, IsCopy: Claims.CountOf(piece) >= _wanted[piece], IsQueued: queued));
        _runs++;
        if (queued)
        {
            Refresh(piece);
            return;
        }

        ClaimsChanged = true;
        NextRenewal = Instant.Min(NextRenewal, now + RenewalInterval());
        Refresh(piece);
    }

    /// <summary>The run of the piece ended; <paramref name="finished"/>: with a result, so that its duration counts.</summary>
    public void Ended(int piece, Instant now, bool finished)
    {
        if (!_running.Remove(piece, out OwnRun run))
        {
            return;
        }

        ClaimsChanged |= !run.IsQueued;
        NextRenewal = _running.Count == 0 ? Instant.Never : NextRenewal;
        if (finished)
        {
            _yieldsInARow = 0;
            _own.Add(now - run.StartedAt);
            ObserveRun(now - run.StartedAt);
        }

        Refresh(piece);
    }

    /// <summary>
    /// My runs that must give way now (rule 2), by ascending piece, each named once. The owner stops them, calls <see cref="Ended"/>, and picks again.
    /// </summary>
    public IReadOnlyList<int> Surrender(Instant now)
    {
        Advance(now);
        _settled = Instant.Never;
        List<int>? surrendered = null;
        for (int i = 0; i < _running.Count; i++)
        {
            int piece = _running.GetKeyAtIndex(i);
            OwnRun run = _running.GetValueAtIndex(i);
            IReadOnlyList<LiveClaim> others = Claims.Of(piece);
            int wanted = _wanted[piece] + (run.IsCopy ? _options.MaxStragglerCopies : 0);
            if (_wanted[piece] == 0 || others.Count < wanted || run.IsGivenUp || _yieldsInARow >= _options.MaxYieldsInARow)
            {
                continue;
            }

            var mine = new LiveClaim(_self, piece, run.StartedAt, ExpectedRun());
            if (run.IsQueued || YieldPolicy.GivesWay(mine, others, wanted, MessageDelay, now, _options))
            {
                (surrendered ??= []).Add(piece);
                _running.SetValueAtIndex(i, run with { IsGivenUp = true });
                _yieldsInARow += run.IsQueued ? 0 : 1;
                ClaimsChanged = true;
                continue;
            }

            foreach (LiveClaim other in others)
            {
                Instant settled = YieldPolicy.Settled(mine, other, MessageDelay, _options);
                _settled = settled > now ? Instant.Min(_settled, settled) : _settled;
            }
        }

        return surrendered ?? [];
    }

    /// <summary>
    /// The order in which a relay whose budget does not suffice passes claims on: first those of pieces that more than one worker claims, so that the surplus
    /// runs end soon; then those that nobody could guess; last those of workers that run pieces of their own share. At random within each, so that
    /// the links of a peer bring it different ones.
    /// </summary>
    public IReadOnlyList<PublicKey> RelayOrder(IReadOnlyCollection<PublicKey> workers)
    {
        ArgumentNullException.ThrowIfNull(workers);
        List<PublicKey>[] classes = [[], [], []];
        foreach (PublicKey worker in workers)
        {
            classes[Claims.IsContested(worker) ? 0 : RunsOwnShare(worker) ? 2 : 1].Add(worker);
        }

        var order = new List<PublicKey>(workers.Count);
        foreach (List<PublicKey> equals in classes)
        {
            _random.Shuffle(CollectionsMarshal.AsSpan(equals));
            order.AddRange(equals);
        }

        return order;
    }

    /// <summary>What I run now, by ascending piece, for the next signed batch; marks them as told.</summary>
    public IReadOnlyList<Claim> MyClaims(Instant now)
    {
        var claims = new List<Claim>(_running.Count);
        foreach ((int piece, OwnRun run) in _running)
        {
            if (run is { IsGivenUp: false, IsQueued: false } && claims.Count < ClaimBatch.MaxClaims)
            {
                claims.Add(new Claim(piece, now - run.StartedAt, ExpectedRun()));
            }
        }

        ClaimsChanged = false;
        NextRenewal = claims.Count == 0 ? Instant.Never : now + RenewalInterval();
        return claims;
    }

    private TimeSpan ExpectedRun() => _own.Value ?? _swarm.Value ?? TimeSpan.Zero;

    private TimeSpan RenewalInterval() => LeasePolicy.Lease(ExpectedRun(), Median, _options) / _options.RenewalsPerLease;

    private void Advance(Instant now)
    {
        // Asked for once: whether anybody picks then or all slots are taken, it does not come back by itself.
        _straggler = _straggler <= now ? Instant.Never : _straggler;
        Claims.Expire(now);
        _ring.Purge(now);
        while (_backOff.Count > 0 && _backOff.Min.Until <= now.Ticks)
        {
            (_, int piece) = _backOff.Min;
            _backOff.Remove(_backOff.Min);
            _notBefore.Remove(piece);
            Refresh(piece);
        }
    }

    private bool MayRun(int piece) =>
        _wanted[piece] > 0 && !_excluded.Contains(piece) && !_withheld.Contains(piece) && !_running.ContainsKey(piece) && !_notBefore.ContainsKey(piece);

    private void Refresh(int piece)
    {
        if (MayRun(piece) && Claims.CountOf(piece) < _wanted[piece])
        {
            _free.Add(piece);
        }
        else
        {
            _free.Remove(piece);
        }
    }

    private void OnClaims(WorkerClaims worker, Instant now)
    {
        TimeSpan lease = RingLease(worker.Worker);
        if (worker.HasDelivered || now - worker.FirstHeard < lease)
        {
            _ring.Saw(worker.Worker, worker.Live.Count, now, lease);
        }
    }

    /// <summary>A worker that gave no sign for so long is not reckoned with.</summary>
    private TimeSpan RingLease(PublicKey worker)
    {
        TimeSpan run = _ring.Find(worker)?.RunTime ?? TimeSpan.Zero;
        TimeSpan usual = Median ?? TimeSpan.Zero;
        TimeSpan lease = LeasePolicy.Lease(run > usual ? run : usual, Median, _options);
        return lease > _options.LeaseUnknown ? lease : _options.LeaseUnknown;
    }

    private bool RunsOwnShare(PublicKey worker)
    {
        if (Claims.Find(worker) is not { } claims)
        {
            return false;
        }

        foreach (LiveClaim claim in claims.Live)
        {
            if (_ring.At(SharePolicy.OwnerOf(claim.Piece, _ring.Count, _wanted.Length)).Worker != worker)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>My lowest slot that runs nothing; the last one when all do and the next run is picked ahead.</summary>
    private int NextSlot()
    {
        int slot = 0;
        while (slot < _running.Count && IsTaken(slot))
        {
            slot++;
        }

        return Math.Min(slot, Math.Min(Slots, _options.MaxClaimsPerWorker) - 1);
    }

    private bool IsTaken(int slot)
    {
        foreach (OwnRun run in _running.Values)
        {
            if (run.Slot == slot)
            {
                return true;
            }
        }

        return false;
    }

    private int PickFree(Instant now)
    {
        int slot = NextSlot();
        _ring.Saw(_self, slot + 1, now, default);
        int slots = _ring.Count;
        int rank = Math.Max(0, _ring.RankOf(_self, slot));
        bool patient = _hungrySince is not { } since || now - since < RunOf(TimeSpan.Zero);
        bool late = patient && _free.Count < 2 * slots && _own.Value is not null;
        Span<SlotPace> paces = default;
        if (late)
        {
            paces = Paces(rank, now);
            if (SharePolicy.OthersAreSooner(_free.Count, rank, paces, now.Seconds))
            {
                return LookAgain(now);
            }
        }

        int own = PickOwn(rank);
        if (own >= 0)
        {
            return own;
        }

        paces = late ? paces : Paces(rank, now);
        int surplus = SharePolicy.PickSurplus(_free, rank, paces, now.Seconds, _loads);
        if (surplus >= 0)
        {
            return surplus;
        }

        if (!patient)
        {
            return _free.Select(_random.Next(_free.Count));
        }

        int loose = SharePolicy.PickLoose(
            _free, paces, now.Seconds, (MessageDelay * _options.YieldDelays).TotalSeconds, _options.StragglerFactor, _random);
        return loose >= 0 ? loose : LookAgain(now);
    }

    /// <summary>A free piece of the share of this rank (for each further run that pieces want, a share further round the ring), or -1.</summary>
    private int PickOwn(int rank)
    {
        int slots = _ring.Count;
        for (int layer = 0; layer < _layers && _free.Count > 0; layer++)
        {
            int share = (int)((rank + ((long)layer * slots / _layers)) % slots);
            int own = SharePolicy.PickOwn(_free, share, slots, _runs == 0 ? _random : null);
            if (own >= 0)
            {
                return own;
            }
        }

        return -1;
    }

    /// <summary>There are free pieces, but others are about to run them: look again soon, for they may be gone.</summary>
    private int LookAgain(Instant now)
    {
        _straggler = now + MessageDelay;
        return -1;
    }

    private TimeSpan RunOf(TimeSpan known) =>
        known > TimeSpan.Zero ? known : Median ?? (_options.LeaseUnknown / _options.LeaseFactor);

    private Span<SlotPace> Paces(int rank, Instant now)
    {
        if (_paces.Length < _ring.Count)
        {
            _paces = new SlotPace[_ring.Count * 2];
            _loads = new int[_ring.Count * 2];
        }

        PublicKey last = default;
        WorkerClaims? claims = null;
        SlotRing.Member? member = null;
        for (int i = 0; i < _ring.Count; i++)
        {
            (PublicKey worker, int slot) = _ring.At(i);
            if (i == 0 || worker != last)
            {
                (last, claims, member) = (worker, Claims.Find(worker), _ring.Find(worker));
            }

            _paces[i] = worker == _self ? OwnPace(i == rank, slot, now) : PaceOf(member!, claims, slot, now);
        }

        return _paces.AsSpan(0, _ring.Count);
    }

    private SlotPace OwnPace(bool asking, int slot, Instant now)
    {
        double run = RunOf(ExpectedRun()).TotalSeconds;
        foreach (OwnRun own in _running.Values)
        {
            if (own.Slot == slot && !asking)
            {
                return new SlotPace(own.StartedAt.Seconds, run, ClaimKnown: true);
            }
        }

        return new SlotPace(now.Seconds, run, ClaimKnown: false);
    }

    private SlotPace PaceOf(SlotRing.Member member, WorkerClaims? claims, int slot, Instant now)
    {
        double run = RunOf(member.RunTime).TotalSeconds;
        if (claims is not null && slot < claims.Live.Count)
        {
            return new SlotPace(claims.Live[slot].StartedAt.Seconds, run, ClaimKnown: true);
        }

        Instant sign = member.LastResult ?? member.FirstSeen;
        // The batch that releases a run may arrive a little before the run's result.
        bool idle = claims?.Batch is { } batch && slot >= batch.Claims.Count && claims.SignedAt + Claims.Linger >= sign;
        return idle ? new SlotPace(now.Seconds, run, false, IsIdle: true) : new SlotPace(sign.Seconds, run, ClaimKnown: false);
    }

    private int? PickStraggler(Instant now)
    {
        TimeSpan newRun = ExpectedRun();
        int? worst = null;
        Instant worstFrom = Instant.Never;
        foreach (int piece in Claims.ClaimedPieces)
        {
            if (!MayRun(piece))
            {
                continue;
            }

            Instant from = StragglerPolicy.WorthFrom(
                Claims.Of(piece), Claims.ClaimedSince(piece), _wanted[piece], Median, newRun, _options);
            if (from < worstFrom)
            {
                (worst, worstFrom) = (piece, from);
            }
        }

        if (worstFrom <= now)
        {
            return worst;
        }

        _straggler = Instant.Min(_straggler, worstFrom);
        return null;
    }

    private readonly record struct OwnRun(Instant StartedAt, int Slot, bool IsCopy, bool IsQueued, bool IsGivenUp = false);
}
