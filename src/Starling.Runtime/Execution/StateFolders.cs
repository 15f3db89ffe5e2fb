using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Threading;
using Microsoft.Win32.SafeHandles;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Execution;

/// <summary>
/// <c>STATE</c>: what a piece keeps between its attempts on this machine, over restarts too, until it succeeds. A run gets its slot's
/// spare folder; only when something is left in it does it become the piece's own. A note per slot says whose it is, so that
/// a killed program's successor can still hand it over.
/// </summary>
internal sealed class StateFolders : IDisposable
{
    private const int NoteSize = sizeof(int);
    private const string SlotPrefix = "slot-";

    private readonly TaskFolder _folder;
    private readonly Lock _gate = new();
    private readonly HashSet<int> _kept = [];
    private readonly string _root;
    private readonly SafeFileHandle _notes;

    /// <summary>Takes over what an earlier process left.</summary>
    /// <exception cref="IOException">The folder can't be used.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be used.</exception>
    public StateFolders(TaskFolder folder)
    {
        _folder = folder;
        _root = Path.GetDirectoryName(folder.StateFolderOf(0))!;
        Directory.CreateDirectory(_root);
        _notes = File.OpenHandle(Path.Combine(_root, "slots"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        foreach (string path in Directory.GetDirectories(_root))
        {
            string name = Path.GetFileName(path);
            if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int piece))
            {
                _kept.Add(piece);
            }
        }

        foreach (string path in Directory.GetDirectories(_root, SlotPrefix + "*"))
        {
            Recover(path);
        }
    }

    /// <summary>Pieces that have a state, in order.</summary>
    public IReadOnlyList<int> Begun
    {
        get
        {
            lock (_gate)
            {
                int[] pieces = [.. _kept];
                Array.Sort(pieces);
                return pieces;
            }
        }
    }

    /// <summary>The spare folder of a slot.</summary>
    public SlotFolder SpareOf(int slot) => new(Path.Combine(_root, string.Create(CultureInfo.InvariantCulture, $"{SlotPrefix}{slot}")));

    /// <summary>The folder that a run of <paramref name="piece"/> gets.</summary>
    /// <exception cref="IOException">No folder can be made.</exception>
    /// <exception cref="UnauthorizedAccessException">No folder may be made.</exception>
    public string Enter(int piece, int slot, SlotFolder spare)
    {
        lock (_gate)
        {
            if (_kept.Contains(piece))
            {
                return _folder.StateFolderOf(piece);
            }
        }

        Span<byte> note = stackalloc byte[NoteSize];
        BinaryPrimitives.WriteInt32LittleEndian(note, piece);
        RandomAccess.Write(_notes, note, (long)slot * NoteSize);
        return spare.Use();
    }

    /// <summary>After the run: keeps what another attempt may want; where nothing more is wanted of it, forgets the state of the piece.</summary>
    /// <exception cref="IOException">It can't be moved or deleted.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be moved or deleted.</exception>
    public void Leave(int piece, SlotFolder spare, bool isOver)
    {
        bool isKept;
        lock (_gate)
        {
            isKept = isOver ? _kept.Remove(piece) : _kept.Contains(piece);
        }

        if (isKept)
        {
            if (isOver)
            {
                SlotFolder.TryRemove(_folder.StateFolderOf(piece));
            }
        }
        else if (isOver)
        {
            spare.Empty();
        }
        else if (!spare.IsEmpty() && Directory.Exists(spare.Path))
        {
            spare.MoveTo(_folder.StateFolderOf(piece));
            lock (_gate)
            {
                _kept.Add(piece);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _notes.Dispose();

    private void Recover(string path)
    {
        string number = Path.GetFileName(path)[SlotPrefix.Length..].Split('-')[0];
        Span<byte> note = stackalloc byte[NoteSize];
        if (int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int slot)
            && RandomAccess.Read(_notes, note, (long)slot * NoteSize) == NoteSize
            && BinaryPrimitives.ReadInt32LittleEndian(note) is int piece and >= 0
            && !_kept.Contains(piece)
            && !new SlotFolder(path).IsEmpty())
        {
            Directory.Move(path, _folder.StateFolderOf(piece));
            _kept.Add(piece);
        }
        else
        {
            SlotFolder.TryRemove(path);
        }
    }
}
