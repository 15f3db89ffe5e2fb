using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using Microsoft.Win32.SafeHandles;
using Starling.Core.Primitives;

namespace Starling.Runtime.Storage;

/// <summary>Reads held results, on whatever thread asks.</summary>
internal sealed class StoreReader(TaskFolder folder, ResultFiles files, StoreIndex index, LeafCache leaves)
{
    /// <summary>How often a read starts anew when its handle was closed under it (cache bound, rewritten journal).</summary>
    private const int MaxTries = 4;

    /// <summary>Fills <paramref name="destination"/> from a held result; false when it is not held, or can't be read.</summary>
    public bool TryRead(ResultKey key, int begin, Span<byte> destination)
    {
        if (begin < 0 || destination.Length > key.Result.Length - begin)
        {
            return false;
        }

        for (int tries = 0; tries < MaxTries && index.TryFind(key, out StoredAt place); tries++)
        {
            try
            {
                SafeFileHandle file = place.Journal ?? files.Open(key);
                return FileReading.TryReadAt(file, place.Offset + begin, destination);
            }
            catch (ObjectDisposedException)
            {
            }
            catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>Block hashes of a held result; null when it is not held, can't be read, or is no longer what its root says.</summary>
    public IReadOnlyList<Hash256>? LeavesOf(ResultKey key)
    {
        if (!index.Contains(key))
        {
            return null;
        }

        Hash256[]? known = leaves.Find(key);
        if (known is null)
        {
            known = LeafReading.Read(key.Result, (offset, bytes) => TryRead(key, offset, bytes));
            if (known is not null && index.Contains(key))
            {
                leaves.Add(key, known);
            }
        }

        return known;
    }

    /// <summary>The whole content of a held result; null when it can't be had.</summary>
    public ReadOnlyMemory<byte>? ContentOf(ResultKey key)
    {
        if (!index.Contains(key))
        {
            return null;
        }

        var content = new byte[key.Result.Length];
        return TryRead(key, 0, content) ? content : null;
    }

    /// <summary>Lays results out as files in a fresh folder, see <c>IPieceStore.Materialise</c>.</summary>
    /// <exception cref="IOException">A result is not held, or the folder can't be written.</exception>
    public IReadOnlyList<string> LayOut(string target, IReadOnlyList<ResultKey> keys)
    {
        if (Directory.Exists(target))
        {
            Directory.Delete(target, recursive: true);
        }

        Directory.CreateDirectory(target);
        var names = new string[keys.Count];
        for (int i = 0; i < names.Length; i++)
        {
            names[i] = string.Create(CultureInfo.InvariantCulture, $"{i:D6}");
            LayOut(keys[i], Path.Combine(target, names[i]));
        }

        return names;
    }

    private void LayOut(ResultKey key, string path)
    {
        if (!index.TryFind(key, out StoredAt place))
        {
            throw new FileNotFoundException($"piece {key.Piece} is not stored below {folder.Private}");
        }

        if (place.Journal is null)
        {
            if (!NativeFiles.TryLink(files.PathOf(key), path))
            {
                File.Copy(files.PathOf(key), path);
            }

            return;
        }

        ReadOnlyMemory<byte> content = ContentOf(key)
            ?? throw new IOException($"piece {key.Piece} can't be read from {folder.Journal}");
        File.WriteAllBytes(path, content.Span);
    }
}
