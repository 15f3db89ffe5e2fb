using System;
using System.Collections.Generic;
using System.Threading;
using Microsoft.Win32.SafeHandles;

namespace Starling.Runtime.Torrents;

/// <summary>
/// Keeps a bounded number of files open, those used last. Thread-safe: a file in use is not closed; when all are in use at once, the bound is exceeded
/// by the number of threads at most.
/// </summary>
/// <param name="maxOpen">Files open at a time.</param>
/// <param name="open">Opens file i, for writing or for reading only; may throw what files throw.</param>
internal sealed class OpenFiles(int maxOpen, Func<int, bool, SafeFileHandle> open) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, Entry> _files = [];
    private readonly LinkedList<int> _order = new();

    /// <summary>Files that are open.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _files.Count;
            }
        }
    }

    /// <summary>Borrows a file; the lease is to be disposed.</summary>
    public Lease Borrow(int file, bool forWriting)
    {
        lock (_lock)
        {
            if (_files.TryGetValue(file, out Entry? entry) && (entry.IsWritable || !forWriting))
            {
                _order.Remove(entry.Place);
                _order.AddLast(entry.Place);
                entry.Users++;
                return new Lease(this, entry);
            }

            if (entry is not null)
            {
                Drop(file, entry);
            }

            for (LinkedListNode<int>? place = _order.First; place is not null && _files.Count >= maxOpen;)
            {
                LinkedListNode<int> candidate = place;
                place = place.Next;
                if (_files[candidate.Value] is { Users: 0 } idle)
                {
                    Drop(candidate.Value, idle);
                }
            }

            // Opening under the lock: two threads must not make the same file at once.
            entry = new Entry(open(file, forWriting), forWriting, _order.AddLast(file)) { Users = 1 };
            _files[file] = entry;
            return new Lease(this, entry);
        }
    }

    /// <summary>Closes everything that is not in use; what is in use is closed when its user is done.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach ((int file, Entry entry) in new List<KeyValuePair<int, Entry>>(_files))
            {
                Drop(file, entry);
            }
        }
    }

    private void Drop(int file, Entry entry)
    {
        _files.Remove(file);
        _order.Remove(entry.Place);
        entry.IsDropped = true;
        if (entry.Users == 0)
        {
            entry.Handle.Dispose();
        }
    }

    private void Return(Entry entry)
    {
        lock (_lock)
        {
            if (--entry.Users == 0 && entry.IsDropped)
            {
                entry.Handle.Dispose();
            }
        }
    }

    /// <summary>The use of a file by one thread.</summary>
    internal readonly struct Lease(OpenFiles owner, Entry entry) : IDisposable
    {
        /// <summary>The open file.</summary>
        public SafeFileHandle Handle => entry.Handle;

        /// <inheritdoc/>
        public void Dispose() => owner.Return(entry);
    }

    internal sealed class Entry(SafeFileHandle handle, bool isWritable, LinkedListNode<int> place)
    {
        public SafeFileHandle Handle { get; } = handle;

        public bool IsWritable { get; } = isWritable;

        public LinkedListNode<int> Place { get; } = place;

        public int Users { get; set; }

        public bool IsDropped { get; set; }
    }
}
