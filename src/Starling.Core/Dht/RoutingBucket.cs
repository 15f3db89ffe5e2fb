using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Dht;

/// <summary>The nodes that have a certain number of leading bits in common with this one: k that are asked and told, and some to replace them.</summary>
internal sealed class RoutingBucket(Instant now)
{
    /// <summary>Nodes of a bucket (BEP 5), and as many that wait.</summary>
    public const int K = 8;

    /// <summary>Nodes of one /24 (IPv6: /64) in one bucket.</summary>
    public const int MaxOfSubnet = 2;

    /// <summary>In no order that counts.</summary>
    public List<RoutingEntry> Entries { get; } = [];

    /// <summary>Nodes that answered when there was no room, the one heard of last at the end.</summary>
    public List<RoutingEntry> Spares { get; } = [];

    /// <summary>When a node of it last came, went or answered.</summary>
    public Instant LastChanged { get; set; } = now;

    /// <summary>Whether a newcomer would find room or something to replace.</summary>
    public bool HasUse(Instant now)
    {
        if (Entries.Count < K)
        {
            return true;
        }

        foreach (RoutingEntry entry in Entries)
        {
            if (!entry.IsGood(now))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The node whose place a newcomer may have at once; null: none.</summary>
    public RoutingEntry? Replaceable(bool byVerified)
    {
        RoutingEntry? worst = null;
        foreach (RoutingEntry entry in Entries)
        {
            bool may = entry.IsBad || (byVerified && !entry.IsVerified);
            if (may && (worst is null || Rank(entry).CompareTo(Rank(worst)) < 0))
            {
                worst = entry;
            }
        }

        return worst;
    }

    /// <summary>The node that was not heard of for the longest time, if that is so long that it must be asked whether it is there.</summary>
    public RoutingEntry? Questionable(Instant now)
    {
        RoutingEntry? oldest = null;
        foreach (RoutingEntry entry in Entries)
        {
            if (!entry.IsGood(now) && !entry.IsBeingChecked && (oldest is null || entry.LastSeen < oldest.LastSeen))
            {
                oldest = entry;
            }
        }

        return oldest;
    }

    private static (int, long) Rank(RoutingEntry entry) => (entry.IsBad ? 0 : 1, entry.LastSeen.Ticks);
}
