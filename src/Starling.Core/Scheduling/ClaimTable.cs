using System;
using System.Collections.Generic;
using Starling.Core.Gossip;
using Starling.Core.Primitives;

namespace Starling.Core.Scheduling;

/// <summary>
/// The one owner of the live claims of other workers (DESIGN section 5, rule 5). Every claim ends by itself: with its lease, with a later
/// batch that does not list it, with its result, or with the connection of a neighbour. Bounded by
/// <see cref="SchedulingOptions.MaxWorkers"/> workers of at most <see cref="SchedulingOptions.MaxClaimsPerWorker"/> claims.
/// </summary>
public sealed class ClaimTable
{
    private readonly int _pieceCount;
    private readonly SchedulingOptions _options;
    private readonly Action<int>? _changed;
    private readonly Action<WorkerClaims, Instant>? _heard;
    private readonly Dictionary<PublicKey, WorkerClaims> _workers = [];
    private readonly Dictionary<int, PieceClaims> _pieces = [];
    private readonly List<int> _claimed = [];
    private readonly SortedSet<(long LeaseEnd, PublicKey Worker)> _leases = [];
    private readonly SortedSet<(long Until, PublicKey Worker)> _endings = [];
    private readonly SortedSet<(long Used, PublicKey Worker)> _usage = [];
    private readonly List<(LiveClaim Claim, Instant Since)> _before = [];
    private readonly List<int> _again = [];
    private long _uses;

    /// <summary>An empty table for a task of <paramref name="pieceCount"/> pieces.</summary>
    public ClaimTable(int pieceCount, SchedulingOptions options)
        : this(pieceCount, options, null, null)
    {
    }

    internal ClaimTable(int pieceCount, SchedulingOptions options, Action<int>? changed, Action<WorkerClaims, Instant>? heard)
    {
        ArgumentNullException.ThrowIfNull(options);
        _pieceCount = pieceCount;
        _options = options;
        _changed = changed;
        _heard = heard;
    }

    /// <summary>The median run time that leases are measured by; null while it is not known.</summary>
    public TimeSpan? Median { get; set; }

    /// <summary>Claims that count at most of a neighbour that has delivered nothing yet: the part of what is left that falls to each worker that has. Of others one counts, once anybody has.</summary>
    public int NewcomerClaims { get; set; } = int.MaxValue;

    /// <summary>
    /// How long a released run counts on when it may have just ended (at least half of the expected time is over), for release and result
    /// travel apart: without it the piece would look free in between.
    /// </summary>
    public TimeSpan Linger { get; set; }

    /// <summary>Workers that are remembered, with live claims or without.</summary>
    public int WorkerCount => _workers.Count;

    /// <summary>Pieces with at least one live claim, in no meaningful order, which is nevertheless the same in every replay.</summary>
    public IReadOnlyList<int> ClaimedPieces => _claimed;

    /// <summary>When the next lease runs out; <see cref="Instant.Never"/>: none does.</summary>
    public Instant NextExpiry => Instant.Min(
        _leases.Count == 0 ? Instant.Never : new Instant(_leases.Min.LeaseEnd),
        _endings.Count == 0 ? Instant.Never : new Instant(_endings.Min.Until));

    /// <summary>Whether a batch of this worker would replace what is known: asked before the costly check of its signature.</summary>
    public bool IsNews(PublicKey worker, long sequence) =>
        !_workers.TryGetValue(worker, out WorkerClaims? known) || sequence > known.Sequence;

    /// <summary>
    /// Takes a batch whose signature was checked. It replaces all earlier claims of its worker. A run that was known before keeps its start, so
    /// that claiming the same piece anew does not make it look young.
    /// </summary>
    /// <param name="batch">The batch; pieces outside of the task are ignored.</param>
    /// <param name="age">How long ago it was signed, as the sender of the message says; less than zero counts as zero.</param>
    /// <param name="cores">Cores of the worker; zero or less: not known. No more claims than cores count (the first ones of the batch).</param>
    /// <param name="now">The time.</param>
    /// <returns>False: not newer than what is known, nothing changed.</returns>
    public bool Apply(ClaimBatch batch, TimeSpan age, int cores, Instant now)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (!IsNews(batch.Worker, batch.Sequence))
        {
            return false;
        }

        WorkerClaims worker = Entry(batch.Worker, now);
        worker.Sequence = batch.Sequence;
        worker.Batch = batch;
        worker.SignedAt = now - Clamp(age);
        _before.Clear();
        foreach (LiveClaim claim in worker.Live)
        {
            _before.Add((claim, ClaimedSince(claim.Piece)));
        }

        Clear(worker);
        for (int i = 0; i < batch.Claims.Count && worker.Ending.Count > 0; i++)
        {
            if (EndNow(worker, batch.Claims[i].Piece) is { } again)
            {
                // Claimed anew it may be beyond the claims that count: then the piece is free.
                _again.Add(again.Piece);
            }
        }

        Instant leaseEnd = LeaseEnd(worker, batch.Claims, now);
        if (leaseEnd > now)
        {
            Admit(worker, batch, Counted(worker, cores, now), now);
        }

        if (worker.Live.Count > 0)
        {
            worker.LeaseEnd = leaseEnd;
            _leases.Add((leaseEnd.Ticks, worker.Worker));
        }

        foreach ((LiveClaim claim, Instant since) in _before)
        {
            if (MayHaveEnded(claim, worker.SignedAt) && PlaceOf(claim.Piece, worker.Live) < 0)
            {
                Instant until = now + Linger;
                worker.Ending.Add((claim, until));
                _endings.Add((until.Ticks, worker.Worker));
                Link(claim, since);
            }

            _changed?.Invoke(claim.Piece);
        }

        foreach (LiveClaim claim in worker.Live)
        {
            _changed?.Invoke(claim.Piece);
        }

        foreach (int piece in _again)
        {
            _changed?.Invoke(piece);
        }

        _again.Clear();
        _heard?.Invoke(worker, now);
        return true;
    }

    /// <summary>
    /// A result of this worker for this piece was heard: its run is over, whatever its last batch says, and the worker counts more again.
    /// Returns how long the run took as far as it was seen; null: its claim was not known.
    /// </summary>
    public TimeSpan? Finished(PublicKey worker, int piece, Instant now)
    {
        if (!_workers.TryGetValue(worker, out WorkerClaims? entry))
        {
            return null;
        }

        int at = PlaceOf(piece, entry.Live);
        if (at < 0)
        {
            if (EndNow(entry, piece) is not { } released)
            {
                return null;
            }

            entry.Lapses = Math.Max(0, entry.Lapses - 1);
            entry.Delivered++;
            _changed?.Invoke(piece);
            return now - released.StartedAt;
        }

        LiveClaim ended = entry.Live[at];
        entry.Lapses = Math.Max(0, entry.Lapses - 1);
        entry.Delivered++;
        entry.Live.RemoveAt(at);
        Unlink(ended);
        if (entry.Live.Count == 0)
        {
            EndLease(entry);
        }

        _changed?.Invoke(piece);
        return now - ended.StartedAt;
    }

    /// <summary>The connection to this neighbour is gone: its claims die with it. Its sequence is remembered.</summary>
    public void DropWorker(PublicKey worker)
    {
        if (_workers.TryGetValue(worker, out WorkerClaims? entry))
        {
            Release(entry);
        }
    }

    /// <summary>Ends the claims whose lease ran out.</summary>
    public void Expire(Instant now)
    {
        while (_leases.Count > 0 && _leases.Min.LeaseEnd <= now.Ticks)
        {
            WorkerClaims worker = _workers[_leases.Min.Worker];
            worker.Lapses = Math.Min(worker.Lapses + 1, 64);
            Release(worker);
        }

        while (_endings.Count > 0 && _endings.Min.Until <= now.Ticks)
        {
            (_, PublicKey key) = _endings.Min;
            _endings.Remove(_endings.Min);
            WorkerClaims worker = _workers[key];
            while (worker.Ending.Count > 0 && worker.Ending[0].Until <= now)
            {
                LiveClaim ended = worker.Ending[0].Claim;
                worker.Ending.RemoveAt(0);
                Unlink(ended);
                _changed?.Invoke(ended.Piece);
            }
        }
    }

    /// <summary>Whether more live claims than one tell of this worker's pieces: relays pass such batches on first, so that the surplus runs end soon.</summary>
    public bool IsContested(PublicKey worker)
    {
        if (_workers.TryGetValue(worker, out WorkerClaims? entry))
        {
            foreach (LiveClaim claim in entry.Live)
            {
                if (_pieces[claim.Piece].Live.Count > 1)
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Live claims of a piece.</summary>
    public int CountOf(int piece) => _pieces.TryGetValue(piece, out PieceClaims? claims) ? claims.Live.Count : 0;

    /// <summary>The live claims of a piece, in the order in which they were heard.</summary>
    public IReadOnlyList<LiveClaim> Of(int piece) => _pieces.TryGetValue(piece, out PieceClaims? claims) ? claims.Live : [];

    /// <summary>
    /// Since when the piece has been claimed by anybody without a break; <see cref="Instant.Never"/>: it is not. Claims that replace each other
    /// under ever new names do not make it look young.
    /// </summary>
    public Instant ClaimedSince(int piece) => _pieces.TryGetValue(piece, out PieceClaims? claims) ? claims.Since : Instant.Never;

    /// <summary>The latest batch of every worker with live claims, by ascending worker: what a new neighbour is told.</summary>
    public IEnumerable<AgedClaimBatch> Latest(Instant now)
    {
        var workers = new List<PublicKey>(_leases.Count);
        foreach ((_, PublicKey worker) in _leases)
        {
            workers.Add(worker);
        }

        workers.Sort();
        foreach (PublicKey worker in workers)
        {
            WorkerClaims entry = _workers[worker];
            if (entry.Batch is { } batch && entry.LeaseEnd > now)
            {
                yield return new AgedClaimBatch(batch, now - entry.SignedAt);
            }
        }
    }

    /// <summary>Whether a worker with live claims is such a one.</summary>
    public bool AnyWorker(Predicate<PublicKey> match)
    {
        ArgumentNullException.ThrowIfNull(match);
        foreach ((_, PublicKey worker) in _leases)
        {
            if (match(worker))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The latest batch of one worker, live or not (it may release everything): what is forwarded; null: none is known.</summary>
    public AgedClaimBatch? LatestOf(PublicKey worker, Instant now) =>
        _workers.TryGetValue(worker, out WorkerClaims? entry) && entry.Batch is { } batch ? new AgedClaimBatch(batch, now - entry.SignedAt) : null;

    internal WorkerClaims? Find(PublicKey worker) => _workers.GetValueOrDefault(worker);

    private static TimeSpan Clamp(TimeSpan span)
    {
        var most = TimeSpan.FromDays(365);
        return span < TimeSpan.Zero ? TimeSpan.Zero : span > most ? most : span;
    }

    private static int PlaceOf(int piece, List<LiveClaim> claims)
    {
        for (int i = 0; i < claims.Count; i++)
        {
            if (claims[i].Piece == piece)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Of a worker that has not delivered, many claims count for no longer than the benefit of the doubt; the one that a slow machine is left runs its lease.</summary>
    private Instant LeaseEnd(WorkerClaims worker, IReadOnlyList<Claim> claims, Instant now)
    {
        Instant end = worker.SignedAt + LeasePolicy.Lease(claims, Median, _options);
        return claims.Count > 1 && !worker.HasDelivered && LeasePolicy.BenefitOfDoubt(Median, _options) is { } doubt && worker.FirstHeard + doubt is var until && until > now
            ? Instant.Min(end, until)
            : end;
    }

    private int Counted(WorkerClaims worker, int cores, Instant now)
    {
        int all = Math.Min(cores > 0 ? cores : _options.ClaimsWhenCoresUnknown, _options.MaxClaimsPerWorker);
        all = worker.HasDelivered ? all : Math.Min(all, cores > 0 || NewcomerClaims == int.MaxValue ? NewcomerClaims : 1);
        if (LeasePolicy.BenefitOfDoubt(Median, _options) is { } doubt && now - worker.FirstHeard > doubt)
        {
            // By now it would have delivered as many as it has slots. A neighbour that is only slow is left its one run.
            all = Math.Min(all, Math.Max(worker.Delivered, cores > 0 ? 1 : 0));
        }

        int beyond = Math.Max(0, worker.Lapses - _options.ForgivenLapses);
        return beyond > 30 ? 0 : all >> beyond;
    }

    private void Admit(WorkerClaims worker, ClaimBatch batch, int counted, Instant now)
    {
        for (int i = 0; i < batch.Claims.Count && worker.Live.Count < counted; i++)
        {
            Claim claim = batch.Claims[i];
            if (claim.Piece < 0 || claim.Piece >= _pieceCount || PlaceOf(claim.Piece, worker.Live) >= 0)
            {
                continue;
            }

            Instant started = worker.SignedAt - Clamp(claim.Elapsed);
            Instant since = now;
            foreach ((LiveClaim known, Instant knownSince) in _before)
            {
                if (known.Piece == claim.Piece)
                {
                    started = Instant.Min(known.StartedAt, started);
                    since = knownSince;
                }
            }

            var admitted = new LiveClaim(worker.Worker, claim.Piece, started, Clamp(claim.Expected), worker.HasDelivered);
            worker.Live.Add(admitted);
            Link(admitted, since);
        }
    }

    private WorkerClaims Entry(PublicKey worker, Instant now)
    {
        if (_workers.TryGetValue(worker, out WorkerClaims? entry))
        {
            _usage.Remove((entry.Used, worker));
        }
        else
        {
            if (_workers.Count == _options.MaxWorkers)
            {
                PublicKey oldest = _usage.Min.Worker;
                Release(_workers[oldest]);
                _endings.RemoveWhere(ending => ending.Worker == oldest);
                _usage.Remove(_usage.Min);
                _workers.Remove(oldest);
            }

            entry = new WorkerClaims(worker, now);
            _workers.Add(worker, entry);
        }

        entry.Used = ++_uses;
        _usage.Add((entry.Used, worker));
        return entry;
    }

    private void Release(WorkerClaims worker)
    {
        List<LiveClaim> ended = [.. worker.Live];
        Clear(worker);
        while (worker.Ending.Count > 0)
        {
            ended.Add(worker.Ending[0].Claim);
            EndNow(worker, worker.Ending[0].Claim.Piece);
        }

        foreach (LiveClaim claim in ended)
        {
            _changed?.Invoke(claim.Piece);
        }
    }

    private bool MayHaveEnded(LiveClaim claim, Instant at) =>
        Linger > TimeSpan.Zero && (claim.Expected <= TimeSpan.Zero || at - claim.StartedAt >= claim.Expected / 2);

    /// <summary>Ends a released run that still counted; null: there is none.</summary>
    private LiveClaim? EndNow(WorkerClaims worker, int piece)
    {
        int at = 0;
        while (at < worker.Ending.Count && worker.Ending[at].Claim.Piece != piece)
        {
            at++;
        }

        if (at == worker.Ending.Count)
        {
            return null;
        }

        LiveClaim ended = worker.Ending[at].Claim;
        worker.Ending.RemoveAt(at);
        Unlink(ended);
        return ended;
    }

    private void Clear(WorkerClaims worker)
    {
        foreach (LiveClaim claim in worker.Live)
        {
            Unlink(claim);
        }

        worker.Live.Clear();
        EndLease(worker);
    }

    private void EndLease(WorkerClaims worker)
    {
        _leases.Remove((worker.LeaseEnd.Ticks, worker.Worker));
        worker.LeaseEnd = Instant.Never;
    }

    private void Link(LiveClaim claim, Instant since)
    {
        if (!_pieces.TryGetValue(claim.Piece, out PieceClaims? claims))
        {
            claims = new PieceClaims(_claimed.Count, since);
            _pieces.Add(claim.Piece, claims);
            _claimed.Add(claim.Piece);
        }

        claims.Live.Add(claim);
    }

    private void Unlink(LiveClaim claim)
    {
        PieceClaims claims = _pieces[claim.Piece];
        int at = 0;
        while (claims.Live[at].Worker != claim.Worker)
        {
            at++;
        }

        claims.Live.RemoveAt(at);
        if (claims.Live.Count > 0)
        {
            return;
        }

        int last = _claimed[^1];
        _claimed[claims.Place] = last;
        _pieces[last].Place = claims.Place;
        _claimed.RemoveAt(_claimed.Count - 1);
        _pieces.Remove(claim.Piece);
    }

    private sealed class PieceClaims(int place, Instant since)
    {
        internal List<LiveClaim> Live { get; } = [];

        internal Instant Since { get; } = since;

        internal int Place { get; set; } = place;
    }
}
