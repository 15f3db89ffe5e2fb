using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Verification;

namespace Starling.Core.Swarm;

/// <summary>
/// Modifier <c>sealed</c> (DESIGN section 6): which seals of each piece there are, which of them were made before anybody could copy, and when mine is to be opened. An
/// opened seal counts if it was among the first that were needed, and came here before any opening of its piece; or if an opening that counts had witnessed it. Nobody
/// opens before those first ones are there, so a copier's seal comes behind them. Whoever I know is believed to have worked whenever it sealed.
/// </summary>
/// <param name="context">Of the node.</param>
/// <param name="taskId">The task.</param>
/// <param name="needed">Seals that make all of them open.</param>
/// <param name="deadline">How long a seal waits for others, and then for being opened.</param>
internal sealed class SealBook(NodeContext context, Hash256 taskId, int needed, TimeSpan deadline)
{
    /// <summary>Seals of one piece after which those of workers whom nobody here knows are not taken any more: to seal costs nothing, and each is compared with the others.</summary>
    public const int MaxSealsOfStrangers = 256;

    /// <summary>Closed seals of somebody who has opened none that are taken seriously.</summary>
    private const int CreditOfStrangers = 4;

    /// <summary>Seals are given this long to reach everybody before the first is opened: else a copy could be somewhere before what was sealed with its original.</summary>
    private readonly TimeSpan _settling = TimeSpan.FromTicks(Math.Min(TimeSpan.FromSeconds(2).Ticks, deadline.Ticks / 10));

    private readonly SortedDictionary<int, List<Sealed>> _pieces = [];
    private readonly SortedSet<int> _unsettled = [];
    private readonly SortedSet<int> _touched = [];
    private readonly Dictionary<PublicKey, Record> _records = [];

    /// <summary>Pieces with seals.</summary>
    public int Count => _pieces.Count;

    /// <summary>Seals of one piece.</summary>
    public int SealsOf(int piece) => _pieces.GetValueOrDefault(piece)?.Count ?? 0;

    /// <summary>Whether something that I sealed is still closed, and not long overdue: then I must not leave.</summary>
    public bool HidesMine { get; private set; }

    /// <summary>Whether my result of this piece is not to be seen yet.</summary>
    public bool Hides(int piece) => Find(piece, context.Self) is { Result: null };

    /// <summary>Others' seals of a piece that promise a result: closed, in time, not overdue.</summary>
    public int Promised(int piece)
    {
        int promised = 0;
        foreach (Sealed seal in _pieces.GetValueOrDefault(piece) ?? [])
        {
            promised += seal.Result is null && !seal.IsOverdue && (seal.InTime || seal.Worker.IsKnown) && IsCredible(seal) && seal.Worker.Key != context.Self ? 1 : 0;
        }

        return promised;
    }

    /// <summary>A seal came in, or mine was made. False: this worker had sealed something else.</summary>
    public bool Add(Worker worker, Seal seal)
    {
        if (Find(seal.Piece, worker.Key) is { } before)
        {
            return before.Commitment == seal.Commitment;
        }

        TryAdd(worker, seal, mayBeFirst: true);
        return true;
    }

    /// <summary>
    /// A seal was opened. Returns the votes that count from now on: perhaps this one, perhaps others that it witnessed. False in <paramref name="isRight"/>: it does
    /// not fit its seal. If there is none, that had no room, or is in another log of its worker and comes later: as if it had been made too late.
    /// </summary>
    public IReadOnlyList<OpenedVote> Open(Worker worker, Attestation attestation, Opening opening, out bool isRight)
    {
        Seal made = Seal.Of(taskId, worker.Key, attestation, opening.Salt);
        Sealed? seal = Find(attestation.Piece, worker.Key) ?? TryAdd(worker, made, mayBeFirst: false);
        isRight = seal is null || seal.Commitment == made.Commitment;
        if (!isRight || seal is null or { Result: not null })
        {
            return [];
        }

        seal.Result = attestation.Result;
        seal.Witnessed = opening.Witnessed;
        seal.Record.Opened++;
        _touched.Add(attestation.Piece);
        return CountVotes(_pieces[attestation.Piece]);
    }

    /// <summary>What my opening of a piece says of others: the first seals that came before any was opened.</summary>
    public IReadOnlyList<Hash256> Witnessed(int piece)
    {
        var witnessed = new List<Hash256>();
        List<Sealed> seals = _pieces.GetValueOrDefault(piece) ?? [];
        foreach (Sealed seal in seals)
        {
            // Others may open a little earlier than I do, and a copy of theirs be here before their opening.
            if (seal.IsBefore && seal.At <= Enough(seals) + (_settling / 2) && IsCredible(seal) && seal.Worker.Key != context.Self && witnessed.Count < Opening.MaxWitnessed)
            {
                witnessed.Add(seal.Commitment);
            }
        }

        return witnessed;
    }

    /// <summary>Whether I sealed another result of this piece.</summary>
    public bool Contradicts(int piece, ResultId result) => Find(piece, context.Self) is { } mine
        && mine.Commitment != Seal.Of(taskId, context.Self, new Attestation(piece, result), Seal.SaltOf(context.Identity, taskId, piece)).Commitment;

    /// <summary>Whether a worker's seal of this piece was among the first.</summary>
    public bool IsInTime(int piece, PublicKey worker) => Find(piece, worker) is { InTime: true };

    /// <summary>Whether I sealed a result of this piece.</summary>
    public bool HasMine(int piece) => Find(piece, context.Self) is not null;

    /// <summary>At the end of a step: the pieces whose seal of mine is to be opened now.</summary>
    public IReadOnlyList<int> TakeDue()
    {
        if (_touched.Count == 0)
        {
            return [];
        }

        var due = new List<int>();
        foreach (int piece in _touched)
        {
            if (Find(piece, context.Self) is { Result: null, IsOpening: false } mine && IsTimeToOpen(piece))
            {
                mine.IsOpening = true;
                due.Add(piece);
            }
        }

        _touched.Clear();
        return due;
    }

    /// <summary>My opening could not be kept; it is tried again.</summary>
    public void PutOff(int piece)
    {
        if (Find(piece, context.Self) is { Result: null } mine)
        {
            mine.IsOpening = false;
            _touched.Add(piece);
        }
    }

    /// <summary>Once a second: who did not open in time is not waited for, and told. Returns the pieces concerned.</summary>
    public IReadOnlyList<int> Tidy()
    {
        var changed = new List<int>();
        HidesMine = false;
        foreach (int piece in new List<int>(_unsettled))
        {
            bool settled = true;
            Instant open = Enough(_pieces[piece]) + _settling;
            foreach (Sealed seal in _pieces[piece])
            {
                bool isMine = seal.Worker.Key == context.Self;
                bool isLate = seal.Result is null && context.Now - (open > seal.At ? open : seal.At) > deadline;
                HidesMine |= isMine && seal.Result is null && !isLate;
                if (isLate && !isMine && !seal.IsOverdue)
                {
                    seal.IsOverdue = true;
                    seal.Worker.Rejected++;
                    changed.Add(piece);
                    context.Refuse("withheld", $"worker {seal.Worker.Key} sealed a result of piece {piece} and did not open it in time", "The piece is computed again");
                }

                settled &= seal.Result is not null || seal.IsOverdue;
            }

            _touched.Add(piece);
            if (settled)
            {
                _unsettled.Remove(piece);
            }
        }

        return changed;
    }

    private bool IsTimeToOpen(int piece) =>
        context.Now >= Enough(_pieces[piece]) + _settling || IsAnyOpen(_pieces[piece]);

    /// <summary>Whether anybody opened a seal who counts for something.</summary>
    private static bool IsAnyOpen(List<Sealed> seals) => seals.Exists(seal => seal is { Result: not null, Worker.Counts: true });

    /// <summary>Notes a seal; null: there is no room for those of strangers.</summary>
    /// <param name="worker">Whose it is.</param>
    /// <param name="seal">The seal.</param>
    /// <param name="mayBeFirst">Whether it came by itself, before its opening.</param>
    private Sealed? TryAdd(Worker worker, Seal seal, bool mayBeFirst)
    {
        if (!_pieces.TryGetValue(seal.Piece, out List<Sealed>? seals))
        {
            _pieces.Add(seal.Piece, seals = []);
        }

        if (seals.Count >= MaxSealsOfStrangers && worker.Key != context.Self && !worker.IsKnown)
        {
            return null;
        }

        if (!_records.TryGetValue(worker.Key, out Record? record))
        {
            _records.Add(worker.Key, record = new Record());
        }

        // The first one opens when the time is over, if no other comes: what comes about then, or later, may be a copy that was faster than what it copied.
        bool isBefore = mayBeFirst && (seals.Count == 0 || context.Now - seals[0].At < deadline * 0.9) && !IsAnyOpen(seals);
        var made = new Sealed(worker, seal.Commitment, context.Now, record, record.Sealed++, isBefore, InTime: isBefore && seals.Count < needed);
        seals.Add(made);
        _unsettled.Add(seal.Piece);
        _touched.Add(seal.Piece);
        HidesMine |= worker.Key == context.Self;
        return made;
    }

    /// <summary>When there were as many as are needed, or the time was over.</summary>
    private Instant Enough(List<Sealed> seals)
    {
        Instant enough = seals[0].At + deadline;
        int credible = 0;
        for (int i = 0; i < seals.Count; i++)
        {
            credible += IsCredible(seals[i]) ? 1 : 0;
            if (credible == needed)
            {
                return Instant.Min(enough, seals[i].At);
            }
        }

        return enough;
    }

    /// <summary>
    /// Whether a seal is a reason to open mine and to wait for it. To seal costs nothing; so who has opened nothing yet is credited with a few seals, and with more as it opens
    /// them.
    /// </summary>
    private static bool IsCredible(Sealed seal) =>
        seal.Worker.Counts && (seal.Worker.IsKnown || seal.Result is not null || seal.Ordinal < CreditOfStrangers + (2 * seal.Record.Opened));

    private Sealed? Find(int piece, PublicKey worker) => _pieces.GetValueOrDefault(piece)?.Find(seal => seal.Worker.Key == worker);

    /// <summary>Those whose vote counts and did not before: to be found again and again, for each may have witnessed others.</summary>
    private static List<OpenedVote> CountVotes(List<Sealed> seals)
    {
        var counted = new List<OpenedVote>();
        for (bool grew = true; grew;)
        {
            grew = false;
            foreach (Sealed seal in seals)
            {
                if (seal.Counts || seal.Result is not { } result)
                {
                    continue;
                }

                bool worked = seal.InTime || seals.Exists(other => other.Counts && Contains(other.Witnessed, seal.Commitment));
                if (worked || seal.Worker.IsKnown)
                {
                    seal.Counts = grew = true;
                    counted.Add(new OpenedVote(seal.Worker, result, worked));
                }
            }
        }

        return counted;
    }

    private static bool Contains(IReadOnlyList<Hash256> witnessed, Hash256 commitment)
    {
        for (int i = 0; i < witnessed.Count; i++)
        {
            if (witnessed[i] == commitment)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>One worker's seals.</summary>
    private sealed class Record
    {
        public int Sealed { get; set; }

        public int Opened { get; set; }
    }

    private sealed record Sealed(Worker Worker, Hash256 Commitment, Instant At, Record Record, int Ordinal, bool IsBefore, bool InTime)
    {
        /// <summary>What it turned out to be; null: closed.</summary>
        public ResultId? Result { get; set; }

        public IReadOnlyList<Hash256> Witnessed { get; set; } = [];

        public bool Counts { get; set; }

        public bool IsOverdue { get; set; }

        public bool IsOpening { get; set; }
    }
}

/// <summary>A vote that counts because a seal was opened. <paramref name="Worked"/>: it was no copy; else it counts for its worker's sake, and says nothing for it.</summary>
internal readonly record struct OpenedVote(Worker Worker, ResultId Result, bool Worked);
