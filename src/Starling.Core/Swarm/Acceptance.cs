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
    private readonly int _self;
    private readonly SortedSet<int> _disputed = [];
    private readonly SortedDictionary<int, ushort> _remembered = [];

    public Acceptance(NodeContext context, TaskFile task, PieceMap map, HitSearch hits)
    {
        _context = context;
        _task = task;
        _map = map;
        _hits = hits;
        _judge = new PieceJudge(map, Workers, VerificationPolicies.Of(task.Info.Verify));

        // My own place is taken first: a flood of workers can't fill the table without me.
        _self = Workers.Find(context.Self)!.Number;
    }

    /// <summary>All whose attestations were seen.</summary>
    public WorkerTable Workers { get; } = new();

    /// <summary>The candidate of a piece that I attested; negative: none.</summary>
    public int MyVote(int piece) => _map.VoteOf(piece, _self);

    /// <summary>How many more runs the policy wants of a piece.</summary>
    public int WantedRuns(int piece) => _judge.Judge(piece).WantedRuns;

    /// <summary>An earlier process had accepted this candidate, which is held here.</summary>
    public void Remember(int piece, int candidate) =>
        _remembered[piece] = (ushort)(_remembered.GetValueOrDefault(piece) | (1 << candidate));

    /// <summary>The worker of a batch that came in; null: the table is full, its word is not counted.</summary>
    public Worker? Heard(PublicKey key)
    {
        Worker? worker = Workers.Find(key);
        if (worker is not null)
        {
            worker.Believed |= IsBelieved(key);
        }

        return worker;
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
        for (int i = 0; i < _map.Count; i++)
        {
            if (_map.VoteOf(i, worker.Number) is >= 0 and int voted && _remembered.TryGetValue(i, out ushort remembered))
            {
                _remembered[i] = (ushort)(remembered & ~(1 << voted));
            }
        }

        return true;
    }

    /// <summary>Judges a piece again.</summary>
    public AcceptanceChange Reassess(int piece)
    {
        Verdict verdict = _judge.Judge(piece);
        ushort acceptable = (ushort)(verdict.Acceptable | _hits.Proved(piece) | _remembered.GetValueOrDefault(piece));
        ushort before = _map.Acceptable(piece);
        ResultId? usedBefore = _map.Used(piece);
        bool toggled = _map.SetAcceptable(piece, acceptable);
        if (before == 0 && acceptable != 0)
        {
            _judge.CreditVoters(piece, acceptable);
        }

        if (verdict.Disputed && _disputed.Add(piece))
        {
            _context.Report(new NodeEvent.Error(new Problem(
                "disputed",
                $"piece {piece} has {_map.CandidateCount(piece)} different results and no agreement",
                "Make the command's output the same on every machine, pin its tools, or compare by meaning")));
        }

        ResultId? used = _map.Used(piece);
        return new AcceptanceChange
        {
            Before = before,
            Acceptable = acceptable,
            WantedRuns = verdict.WantedRuns,
            Finished = toggled && _map.IsFinished(piece),
            Unfinished = toggled && !_map.IsFinished(piece),
            SwitchedTo = !toggled && usedBefore is not null && used != usedBefore ? used : null,
        };
    }

    private bool IsBelieved(PublicKey key)
    {
        if (key == _context.Self || _context.Options.TrustAnyone || (_task.IsMemberSwarm && _task.Info.Verify is VerifySpec.Own))
        {
            return true;
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

    /// <summary>How many more runs the policy wants.</summary>
    public required int WantedRuns { get; init; }

    /// <summary>The piece became finished by it: a result that is here is believed now.</summary>
    public required bool Finished { get; init; }

    /// <summary>The piece ceased to be finished.</summary>
    public required bool Unfinished { get; init; }

    /// <summary>It is finished as before, but by another result; null: by the same.</summary>
    public required ResultId? SwitchedTo { get; init; }
}
