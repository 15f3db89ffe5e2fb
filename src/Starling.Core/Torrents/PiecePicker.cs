using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Torrents;

/// <summary>
/// Chooses which piece to start: wanted ones of high priority first and in order, then rarest first (a few random ones at the very start, so
/// that there is soon something to trade; BEP 3), or all in order. Knows who has what only as counts.
/// </summary>
internal sealed class PiecePicker
{
    /// <summary>Pieces that are picked at random before rarity decides.</summary>
    public const int RandomFirstPieces = 4;

    private readonly PieceBits _have;
    private readonly DeterministicRandom _random;
    private readonly bool _sequential;
    private readonly int[] _availability;
    private readonly PiecePriority[] _priorities;
    private readonly RarityOrder _order;
    private readonly SortedSet<int> _urgent = [];
    private int _cursor;

    public PiecePicker(PieceBits have, bool sequential, DeterministicRandom random)
    {
        _have = have;
        _random = random;
        _sequential = sequential;
        _availability = new int[have.Length];
        _priorities = new PiecePriority[have.Length];
        Array.Fill(_priorities, PiecePriority.Normal);
        _order = new RarityOrder(have.Length, random);
        for (int piece = 0; piece < have.Length; piece++)
        {
            if (!have[piece])
            {
                _order.Add(piece, 0);
            }
        }

        Wanted = have.Length;
        WantedHave = have.Count;
    }

    /// <summary>Peers that have everything; they count for every piece.</summary>
    public int Seeds { get; private set; }

    /// <summary>Counts up whenever a piece becomes startable: what could not be picked before may be picked now.</summary>
    public long Version { get; private set; }

    /// <summary>Wanted pieces.</summary>
    public int Wanted { get; private set; }

    /// <summary>Wanted pieces that are here.</summary>
    public int WantedHave { get; private set; }

    /// <summary>Whether every wanted piece is here.</summary>
    public bool IsComplete => Wanted == WantedHave;

    /// <summary>Whether the order of pieces is the owner's, so that others do not choose what comes first.</summary>
    public bool IsOrdered => _sequential || _urgent.Count > 0;

    /// <summary>Peers that have a piece.</summary>
    public int AvailabilityOf(int piece) => _availability[piece] + Seeds;

    public PiecePriority PriorityOf(int piece) => _priorities[piece];

    /// <summary>Whether a piece is wanted and not here.</summary>
    public bool IsMissing(int piece) => !_have[piece] && _priorities[piece] != PiecePriority.Skip;

    /// <summary>A peer has these pieces.</summary>
    public void AddPeer(PieceBits bits)
    {
        if (bits.IsFull)
        {
            Seeds++;
            return;
        }

        for (int piece = 0; piece < bits.Length; piece++)
        {
            if (bits[piece])
            {
                CountUp(piece);
            }
        }
    }

    /// <summary>The peer with these pieces is gone.</summary>
    public void RemovePeer(PieceBits bits)
    {
        if (bits.IsFull)
        {
            Seeds--;
            return;
        }

        for (int piece = 0; piece < bits.Length; piece++)
        {
            if (bits[piece])
            {
                CountDown(piece);
            }
        }
    }

    /// <summary>A peer got a piece; <paramref name="bits"/> has it already.</summary>
    public void AddPiece(PieceBits bits, int piece)
    {
        CountUp(piece);
        if (bits.IsFull)
        {
            for (int each = 0; each < bits.Length; each++)
            {
                CountDown(each);
            }

            Seeds++;
        }
    }

    /// <summary>A piece to start among those that a peer has, taken out of the order; false: none.</summary>
    public bool TryStart(PieceBits bits, out int piece)
    {
        if (!TryPick(bits, out piece))
        {
            return false;
        }

        Withdraw(piece);
        return true;
    }

    /// <summary>Takes a certain piece, if it may be started.</summary>
    public bool TryStart(int piece)
    {
        if (!_order.Contains(piece))
        {
            return false;
        }

        Withdraw(piece);
        return true;
    }

    /// <summary>A started piece is not being fetched any more and not here.</summary>
    public void GiveBack(int piece)
    {
        if (IsMissing(piece) && !_order.Contains(piece))
        {
            Offer(piece);
        }
    }

    /// <summary>A started piece is here.</summary>
    public void Done(int piece) => WantedHave += _priorities[piece] == PiecePriority.Skip ? 0 : 1;

    /// <summary>Changes a priority. <paramref name="started"/>: the piece is being fetched, so it stays out of the order.</summary>
    public void SetPriority(int piece, PiecePriority priority, bool started)
    {
        PiecePriority before = _priorities[piece];
        if (before == priority)
        {
            return;
        }

        bool wasIn = _order.Contains(piece);
        if (wasIn)
        {
            Withdraw(piece);
        }

        _priorities[piece] = priority;
        int delta = (priority == PiecePriority.Skip ? 0 : 1) - (before == PiecePriority.Skip ? 0 : 1);
        Wanted += delta;
        WantedHave += _have[piece] ? delta : 0;
        if (!started && IsMissing(piece))
        {
            Offer(piece);
        }
    }

    private bool TryPick(PieceBits bits, out int piece)
    {
        foreach (int urgent in _urgent)
        {
            if (bits[urgent])
            {
                piece = urgent;
                return true;
            }
        }

        if (_sequential)
        {
            return TryNext(bits, out piece);
        }

        int count = _order.Count;
        int start = _have.Count < RandomFirstPieces && count > 0 ? _random.Next(count) : 0;
        for (int i = 0; i < count; i++)
        {
            int place = start + i;
            int candidate = _order[place < count ? place : place - count];
            if (bits[candidate])
            {
                piece = candidate;
                return true;
            }
        }

        piece = -1;
        return false;
    }

    private bool TryNext(PieceBits bits, out int piece)
    {
        while (_cursor < _have.Length && !_order.Contains(_cursor))
        {
            _cursor++;
        }

        for (piece = _cursor; piece < _have.Length; piece++)
        {
            if (_order.Contains(piece) && bits[piece])
            {
                return true;
            }
        }

        return false;
    }

    private void Offer(int piece)
    {
        _order.Add(piece, _availability[piece]);
        _cursor = Math.Min(_cursor, piece);
        Version++;
        if (_priorities[piece] == PiecePriority.High)
        {
            _urgent.Add(piece);
        }
    }

    private void Withdraw(int piece)
    {
        _order.Remove(piece, _availability[piece]);
        _urgent.Remove(piece);
    }

    private void CountUp(int piece)
    {
        if (_order.Contains(piece))
        {
            _order.MoveUp(piece, _availability[piece]);
        }

        _availability[piece]++;
    }

    private void CountDown(int piece)
    {
        if (_order.Contains(piece))
        {
            _order.MoveDown(piece, _availability[piece]);
        }

        _availability[piece]--;
    }
}
