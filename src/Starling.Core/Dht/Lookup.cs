using System;
using System.Collections.Generic;
using Starling.Core.Dht.Krpc;
using Starling.Core.Primitives;

namespace Starling.Core.Dht;

/// <summary>
/// Finds the nodes closest to a target, asking ever closer ones, and what they keep there (BEP 5). Several paths run side by side and no node is asked by two of them, so one
/// liar leads astray one path only (S/Kademlia, Baumgart and Mies 2007). Who does not answer in the usual time is waited for, but no longer keeps others from being asked.
/// </summary>
internal sealed class Lookup : IQueryOwner
{
    /// <summary>Paths side by side.</summary>
    public const int Paths = 3;

    /// <summary>Queries of a path under way, slow ones not counted.</summary>
    public const int Alpha = 2;

    /// <summary>Queries of a path in all.</summary>
    public const int MaxQueriesOfPath = 48;

    /// <summary>Nodes that a path remembers; at the bound the farthest goes.</summary>
    public const int MaxCandidatesOfPath = 64;

    /// <summary>Nodes taken from one reply.</summary>
    public const int MaxNodesOfReply = 16;

    /// <summary>Peers reported of one reply, and of one lookup.</summary>
    public const int MaxPeersOfReply = 100;

    /// <inheritdoc cref="MaxPeersOfReply"/>
    public const int MaxPeers = 500;

    /// <summary>Nodes of one /24 (IPv6: /64) that are considered, local networks and failed ones not counted.</summary>
    public const int MaxOfSubnet = 2;

    /// <summary>After this time it ends with what it has.</summary>
    public static readonly TimeSpan MaxDuration = TimeSpan.FromSeconds(30);

    // A node that takes that many times longer than usual is not waited for.
    private const int PatienceTimes = 3;

    private readonly DhtFamily _family;
    private readonly Action<Lookup, Instant> _ended;
    private readonly List<LookupCandidate>[] _paths = new List<LookupCandidate>[Paths];
    private readonly int[] _queries = new int[Paths];
    private readonly Dictionary<DhtContact, LookupCandidate> _candidates = [];
    private readonly Dictionary<UInt128, int> _bySubnet = [];
    private readonly HashSet<PeerAddress> _peers = [];
    private readonly HashSet<PeerAddress> _renamed = [];
    private readonly Instant _begun;

    /// <summary>Begins; the first queries go out with <see cref="Advance"/>.</summary>
    /// <param name="family">The DHT it runs in.</param>
    /// <param name="method">find_node, get_peers or get.</param>
    /// <param name="target">What is looked for.</param>
    /// <param name="now">The time.</param>
    /// <param name="ended">Told once.</param>
    public Lookup(DhtFamily family, KrpcMethod method, NodeId target, Instant now, Action<Lookup, Instant> ended)
    {
        (_family, Method, Target, _begun, _ended) = (family, method, target, now, ended);
        for (int path = 0; path < Paths; path++)
        {
            _paths[path] = [];
        }

        List<DhtContact> start = family.Table.Closest(target, Paths * RoutingBucket.K, withBad: true);
        for (int i = 0; i < start.Count; i++)
        {
            AddCandidate(start[i], i % Paths, hop: 1);
        }
    }

    /// <summary>What is asked.</summary>
    public KrpcMethod Method { get; }

    /// <summary>What is looked for.</summary>
    public NodeId Target { get; }

    /// <summary>Of get: whose item is looked for; null: an immutable one.</summary>
    public PublicKey? Key { get; init; }

    /// <summary>Of get: the item's salt.</summary>
    public ReadOnlyMemory<byte> Salt { get; init; }

    /// <summary>Of get_peers: who is there is counted too (BEP 33).</summary>
    public bool IsScrape { get; init; }

    /// <summary>Of a scrape: peers that have everything, over all nodes that answered.</summary>
    public ScrapeFilter Seeds { get; } = new();

    /// <summary>Of a scrape: the other peers.</summary>
    public ScrapeFilter Peers { get; } = new();

    /// <summary>Of get: the newest genuine item so far.</summary>
    public DhtItem? Item { get; private set; }

    /// <summary>Queries sent.</summary>
    public int Asked { get; private set; }

    /// <summary>Nodes that answered.</summary>
    public int Answered { get; private set; }

    /// <summary>Whether it has ended.</summary>
    public bool IsOver { get; private set; }

    private bool NeedsToken => Method != KrpcMethod.FindNode;

    /// <summary>When time alone changes something.</summary>
    public Instant NextWake(Instant now)
    {
        Instant next = _begun + MaxDuration;
        TimeSpan patience = _family.Pending.Patience;
        foreach (List<LookupCandidate> path in _paths)
        {
            foreach (LookupCandidate candidate in path)
            {
                if (candidate.State == LookupState.Asked)
                {
                    Instant slow = candidate.AskedAt + patience;
                    Instant lost = candidate.AskedAt + PatienceTimes * patience;
                    next = slow > now ? Instant.Min(next, slow) : lost > now ? Instant.Min(next, lost) : next;
                }
                else if (candidate.State == LookupState.New && !_family.Pending.HasRoom)
                {
                    next = Instant.Min(next, now + patience);
                }
            }
        }

        return next;
    }

    /// <summary>Asks whoever is to be asked next; ends when the closest nodes have answered.</summary>
    public void Advance(Instant now)
    {
        if (IsOver)
        {
            return;
        }

        bool isOpen = false;
        for (int path = 0; path < Paths; path++)
        {
            isOpen |= AdvancePath(path, now);
        }

        if (!isOpen || now >= _begun + MaxDuration)
        {
            IsOver = true;
            _ended(this, now);
        }
    }

    /// <summary>
    /// The nodes to store at: the closest that gave a token and whose id fits their address (BEP 42, enforcement), and those among the closest whose id does not, since
    /// many that do not check announce there.
    /// </summary>
    public List<LookupCandidate> StoreAt()
    {
        List<LookupCandidate> answered = [.. _candidates.Values];
        answered.RemoveAll(candidate => candidate.State != LookupState.Replied || candidate.Token.IsEmpty);
        answered.Sort((left, right) => Target.CompareDistance(left.Contact.Id, right.Contact.Id));
        var chosen = new List<LookupCandidate>();
        int verified = 0;
        for (int i = 0; i < answered.Count; i++)
        {
            bool isVerified = answered[i].IsVerified && verified < RoutingBucket.K;
            verified += isVerified ? 1 : 0;
            if (isVerified || i < RoutingBucket.K)
            {
                chosen.Add(answered[i]);
            }
        }

        return chosen;
    }

    /// <inheritdoc/>
    public void OnReply(PendingQuery query, KrpcReply reply, Instant now)
    {
        var candidate = (LookupCandidate)query.Tag!;
        if (IsOver)
        {
            return;
        }

        if (reply.Id != candidate.Contact.Id)
        {
            // Another id than the one we were told: it counts under its own, once it says so again. Not a third time.
            Fail(candidate);
            if (_renamed.Add(candidate.Contact.Address))
            {
                AddCandidate(candidate.Contact with { Id = reply.Id }, candidate.Path, candidate.Hop);
            }

            Advance(now);
            return;
        }

        Answered++;
        candidate.State = LookupState.Replied;
        candidate.Token = reply.Token;
        TakePeers(candidate, reply);
        TakeItem(reply);
        if (IsScrape && reply.Scrape is { } filters)
        {
            Seeds.Unite(filters.Seeds);
            Peers.Unite(filters.Peers);
        }

        IReadOnlyList<DhtContact> nodes = (_family.IsV6 ? reply.Nodes6 : reply.Nodes) ?? [];
        for (int i = 0; i < nodes.Count && i < MaxNodesOfReply; i++)
        {
            if (_family.MayUse(nodes[i], candidate.Contact.Address))
            {
                AddCandidate(nodes[i], candidate.Path, candidate.Hop + 1);
            }
        }

        Advance(now);
    }

    /// <inheritdoc/>
    public void OnFailure(PendingQuery query, KrpcFailure? failure, Instant now)
    {
        Fail((LookupCandidate)query.Tag!);
        Advance(now);
    }

    /// <summary>Asks on one path; false when it has nothing left to do.</summary>
    private bool AdvancePath(int path, Instant now)
    {
        TimeSpan patience = _family.Pending.Patience;
        int underWay = 0;
        foreach (LookupCandidate candidate in _paths[path])
        {
            underWay += candidate.State == LookupState.Asked && candidate.Path == path && now - candidate.AskedAt < patience ? 1 : 0;
        }

        bool isOpen = false;
        int close = 0;
        foreach (LookupCandidate candidate in _paths[path])
        {
            if (close == RoutingBucket.K)
            {
                break;
            }

            if (candidate.State == LookupState.New && underWay < Alpha && _queries[path] < MaxQueriesOfPath && Ask(candidate, path, now))
            {
                underWay++;
            }

            bool isWaitedFor = candidate.State == LookupState.Asked && now - candidate.AskedAt < PatienceTimes * patience;
            bool isToBeAsked = candidate.State == LookupState.New && _queries[path] < MaxQueriesOfPath;
            bool isSettled = candidate.State == LookupState.Replied && !(NeedsToken && candidate.Token.IsEmpty);
            isOpen |= isWaitedFor || isToBeAsked;
            close += candidate.IsVerified && (isWaitedFor || isToBeAsked || isSettled) ? 1 : 0;
        }

        return isOpen;
    }

    private bool Ask(LookupCandidate candidate, int path, Instant now)
    {
        var query = new KrpcQuery { Transaction = default, Method = Method, Id = _family.Id, Target = Target, Scrape = IsScrape };
        if (!_family.TryAsk(query, candidate.Contact.Address, this, candidate, now))
        {
            return false;
        }

        (candidate.State, candidate.AskedAt, candidate.Path) = (LookupState.Asked, now, path);
        _queries[path]++;
        Asked++;
        return true;
    }

    private void Fail(LookupCandidate candidate)
    {
        if (candidate.State != LookupState.Failed)
        {
            candidate.State = LookupState.Failed;
            _bySubnet[AddressRange.Subnet(candidate.Contact.Address)]--;
        }
    }

    /// <summary>Remembers a node on a path; one that another path has is shared, so that it counts as asked here too.</summary>
    private void AddCandidate(DhtContact contact, int path, int hop)
    {
        List<LookupCandidate> candidates = _paths[path];
        if (!_candidates.TryGetValue(contact, out LookupCandidate? candidate))
        {
            UInt128 subnet = AddressRange.Subnet(contact.Address);
            int ofSubnet = _bySubnet.GetValueOrDefault(subnet);
            if (contact.Id == _family.Id || (ofSubnet >= MaxOfSubnet && !AddressRange.IsLocal(contact.Address)))
            {
                return;
            }

            if (candidates.Count == MaxCandidatesOfPath && Target.CompareDistance(candidates[^1].Contact.Id, contact.Id) <= 0)
            {
                return;
            }

            candidate = new LookupCandidate(contact, path, hop);
            _candidates.Add(contact, candidate);
            _bySubnet[subnet] = ofSubnet + 1;
        }

        int at = candidates.FindIndex(other => Target.CompareDistance(contact.Id, other.Contact.Id) < 0 || other == candidate);
        if (at >= 0 && candidates[at] == candidate || candidates.Contains(candidate))
        {
            return;
        }

        candidates.Insert(at < 0 ? candidates.Count : at, candidate);
        if (candidates.Count > MaxCandidatesOfPath)
        {
            Forget(candidates);
        }
    }

    private void Forget(List<LookupCandidate> candidates)
    {
        LookupCandidate farthest = candidates[^1];
        candidates.RemoveAt(candidates.Count - 1);
        if (farthest.State == LookupState.New && !Array.Exists(_paths, path => path.Contains(farthest)))
        {
            _candidates.Remove(farthest.Contact);
            _bySubnet[AddressRange.Subnet(farthest.Contact.Address)]--;
        }
    }

    private void TakePeers(LookupCandidate candidate, KrpcReply reply)
    {
        if (Method != KrpcMethod.GetPeers)
        {
            return;
        }

        var found = new List<PeerAddress>();
        foreach (PeerAddress peer in reply.Values)
        {
            if (found.Count < MaxPeersOfReply && _peers.Count < MaxPeers && _family.MayUsePeer(peer, candidate.Contact.Address) && _peers.Add(peer))
            {
                found.Add(peer);
            }
        }

        if (found.Count > 0)
        {
            _family.Emit(new DhtEffect.PeersFound(Target.ToInfoHash(), found, candidate.Hop));
        }
    }

    private void TakeItem(KrpcReply reply)
    {
        if (Method != KrpcMethod.Get || reply.Value.IsEmpty || reply.Value.Length > DhtItem.MaxValueSize)
        {
            return;
        }

        if (Key is null)
        {
            Item ??= DhtItem.TargetOf(reply.Value.Span) == Target ? new DhtItem { Value = reply.Value.ToArray() } : null;
            return;
        }

        if (reply.Key != Key || reply.Sequence is not { } sequence || reply.Signature.IsEmpty || Item?.Sequence >= sequence)
        {
            return;
        }

        var item = new DhtItem
        {
            Value = reply.Value.ToArray(),
            Key = Key,
            Salt = Salt,
            Sequence = sequence,
            Signature = reply.Signature.ToArray(),
        };
        Item = item.IsGenuine(_family.Verifier) ? item : Item;
    }
}

/// <summary>Where a node of a lookup stands.</summary>
internal enum LookupState
{
    /// <summary>Not asked.</summary>
    New,

    /// <summary>Asked.</summary>
    Asked,

    /// <summary>It answered under the id that we knew.</summary>
    Replied,

    /// <summary>It did not answer, refused, or has another id.</summary>
    Failed,
}

/// <summary>A node of a lookup.</summary>
internal sealed class LookupCandidate(DhtContact contact, int path, int hop)
{
    /// <summary>Its id as told, and its address.</summary>
    public DhtContact Contact { get; } = contact;

    /// <summary>Whether the id fits the address (BEP 42), or need not.</summary>
    public bool IsVerified { get; } = SecureNodeId.IsAcceptable(contact.Id, contact.Address);

    /// <summary>Nodes asked one after the other to get here, itself included.</summary>
    public int Hop { get; } = hop;

    /// <summary>The path that asks it.</summary>
    public int Path { get; set; } = path;

    /// <summary>Where it stands.</summary>
    public LookupState State { get; set; }

    /// <summary>When it was asked.</summary>
    public Instant AskedAt { get; set; }

    /// <summary>With this it lets us store; empty: it gave none.</summary>
    public ReadOnlyMemory<byte> Token { get; set; }
}
