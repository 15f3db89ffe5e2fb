using System;
using System.Collections.Generic;
using System.IO;
using Microsoft.Win32.SafeHandles;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Runtime.Storage;

/// <summary>The large results: one read-only file each below <c>pieces/</c>, and a bounded number of them open for reading.</summary>
internal sealed class ResultFiles : IDisposable
{
    private readonly string _folder;
    private readonly int _maxOpen;
    private readonly object _gate = new();
    private readonly Dictionary<ResultKey, LinkedListNode<(ResultKey Key, SafeFileHandle File)>> _open = [];
    private readonly LinkedList<(ResultKey Key, SafeFileHandle File)> _byUse = new();
    private bool _disposed;

    public ResultFiles(string folder, int maxOpen)
    {
        _folder = folder;
        _maxOpen = maxOpen;
    }

    /// <summary>Where a result's file is.</summary>
    public string PathOf(ResultKey key) => Path.Combine(_folder, key.FileName);

    /// <summary>
    /// Compares the folder with what the journal says: results whose file is missing or has another size are taken out, files that
    /// nobody names are deleted, or, after damage, taken in when their content is what their name says.
    /// </summary>
    public void Reconcile(JournalContents contents, bool adopt, int pieceCount, int pieceLength)
    {
        var present = new HashSet<ResultKey>();
        foreach (FileInfo file in new DirectoryInfo(_folder).EnumerateFiles())
        {
            bool named = ResultKey.TryParse(file.Name, out ResultKey key) && key.Piece < pieceCount && key.Result.Length <= pieceLength;
            bool sized = named && file.LinkTarget is null && file.Length == key.Result.Length;
            if (sized && contents.Held.TryGetValue(key, out JournalPlace place))
            {
                if (place.IsFile)
                {
                    present.Add(key);
                    continue;
                }
            }
            else if (sized && adopt && Leaves(file.FullName, key.Result) is not null)
            {
                contents.Held[key] = JournalPlace.InFile;
                present.Add(key);
                continue;
            }

            file.Delete();
        }

        var missing = new List<ResultKey>();
        foreach ((ResultKey key, JournalPlace place) in contents.Held)
        {
            if (place.IsFile && !present.Contains(key))
            {
                missing.Add(key);
            }
        }

        missing.ForEach(key => contents.Held.Remove(key));
    }

    /// <summary>A handle to read from; it may be closed by others at any time, then ask again.</summary>
    /// <exception cref="IOException">There is no such file, or it can't be opened.</exception>
    public SafeFileHandle Open(ResultKey key)
    {
        lock (_gate)
        {
            if (_open.TryGetValue(key, out LinkedListNode<(ResultKey Key, SafeFileHandle File)>? known))
            {
                _byUse.Remove(known);
                _byUse.AddFirst(known);
                return known.Value.File;
            }
        }

        SafeFileHandle file = File.OpenHandle(PathOf(key), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        lock (_gate)
        {
            if (_open.TryGetValue(key, out LinkedListNode<(ResultKey Key, SafeFileHandle File)>? other))
            {
                file.Dispose();
                return other.Value.File;
            }

            if (_disposed)
            {
                file.Dispose();
                throw new IOException("the store is closed");
            }

            _open[key] = _byUse.AddFirst((key, file));
            if (_open.Count > _maxOpen)
            {
                (ResultKey oldest, SafeFileHandle unused) = _byUse.Last!.Value;
                _byUse.RemoveLast();
                _open.Remove(oldest);
                unused.Dispose();
            }

            return file;
        }
    }

    /// <summary>Closes and deletes a result's file.</summary>
    public void Delete(ResultKey key)
    {
        lock (_gate)
        {
            if (_open.Remove(key, out LinkedListNode<(ResultKey Key, SafeFileHandle File)>? known))
            {
                _byUse.Remove(known);
                known.Value.File.Dispose();
            }
        }

        File.Delete(PathOf(key));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            foreach ((_, SafeFileHandle file) in _byUse)
            {
                file.Dispose();
            }

            _byUse.Clear();
            _open.Clear();
        }
    }

    private static Hash256[]? Leaves(string path, ResultId result)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        return LeafReading.Read(result, (offset, bytes) => FileReading.TryReadAt(file, offset, bytes));
    }
}
