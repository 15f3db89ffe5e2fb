using System;
using System.Collections.Generic;

namespace Starling.Core.Primitives;

/// <summary>A set of small integers with constant-time add, remove, test and random access; its order depends on the history only.</summary>
public sealed class IndexSet
{
    private readonly int[] _positions;
    private readonly List<int> _items = [];

    /// <summary>An empty set over 0..<paramref name="bound"/>-1.</summary>
    public IndexSet(int bound)
    {
        _positions = new int[bound];
        Array.Fill(_positions, -1);
    }

    /// <summary>Number of members.</summary>
    public int Count => _items.Count;

    /// <summary>The member at a position 0..Count-1; positions change when members leave.</summary>
    public int this[int position] => _items[position];

    /// <summary>Whether it is a member.</summary>
    public bool Contains(int item) => _positions[item] >= 0;

    /// <summary>Adds a member; false when it is one already.</summary>
    public bool Add(int item)
    {
        if (_positions[item] >= 0)
        {
            return false;
        }

        _positions[item] = _items.Count;
        _items.Add(item);
        return true;
    }

    /// <summary>Removes a member; false when it is none.</summary>
    public bool Remove(int item)
    {
        int position = _positions[item];
        if (position < 0)
        {
            return false;
        }

        int last = _items[^1];
        _items[position] = last;
        _positions[last] = position;
        _items.RemoveAt(_items.Count - 1);
        _positions[item] = -1;
        return true;
    }
}
