using System;
using System.Collections.Generic;
using Starling.Core.Dht.Krpc;
using Starling.Core.Primitives;

namespace Starling.Core.Dht;

/// <summary>The items that others put here (BEP 44), for two hours each.</summary>
internal sealed class ItemStore
{
    /// <summary>Items remembered, of at most <see cref="DhtItem.MaxValueSize"/> bytes; at the bound the one farthest from this node's id goes.</summary>
    public const int MaxItems = 2_000;

    /// <summary>How long an item is remembered after it was put.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(2);

    private readonly Dictionary<NodeId, (DhtItem Item, Instant Put)> _items = [];

    /// <summary>Items.</summary>
    public int Count => _items.Count;

    /// <summary>The item at a target, or null.</summary>
    public DhtItem? Find(NodeId target) => _items.TryGetValue(target, out (DhtItem Item, Instant Put) entry) ? entry.Item : null;

    /// <summary>What stands against putting an item with this version, before its signature is looked at: an error code; 0: nothing.</summary>
    public int Check(NodeId target, DhtItem item, long? cas)
    {
        if (item.Key is null || Find(target) is not { } current)
        {
            return 0;
        }

        if (cas is { } expected && expected != current.Sequence)
        {
            return KrpcErrorCode.CasMismatch;
        }

        bool isSame = item.Sequence == current.Sequence && item.Value.Span.SequenceEqual(current.Value.Span);
        return item.Sequence > current.Sequence || isSame ? 0 : KrpcErrorCode.SequenceTooLow;
    }

    /// <summary>Remembers a checked item, its memory its own. False: the store is full of items that are closer to <paramref name="own"/>.</summary>
    public bool Put(NodeId target, DhtItem item, NodeId own, Instant now)
    {
        if (_items.Count == MaxItems && !_items.ContainsKey(target))
        {
            NodeId farthest = target;
            foreach (NodeId other in _items.Keys)
            {
                farthest = own.CompareDistance(other, farthest) > 0 ? other : farthest;
            }

            if (!_items.Remove(farthest))
            {
                return false;
            }
        }

        _items[target] = (item, now);
        return true;
    }

    /// <summary>Forgets what has expired.</summary>
    public void Expire(Instant now)
    {
        Instant dead = now - Lifetime;
        List<NodeId>? expired = null;
        foreach ((NodeId target, (_, Instant put)) in _items)
        {
            if (put <= dead)
            {
                (expired ??= []).Add(target);
            }
        }

        expired?.ForEach(target => _items.Remove(target));
    }
}
