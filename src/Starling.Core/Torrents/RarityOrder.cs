using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Torrents;

/// <summary>
/// Pieces that may be started, rarest first, those of equal rarity in random order. A piece that one more or one less peer has moves in
/// constant time: each rarity is a stretch of one array, and only the edge between two stretches shifts.
/// </summary>
internal sealed class RarityOrder
{
    private readonly DeterministicRandom _random;
    private readonly int[] _order;
    private readonly int[] _positions;
    private readonly List<int> _starts = [0];
    private int _count;

    public RarityOrder(int pieces, DeterministicRandom random)
    {
        _random = random;
        _order = new int[pieces];
        _positions = new int[pieces];
        Array.Fill(_positions, -1);
    }

    /// <summary>Number of pieces.</summary>
    public int Count => _count;

    /// <summary>The piece at a place, the rarest at 0.</summary>
    public int this[int place] => _order[place];

    public bool Contains(int piece) => _positions[piece] >= 0;

    /// <summary>Adds a piece that <paramref name="availability"/> peers have, at a random place among its equals.</summary>
    public void Add(int piece, int availability)
    {
        while (_starts.Count <= availability)
        {
            _starts.Add(_count);
        }

        // Make a hole at the end of the stretch: the first of each later stretch goes to its end.
        int hole = _count++;
        for (int rarity = _starts.Count - 1; rarity > availability; rarity--)
        {
            int first = _starts[rarity]++;
            Place(_order[first], hole, first != hole);
            hole = first;
        }

        Place(piece, hole, true);
        Swap(hole, _starts[availability] + _random.Next(hole - _starts[availability] + 1));
    }

    public void Remove(int piece, int availability)
    {
        int hole = _positions[piece];
        _positions[piece] = -1;
        for (int rarity = availability; rarity < _starts.Count; rarity++)
        {
            int last = (rarity + 1 < _starts.Count ? _starts[rarity + 1] : _count) - 1;
            if (last >= _starts[rarity])
            {
                Place(_order[last], hole, last != hole);
                hole = last;
            }

            if (rarity + 1 < _starts.Count)
            {
                _starts[rarity + 1]--;
            }
        }

        _count--;
    }

    /// <summary>One more peer has a member; it had <paramref name="availability"/>.</summary>
    public void MoveUp(int piece, int availability)
    {
        while (_starts.Count <= availability + 1)
        {
            _starts.Add(_count);
        }

        int edge = --_starts[availability + 1];
        Swap(_positions[piece], edge);
        Swap(edge, edge + _random.Next(EndOf(availability + 1) - edge));
    }

    /// <summary>One peer less has a member; it had <paramref name="availability"/>.</summary>
    public void MoveDown(int piece, int availability)
    {
        int edge = _starts[availability]++;
        Swap(_positions[piece], edge);
        Swap(edge, _starts[availability - 1] + _random.Next(edge - _starts[availability - 1] + 1));
    }

    private int EndOf(int availability) => availability + 1 < _starts.Count ? _starts[availability + 1] : _count;

    private void Place(int piece, int position, bool moved)
    {
        if (moved)
        {
            _order[position] = piece;
            _positions[piece] = position;
        }
    }

    private void Swap(int left, int right)
    {
        if (left != right)
        {
            (_order[left], _order[right]) = (_order[right], _order[left]);
            _positions[_order[left]] = left;
            _positions[_order[right]] = right;
        }
    }
}
