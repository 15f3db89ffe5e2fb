using System;
using System.Collections.Generic;
using System.Numerics;
using System.Security.Cryptography;
using Starling.Core.Primitives;

namespace Starling.Core.Pieces;

/// <summary>
/// The one owner of what is known about each piece: its candidate results, who attested which, which of them are acceptable to my
/// policy, and which are durable here. Everything else about a piece (finished, wanted, merged from) follows from these facts.
/// </summary>
/// <remarks>Invariant 1 of DESIGN section 2: a piece is finished exactly when a result that is acceptable is also held.</remarks>
public sealed class PieceMap
{
    /// <summary>Different results that are remembered for one piece; attestations of further ones are not counted.</summary>
    public const int MaxCandidates = 15;

    /// <summary>Votes in all; further ones are not counted.</summary>
    public const int MaxVotes = (1 << 28) - 2;

    internal const int NoVote = -1;

    private readonly Hash256 _taskId;
    private readonly Record[] _records;
    private readonly List<Vote> _votes = [];
    private readonly Dictionary<int, List<ResultId>> _furtherCandidates = [];
    private readonly Dictionary<int, ushort> _sought = [];
    private int _finished;

    /// <summary>In <see cref="_released"/>: the result is wanted back.</summary>
    private const byte Recalled = 0x80;

    // For each piece 1 + the candidate that is only in the output; empty while nothing was released.
    private byte[] _released = [];

    /// <summary>A map of <paramref name="count"/> pieces of which nothing is known.</summary>
    public PieceMap(Hash256 taskId, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        _taskId = taskId;
        _records = new Record[count];
    }

    /// <summary>Number of pieces.</summary>
    public int Count => _records.Length;

    /// <summary>Number of finished pieces.</summary>
    public int FinishedCount => _finished;

    /// <summary>Whether an acceptable result of the piece is durable here, by itself or in the output.</summary>
    public bool IsFinished(int piece) => (_records[piece].Acceptable & (_records[piece].Held | ReleasedBit(piece))) != 0;

    /// <summary>Whether my policy accepts some result of the piece.</summary>
    public bool IsAccepted(int piece) => _records[piece].Acceptable != 0;

    /// <summary>Number of known results of the piece, 0..<see cref="MaxCandidates"/>.</summary>
    public int CandidateCount(int piece) => _records[piece].Candidates;

    /// <summary>Bits of the candidates that are acceptable.</summary>
    public ushort Acceptable(int piece) => _records[piece].Acceptable;

    /// <summary>Bits of the candidates that are durable here.</summary>
    public ushort Held(int piece) => _records[piece].Held;

    /// <summary>Pieces of which a result was released.</summary>
    public int ReleasedCount { get; private set; }

    /// <summary>The candidate that is in the output and not held any more; negative: none.</summary>
    public int Released(int piece) => _released.Length == 0 ? -1 : (_released[piece] & ~Recalled) - 1;

    /// <summary>Whether a released result is wanted back.</summary>
    public bool IsRecalled(int piece) => _released.Length > 0 && (_released[piece] & Recalled) != 0;

    /// <summary>The output was made of a held candidate, which is held no more: the piece stays finished.</summary>
    public void Release(int piece, int candidate)
    {
        if (_released.Length == 0)
        {
            _released = new byte[_records.Length];
        }

        bool before = IsFinished(piece);
        ReleasedCount += Released(piece) < 0 ? 1 : 0;
        _released[piece] = (byte)(candidate + 1);
        SetHeld(piece, candidate, held: false);
        Recount(piece, before);
    }

    /// <summary>A released result is wanted back; until it is here the piece stays finished.</summary>
    public void Recall(int piece) => _released[piece] |= Recalled;

    /// <summary>A released result counts no more, for the output is to be made anew; returns whether the piece ceased to be finished.</summary>
    public bool Reopen(int piece)
    {
        if (Released(piece) < 0)
        {
            return false;
        }

        bool before = IsFinished(piece);
        _released[piece] = 0;
        ReleasedCount--;
        return Recount(piece, before);
    }

    /// <summary>Bits of the candidates that are to be looked at here (<see cref="SetSought"/>).</summary>
    public ushort Sought(int piece) => _sought.GetValueOrDefault(piece);

    /// <summary>
    /// Bits of the candidates each of which would help if it came here: any acceptable one while none is held, then the canonical one; and those that are to be
    /// looked at.
    /// </summary>
    public ushort Wanted(int piece)
    {
        ref readonly Record record = ref _records[piece];
        int wanted = Sought(piece);
        if (record.Acceptable != 0)
        {
            int canonical = 1 << Canonical(piece, record.Acceptable);
            wanted |= IsFinished(piece) ? canonical : record.Acceptable;
        }

        return (ushort)(wanted & ~record.Held & ~(IsRecalled(piece) ? 0 : ReleasedBit(piece)));
    }

    /// <summary>The candidate with this index.</summary>
    public ResultId Candidate(int piece, int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, (int)_records[piece].Candidates);
        return index == 0 ? _records[piece].First : _furtherCandidates[piece][index - 1];
    }

    /// <summary>The index of a result among the piece's candidates, or -1.</summary>
    public int IndexOf(int piece, ResultId result)
    {
        int count = _records[piece].Candidates;
        for (int i = 0; i < count; i++)
        {
            if (Candidate(piece, i) == result)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>
    /// The index of a result, which becomes a candidate if it is new; -1 when the piece has too many already. The last place is kept for a
    /// result that is <paramref name="mine"/> (computed or held here), so that others' inventions can't shut it out.
    /// </summary>
    public int Add(int piece, ResultId result, bool mine = false)
    {
        int known = IndexOf(piece, result);
        ref Record record = ref _records[piece];
        if (known >= 0 || record.Candidates >= (mine ? MaxCandidates : MaxCandidates - 1))
        {
            return known;
        }

        if (record.Candidates == 0)
        {
            record.First = result;
        }
        else
        {
            if (!_furtherCandidates.TryGetValue(piece, out List<ResultId>? further))
            {
                _furtherCandidates.Add(piece, further = []);
            }

            further.Add(result);
        }

        return record.Candidates++;
    }

    /// <summary>Notes that a worker attested a candidate.</summary>
    public VoteOutcome AddVote(int piece, int worker, int candidate)
    {
        int before = FindVote(piece, worker);
        if (before != NoVote)
        {
            return _votes[before].Candidate == candidate ? VoteOutcome.Known : VoteOutcome.Contradiction;
        }

        if (_votes.Count == MaxVotes)
        {
            return VoteOutcome.Known;
        }

        _votes.Add(new Vote(worker, candidate, _records[piece].FirstVote));
        _records[piece].FirstVote = _votes.Count - 1;
        return VoteOutcome.Counted;
    }

    /// <summary>All votes of a piece, in no meaningful order.</summary>
    public VoteList Votes(int piece) => new(_votes, _records[piece].FirstVote);

    /// <summary>Notes what became of a vote; there must be one of this worker.</summary>
    public void SetVoteState(int piece, int worker, VoteState state)
    {
        int vote = FindVote(piece, worker);
        if (vote == NoVote)
        {
            throw new ArgumentException($"worker {worker} did not attest piece {piece}", nameof(worker));
        }

        _votes[vote] = _votes[vote].With(state);
    }

    /// <summary>The candidate that a worker attested, or -1.</summary>
    public int VoteOf(int piece, int worker) => FindVote(piece, worker) is not NoVote and int vote ? _votes[vote].Candidate : -1;

    /// <summary>What became of a worker's vote; null: it has none.</summary>
    public VoteState? StateOf(int piece, int worker) => FindVote(piece, worker) is not NoVote and int vote ? _votes[vote].State : null;

    /// <summary>Sets what the policy accepts now; returns whether the piece became or ceased to be finished.</summary>
    public bool SetAcceptable(int piece, ushort candidates)
    {
        bool before = IsFinished(piece);
        _records[piece].Acceptable = candidates;
        return Recount(piece, before);
    }

    /// <summary>Sets which candidates are to be fetched and looked at, whether or not anything is believed.</summary>
    public void SetSought(int piece, ushort candidates)
    {
        if (candidates == 0)
        {
            _sought.Remove(piece);
        }
        else
        {
            _sought[piece] = candidates;
        }
    }

    /// <summary>Notes that a candidate is durable here (or no longer is); returns whether the piece became or ceased to be finished.</summary>
    public bool SetHeld(int piece, int candidate, bool held)
    {
        bool before = IsFinished(piece);
        if (held && Released(piece) == candidate)
        {
            _released[piece] = 0;
            ReleasedCount--;
        }

        ushort bit = (ushort)(1 << candidate);
        _records[piece].Held = held ? (ushort)(_records[piece].Held | bit) : (ushort)(_records[piece].Held & ~bit);
        return Recount(piece, before);
    }

    /// <summary>
    /// The canonical one of these candidates (bits): the one with the lowest H(task, piece, length, root), so that all peers agree
    /// (DESIGN section 6); -1 for none.
    /// </summary>
    public int Canonical(int piece, ushort candidates)
    {
        if (BitOperations.IsPow2(candidates))
        {
            return BitOperations.TrailingZeroCount(candidates);
        }

        int best = -1;
        Hash256 bestRank = default;
        for (int i = 0; i < MaxCandidates; i++)
        {
            if ((candidates & (1 << i)) == 0)
            {
                continue;
            }

            Hash256 rank = Rank(piece, Candidate(piece, i));
            if (best < 0 || rank.CompareTo(bestRank) < 0)
            {
                (best, bestRank) = (i, rank);
            }
        }

        return best;
    }

    /// <summary>The result that I use and merge: the canonical one among those acceptable that are held or in the output; null when not finished.</summary>
    public ResultId? Used(int piece) => CanonicalOf(piece, _records[piece].Held | ReleasedBit(piece));

    /// <summary>The result that I can serve: the canonical one among those acceptable and held; null: none.</summary>
    public ResultId? Served(int piece) => CanonicalOf(piece, _records[piece].Held);

    /// <summary>The place of a worker's vote, or <see cref="NoVote"/>.</summary>
    private int FindVote(int piece, int worker)
    {
        int vote = _records[piece].FirstVote;
        while (vote != NoVote && _votes[vote].Worker != worker)
        {
            vote = _votes[vote].Next;
        }

        return vote;
    }

    private ResultId? CanonicalOf(int piece, int here)
    {
        int index = Canonical(piece, (ushort)(_records[piece].Acceptable & here));
        return index < 0 ? null : Candidate(piece, index);
    }

    private int ReleasedBit(int piece) => Released(piece) is >= 0 and var candidate ? 1 << candidate : 0;

    private Hash256 Rank(int piece, ResultId result)
    {
        Span<byte> text = stackalloc byte[(2 * Hash256.Size) + 8];
        _taskId.CopyTo(text);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(text[Hash256.Size..], piece);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(text[(Hash256.Size + 4)..], result.Length);
        result.Root.CopyTo(text[(Hash256.Size + 8)..]);
        Span<byte> digest = stackalloc byte[Hash256.Size];
        SHA256.HashData(text, digest);
        return new Hash256(digest);
    }

    private bool Recount(int piece, bool before)
    {
        bool after = IsFinished(piece);
        _finished += (after ? 1 : 0) - (before ? 1 : 0);
        return before != after;
    }

    /// <summary>44 bytes: there may be millions.</summary>
    private struct Record
    {
        private const int CountShift = 28;
        private const uint VoteMask = (1u << CountShift) - 1;

        public ResultId First;
        public ushort Acceptable;
        public ushort Held;

        // The number of candidates in four bits, and 1 + the place of the first vote in the others.
        private uint _packed;

        public byte Candidates
        {
            readonly get => (byte)(_packed >> CountShift);
            set => _packed = (_packed & VoteMask) | ((uint)value << CountShift);
        }

        public int FirstVote
        {
            readonly get => (int)(_packed & VoteMask) - 1;
            set => _packed = (_packed & ~VoteMask) | ((uint)(value + 1) & VoteMask);
        }
    }

    /// <summary>8 bytes: worker, candidate and state in one number, and the place of the next vote of the piece.</summary>
    internal readonly struct Vote
    {
        private const int CandidateBits = 4;
        private const int StateBits = 2;

        private readonly uint _packed;

        public Vote(int worker, int candidate, int next, VoteState state = VoteState.Open)
        {
            _packed = ((uint)worker << (CandidateBits + StateBits)) | ((uint)candidate << StateBits) | (uint)state;
            Next = next;
        }

        public int Worker => (int)(_packed >> (CandidateBits + StateBits));

        public int Candidate => (int)(_packed >> StateBits) & ((1 << CandidateBits) - 1);

        public VoteState State => (VoteState)(_packed & ((1 << StateBits) - 1));

        public int Next { get; }

        public Vote With(VoteState state) => new(Worker, Candidate, Next, state);
    }
}

/// <summary>What my judgement about a piece has made of one attestation of it.</summary>
public enum VoteState : byte
{
    /// <summary>Nothing yet: it counts as much as its worker does.</summary>
    Open,

    /// <summary>Somebody I know, other than its worker, got the same: it counts for good.</summary>
    Confirmed,

    /// <summary>Somebody I know got something else: it counts for nothing.</summary>
    Refuted,

    /// <summary>Its worker was refuted elsewhere before this was confirmed: it counts for nothing until it is.</summary>
    Suspended,
}

/// <summary>The votes of one piece, to be enumerated.</summary>
public readonly struct VoteList
{
    private readonly List<PieceMap.Vote> _votes;
    private readonly int _first;

    internal VoteList(List<PieceMap.Vote> votes, int first) => (_votes, _first) = (votes, first);

    /// <summary>From the newest to the oldest.</summary>
    public Enumerator GetEnumerator() => new(_votes, _first);

    /// <summary>A place in the list.</summary>
    public struct Enumerator
    {
        private readonly List<PieceMap.Vote> _votes;
        private int _next;

        internal Enumerator(List<PieceMap.Vote> votes, int first) => (_votes, _next, Current) = (votes, first, default);

        /// <summary>Worker, candidate and state of one vote.</summary>
        public (int Worker, int Candidate, VoteState State) Current { get; private set; }

        /// <summary>Goes on; false: there is no other.</summary>
        public bool MoveNext()
        {
            if (_next == PieceMap.NoVote)
            {
                return false;
            }

            PieceMap.Vote vote = _votes[_next];
            Current = (vote.Worker, vote.Candidate, vote.State);
            _next = vote.Next;
            return true;
        }
    }
}

/// <summary>What became of an attestation.</summary>
public enum VoteOutcome
{
    /// <summary>The worker's first about this piece.</summary>
    Counted,

    /// <summary>It said the same before.</summary>
    Known,

    /// <summary>It signed another result of the same piece before: a portable proof of misbehaviour.</summary>
    Contradiction,
}
