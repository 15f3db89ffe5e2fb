using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Core.Verification;

namespace Starling.Core.Swarm;

/// <summary>
/// Mode <c>arbiter</c>: whose word counts now. Notices of delegation are told to every new neighbour, passed on when they are news, and kept by whoever hears
/// them, so that the author may be gone.
/// </summary>
internal sealed class Arbiters
{
    private readonly NodeContext _context;
    private readonly LinkTable _links;
    private readonly Hash256 _taskId;
    private readonly DelegationTable? _table;
    private IReadOnlyDictionary<PublicKey, int> _reach = new Dictionary<PublicKey, int>();

    public Arbiters(NodeContext context, LinkTable links, TaskFile task)
    {
        (_context, _links, _taskId) = (context, links, task.Id);
        if (task.Info is not { Verify: VerifySpec.Arbiter, Author: { } author })
        {
            return;
        }

        _table = DelegationTable.Of(author, task.Id, context.Options.Delegations, context.Verifier, context.UnixSeconds);
        _reach = _table.Reach(context.UnixSeconds);
    }

    /// <summary>Notices that are remembered.</summary>
    public int Count => _table?.Count ?? 0;

    /// <summary>Whether this peer's own word counts.</summary>
    public bool IncludeMe => Include(_context.Self);

    /// <summary>Whether the word of this key counts.</summary>
    public bool Include(PublicKey key) => _reach.ContainsKey(key);

    /// <summary>What is known from the start to be taken back: an earlier process may have believed it.</summary>
    public IReadOnlyList<ArbiterChange> TakenBack() => TakenBack(_table?.TakenBack() ?? []);

    /// <summary>A new neighbour is told who may judge.</summary>
    public void OnEstablished(PeerLink link)
    {
        if (_table is { Count: > 0 })
        {
            _links.Send(link, new TaskMessage.Delegates(_table.InOrder()));
        }
    }

    /// <summary>A neighbour told of delegations. Returns the keys whose word counts from now on, or no more.</summary>
    public IReadOnlyList<ArbiterChange> OnMessage(PeerLink link, TaskMessage.Delegates message)
    {
        if (_table is null)
        {
            return [];
        }

        var news = new List<DelegationNotice>();
        foreach (DelegationNotice notice in message.Notices)
        {
            if (!_table.IsNews(notice, _context.UnixSeconds))
            {
                continue;
            }

            if (!DelegationNotice.Verify(notice, _taskId, _context.Verifier))
            {
                _links.Ban(link, "bad-delegation", "passed on a delegation whose signature is wrong");
                break;
            }

            _table.Add(notice, _context.UnixSeconds);
            news.Add(notice);
            _context.Emit(new NodeEffect.SaveDelegation(notice.Raw));
        }

        foreach (PeerLink other in _links.Established)
        {
            if (news.Count > 0 && other != link)
            {
                _links.Send(other, new TaskMessage.Delegates(news));
            }
        }

        if (news.Count == 0)
        {
            return [];
        }

        // Of those whose time had run out what was believed had stayed believed; taken back, it falls.
        List<ArbiterChange> changes = Changes();
        changes.AddRange(TakenBack(news.FindAll(notice => _table.IsTakenBack(notice.Delegate) && !changes.Exists(change => change.Key == notice.Delegate))
            .ConvertAll(notice => notice.Delegate)));
        return changes;
    }

    /// <summary>Once a second: what expired does not count any more.</summary>
    public IReadOnlyList<ArbiterChange> Tidy() => _table is { Count: > 0 } ? Changes() : [];

    private static List<ArbiterChange> TakenBack(IReadOnlyList<PublicKey> keys)
    {
        var changes = new List<ArbiterChange>(keys.Count);
        foreach (PublicKey key in keys)
        {
            changes.Add(new ArbiterChange(key, Counts: false, IsTakenBack: true));
        }

        return changes;
    }

    private List<ArbiterChange> Changes()
    {
        IReadOnlyDictionary<PublicKey, int> before = _reach;
        _reach = _table!.Reach(_context.UnixSeconds);
        var changes = new List<ArbiterChange>();
        foreach (PublicKey key in before.Keys)
        {
            if (!_reach.ContainsKey(key))
            {
                changes.Add(new ArbiterChange(key, Counts: false, IsTakenBack: _table.IsTakenBack(key)));
            }
        }

        foreach (PublicKey key in _reach.Keys)
        {
            if (!before.ContainsKey(key))
            {
                changes.Add(new ArbiterChange(key, Counts: true, IsTakenBack: false));
            }
        }

        changes.Sort(static (left, right) => left.Key.CompareTo(right.Key));
        return changes;
    }
}

/// <summary>The word of a key counts from now on, or no more. <paramref name="IsTakenBack"/>: nor does what it said before; else it only expired.</summary>
internal readonly record struct ArbiterChange(PublicKey Key, bool Counts, bool IsTakenBack);
