using System;
using System.Collections.Generic;
using Starling.Core.Crypto;
using Starling.Core.Dht.Krpc;
using Starling.Core.Primitives;

namespace Starling.Core.Dht;

/// <summary>
/// A node of the DHT of BitTorrent (BEP 5, 32, 33, 42, 43, 44, 51) as a step machine: datagrams and the time go in, effects come out of <see cref="TakeEffects"/>. Knows
/// no socket and no clock; for one thread at a time. Works among millions of nodes and with a single other one.
/// </summary>
public sealed class DhtNode
{
    private readonly List<DhtEffect> _effects = [];
    private readonly QueryLimits _limits = new();
    private readonly DhtFamily?[] _families = new DhtFamily?[2];
    private readonly SwarmSearches?[] _searches = new SwarmSearches?[2];
    private Instant _now;

    /// <summary>A node that knows nobody but those of <see cref="DhtOptions.Saved"/>.</summary>
    /// <param name="options">What it is told.</param>
    /// <param name="verifier">Checks the signatures of items.</param>
    /// <param name="seed">All of its random choices follow from it.</param>
    /// <exception cref="ArgumentException">The secret is too short: a caller's bug.</exception>
    public DhtNode(DhtOptions options, ISignatureVerifier verifier, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(verifier);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Secret.Length, DhtOptions.MinSecretSize, nameof(options));
        var random = new DeterministicRandom(seed);
        SavedTable.TryDecode(options.Saved, out SavedTable? saved);
        foreach (bool isV6 in new[] { false, true })
        {
            if (isV6 ? options.UseV6 : options.UseV4)
            {
                var family = new DhtFamily(isV6, options, saved, verifier, random, _effects);
                var searches = new SwarmSearches(family);
                family.PeerStored = searches.OnStored;
                _families[isV6 ? 1 : 0] = family;
                _searches[isV6 ? 1 : 0] = searches;
            }
        }

        if (_families is [{ } v4, { } v6])
        {
            (v4.Other, v6.Other) = (v6, v4);
        }
    }

    /// <summary>Nodes in both tables.</summary>
    public int NodeCount => (_families[0]?.Table.Count ?? 0) + (_families[1]?.Table.Count ?? 0);

    /// <summary>Swarms searched for.</summary>
    public int SearchCount => _searches[0]?.Count ?? _searches[1]?.Count ?? 0;

    /// <summary>When <see cref="Tick"/> is due at the latest; a datagram may bring it forward.</summary>
    public Instant NextWake
    {
        get
        {
            Instant next = Instant.Never;
            for (int i = 0; i < _families.Length; i++)
            {
                if (_families[i] is { } family)
                {
                    next = Instant.Min(next, Instant.Min(family.NextWake(_now), _searches[i]!.NextWake));
                }
            }

            return next;
        }
    }

    /// <summary>This node's id in the DHT of IPv4 or IPv6; null: it is not in it.</summary>
    public NodeId? IdOf(bool isV6) => _families[isV6 ? 1 : 0]?.Id;

    /// <summary>Whether a datagram looks like one of the DHT: a bencoded dictionary of bounded size.</summary>
    public static bool IsMine(ReadOnlySpan<byte> datagram) => KrpcReader.MayBe(datagram);

    /// <summary>A datagram came. Too many of one source or in all are dropped, those that were asked for excepted.</summary>
    public void Receive(PeerAddress from, ReadOnlyMemory<byte> datagram, Instant now)
    {
        _now = now;
        if (_families[from.IsV4 ? 0 : 1] is { } family && AddressRange.IsUsable(from) && KrpcReader.MayBe(datagram.Span)
            && (family.Pending.Expects(from) || _limits.TryTake(from, now)))
        {
            family.Receive(from, datagram, now);
            SearchDue(now);
        }
    }

    /// <summary>Time has passed.</summary>
    public void Tick(Instant now)
    {
        _now = now;
        foreach (DhtFamily? family in _families)
        {
            family?.Tick(now);
        }

        SearchDue(now);
    }

    /// <summary>What is to be done since the last call, in order.</summary>
    public IReadOnlyList<DhtEffect> TakeEffects()
    {
        DhtEffect[] taken = [.. _effects];
        _effects.Clear();
        return taken;
    }

    /// <summary>Addresses at which nodes may be.</summary>
    /// <param name="addresses">UDP addresses.</param>
    /// <param name="isVouched">Named by a task file, a link or the owner, so asked again whenever hardly anybody is known; else asked once.</param>
    /// <param name="now">The time.</param>
    public void AddNodes(IReadOnlyList<PeerAddress> addresses, bool isVouched, Instant now)
    {
        ArgumentNullException.ThrowIfNull(addresses);
        _now = now;
        foreach (PeerAddress address in addresses)
        {
            if (_families[address.IsV4 ? 0 : 1] is not { } family || !AddressRange.IsUsable(address) || address == family.Known)
            {
                continue;
            }

            if (isVouched)
            {
                family.Upkeep.AddBootstrap(address, now);
            }
            else
            {
                family.Upkeep.Consider(address, now);
            }
        }
    }

    /// <summary>
    /// Looks for the peers of a swarm from now on, again and again, and announces this process as one of them.
    /// </summary>
    /// <param name="swarm">The swarm.</param>
    /// <param name="port">The TCP port, which is the UDP port too (<c>implied_port</c> is set); null: look only.</param>
    /// <param name="now">The time.</param>
    public void Search(InfoHash swarm, ushort? port, Instant now)
    {
        _now = now;
        foreach (SwarmSearches? searches in _searches)
        {
            searches?.Start(NodeId.Of(swarm), port, now);
        }

        SearchDue(now);
    }

    /// <summary>Looks for the swarm no more, and lets its announcements expire.</summary>
    public void StopSearch(InfoHash swarm)
    {
        foreach (SwarmSearches? searches in _searches)
        {
            searches?.Stop(NodeId.Of(swarm));
        }
    }

    /// <summary>Says whether the swarm has no peers at all, so that it is looked for at least every minute.</summary>
    public void SetLonely(InfoHash swarm, bool isLonely, Instant now)
    {
        _now = now;
        foreach (SwarmSearches? searches in _searches)
        {
            searches?.SetLonely(NodeId.Of(swarm), isLonely, now);
        }
    }

    /// <summary>Looks for an item (BEP 44), here and at others; the answer is <see cref="DhtEffect.ItemGot"/>.</summary>
    /// <param name="target">Where it is kept.</param>
    /// <param name="key">Whose item it is; null: an immutable one.</param>
    /// <param name="salt">The mutable item's salt.</param>
    /// <param name="now">The time.</param>
    /// <returns>False: too much is going on, or no node is known; there will be no answer.</returns>
    public bool Get(NodeId target, PublicKey? key, ReadOnlyMemory<byte> salt, Instant now)
    {
        // What others put here was checked then.
        DhtItem? newest = null;
        foreach (DhtFamily? family in _families)
        {
            newest = family?.Items.Find(target) is { } kept && kept.Key == key ? Newer(newest, kept) : newest;
        }

        bool asks = Find(ItemLookup(target, key, salt, now), now, (_, lookup, _) => newest = Newer(newest, lookup.Item), () => _effects.Add(new DhtEffect.ItemGot(target, newest)));
        if (!asks && newest is not null)
        {
            _effects.Add(new DhtEffect.ItemGot(target, newest));
        }

        return asks || newest is not null;
    }

    /// <summary>Puts an item (BEP 44); the answer is <see cref="DhtEffect.ItemPut"/>. Nodes forget it after two hours, so it should be put again every hour.</summary>
    /// <param name="item">A genuine item.</param>
    /// <param name="cas">The version that it is to replace; null: any lower one.</param>
    /// <param name="now">The time.</param>
    /// <returns>False: too much is going on, or no node is known; there will be no answer.</returns>
    public bool Put(DhtItem item, long? cas, Instant now)
    {
        ArgumentNullException.ThrowIfNull(item);
        NodeId target = item.Target;
        int stored = 0;
        int storing = 0;
        bool looked = false;
        var refusals = new List<int>();
        var query = new KrpcQuery
        {
            Transaction = default,
            Method = KrpcMethod.Put,
            Id = default,
            Value = item.Value,
            Key = item.Key,
            Salt = item.Salt,
            Sequence = item.Key is null ? null : item.Sequence,
            Signature = item.Signature,
            Cas = item.Key is null ? null : cas,
        };

        return Find(
            ItemLookup(target, item.Key, item.Salt, now),
            now,
            (family, lookup, at) =>
            {
                storing++;
                _ = new Storing(family, query, lookup.StoreAt(), at, (ended, _) =>
                {
                    stored += ended.Stored;
                    refusals.AddRange(ended.Refusals);
                    storing--;
                    EndIfDone();
                });
            },
            () =>
            {
                looked = true;
                EndIfDone();
            });

        void EndIfDone()
        {
            if (looked && storing == 0)
            {
                _effects.Add(new DhtEffect.ItemPut(target, stored, refusals));
            }
        }
    }

    /// <summary>Counts the peers of a swarm (BEP 33) and announces nothing; the answer is <see cref="DhtEffect.Scraped"/>, and peers are reported as they are found.</summary>
    /// <param name="swarm">The swarm.</param>
    /// <param name="now">The time.</param>
    /// <returns>False: too much is going on, or no node is known; there will be no answer.</returns>
    public bool Scrape(InfoHash swarm, Instant now)
    {
        var seeds = new ScrapeFilter();
        var peers = new ScrapeFilter();
        return Find(
            (family, ended) => new Lookup(family, KrpcMethod.GetPeers, NodeId.Of(swarm), now, ended) { IsScrape = true },
            now,
            (_, lookup, _) =>
            {
                seeds.Unite(lookup.Seeds.ToArray());
                peers.Unite(lookup.Peers.ToArray());
            },
            () => _effects.Add(new DhtEffect.Scraped(swarm, ScrapeFilter.Estimate(seeds.ToArray()), ScrapeFilter.Estimate(peers.ToArray()))));
    }

    /// <summary>The tables, to be given to a later process as <see cref="DhtOptions.Saved"/>.</summary>
    public byte[] Save() => new SavedTable
    {
        Id = _families[0]?.Id,
        Id6 = _families[1]?.Id,
        Nodes = _families[0]?.Table.Closest(_families[0]!.Id, SavedTable.MaxNodes) ?? [],
        Nodes6 = _families[1]?.Table.Closest(_families[1]!.Id, SavedTable.MaxNodes) ?? [],
    }.Encode();

    /// <summary>Every table that a remote can make grow, with its size and its bound (invariant 3), for checkers.</summary>
    internal IEnumerable<(string Name, long Count, long Bound)> Tables()
    {
        yield return ("sources of queries", _limits.SourceCount, QueryLimits.MaxSources);
        foreach (DhtFamily? family in _families)
        {
            foreach ((string, long, long) table in family?.Tables() ?? [])
            {
                yield return table;
            }
        }
    }

    /// <summary>Looks in both DHTs; <paramref name="found"/> at the end of each, <paramref name="ended"/> after the last.</summary>
    private bool Find(
        Func<DhtFamily, Action<Lookup, Instant>, Lookup> make, Instant now, Action<DhtFamily, Lookup, Instant> found, Action ended)
    {
        _now = now;
        var lookups = new List<(DhtFamily Family, Lookup Lookup)>();
        int left = 0;
        foreach (DhtFamily? family in _families)
        {
            if (family is { Table.Count: > 0, LookupCount: < DhtFamily.MaxLookups })
            {
                left++;
                lookups.Add((family, make(family, (lookup, at) =>
                {
                    found(family, lookup, at);
                    if (--left == 0)
                    {
                        ended();
                    }
                })));
            }
        }

        lookups.ForEach(one => one.Family.TryStart(one.Lookup, now));
        return lookups.Count > 0;
    }

    private static Func<DhtFamily, Action<Lookup, Instant>, Lookup> ItemLookup(NodeId target, PublicKey? key, ReadOnlyMemory<byte> salt, Instant now) =>
        (family, ended) => new Lookup(family, KrpcMethod.Get, target, now, ended) { Key = key, Salt = salt };

    private static DhtItem? Newer(DhtItem? one, DhtItem? other) => one is null || other?.Sequence > one.Sequence ? other ?? one : one;

    private void SearchDue(Instant now)
    {
        foreach (SwarmSearches? searches in _searches)
        {
            searches?.Tick(now);
        }
    }
}
