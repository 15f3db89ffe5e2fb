using System;
using System.Collections.Generic;
using System.Text;
using Starling.Core.Bencode;
using Starling.Core.Primitives;

namespace Starling.Core.Tasks;

/// <summary>
/// Reads the fields of one dictionary by key and kind. The first field that is wrong is kept as the problem; the reader asks for all
/// fields in a row and looks at <see cref="Problem"/> once. Absent fields are null and no problem, unless asked for by <c>Required…</c>.
/// </summary>
internal sealed class TaskFields
{
    private readonly BDictionary _dictionary;
    private readonly string _prefix;
    private readonly TaskFields? _parent;
    private Problem? _problem;

    public TaskFields(BDictionary dictionary)
        : this(dictionary, "", null)
    {
    }

    private TaskFields(BDictionary dictionary, string prefix, TaskFields? parent)
    {
        _dictionary = dictionary;
        _prefix = prefix;
        _parent = parent;
    }

    /// <summary>What was wrong first, here or in any part of the same file.</summary>
    public Problem? Problem => _parent is null ? _problem : _parent.Problem;

    /// <summary>Number of keys.</summary>
    public int Count => _dictionary.Entries.Count;

    /// <summary>The raw value.</summary>
    public BValue? this[string key] => _dictionary[Encoding.UTF8.GetBytes(key)];

    /// <summary>Keeps the first problem.</summary>
    public void Refuse(string key, string reason, string hint = "")
    {
        if (_parent is not null)
        {
            _parent.RefuseAt(_prefix + key, reason, hint);
        }
        else
        {
            RefuseAt(_prefix + key, reason, hint);
        }
    }

    /// <summary>A whole number.</summary>
    public long? Whole(string key, long min = long.MinValue, long max = long.MaxValue)
    {
        switch (this[key])
        {
            case null:
                return null;
            case BInteger integer when integer.Value >= min && integer.Value <= max:
                return integer.Value;
            case BInteger integer:
                Refuse(key, $"{integer.Value} is {(integer.Value < min ? $"below {min}" : $"above {max}")}", $"Use {min} to {max}.");
                return null;
            case { } other:
                Refuse(key, $"{other.Kind} where a number is due");
                return null;
        }
    }

    /// <summary>A whole number that fits an int; the validator knows the narrower bounds.</summary>
    public int? WholeInt32(string key) => (int?)Whole(key, int.MinValue, int.MaxValue);

    /// <summary>A text in UTF-8.</summary>
    public string? Text(string key) => this[key] is { } value ? TextOf(value, key) : null;

    /// <summary>A text that must be there.</summary>
    public string RequiredText(string key, string hint)
    {
        if (this[key] is null)
        {
            Refuse(key, "is missing", hint);
        }

        return Text(key) ?? "";
    }

    /// <summary>A byte string of exactly one length.</summary>
    public ReadOnlyMemory<byte>? Bytes(string key, int length)
    {
        switch (this[key])
        {
            case null:
                return null;
            case BString text when text.Bytes.Length == length:
                return text.Bytes.ToArray();
            case { } other:
                Refuse(key, $"{(other is BString wrong ? $"{wrong.Bytes.Length} bytes" : other.Kind)} where {length} bytes are due");
                return null;
        }
    }

    /// <summary>A list of at most <paramref name="maxCount"/> items.</summary>
    public IReadOnlyList<BValue>? List(string key, int maxCount)
    {
        switch (this[key])
        {
            case null:
                return null;
            case BList list when list.Items.Count <= maxCount:
                return list.Items;
            case BList list:
                Refuse(key, $"has {list.Items.Count} entries", $"Give at most {maxCount}.");
                return null;
            case { } other:
                Refuse(key, $"{other.Kind} where a list is due");
                return null;
        }
    }

    /// <summary>A list of texts.</summary>
    public List<string> Texts(string key, int maxCount)
    {
        var texts = new List<string>();
        IReadOnlyList<BValue> items = List(key, maxCount) ?? [];
        for (int i = 0; i < items.Count && Problem is null; i++)
        {
            texts.Add(TextOf(items[i], $"{key}[{i}]") ?? "");
        }

        return texts;
    }

    /// <summary>The fields of a dictionary within this one; null when it is not there.</summary>
    public TaskFields? Dictionary(string key)
    {
        BValue? value = this[key];
        return value is null ? null : DictionaryOf(value, key);
    }

    /// <summary>The fields of <paramref name="value"/>, an item at <paramref name="key"/>.</summary>
    public TaskFields? DictionaryOf(BValue value, string key)
    {
        if (value is BDictionary dictionary)
        {
            return new TaskFields(dictionary, $"{_prefix}{key}.", _parent ?? this);
        }

        Refuse(key, $"{value.Kind} where a dictionary is due");
        return null;
    }

    /// <summary>The text in <paramref name="value"/>, an item at <paramref name="key"/>.</summary>
    public string? TextOf(BValue value, string key)
    {
        if (value is not BString bytes)
        {
            Refuse(key, $"{value.Kind} where a text is due");
            return null;
        }

        if (!bytes.TryGetText(out string? text))
        {
            Refuse(key, "is not UTF-8");
        }

        return text;
    }

    private void RefuseAt(string key, string reason, string hint) =>
        _problem ??= new Problem(TaskInfoValidator.ProblemCode, $"{key}: {reason}", hint);
}
