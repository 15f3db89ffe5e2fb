using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Scheduling;

namespace Starling.Sim.Swarms;

/// <summary>
/// One task folder as a journal, like the real store: records in order, those up to the last flush durable. Results and my own batches are
/// flushed before they are answered; what others said is appended lazily. A kill keeps all records; a power failure cuts the tail
/// behind the last flush somewhere; a write that was under way is there whole or not at all. Contents that are the right ones are kept as
/// one bit each, so that a thousand disks fit into the memory.
/// </summary>
internal sealed class SimDisk(SimWorld world, long log, bool keepsJournal)
{
    private readonly List<Entry> _journal = [];
    private readonly Dictionary<(int Piece, ResultId Result), byte[]> _contents = [];
    private readonly PieceSet _right = new(world.Options.Pieces);
    private readonly List<Func<bool>> _underWay = [];
    private int _flushed;

    /// <summary>Whether writes fail (a full disk).</summary>
    public bool IsFull { get; set; }

    /// <summary>The content, if a flushed record says that it is here.</summary>
    public byte[]? Read(int piece, ResultId result) => world.IsRight(piece, result) && _right.Contains(piece)
        ? world.RightContent(piece)
        : _contents.GetValueOrDefault((piece, result));

    /// <summary>Whether it has any result of a piece.</summary>
    public bool Holds(int piece) => _right.Contains(piece) || _contents.Keys.Any(key => key.Piece == piece);

    /// <summary>Notes a write that was asked for: should the machine die now, it may have come through.</summary>
    public void Begin(Func<bool> write) => _underWay.Add(write);

    /// <summary>Carries out the oldest write; false when the disk is full.</summary>
    public bool Complete()
    {
        Func<bool> write = _underWay[0];
        _underWay.RemoveAt(0);
        return write();
    }

    /// <summary>Appends results and my batch as one flushed group.</summary>
    public bool Save(IReadOnlyList<(int Piece, ResultId Result, byte[] Content)> results, ReadOnlyMemory<byte> batch)
    {
        if (IsFull)
        {
            return false;
        }

        foreach ((int piece, ResultId result, byte[] content) in results)
        {
            if (world.IsKnownRight(piece, content) && world.IsRight(piece, result) ? _right.Add(piece) : _contents.TryAdd((piece, result), content))
            {
                Note(new Entry(EntryKind.Held, piece, result, default));
            }
        }

        if (!batch.IsEmpty)
        {
            Note(new Entry(EntryKind.Batch, 0, default, batch));
        }

        _flushed = _journal.Count;
        return true;
    }

    public void Drop(int piece, ResultId result)
    {
        _contents.Remove((piece, result));
        if (world.IsRight(piece, result))
        {
            _right.Remove(piece);
        }

        Note(new Entry(EntryKind.Dropped, piece, result, default));
    }

    /// <summary>Durable before the content goes, or not at all.</summary>
    public void Release(int piece, ResultId result)
    {
        if (!IsFull)
        {
            Drop(piece, result);
            Note(new Entry(EntryKind.Released, piece, result, default));
            _flushed = _journal.Count;
        }
    }

    public void SaveBatch(ReadOnlyMemory<byte> batch) => Append(new Entry(EntryKind.Batch, 0, default, batch));

    public void SaveAccepted(int piece, ResultId result, bool accepted) =>
        Append(new Entry(accepted ? EntryKind.Accepted : EntryKind.Unaccepted, piece, result, default));

    /// <summary>The machine died. Draws what of the writes under way came through, and after a power failure where the tail ends.</summary>
    public void Crash(bool power, DeterministicRandom random)
    {
        int through = random.Next(_underWay.Count + 1);
        for (int i = 0; i < through; i++)
        {
            _underWay[i]();
        }

        _underWay.Clear();
        if (power)
        {
            int kept = _flushed + random.Next(_journal.Count - _flushed + 1);
            _journal.RemoveRange(kept, _journal.Count - kept);
        }
    }

    public RestoredState Restore()
    {
        var held = new List<(int Piece, ResultId Result)>();
        var accepted = new List<(int Piece, ResultId Result)>();
        var released = new SortedDictionary<int, ResultId>();
        var batches = new List<ReadOnlyMemory<byte>>();
        foreach (Entry entry in _journal)
        {
            if (entry.Kind is EntryKind.Held)
            {
                released.Remove(entry.Piece);
            }

            switch (entry.Kind)
            {
                case EntryKind.Released:
                    released[entry.Piece] = entry.Result;
                    break;
                case EntryKind.Held when Read(entry.Piece, entry.Result) is not null:
                    held.Add((entry.Piece, entry.Result));
                    break;
                case EntryKind.Accepted:
                    accepted.Add((entry.Piece, entry.Result));
                    break;
                case EntryKind.Unaccepted:
                    accepted.RemoveAll(one => one == (entry.Piece, entry.Result));
                    break;
                case EntryKind.Batch:
                    batches.Add(entry.Batch);
                    break;
            }
        }

        return new RestoredState { Held = held, Released = [.. released.Select(pair => (pair.Key, pair.Value))], Accepted = accepted, Batches = batches, Log = log };
    }

    private void Append(Entry entry)
    {
        if (!IsFull)
        {
            Note(entry);
        }
    }

    private void Note(Entry entry)
    {
        if (keepsJournal)
        {
            _journal.Add(entry);
        }
    }

    private enum EntryKind
    {
        Held,
        Dropped,
        Released,
        Accepted,
        Unaccepted,
        Batch,
    }

    private readonly record struct Entry(EntryKind Kind, int Piece, ResultId Result, ReadOnlyMemory<byte> Batch);
}
