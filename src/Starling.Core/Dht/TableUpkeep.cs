using System;
using System.Collections.Generic;
using Starling.Core.Dht.Krpc;
using Starling.Core.Primitives;

namespace Starling.Core.Dht;

/// <summary>
/// Fills the routing table and keeps it true: asks addresses that may be nodes, looks for the own id at the start, refreshes buckets that were quiet for 15 minutes, and
/// asks nodes that were not heard of for as long whether they are still there (BEP 5).
/// </summary>
internal sealed class TableUpkeep : IQueryOwner
{
    /// <summary>Addresses that wait to be asked; further ones are dropped.</summary>
    public const int MaxWaiting = 128;

    /// <summary>Addresses that may always be asked again, when nobody else is left: those of task files, links and the owner.</summary>
    public const int MaxBootstrap = 64;

    /// <summary>Addresses asked a second.</summary>
    public const int MaxAsksPerSecond = 16;

    /// <summary>Nodes in the table below which the search for others goes on.</summary>
    private const int FewNodes = 4;

    private const int ChecksPerRound = 4;

    private static readonly TimeSpan AskPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxRetry = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan SelfLookup = TimeSpan.FromMinutes(15);

    private readonly DhtFamily _family;
    private readonly Queue<PeerAddress> _waiting = new();
    private readonly List<PeerAddress> _bootstrap = [];
    private readonly Queue<NodeId> _refresh = new();
    private Instant _nextAsk;
    private int _asked;
    private Instant _nextRound;
    private Instant _nextRetry;
    private Instant _nextSelfLookup;
    private TimeSpan _retry = FirstRetry;
    private Lookup? _lookup;
    private bool _joined;

    public TableUpkeep(DhtFamily family, IReadOnlyList<DhtContact> saved)
    {
        _family = family;
        for (int i = 0; i < saved.Count && i < MaxWaiting; i++)
        {
            _waiting.Enqueue(saved[i].Address);
        }
    }

    /// <summary>When something is due.</summary>
    public Instant NextWake
    {
        get
        {
            Instant next = _nextRound;
            next = _waiting.Count > 0 ? Instant.Min(next, _nextAsk) : next;
            next = _family.Table.Count < FewNodes && _bootstrap.Count > 0 ? Instant.Min(next, _nextRetry) : next;
            return _family.Table.Count > 0 && _lookup is null ? Instant.Min(next, _nextSelfLookup) : next;
        }
    }

    /// <summary>An address that the owner, a task file or a link names: asked at once, and again whenever the table is almost empty.</summary>
    public void AddBootstrap(PeerAddress address, Instant now)
    {
        if (!_bootstrap.Contains(address) && _bootstrap.Count < MaxBootstrap)
        {
            _bootstrap.Add(address);
            Consider(address, now);
        }
    }

    /// <summary>An address that may be a node's: asked once, when its turn comes.</summary>
    public void Consider(PeerAddress address, Instant now)
    {
        if (_waiting.Count < MaxWaiting && _family.Table.Find(address) is null && !_family.Pending.Expects(address) && !_waiting.Contains(address))
        {
            _waiting.Enqueue(address);
            AskWaiting(now);
        }
    }

    /// <summary>Asks a node of the table whether it is still there.</summary>
    public void Check(RoutingEntry entry, Instant now)
    {
        var ping = new KrpcQuery { Transaction = default, Method = KrpcMethod.Ping, Id = _family.Id };
        entry.IsBeingChecked = _family.TryAsk(ping, entry.Contact.Address, this, entry, now);
    }

    /// <summary>The id is another one: its neighbourhood must be found.</summary>
    public void IdChanged(Instant now) => (_nextSelfLookup, _joined) = (now, false);

    /// <summary>Does what is due.</summary>
    public void Tick(Instant now)
    {
        if (_nextRetry <= now && _family.Table.Count < FewNodes && _bootstrap.Count > 0)
        {
            _nextRetry = now + _retry * (0.75 + 0.5 * _family.Random.NextDouble());
            _retry = 2 * _retry < MaxRetry ? 2 * _retry : MaxRetry;
            _bootstrap.ForEach(address => Consider(address, now));
        }

        AskWaiting(now);
        if (_family.Table.Count > 0 && _lookup is null && _nextSelfLookup <= now)
        {
            _nextSelfLookup = now + SelfLookup * (0.9 + 0.2 * _family.Random.NextDouble());
            StartLookup(_family.Id, now);
        }

        if (_nextRound <= now)
        {
            _nextRound = now + Round;
            _family.Peers.Expire(now);
            _family.Items.Expire(now);
            CheckQuestionable(now);
            PlanRefresh(now);
            RefreshNext(now);
        }
    }

    /// <inheritdoc/>
    public void OnReply(PendingQuery query, KrpcReply reply, Instant now)
    {
        if (query.Tag is RoutingEntry entry)
        {
            entry.IsBeingChecked = false;
            return;
        }

        _retry = FirstRetry;
        if (_family.Table.Count <= FewNodes)
        {
            // The first nodes: what they know is what there is.
            foreach (DhtContact contact in (_family.IsV6 ? reply.Nodes6 : reply.Nodes) ?? [])
            {
                if (_family.MayUse(contact, query.To))
                {
                    Consider(contact.Address, now);
                }
            }
        }
    }

    /// <inheritdoc/>
    public void OnFailure(PendingQuery query, KrpcFailure? failure, Instant now)
    {
        if (query.Tag is RoutingEntry entry)
        {
            entry.IsBeingChecked = false;

            // One more time, before it loses its place.
            if (failure is null && entry.Failures == 1 && _family.Table.Find(query.To) == entry)
            {
                Check(entry, now);
            }
        }
    }

    private void AskWaiting(Instant now)
    {
        if (_nextAsk <= now)
        {
            _nextAsk = now + AskPause;
            _asked = 0;
        }

        while (_asked < MaxAsksPerSecond && _waiting.TryDequeue(out PeerAddress address))
        {
            if (_family.Table.Find(address) is null && !_family.Pending.Expects(address))
            {
                var query = new KrpcQuery { Transaction = default, Method = KrpcMethod.FindNode, Id = _family.Id, Target = _family.Id };
                _family.TryAsk(query, address, this, null, now);
                _asked++;
            }
        }
    }

    private void CheckQuestionable(Instant now)
    {
        int checks = 0;
        foreach ((_, RoutingBucket bucket) in _family.Table.Buckets)
        {
            if (checks < ChecksPerRound && bucket.Questionable(now) is { } entry)
            {
                checks++;
                Check(entry, now);
            }
        }
    }

    private void PlanRefresh(Instant now)
    {
        foreach ((int bits, RoutingBucket bucket) in _family.Table.Buckets)
        {
            if (bucket.Entries.Count > 0 && now - bucket.LastChanged >= RoutingEntry.Fresh)
            {
                bucket.LastChanged = now;
                _refresh.Enqueue(_family.Id.RandomAt(bits, _family.Random));
            }
        }
    }

    private void RefreshNext(Instant now)
    {
        if (_lookup is null && _refresh.TryDequeue(out NodeId target))
        {
            StartLookup(target, now);
        }
    }

    private void StartLookup(NodeId target, Instant now)
    {
        var lookup = new Lookup(_family, KrpcMethod.FindNode, target, now, LookupEnded);
        _lookup = lookup;
        if (!_family.TryStart(lookup, now))
        {
            _lookup = null;
        }
    }

    private void LookupEnded(Lookup lookup, Instant now)
    {
        _lookup = null;
        if (!_joined && lookup.Answered > 0)
        {
            // Joining ends with a look into every part of the space that is farther away than the neighbours (Kademlia, section 2.3).
            _joined = true;
            foreach ((int bits, RoutingBucket bucket) in _family.Table.Buckets)
            {
                if (bucket.Entries.Count < RoutingBucket.K)
                {
                    _refresh.Enqueue(_family.Id.RandomAt(bits, _family.Random));
                }
            }
        }

        RefreshNext(now);
    }
}
