using System;
using System.Collections.Generic;
using System.Threading;
using Starling.Core.Torrents;

namespace Starling.Runtime.Torrents;

/// <summary>
/// What waits to be sent on a data link: bytes, and blocks that are read when their turn comes, so that the queue holds no data. One thread takes,
/// the engine adds.
/// </summary>
internal sealed class DataSendQueue
{
    private readonly Lock _gate = new();
    private readonly Queue<Item> _items = new();
    private bool _writing;
    private Item _current;
    private int _next;

    /// <summary>Adds bytes; true: a writer is to be started.</summary>
    public bool Add(ReadOnlyMemory<byte> bytes) => Add(new Item(bytes, null));

    /// <summary>Adds blocks; true: a writer is to be started.</summary>
    public bool Add(IReadOnlyList<BlockRange> blocks) => Add(new Item(default, blocks));

    /// <summary>
    /// The next thing to send: bytes, at most <paramref name="room"/> of them, or one block if it fits with its header. False: nothing fits;
    /// with <paramref name="ended"/>: nothing waits, and the writer has ended.
    /// </summary>
    public bool TryTake(int room, int headerSize, bool isEmpty, out ReadOnlyMemory<byte> bytes, out BlockRange block, out bool ended)
    {
        bytes = default;
        block = default;
        ended = false;
        if (!HasCurrent)
        {
            lock (_gate)
            {
                if (!_items.TryDequeue(out _current))
                {
                    // Only a writer with empty hands may end: what it holds is still to be sent.
                    ended = isEmpty;
                    _writing = !isEmpty;
                    return false;
                }
            }

            _next = 0;
        }

        if (_current.Blocks is { } blocks)
        {
            block = blocks[_next];
            if (block.Length + headerSize > room)
            {
                return false;
            }

            if (++_next == blocks.Count)
            {
                _current = default;
            }

            return true;
        }

        int taken = Math.Min(room, _current.Bytes.Length);
        bytes = _current.Bytes[..taken];
        _current = new Item(_current.Bytes[taken..], null);
        return taken > 0;
    }

    /// <summary>Whether nothing waits; for the writer.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (_gate)
            {
                return !HasCurrent && _items.Count == 0;
            }
        }
    }

    private bool HasCurrent => _current.Blocks is not null || !_current.Bytes.IsEmpty;

    private bool Add(Item item)
    {
        lock (_gate)
        {
            _items.Enqueue(item);
            bool start = !_writing;
            _writing = true;
            return start;
        }
    }

    private readonly record struct Item(ReadOnlyMemory<byte> Bytes, IReadOnlyList<BlockRange>? Blocks);
}
