using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Dht;

/// <summary>The peers that others announced here (BEP 5), for half an hour each.</summary>
internal sealed class PeerStore
{
    /// <summary>Swarms remembered; at the bound the one farthest from this node's id goes.</summary>
    public const int MaxSwarms = 2_000;

    /// <summary>Peers remembered of one swarm; at the bound the one that was announced first goes.</summary>
    public const int MaxPeersOfSwarm = 500;

    /// <summary>
    /// Peers remembered of one swarm at one address of the internet: several may share a NAT. At the bound the one that was announced first goes.
    /// </summary>
    public const int MaxPeersOfAddress = 8;

    /// <summary>Peers remembered in all; at the bound the swarm farthest from this node's id goes.</summary>
    public const int MaxPeers = 50_000;

    /// <summary>How long a peer is remembered after its announcement.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(30);

    private readonly Dictionary<NodeId, List<Entry>> _swarms = [];

    /// <summary>Peers in all.</summary>
    public int PeerCount { get; private set; }

    /// <summary>Swarms.</summary>
    public int SwarmCount => _swarms.Count;

    /// <summary>Whether there are peers of this swarm.</summary>
    public bool Knows(NodeId swarm) => _swarms.ContainsKey(swarm);

    /// <summary>Remembers a peer. False: the store is full of swarms that are closer to <paramref name="own"/>.</summary>
    public bool Add(NodeId swarm, PeerAddress peer, bool isSeed, NodeId own, Instant now)
    {
        if (!_swarms.TryGetValue(swarm, out List<Entry>? entries))
        {
            if ((_swarms.Count == MaxSwarms || PeerCount == MaxPeers) && !MakeRoom(swarm, own))
            {
                return false;
            }

            _swarms.Add(swarm, entries = []);
        }

        int replaced = entries.FindIndex(entry => entry.Peer == peer);
        if (replaced < 0 && !AddressRange.IsLocal(peer) && entries.FindAll(entry => entry.Peer.Ip == peer.Ip).Count == MaxPeersOfAddress)
        {
            replaced = entries.FindIndex(entry => entry.Peer.Ip == peer.Ip);
        }
        else if (replaced < 0 && (entries.Count == MaxPeersOfSwarm || (PeerCount == MaxPeers && !MakeRoom(swarm, own))))
        {
            replaced = 0;
        }

        if (replaced >= 0)
        {
            entries.RemoveAt(replaced);
            PeerCount--;
        }

        // In the order of announcing, so that what expires stands in front.
        entries.Add(new Entry(peer, isSeed, now));
        PeerCount++;
        return true;
    }

    /// <summary>A random choice of the swarm's peers.</summary>
    public List<PeerAddress> Choose(NodeId swarm, int count, bool noSeeds, DeterministicRandom random)
    {
        var chosen = new List<PeerAddress>();
        if (!_swarms.TryGetValue(swarm, out List<Entry>? entries))
        {
            return chosen;
        }

        foreach (Entry entry in entries)
        {
            if (!noSeeds || !entry.IsSeed)
            {
                chosen.Add(entry.Peer);
            }
        }

        if (chosen.Count > count)
        {
            random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(chosen));
            chosen.RemoveRange(count, chosen.Count - count);
        }

        return chosen;
    }

    /// <summary>The filters of BEP 33 over this swarm's peers; null when there are none.</summary>
    public (byte[] Seeds, byte[] Peers)? Scrape(NodeId swarm)
    {
        if (!_swarms.TryGetValue(swarm, out List<Entry>? entries))
        {
            return null;
        }

        var seeds = new ScrapeFilter();
        var peers = new ScrapeFilter();
        foreach (Entry entry in entries)
        {
            (entry.IsSeed ? seeds : peers).Add(entry.Peer);
        }

        return (seeds.ToArray(), peers.ToArray());
    }

    /// <summary>Random info-hashes with peers here, one after the other (BEP 51).</summary>
    public byte[] Sample(int count, DeterministicRandom random)
    {
        NodeId[] all = [.. _swarms.Keys];
        random.Shuffle(all.AsSpan());
        var samples = new byte[Math.Min(count, all.Length) * NodeId.Size];
        for (int i = 0; i < samples.Length / NodeId.Size; i++)
        {
            all[i].CopyTo(samples.AsSpan(i * NodeId.Size));
        }

        return samples;
    }

    /// <summary>Forgets what has expired.</summary>
    public void Expire(Instant now)
    {
        Instant dead = now - Lifetime;
        List<NodeId>? empty = null;
        foreach ((NodeId swarm, List<Entry> entries) in _swarms)
        {
            int expired = 0;
            while (expired < entries.Count && entries[expired].Announced <= dead)
            {
                expired++;
            }

            entries.RemoveRange(0, expired);
            PeerCount -= expired;
            if (entries.Count == 0)
            {
                (empty ??= []).Add(swarm);
            }
        }

        empty?.ForEach(swarm => _swarms.Remove(swarm));
    }

    /// <summary>Drops the swarm farthest from this node, if it is farther than the new one.</summary>
    private bool MakeRoom(NodeId swarm, NodeId own)
    {
        NodeId farthest = swarm;
        foreach (NodeId other in _swarms.Keys)
        {
            farthest = own.CompareDistance(other, farthest) > 0 ? other : farthest;
        }

        if (farthest == swarm || !_swarms.Remove(farthest, out List<Entry>? dropped))
        {
            return false;
        }

        PeerCount -= dropped.Count;
        return true;
    }

    private readonly record struct Entry(PeerAddress Peer, bool IsSeed, Instant Announced);
}
