using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Dht;

/// <summary>
/// The nodes of one family that this node knows (BEP 5, routing table): a bucket for each number of leading bits that they have in common with its own id. Only
/// nodes that answered a query get in; one address and few addresses of a network have a place; ids that fit their address come before
/// those that don't (BEP 42).
/// </summary>
internal sealed class RoutingTable(NodeId own)
{
    /// <summary>Nodes of one /24 (IPv6: /64) in the table, local networks excepted.</summary>
    public const int MaxOfSubnet = 8;

    private readonly RoutingBucket?[] _buckets = new RoutingBucket?[NodeId.Bits];
    private readonly Dictionary<PeerAddress, RoutingEntry> _byAddress = [];
    private readonly Dictionary<UInt128, int> _bySubnet = [];
    private readonly Dictionary<UInt128, int> _byIp = [];

    /// <summary>This node's id.</summary>
    public NodeId Own { get; } = own;

    /// <summary>Nodes in the table, those that wait for a place not counted.</summary>
    public int Count => _byAddress.Count;

    /// <summary>The buckets that ever had a node, by common bits.</summary>
    public IEnumerable<(int Bits, RoutingBucket Bucket)> Buckets
    {
        get
        {
            for (int bits = 0; bits < _buckets.Length; bits++)
            {
                if (_buckets[bits] is { } bucket)
                {
                    yield return (bits, bucket);
                }
            }
        }
    }

    /// <summary>A node answered.</summary>
    /// <param name="contact">Its id as it gave it, and where the answer came from.</param>
    /// <param name="now">The time.</param>
    /// <param name="check">A node to ping, because a place depends on whether it still answers; null: none.</param>
    public void Replied(DhtContact contact, Instant now, out RoutingEntry? check)
    {
        check = null;
        int bits = Own.CommonBits(contact.Id);
        if (bits == NodeId.Bits)
        {
            return;
        }

        if (_byAddress.TryGetValue(contact.Address, out RoutingEntry? known))
        {
            if (known.Contact.Id == contact.Id)
            {
                (known.LastReply, known.LastSeen, known.Failures) = (now, now, 0);
                _buckets[bits]!.LastChanged = now;
                return;
            }

            // It goes by another id now.
            Remove(known);
        }

        RoutingBucket bucket = _buckets[bits] ??= new RoutingBucket(now);
        RoutingEntry? sameId = bucket.Entries.Find(entry => entry.Contact.Id == contact.Id);
        if (sameId is { IsBad: false })
        {
            // Two addresses claim one id; who was here first keeps it while it answers.
            check = sameId.IsBeingChecked ? null : sameId;
            return;
        }

        if (sameId is not null)
        {
            Remove(sameId);
        }

        Insert(bucket, new RoutingEntry(contact, now), now, out check);
    }

    /// <summary>A node asked something; true when it is not in the table and would be worth a ping.</summary>
    public bool Asked(DhtContact contact, Instant now)
    {
        if (_byAddress.TryGetValue(contact.Address, out RoutingEntry? known))
        {
            if (known.Contact.Id == contact.Id)
            {
                known.LastSeen = now;
                return false;
            }

            return !known.IsGood(now);
        }

        int bits = Own.CommonBits(contact.Id);
        return bits < NodeId.Bits && (_buckets[bits] is not { } bucket || bucket.HasUse(now));
    }

    /// <summary>A node left a query unanswered.</summary>
    public void Failed(PeerAddress address, Instant now)
    {
        if (!_byAddress.TryGetValue(address, out RoutingEntry? entry))
        {
            return;
        }

        entry.Failures++;
        RoutingBucket bucket = _buckets[Own.CommonBits(entry.Contact.Id)]!;
        for (int last = bucket.Spares.Count - 1; entry.IsBad && last >= 0; last--)
        {
            RoutingEntry spare = bucket.Spares[last];
            bucket.Spares.RemoveAt(last);
            if (MayEnter(bucket, spare, leaving: entry))
            {
                Remove(entry);
                Add(bucket, spare, now);
                return;
            }
        }
    }

    /// <summary>The nodes closest to a target, closest first; bad ones only with <paramref name="withBad"/>.</summary>
    public List<DhtContact> Closest(NodeId target, int count, bool withBad = false)
    {
        var closest = new List<DhtContact>(_byAddress.Count);
        foreach (RoutingBucket? bucket in _buckets)
        {
            foreach (RoutingEntry entry in bucket?.Entries ?? [])
            {
                if (withBad || !entry.IsBad)
                {
                    closest.Add(entry.Contact);
                }
            }
        }

        closest.Sort((left, right) => target.CompareDistance(left.Id, right.Id));
        if (closest.Count > count)
        {
            closest.RemoveRange(count, closest.Count - count);
        }

        return closest;
    }

    /// <summary>The node at an address, or null.</summary>
    public RoutingEntry? Find(PeerAddress address) => _byAddress.GetValueOrDefault(address);

    /// <summary>Drops the node at an address.</summary>
    public void Remove(PeerAddress address)
    {
        if (_byAddress.TryGetValue(address, out RoutingEntry? entry))
        {
            Remove(entry);
        }
    }

    /// <summary>The same nodes under another id of this node's.</summary>
    public RoutingTable Under(NodeId own, Instant now)
    {
        var table = new RoutingTable(own);
        foreach ((_, RoutingBucket bucket) in Buckets)
        {
            foreach (RoutingEntry entry in bucket.Entries)
            {
                table.Replied(entry.Contact, now, out _);
                if (table.Find(entry.Contact.Address) is { } moved)
                {
                    (moved.LastReply, moved.LastSeen, moved.Failures) = (entry.LastReply, entry.LastSeen, entry.Failures);
                }
            }
        }

        return table;
    }

    private void Insert(RoutingBucket bucket, RoutingEntry entry, Instant now, out RoutingEntry? check)
    {
        check = null;
        RoutingEntry? replaced = bucket.Entries.Count < RoutingBucket.K ? null : bucket.Replaceable(byVerified: entry.IsVerified);
        if (!MayEnter(bucket, entry, replaced))
        {
            return;
        }

        if (bucket.Entries.Count < RoutingBucket.K || replaced is not null)
        {
            if (replaced is not null)
            {
                Remove(replaced);
            }

            Add(bucket, entry, now);
            return;
        }

        // Those that waited longest are the least likely to answer when a place is free.
        bucket.Spares.RemoveAll(spare => spare.Contact.Address == entry.Contact.Address);
        if (bucket.Spares.Count == RoutingBucket.K)
        {
            bucket.Spares.RemoveAt(0);
        }

        bucket.Spares.Add(entry);
        check = bucket.Questionable(now);
    }

    private void Add(RoutingBucket bucket, RoutingEntry entry, Instant now)
    {
        bucket.Entries.Add(entry);
        bucket.LastChanged = now;
        _byAddress.Add(entry.Contact.Address, entry);
        Change(_bySubnet, AddressRange.Subnet(entry.Contact.Address), 1);
        Change(_byIp, entry.Contact.Address.Ip, 1);
    }

    private void Remove(RoutingEntry entry)
    {
        _buckets[Own.CommonBits(entry.Contact.Id)]!.Entries.Remove(entry);
        _byAddress.Remove(entry.Contact.Address);
        Change(_bySubnet, AddressRange.Subnet(entry.Contact.Address), -1);
        Change(_byIp, entry.Contact.Address.Ip, -1);
    }

    /// <summary>Whether the bounds of one address and one network leave room, once <paramref name="leaving"/> is gone.</summary>
    private bool MayEnter(RoutingBucket bucket, RoutingEntry entry, RoutingEntry? leaving)
    {
        PeerAddress address = entry.Contact.Address;
        if (_byAddress.ContainsKey(address))
        {
            return false;
        }

        if (AddressRange.IsLocal(address))
        {
            return true;
        }

        UInt128 subnet = AddressRange.Subnet(address);
        int leavesSubnet = leaving is not null && AddressRange.Subnet(leaving.Contact.Address) == subnet ? 1 : 0;
        int leavesIp = leaving is not null && leaving.Contact.Address.Ip == address.Ip ? 1 : 0;
        int inBucket = bucket.Entries.FindAll(other => AddressRange.Subnet(other.Contact.Address) == subnet).Count;
        return _byIp.GetValueOrDefault(address.Ip) == leavesIp
            && inBucket - leavesSubnet < RoutingBucket.MaxOfSubnet
            && _bySubnet.GetValueOrDefault(subnet) - leavesSubnet < MaxOfSubnet;
    }

    private static void Change(Dictionary<UInt128, int> counts, UInt128 key, int change)
    {
        int count = counts.GetValueOrDefault(key) + change;
        if (count == 0)
        {
            counts.Remove(key);
        }
        else
        {
            counts[key] = count;
        }
    }
}
