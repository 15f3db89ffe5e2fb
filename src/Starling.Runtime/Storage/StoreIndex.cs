using System.Collections.Concurrent;
using System.Collections.Generic;
using Microsoft.Win32.SafeHandles;

namespace Starling.Runtime.Storage;

/// <summary>Where a held result's content is: in this journal at this offset, or (no journal) in a file of its own.</summary>
internal readonly record struct StoredAt(SafeFileHandle? Journal, long Offset);

/// <summary>Which results are durable here, and where. Written by the store's writer only, read by every thread.</summary>
internal sealed class StoreIndex
{
    private readonly ConcurrentDictionary<ResultKey, StoredAt> _held = new();

    /// <summary>Where a result is; false when it is not held.</summary>
    public bool TryFind(ResultKey key, out StoredAt place) => _held.TryGetValue(key, out place);

    /// <summary>Whether a result is held.</summary>
    public bool Contains(ResultKey key) => _held.ContainsKey(key);

    /// <summary>Adds or moves a result.</summary>
    public void Set(ResultKey key, StoredAt place) => _held[key] = place;

    /// <summary>Takes a result out.</summary>
    public bool Remove(ResultKey key) => _held.TryRemove(key, out _);

    /// <summary>Takes over what a journal says is held: nothing else is.</summary>
    public void SetAll(IReadOnlyDictionary<ResultKey, JournalPlace> held, SafeFileHandle journal)
    {
        foreach ((ResultKey key, _) in _held)
        {
            if (!held.ContainsKey(key))
            {
                _held.TryRemove(key, out _);
            }
        }

        foreach ((ResultKey key, JournalPlace place) in held)
        {
            _held[key] = place.IsFile ? default : new StoredAt(journal, place.Offset);
        }
    }
}
