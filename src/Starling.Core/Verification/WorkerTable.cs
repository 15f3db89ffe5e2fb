using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Verification;

/// <summary>The workers whose attestations I have seen, by a small number each; bounded.</summary>
/// <param name="standings">What earlier tasks taught about them; null: nothing.</param>
public sealed class WorkerTable(IStandings? standings = null)
{
    /// <summary>Workers of one task that are remembered; attestations of further ones are ignored.</summary>
    public const int MaxWorkers = 262_144;

    private readonly Dictionary<PublicKey, int> _numbers = [];
    private readonly List<Worker> _workers = [];

    /// <summary>Number of known workers.</summary>
    public int Count => _workers.Count;

    /// <summary>What is known of a worker by its number.</summary>
    public Worker this[int number] => _workers[number];

    /// <summary>The worker of this key; null: nothing of it was seen.</summary>
    public Worker? TryFind(PublicKey key) => _numbers.TryGetValue(key, out int number) ? _workers[number] : null;

    /// <summary>The worker of this key, added if there is room; null when the table is full.</summary>
    public Worker? Find(PublicKey key)
    {
        if (_numbers.TryGetValue(key, out int number))
        {
            return _workers[number];
        }

        if (_workers.Count == MaxWorkers)
        {
            return null;
        }

        var worker = new Worker(key, _workers.Count, standings?.Of(key) is { } known ? new Standing(known) : new Standing());
        _numbers.Add(key, worker.Number);
        _workers.Add(worker);
        return worker;
    }
}

/// <summary>One worker as this peer sees it.</summary>
public sealed class Worker(PublicKey key, int number, Standing standing)
{
    /// <summary>Its identity.</summary>
    public PublicKey Key { get; } = key;

    /// <summary>Its number in the table.</summary>
    public int Number { get; } = number;

    /// <summary>What is known of its results.</summary>
    public Standing Standing { get; } = standing;

    /// <summary>Its environment class as it last told it.</summary>
    public string EnvironmentClass { get; set; } = "";

    /// <summary>Whether its word alone is enough: myself, a sibling, a member, or anyone under <c>--trust</c>.</summary>
    public bool Believed { get; set; }

    /// <summary>Whether it may confirm strangers whatever is known of it: the task's author.</summary>
    public bool IsVouchedFor { get; set; }

    /// <summary>Whether it signed two results of one piece: its attestations count for nothing.</summary>
    public bool Contradicted { get; set; }

    /// <summary>Pieces that it attested since it was last refuted; some of them have been confirmed meanwhile.</summary>
    public List<int> Unconfirmed { get; } = [];

    /// <summary>Its attestations whose results I accept: what the serving order goes by.</summary>
    public int Credit { get; set; }

    /// <summary>Its results that the task's checker accepted here.</summary>
    public int Passed { get; set; }

    /// <summary>Its results that the task's checker refused here. That is between it and this task: the checker is the author's, who may be hostile.</summary>
    public int Rejected { get; set; }

    /// <summary>Whether its attestations count at all.</summary>
    public bool Counts => !Contradicted && (Believed || !(Standing.IsOutcast || Standing.IsTooOftenWrong(Rejected, Passed)));

    /// <summary>Whether it may confirm strangers.</summary>
    public bool IsKnown => Counts && (Believed || IsVouchedFor || Standing.IsKnown);
}
