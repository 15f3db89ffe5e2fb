using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Runtime.Storage;

/// <summary>Block hashes of results that were asked for or made last, bounded by their number over all results. Safe from every thread.</summary>
internal sealed class LeafCache(int maxLeaves)
{
    private readonly object _gate = new();
    private readonly Dictionary<ResultKey, LinkedListNode<(ResultKey Key, Hash256[] Leaves)>> _entries = [];
    private readonly LinkedList<(ResultKey Key, Hash256[] Leaves)> _byUse = new();
    private int _count;

    /// <summary>The block hashes of a result, or null.</summary>
    public Hash256[]? Find(ResultKey key)
    {
        lock (_gate)
        {
            if (!_entries.TryGetValue(key, out LinkedListNode<(ResultKey Key, Hash256[] Leaves)>? entry))
            {
                return null;
            }

            _byUse.Remove(entry);
            _byUse.AddFirst(entry);
            return entry.Value.Leaves;
        }
    }

    /// <summary>Keeps block hashes; what was not used for longest goes.</summary>
    public void Add(ResultKey key, Hash256[] leaves)
    {
        lock (_gate)
        {
            if (leaves.Length > maxLeaves || _entries.ContainsKey(key))
            {
                return;
            }

            _entries[key] = _byUse.AddFirst((key, leaves));
            _count += leaves.Length;
            while (_count > maxLeaves)
            {
                Remove(_byUse.Last!);
            }
        }
    }

    /// <summary>Forgets a result.</summary>
    public void Remove(ResultKey key)
    {
        lock (_gate)
        {
            if (_entries.TryGetValue(key, out LinkedListNode<(ResultKey Key, Hash256[] Leaves)>? entry))
            {
                Remove(entry);
            }
        }
    }

    private void Remove(LinkedListNode<(ResultKey Key, Hash256[] Leaves)> entry)
    {
        _count -= entry.Value.Leaves.Length;
        _byUse.Remove(entry);
        _entries.Remove(entry.Value.Key);
    }
}
