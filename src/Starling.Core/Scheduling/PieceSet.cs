using System;
using System.Numerics;

namespace Starling.Core.Scheduling;

/// <summary>
/// A set of piece indices in 1.5 bits a piece: a bit map with partial counts (a Fenwick tree over its words). Adding, removing, counting a
/// range and finding the k-th member take O(log n), so a choice among millions of pieces is cheap and its order is that of the pieces.
/// </summary>
public sealed class PieceSet
{
    private const int WordBits = 64;

    private readonly ulong[] _words;
    private readonly int[] _sums;
    private readonly int _topStep;

    /// <summary>A set over 0..<paramref name="capacity"/>-1, empty or full.</summary>
    public PieceSet(int capacity, bool full = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        Capacity = capacity;
        int words = (capacity + WordBits - 1) / WordBits;
        _words = new ulong[words];
        _sums = new int[words + 1];
        _topStep = words == 0 ? 0 : 1 << BitOperations.Log2((uint)words);
        if (full)
        {
            Fill();
        }
    }

    /// <summary>Pieces there are.</summary>
    public int Capacity { get; }

    /// <summary>Members.</summary>
    public int Count { get; private set; }

    /// <summary>Whether <paramref name="piece"/> is a member.</summary>
    public bool Contains(int piece) => (_words[piece / WordBits] >> (piece % WordBits) & 1) != 0;

    /// <summary>Adds a piece; false: it was there.</summary>
    public bool Add(int piece)
    {
        ref ulong word = ref _words[piece / WordBits];
        ulong bit = 1UL << (piece % WordBits);
        if ((word & bit) != 0)
        {
            return false;
        }

        word |= bit;
        Adjust(piece / WordBits, 1);
        return true;
    }

    /// <summary>Removes a piece; false: it was not there.</summary>
    public bool Remove(int piece)
    {
        ref ulong word = ref _words[piece / WordBits];
        ulong bit = 1UL << (piece % WordBits);
        if ((word & bit) == 0)
        {
            return false;
        }

        word &= ~bit;
        Adjust(piece / WordBits, -1);
        return true;
    }

    /// <summary>Members below <paramref name="piece"/>.</summary>
    public int CountBelow(int piece)
    {
        int word = piece / WordBits;
        int count = 0;
        for (int i = word; i > 0; i &= i - 1)
        {
            count += _sums[i];
        }

        int rest = piece % WordBits;
        return rest == 0 ? count : count + BitOperations.PopCount(_words[word] & ((1UL << rest) - 1));
    }

    /// <summary>The member that has <paramref name="rank"/> members below it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The rank is not in 0..Count-1.</exception>
    public int Select(int rank)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rank);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rank, Count);
        int word = 0;
        for (int step = _topStep; step > 0; step >>= 1)
        {
            if (word + step < _sums.Length && _sums[word + step] <= rank)
            {
                word += step;
                rank -= _sums[word];
            }
        }

        ulong bits = _words[word];
        while (rank-- > 0)
        {
            bits &= bits - 1;
        }

        return (word * WordBits) + BitOperations.TrailingZeroCount(bits);
    }

    /// <summary>The first member at or after <paramref name="piece"/>, or -1.</summary>
    public int Next(int piece)
    {
        int word = piece / WordBits;
        if (piece < 0 || word >= _words.Length)
        {
            return -1;
        }

        ulong bits = _words[word] & (ulong.MaxValue << (piece % WordBits));
        if (bits != 0)
        {
            return (word * WordBits) + BitOperations.TrailingZeroCount(bits);
        }

        int rank = CountBelow(Math.Min((word + 1) * WordBits, _words.Length * WordBits));
        return rank < Count ? Select(rank) : -1;
    }

    private void Fill()
    {
        for (int piece = 0; piece < Capacity; piece += WordBits)
        {
            int bits = Math.Min(WordBits, Capacity - piece);
            _words[piece / WordBits] = bits == WordBits ? ulong.MaxValue : (1UL << bits) - 1;
            Adjust(piece / WordBits, bits);
        }
    }

    private void Adjust(int word, int change)
    {
        Count += change;
        for (int i = word + 1; i < _sums.Length; i += i & -i)
        {
            _sums[i] += change;
        }
    }
}
