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
    private readonly PublicKey _self;
    private readonly SchedulingOptions _options;
    private readonly DeterministicRandom _random;
    private readonly byte[] _wanted;
    private readonly PieceSet _free;
    private readonly PieceSet _excluded;
    private readonly PieceSet _withheld;
    private readonly OwnRuns _running;
    private readonly SlotRing _ring;
    private readonly Dictionary<int, Instant> _notBefore = [];
    private readonly SortedSet<(long Until, int Piece)> _backOff = [];
    private readonly SortedSet<int> _begun = [];
    private readonly RunTimes _times;
    private readonly MessageDelayEstimate _delay;
    private readonly PiecePicker _picker;
    private Instant _settled = Instant.Never;
    private int _yieldsInARow;
    private int _wantedPieces;

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
        _wantedPieces = pieceCount;
        _free = new PieceSet(pieceCount, full: true);
        _excluded = new PieceSet(pieceCount);
        _withheld = new PieceSet(pieceCount);
        _times = new RunTimes(options);
        _running = new OwnRuns(options);
        Claims = new ClaimTable(pieceCount, options, Refresh, OnClaims);
        _delay = new MessageDelayEstimate(options);
        Claims.Linger = MessageDelay * options.YieldDelays;
        _ring = new SlotRing(self, options);
        _ring.Saw(self, 1, default, default);
        _picker = new PiecePicker(self, _wanted, _free, _ring, Claims, _running, _times, _delay, options, random, MayRun);
    }

    /// <summary>The claims of others.</summary>
    public ClaimTable Claims { get; }

    /// <summary>My slots, 1 or more; runs that are queued behind others do not add to them.</summary>
    public int Slots
    {
        get => _running.Slots;
        init => _running.Slots = value;
    }

    /// <summary>How long a claim needs to reach the swarm, as <see cref="HeardClaim"/> measured it.</summary>
    public TimeSpan MessageDelay => _delay.Value;

    /// <summary>Whether my claims changed since <see cref="MyClaims"/> was asked.</summary>
    public bool ClaimsChanged { get; private set; }

    /// <summary>Median run time of the swarm, my own runs included; null before the first is known.</summary>
    public TimeSpan? Median => _times.Median;

    /// <summary>How long a claim of this machine counts without news (rule 5).</summary>
    public TimeSpan Lease => LeasePolicy.Lease(_times.ExpectedRun, Median, _options);

    /// <summary>Slots of all workers that seem to be at work, mine included.</summary>
    public int SwarmSlots => _ring.Count;

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
            Instant wake = Instant.Min(Instant.Min(Claims.NextExpiry, NextRenewal), Instant.Min(_picker.NextLook, _settled));
            return _backOff.Count == 0 ? wake : Instant.Min(wake, new Instant(_backOff.Min.Until));
        }
    }

    /// <summary>r(i): how many more runs the policy wants of a piece, at most 255; 0: accepted, or acceptable by download.</summary>
    public void SetWanted(int piece, int runs)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(runs);
        _wantedPieces += (runs > 0 ? 1 : 0) - (_wanted[piece] > 0 ? 1 : 0);
        _wanted[piece] = (byte)Math.Min(runs, byte.MaxValue);
        _picker.NoteWanted(runs);
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

    /// <summary>Whether what the piece's run reads is still to come.</summary>
    public bool IsWithheld(int piece) => _withheld.Contains(piece);

    /// <summary>Whether the piece is tried again only later.</summary>
    public bool IsBackingOff(int piece) => _notBefore.ContainsKey(piece);

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
            _ring.Saw(worker, Math.Min(cores, NewcomerShare()), now, RingLease(worker));
        }
    }

    /// <summary>Whether a worker is known here: by a result, or by claims that were let in.</summary>
    public bool IsFamiliar(PublicKey worker) => HasDelivered(worker) || Claims.Find(worker) is not null;

    /// <summary>Whether a believable result of this worker was heard lately.</summary>
    public bool HasDelivered(PublicKey worker) => _ring.Find(worker) is { LastResult: not null };

    /// <summary>Whether nobody else is known to have delivered anything.</summary>
    public bool IsStart => _ring.Proven == 0;

    /// <summary>A worker left: its claims end, no work is left for it.</summary>
    public void WorkerLeft(PublicKey worker)
    {
        Claims.DropWorker(worker);
        _ring.Remove(worker);
    }

    /// <summary>A believable result of another worker was heard: its run of that piece is over, and its time counts for the median.</summary>
    /// <param name="worker">Whose result it is.</param>
    /// <param name="piece">Which piece.</param>
    /// <param name="now">The time.</param>
    /// <param name="isFirst">Whether nobody else had attested the piece: who only repeats what others say, and claimed nothing, is no worker to leave a share to.</param>
    public void Attested(PublicKey worker, int piece, Instant now, bool isFirst = true)
    {
        TimeSpan? duration = Claims.Finished(worker, piece, now);
        if (duration is null && !isFirst)
        {
            return;
        }

        _ring.Saw(worker, 1, now, RingLease(worker));
        _ring.Delivered(worker, now, duration);

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

    /// <summary>All workers that seem to be at work, this one included.</summary>
    public IReadOnlyList<PublicKey> Workers() => _ring.Workers();

    /// <summary>The time of a run elsewhere, if it is known otherwise than by claim and attestation.</summary>
    public void ObserveRun(TimeSpan duration)
    {
        _times.Observe(duration);
        Claims.Median = Median;
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
        foreach (int piece in _begun)
        {
            if (_free.Contains(piece))
            {
                return piece;
            }
        }

        return ahead ? _picker.PickAhead() : _picker.Pick(now);
    }

    /// <summary>A run of the piece left a state here, or not any more: while it is free it is picked before all others, so that no work is lost.</summary>
    public void SetBegun(int piece, bool begun) => _ = begun ? _begun.Add(piece) : _begun.Remove(piece);

    /// <summary>The run of the piece is frozen, and so long that others may take it: it is claimed no more, but nobody here begins another.</summary>
    public void Hold(int piece) => ClaimsChanged |= _running.Change(piece, run => run with { IsHeld = true });

    /// <summary>The frozen run of the piece goes on: its time stood still meanwhile.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="frozen">How long it was frozen.</param>
    /// <param name="now">The time.</param>
    public void GoOn(int piece, TimeSpan frozen, Instant now)
    {
        if (_running.Change(piece, run => run with { StartedAt = run.StartedAt + frozen, IsHeld = false }))
        {
            ClaimsChanged = true;
            NextRenewal = Instant.Min(NextRenewal, now + RenewalInterval());
        }
    }

    /// <summary>Whether a run of the piece goes on here.</summary>
    public bool IsRunning(int piece) => _running.Contains(piece);

    /// <summary>The piece was picked and its run begins.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="now">The time.</param>
    /// <param name="queued">
    /// It waits behind a run that is about to end (its owner calls <see cref="Ended"/> and this again when it begins). It is not claimed, for a
    /// worker with more claims than slots would look like one with more slots; and it gives way to whoever claims the piece meanwhile.
    /// </param>
    public void Started(int piece, Instant now, bool queued = false)
    {
        int slot = _running.NextSlot();
        _ring.Saw(_self, slot + 1, now, default);
        _running.Add(piece, new OwnRun(now, slot, IsCopy: Claims.CountOf(piece) >= _wanted[piece], IsQueued: queued));
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
            _times.ObserveOwn(now - run.StartedAt);
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
            (int piece, OwnRun run) = _running[i];
            IReadOnlyList<LiveClaim> others = Claims.Of(piece);
            int wanted = _wanted[piece] + (run.IsCopy ? _options.MaxStragglerCopies : 0);
            if (_wanted[piece] == 0 || others.Count < wanted || run.IsGivenUp || run.IsHeld || _yieldsInARow >= _options.MaxYieldsInARow)
            {
                continue;
            }

            var mine = new LiveClaim(_self, piece, run.StartedAt, _times.ExpectedRun);
            if (run.IsQueued || YieldPolicy.GivesWay(mine, others, wanted, MessageDelay, now, _options))
            {
                (surrendered ??= []).Add(piece);
                _running.GiveUp(i);
                _yieldsInARow += run.IsQueued ? 0 : 1;
                ClaimsChanged = true;
                continue;
            }

            for (int j = 0; j < others.Count; j++)
            {
                Instant settled = YieldPolicy.Settled(mine, others[j], MessageDelay, _options);
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
        for (int i = 0; i < _running.Count; i++)
        {
            (int piece, OwnRun run) = _running[i];
            if (run is { IsGivenUp: false, IsQueued: false, IsHeld: false } && claims.Count < ClaimBatch.MaxClaims)
            {
                claims.Add(new Claim(piece, now - run.StartedAt, _times.ExpectedRun));
            }
        }

        ClaimsChanged = false;
        NextRenewal = claims.Count == 0 ? Instant.Never : now + RenewalInterval();
        return claims;
    }

    private TimeSpan RenewalInterval() => LeasePolicy.Lease(_times.ExpectedRun, Median, _options) / _options.RenewalsPerLease;

    /// <summary>
    /// Slots that somebody is believed to have who has delivered nothing yet: no more than what is left for each worker that has. While nobody has, all are believed.
    /// </summary>
    private int NewcomerShare() => _ring.Proven == 0 ? int.MaxValue : Math.Max(1, _wantedPieces / _ring.Proven);

    private void Advance(Instant now)
    {
        Claims.NewcomerClaims = NewcomerShare();
        _picker.Advance(now);
        Claims.Expire(now);
        _ring.Purge(now, LeasePolicy.BenefitOfDoubt(Median, _options));
        while (_backOff.Count > 0 && _backOff.Min.Until <= now.Ticks)
        {
            (_, int piece) = _backOff.Min;
            _backOff.Remove(_backOff.Min);
            _notBefore.Remove(piece);
            Refresh(piece);
        }
    }

    private bool MayRun(int piece) =>
        _wanted[piece] > 0 && !_excluded.Contains(piece) && !_withheld.Contains(piece) && !_running.Contains(piece) && !_notBefore.ContainsKey(piece);

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
        TimeSpan doubt = LeasePolicy.BenefitOfDoubt(Median, _options) ?? lease;
        if (worker.HasDelivered || now - worker.FirstHeard < doubt)
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
}
