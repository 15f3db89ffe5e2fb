using System;
using System.Collections.Generic;
using Starling.Core.Dht.Krpc;
using Starling.Core.Primitives;

namespace Starling.Core.Dht;

/// <summary>
/// The swarms whose peers are wanted in one family's DHT: looked up again and again, and announced with each lookup. The first lookups come quickly, since swarms that begin together
/// would miss each other; later ones every quarter of an hour, or every minute while a swarm has nobody.
/// </summary>
internal sealed class SwarmSearches(DhtFamily family)
{
    /// <summary>Swarms searched for at once by one process.</summary>
    public const int MaxSwarms = 1_000;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan LonelyPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan MaxPause = TimeSpan.FromMinutes(15);

    // The table is empty: looked at again when a node has come, at the latest then.
    private static readonly TimeSpan NoNodesPause = TimeSpan.FromSeconds(1);

    private readonly Dictionary<NodeId, Search> _searches = [];

    /// <summary>Swarms searched for.</summary>
    public int Count => _searches.Count;

    /// <summary>When the next lookup is due.</summary>
    public Instant NextWake
    {
        get
        {
            Instant next = Instant.Never;
            foreach (Search search in _searches.Values)
            {
                next = search.IsRunning ? next : Instant.Min(next, search.Next);
            }

            // Without nodes nothing can be done; upkeep wakes up to find some.
            return family.Table.Count == 0 && next != Instant.Never ? Instant.Never : next;
        }
    }

    /// <summary>Searches for a swarm from now on; with a port, announces it too.</summary>
    public void Start(NodeId swarm, ushort? port, Instant now)
    {
        if (_searches.TryGetValue(swarm, out Search? known))
        {
            known.Port = port;
            return;
        }

        if (_searches.Count < MaxSwarms)
        {
            _searches.Add(swarm, new Search { Port = port, Next = now, Pause = FirstPause });
            ReportStored(swarm, now);
        }
    }

    /// <summary>Searches no more. What others were told expires by itself.</summary>
    public void Stop(NodeId swarm) => _searches.Remove(swarm);

    /// <summary>Whether the swarm has nobody, and looks more often.</summary>
    public void SetLonely(NodeId swarm, bool isLonely, Instant now)
    {
        if (_searches.TryGetValue(swarm, out Search? search) && search.IsLonely != isLonely)
        {
            search.IsLonely = isLonely;
            search.Next = isLonely ? Instant.Min(search.Next, now + LonelyPause) : search.Next;
        }
    }

    /// <summary>A peer was announced here: if its swarm is searched for, it is found.</summary>
    public void OnStored(NodeId swarm, PeerAddress peer)
    {
        if (_searches.TryGetValue(swarm, out Search? search) && peer != Own(search))
        {
            family.Emit(new DhtEffect.PeersFound(swarm.ToInfoHash(), [peer], 0));
        }
    }

    /// <summary>Begins what is due.</summary>
    public void Tick(Instant now)
    {
        foreach ((NodeId swarm, Search search) in _searches)
        {
            if (search.IsRunning || search.Next > now)
            {
                continue;
            }

            if (family.Table.Count == 0)
            {
                search.Next = now + NoNodesPause;
                continue;
            }

            var lookup = new Lookup(family, KrpcMethod.GetPeers, swarm, now, (ended, at) => LookupEnded(search, ended, at));
            search.IsRunning = true;
            if (!family.TryStart(lookup, now))
            {
                search.IsRunning = false;
                search.Next = now + NoNodesPause;
            }
        }
    }

    private void ReportStored(NodeId swarm, Instant now)
    {
        family.Peers.Expire(now);
        List<PeerAddress> peers = family.Peers.Choose(swarm, Lookup.MaxPeersOfReply, noSeeds: false, family.Random);
        if (peers.Count > 0)
        {
            family.Emit(new DhtEffect.PeersFound(swarm.ToInfoHash(), peers, 0));
        }
    }

    private void LookupEnded(Search search, Lookup lookup, Instant now)
    {
        search.IsRunning = false;
        TimeSpan pause = search.Pause;
        search.Pause = 2 * pause < MaxPause ? 2 * pause : MaxPause;
        pause = search.IsLonely && pause > LonelyPause ? LonelyPause : pause;
        search.Next = now + pause * (0.9 + 0.2 * family.Random.NextDouble());
        if (search.Port is not { } port || !_searches.ContainsKey(lookup.Target))
        {
            Report(lookup, 0);
            return;
        }

        var query = new KrpcQuery
        {
            Transaction = default,
            Method = KrpcMethod.AnnouncePeer,
            Id = family.Id,
            Target = lookup.Target,
            Port = port,
            HasImpliedPort = true,
        };
        _ = new Storing(family, query, lookup.StoreAt(), now, (storing, _) => Report(lookup, storing.Stored));
    }

    private void Report(Lookup lookup, int announced) =>
        family.Emit(new DhtEffect.SearchEnded(lookup.Target.ToInfoHash(), family.IsV6, lookup.Asked, lookup.Answered, announced));

    private PeerAddress? Own(Search search) => family.Known is { } known && search.Port is { } port ? known with { Port = port } : null;

    private sealed class Search
    {
        public ushort? Port { get; set; }

        public Instant Next { get; set; }

        public TimeSpan Pause { get; set; }

        public bool IsLonely { get; set; }

        public bool IsRunning { get; set; }
    }
}
