using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using Microsoft.Win32.SafeHandles;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Torrents;

/// <summary>
/// What wanted pieces bring along of files that are not wanted: a slot of one piece's length for each such piece. Thread-safe. Which piece has
/// which slot is kept with the saved state; a slot that nobody saved is forgotten, and its piece is downloaded again.
/// </summary>
internal sealed class PartsFile : IDisposable
{
    private const int RecordSize = 8;

    private readonly Lock _lock = new();
    private readonly string _path;
    private readonly int _pieceLength;
    private readonly Dictionary<int, int> _slots;
    private readonly SortedSet<int> _free = [];

    /// <summary>Slots that the saved state still gives to a piece: not used again before the next save.</summary>
    private readonly List<int> _leaving = [];
    private SafeFileHandle? _file;

    /// <summary>The file at <paramref name="path"/>, made when the first part comes.</summary>
    public PartsFile(string path, int pieceLength, IReadOnlyDictionary<int, int> slots)
    {
        _path = path;
        _pieceLength = pieceLength;
        _slots = new Dictionary<int, int>(slots);
        int end = _slots.Count == 0 ? 0 : _slots.Values.Max() + 1;
        _free.UnionWith(Enumerable.Range(0, end).Except(_slots.Values));
    }

    /// <summary>Pieces that have a slot.</summary>
    public int[] Pieces
    {
        get
        {
            lock (_lock)
            {
                return [.. _slots.Keys];
            }
        }
    }

    /// <summary>Reads a part of a piece; false when it is not there.</summary>
    public bool TryRead(int piece, int begin, Span<byte> destination) =>
        TrySlot(piece, make: false, out SafeFileHandle file, out long start) && FileReading.TryReadAt(file, start + begin, destination);

    /// <summary>Writes a part of a piece.</summary>
    public void Write(int piece, int begin, IReadOnlyList<ReadOnlyMemory<byte>> content)
    {
        TrySlot(piece, make: true, out SafeFileHandle file, out long start);
        RandomAccess.Write(file, content, start + begin);
    }

    /// <summary>Gives up the slot of a piece; another piece may have it after the next save.</summary>
    public void Free(int piece)
    {
        lock (_lock)
        {
            if (_slots.Remove(piece, out int slot))
            {
                _leaving.Add(slot);
            }
        }
    }

    /// <summary>The state was saved: what was given up may be used; a file without slots goes.</summary>
    public void Saved()
    {
        lock (_lock)
        {
            _free.UnionWith(_leaving);
            _leaving.Clear();
            if (_slots.Count == 0 && _free.Count > 0)
            {
                _file?.Dispose();
                _file = null;
                _free.Clear();
                TemporaryFile.Delete(_path);
            }
        }
    }

    /// <summary>Makes everything durable.</summary>
    public void Flush()
    {
        lock (_lock)
        {
            if (_file is not null)
            {
                RandomAccess.FlushToDisk(_file);
            }
        }
    }

    /// <summary>Pieces and slots, for the saved state.</summary>
    public byte[] Encode()
    {
        lock (_lock)
        {
            var bytes = new byte[_slots.Count * RecordSize];
            int at = 0;
            foreach ((int piece, int slot) in _slots)
            {
                BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(at), piece);
                BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(at + sizeof(int)), slot);
                at += RecordSize;
            }

            return bytes;
        }
    }

    /// <summary>Reads what <see cref="Encode"/> wrote; null when it is none of that.</summary>
    public static Dictionary<int, int>? Decode(ReadOnlySpan<byte> bytes, int pieces)
    {
        var slots = new Dictionary<int, int>();
        var used = new HashSet<int>();
        if (bytes.Length % RecordSize != 0)
        {
            return null;
        }

        for (; !bytes.IsEmpty; bytes = bytes[RecordSize..])
        {
            int piece = BinaryPrimitives.ReadInt32BigEndian(bytes);
            int slot = BinaryPrimitives.ReadInt32BigEndian(bytes[sizeof(int)..]);
            if (piece < 0 || piece >= pieces || slot < 0 || slot >= pieces || !used.Add(slot) || !slots.TryAdd(piece, slot))
            {
                return null;
            }
        }

        return slots;
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private bool TrySlot(int piece, bool make, out SafeFileHandle file, out long start)
    {
        lock (_lock)
        {
            file = null!;
            start = 0;
            if (!_slots.TryGetValue(piece, out int slot))
            {
                if (!make)
                {
                    return false;
                }

                slot = _free.Count > 0 ? _free.Min : _slots.Count + _leaving.Count;
            }

            if (new FileInfo(_path).LinkTarget is not null)
            {
                throw new IOException($"{_path} is a symbolic link");
            }

            _file ??= File.OpenHandle(_path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            _free.Remove(slot);
            _slots[piece] = slot;
            file = _file;
            start = (long)slot * _pieceLength;
            return true;
        }
    }
}
