using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Core.Verification;

namespace Starling.Core.Swarm;

/// <summary>
/// What is believed in one task (DESIGN section 6): who attested what, whose word is enough here, and the policy over it. It judges a piece when
/// asked and says what changed; whom that concerns is its owner's matter.
/// </summary>
internal sealed class Acceptance
{
    private readonly NodeContext _context;
    private readonly TaskFile _task;
    private readonly PieceMap _map;
    private readonly HitSearch _hits;
    private readonly PieceJudge _judge;
    private readonly SpotChecks _checks;
    private readonly Trials _trials;
    private readonly Arbiters _arbiters;
    private readonly SealBook? _seals;
    private readonly bool _amongStrangers;
    private readonly int _self;
    private readonly SortedSet<int> _disputed = [];
    private readonly SortedDictionary<int, ushort> _remembered = [];
    private readonly SortedSet<int> _begun = [];
    private int _workers = 1;

    public Acceptance(NodeContext context, TaskFile task, PieceMap map, HitSearch hits, Trials trials, Arbiters arbiters, SealBook? seals = null)
    {
        _context = context;
        _task = task;
        _map = map;
        _hits = hits;
        _trials = trials;
        _arbiters = arbiters;
        _seals = seals;
        Workers = new WorkerTable(context.Options.Standings);
        VerifySpec verify = task.Info.Verify;
        Lessons = new Lessons(context, map, Workers, isLearning: verify is not (VerifySpec.Own or VerifySpec.Checker), verify.WithinClass, verify.Compare is null ? null : trials);
        _amongStrangers = !task.IsMemberSwarm && !context.Options.TrustAnyone && verify is VerifySpec.Replicas or VerifySpec.Trust;
        _judge = new PieceJudge(map, Workers, VerificationPolicies.Of(verify, !task.IsMemberSwarm, () => arbiters.IncludeMe), verify.WithinClass, verify.Compare is not null);
        _checks = new SpotChecks(context.Random);

        // My own place is taken first: a flood of workers can't fill the table without me.
        Worker me = Workers.Find(context.Self)!;
        me.EnvironmentClass = context.EnvironmentClass;
        _self = me.Number;
    }

    /// <summary>All whose attestations were seen.</summary>
    public WorkerTable Workers { get; }

    /// <summary>Whether what is believed grows out of agreement among people who do not know each other.</summary>
    public bool IsAmongStrangers => _amongStrangers;

    /// <summary>What follows for workers.</summary>
    public Lessons Lessons { get; }

    /// <summary>Spot checks that wait or run.</summary>
    public int ChecksDue => _checks.Count;

    /// <summary>Runs that an untouched piece needs, if usual workers make them.</summary>
    public int TypicalRuns => _judge.JudgeUntouched().WantedRuns;

    /// <summary>The candidate of a piece that I attested; negative: none.</summary>
    public int MyVote(int piece) => _map.VoteOf(piece, _self);

    /// <summary>What the policy says of a piece now.</summary>
    public Verdict VerdictOn(int piece)
    {
        Verdict verdict = _judge.Judge(piece, _trials.Of(piece));
        return _seals is null || verdict.Acceptable != 0 ? verdict : verdict with { WantedRuns = Math.Max(0, verdict.WantedRuns - _seals.Promised(piece)) };
    }

    /// <summary>Whether the piece is to be run here though a result of it is believed.</summary>
    public bool IsCheckDue(int piece) => _checks.IsDue(piece);

    /// <summary>Whether nothing that this worker says counts.</summary>
    public bool IsOutcast(PublicKey key) => Workers.TryFind(key) is { Counts: false };

    /// <summary>An earlier process had accepted this candidate, which is held here.</summary>
    public void Remember(int piece, int candidate) =>
        _remembered[piece] = (ushort)(_remembered.GetValueOrDefault(piece) | (1 << candidate));

    /// <summary>The worker of a batch that came in; null: the table is full, its word is not counted.</summary>
    public Worker? Heard(PublicKey key, string environmentClass)
    {
        Worker? worker = Workers.Find(key);
        if (worker is not null)
        {
            worker.Believed |= IsBelieved(key, worker.Standing);
            worker.IsVouchedFor = key == _task.Info.Author;
            worker.EnvironmentClass = key == _context.Self ? worker.EnvironmentClass : environmentClass;
        }

        return worker;
    }

    /// <summary>
    /// Somebody's word is enough from now on, or no more. Whoever's time has run out is not believed any further; what was believed on its word stays. True: every
    /// piece that it attested is to be judged again.
    /// </summary>
    public bool Appoint(ArbiterChange change)
    {
        if (Workers.TryFind(change.Key) is not { } worker)
        {
            return false;
        }

        worker.Believed = IsBelieved(change.Key, worker.Standing);
        if (change.IsTakenBack)
        {
            Forget(worker);
        }

        for (int piece = 0; !change.Counts && !change.IsTakenBack && piece < _map.Count; piece++)
        {
            int voted = _map.VoteOf(piece, worker.Number);
            if (voted >= 0 && (_map.Acceptable(piece) & (1 << voted)) != 0)
            {
                Remember(piece, voted);
            }
        }

        return true;
    }

    /// <summary>A worker signed two results of one piece. Its attestations count for nothing; true: this is news, every piece it attested is to be judged again.</summary>
    public bool Distrust(Worker worker, int piece)
    {
        if (worker.Contradicted || worker.Key == _context.Self)
        {
            return false;
        }

        worker.Contradicted = true;
        _context.Refuse("contradiction", $"worker {worker.Key} signed two results of piece {piece}", "Its attestations count for nothing");
        Forget(worker);
        return true;
    }

    /// <summary>Whether my result of a piece is still sealed: nobody may learn it, nor find out whether a guess at it is right.</summary>
    public bool IsHidden(int piece) => _seals is not null && _seals.Hides(piece);

    /// <summary>
    /// What I offer to others of a piece: what I use; but where a command decides what is equal, what I attested, so that others can compare it. Null: nothing, or what is still sealed.
    /// </summary>
    public ResultId? Offered(int piece)
    {
        if (IsHidden(piece))
        {
            return null;
        }

        int mine = _task.Info.Verify.Compare is null ? -1 : MyVote(piece);
        return mine >= 0 && (_map.Held(piece) & (1 << mine)) != 0 && (_map.Acceptable(piece) & (1 << mine)) != 0
            ? _map.Candidate(piece, mine)
            : _map.Served(piece);
    }

    /// <summary>
    /// The task's checker looked at a candidate. Returns the workers of whom nothing counts any more because of it: what they attested is to be judged again.
    /// </summary>
    public IReadOnlyList<Worker> Tried(int piece, int candidate, bool passed, string reason)
    {
        var discounted = new List<Worker>();
        foreach ((int number, int attested, _) in _map.Votes(piece))
        {
            Worker worker = Workers[number];
            if (attested != candidate)
            {
                continue;
            }

            bool counted = worker.Counts;
            worker.Passed += passed ? 1 : 0;
            worker.Rejected += passed ? 0 : 1;
            if (!passed)
            {
                _context.Refuse("wrong-result", $"the checker refuses what worker {worker.Key} attested of piece {piece}: {reason}", "It is not believed");
            }

            if (counted && !worker.Counts)
            {
                discounted.Add(worker);
            }
        }

        return discounted;
    }

    /// <summary>
    /// Once a second: <paramref name="active"/> are those who compute now. Returns the pieces on which the judgement may have changed because their workers
    /// became better known, or were found wrong elsewhere.
    /// </summary>
    public IReadOnlyList<int> Tidy(IReadOnlyList<PublicKey> active)
    {
        _workers = Math.Max(1, active.Count);
        if (!_amongStrangers || !Lessons.TakeChanged())
        {
            return [];
        }

        var weights = new List<double>(active.Count);
        foreach (PublicKey key in active)
        {
            if (key != _context.Self && Workers.TryFind(key) is { Counts: true } worker)
            {
                weights.Add(worker.Standing.Weight);
            }
        }

        weights.Sort();
        _judge.TypicalWeight = weights.Count == 0 ? Standing.StrangerWeight : weights[weights.Count / 2];
        return [.. _begun];
    }

    /// <summary>Judges a piece again.</summary>
    public AcceptanceChange Reassess(int piece)
    {
        Verdict verdict = VerdictOn(piece);
        if (verdict.Acceptable != 0 && _remembered.TryGetValue(piece, out ushort remembered) && (remembered & verdict.Acceptable) == 0)
        {
            // What an earlier process believed is refuted by what is known now.
            _remembered.Remove(piece);
        }

        ushort acceptable = (ushort)(verdict.Acceptable | _hits.Proved(piece) | _remembered.GetValueOrDefault(piece));
        ushort before = _map.Acceptable(piece);
        ResultId? usedBefore = _map.Used(piece);
        bool toggled = _map.SetAcceptable(piece, acceptable);
        bool seeks = Seek(piece, acceptable, verdict.Sought);
        if (before == 0 && acceptable != 0)
        {
            _judge.CreditVoters(piece, acceptable);
        }

        if (acceptable != 0)
        {
            _begun.Remove(piece);
            Worker? lone = Lessons.Take(piece, acceptable);
            if (MyVote(piece) >= 0)
            {
                _checks.Done(piece);
            }
            else if (before == 0 && _amongStrangers && lone is { Believed: false })
            {
                _checks.Draw(piece, lone.Standing.Confirmed, _workers);
            }
        }
        else if (_amongStrangers && _map.CandidateCount(piece) > 0)
        {
            _begun.Add(piece);
            _checks.Done(piece);
        }

        if (verdict.Disputed && _disputed.Add(piece))
        {
            _context.Report(new NodeEvent.Error(new Problem(
                "disputed",
                $"piece {piece} has {_map.CandidateCount(piece)} different results and no agreement",
                "Make the command's output the same on every machine, pin its tools, or compare within equal environments (class: env)")));
        }

        ResultId? used = _map.Used(piece);
        return new AcceptanceChange
        {
            Before = before,
            Acceptable = acceptable,
            Verdict = verdict with { Acceptable = acceptable },
            Finished = toggled && _map.IsFinished(piece),
            Unfinished = toggled && !_map.IsFinished(piece),
            Seeks = seeks,
            SwitchedTo = !toggled && usedBefore is not null && used != usedBefore ? used : null,
        };
    }

    /// <summary>
    /// Notes what is to be looked at; true: that changed. Where a checker decides, more than one result may be right: those that would take the place of the one
    /// used here are looked at too, so that all peers end with the same.
    /// </summary>
    private bool Seek(int piece, ushort acceptable, ushort sought)
    {
        if (acceptable != 0 && sought != 0 && _task.Info.Verify is VerifySpec.Checker)
        {
            for (int rest = sought; rest != 0; rest &= rest - 1)
            {
                int bit = rest & -rest;
                sought = 1 << _map.Canonical(piece, (ushort)(acceptable | bit)) == bit ? sought : (ushort)(sought & ~bit);
            }
        }

        if (_map.Sought(piece) == sought)
        {
            return false;
        }

        _map.SetSought(piece, sought);
        return true;
    }

    /// <summary>What was believed before, perhaps on this worker's word, is not believed for that any more.</summary>
    private void Forget(Worker worker)
    {
        for (int i = 0; i < _map.Count; i++)
        {
            if (_map.VoteOf(i, worker.Number) is >= 0 and int voted && _remembered.TryGetValue(i, out ushort remembered))
            {
                _remembered[i] = (ushort)(remembered & ~(1 << voted));
            }
        }
    }

    private bool IsBelieved(PublicKey key, Standing standing)
    {
        if (_context.Options.TrustAnyone || standing.Override == StandingOverride.Allow)
        {
            return true;
        }

        if (_task.Info.Verify is VerifySpec.Arbiter)
        {
            return _arbiters.Include(key);
        }

        if (key == _context.Self || (_task.IsMemberSwarm && _task.Info.Verify is VerifySpec.Own))
        {
            return true;
        }

        if (_task.IsMemberSwarm)
        {
            // Members believe each other unless their author asked for more: then siblings are compared as all are.
            return false;
        }

        foreach (PublicKey sibling in _context.Options.Siblings)
        {
            if (sibling == key)
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>What a new judgement changed. Bits name the candidates of the piece.</summary>
internal readonly record struct AcceptanceChange
{
    /// <summary>What was believed before.</summary>
    public required ushort Before { get; init; }

    /// <summary>What is believed now.</summary>
    public required ushort Acceptable { get; init; }

    /// <summary>What the policy says now, with what is believed in <see cref="Acceptable"/>.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>The piece became finished by it: a result that is here is believed now.</summary>
    public required bool Finished { get; init; }

    /// <summary>The piece ceased to be finished.</summary>
    public required bool Unfinished { get; init; }

    /// <summary>Other candidates than before are to be fetched and looked at.</summary>
    public required bool Seeks { get; init; }

    /// <summary>It is finished as before, but by another result; null: by the same.</summary>
    public required ResultId? SwitchedTo { get; init; }
}
