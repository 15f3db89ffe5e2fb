using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Starling.Core.Bencode;

/// <summary>One entry of a dictionary: the raw bytes of its key, and its value.</summary>
public readonly record struct BEntry(ReadOnlyMemory<byte> Key, BValue Value);

/// <summary>A dictionary; its entries are always in the order of their raw keys, and keys are unique.</summary>
public sealed class BDictionary : BValue
{
    /// <summary>A dictionary made in code.</summary>
    /// <exception cref="ArgumentException">A key twice: a caller's bug.</exception>
    public BDictionary(IEnumerable<KeyValuePair<string, BValue>> entries)
        : this(Sorted(entries), default)
    {
    }

    /// <summary>A dictionary made in code from entries with raw keys.</summary>
    /// <exception cref="ArgumentException">A key twice: a caller's bug.</exception>
    public BDictionary(IEnumerable<BEntry> entries)
        : this(Sorted(entries), default)
    {
    }

    internal BDictionary(IReadOnlyList<BEntry> sortedEntries, ReadOnlyMemory<byte> source)
        : base(source) => Entries = sortedEntries;

    /// <summary>The entries, ascending by raw key.</summary>
    public IReadOnlyList<BEntry> Entries { get; }

    /// <inheritdoc/>
    public override string Kind => "a dictionary";

    /// <summary>The value at <paramref name="key"/>, or null.</summary>
    public BValue? this[ReadOnlySpan<byte> key]
    {
        get
        {
            int low = 0;
            int high = Entries.Count - 1;
            while (low <= high)
            {
                int middle = (low + high) >>> 1;
                int order = Entries[middle].Key.Span.SequenceCompareTo(key);
                if (order == 0)
                {
                    return Entries[middle].Value;
                }

                (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
            }

            return null;
        }
    }

    /// <summary>Whether there is a number at <paramref name="key"/> within the bounds, both included.</summary>
    public bool TryGetInteger(ReadOnlySpan<byte> key, long min, long max, out long value)
    {
        var integer = this[key] as BInteger;
        value = integer?.Value ?? 0;
        return integer is not null && value >= min && value <= max;
    }

    /// <summary>Whether there is a byte string at <paramref name="key"/> of at most <paramref name="maxLength"/> bytes.</summary>
    public bool TryGetBytes(ReadOnlySpan<byte> key, int maxLength, out ReadOnlyMemory<byte> bytes)
    {
        BString? text = this[key] is BString found && found.Bytes.Length <= maxLength ? found : null;
        bytes = text?.Bytes ?? default;
        return text is not null;
    }

    /// <summary>Whether there is a text in UTF-8 at <paramref name="key"/> of at most <paramref name="maxLength"/> bytes.</summary>
    public bool TryGetText(ReadOnlySpan<byte> key, int maxLength, [NotNullWhen(true)] out string? text)
    {
        text = null;
        return TryGetBytes(key, maxLength, out ReadOnlyMemory<byte> bytes) && BString.TryGetText(bytes.Span, out text);
    }

    /// <summary>Whether there is a list at <paramref name="key"/>.</summary>
    public bool TryGetList(ReadOnlySpan<byte> key, [NotNullWhen(true)] out BList? list)
    {
        list = this[key] as BList;
        return list is not null;
    }

    /// <summary>Whether there is a dictionary at <paramref name="key"/>.</summary>
    public bool TryGetDictionary(ReadOnlySpan<byte> key, [NotNullWhen(true)] out BDictionary? dictionary)
    {
        dictionary = this[key] as BDictionary;
        return dictionary is not null;
    }

    /// <summary>Puts <paramref name="entries"/> in order; false when a key is there twice.</summary>
    internal static bool TrySort(List<BEntry> entries)
    {
        entries.Sort(static (left, right) => left.Key.Span.SequenceCompareTo(right.Key.Span));
        for (int i = 1; i < entries.Count; i++)
        {
            if (entries[i - 1].Key.Span.SequenceEqual(entries[i].Key.Span))
            {
                return false;
            }
        }

        return true;
    }

    private static List<BEntry> Sorted(IEnumerable<KeyValuePair<string, BValue>> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        var raw = new List<BEntry>();
        foreach ((string key, BValue value) in entries)
        {
            raw.Add(new BEntry(Encoding.UTF8.GetBytes(key), value));
        }

        return Sorted(raw);
    }

    private static List<BEntry> Sorted(IEnumerable<BEntry> entries)
    {
        var sorted = new List<BEntry>(entries);
        return TrySort(sorted) ? sorted : throw new ArgumentException("A key stands twice.", nameof(entries));
    }
}
