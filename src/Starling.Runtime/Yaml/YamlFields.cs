using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Runtime.Yaml;

/// <summary>
/// Reads the fields of one map by key and kind, and remembers on which line each stands. The first thing that is wrong is kept; the reader asks for
/// all fields in a row and then calls <see cref="Finish"/>, which also refuses keys that nobody asked for.
/// </summary>
internal sealed class YamlFields
{
    private readonly YamlMap _map;
    private readonly string _prefix;
    private readonly YamlFields? _root;
    private readonly string _file;
    private readonly string _code;
    private readonly List<string> _known = [];
    private readonly Dictionary<string, int> _lines = [];
    private Problem? _problem;

    /// <param name="map">The map.</param>
    /// <param name="file">What messages call the file.</param>
    /// <param name="code">Code of every problem.</param>
    public YamlFields(YamlMap map, string file, string code)
        : this(map, file, code, "", null)
    {
    }

    private YamlFields(YamlMap map, string file, string code, string prefix, YamlFields? root)
    {
        _map = map;
        _file = file;
        _code = code;
        _prefix = prefix;
        _root = root;
        foreach (YamlEntry entry in map.Entries)
        {
            Lines[prefix + entry.Key] = entry.Line;
        }
    }

    /// <summary>What was wrong first, anywhere in the file.</summary>
    public Problem? Problem => _root is null ? _problem : _root._problem;

    /// <summary>On which line each key stands that was read as a map's, by its whole path (<c>limits.wall</c>).</summary>
    public IReadOnlyDictionary<string, int> KeyLines => Lines;

    /// <summary>All keys of the map, in the order of the file.</summary>
    public IReadOnlyList<YamlEntry> Entries => _map.Entries;

    private Dictionary<string, int> Lines => (_root ?? this)._lines;

    /// <summary>A problem of one file: <c>file:line: key: what</c>.</summary>
    public static Problem At(string code, string file, int line, string reason, string hint) =>
        new(code, line > 0 ? $"{file}:{line}: {reason}" : $"{file}: {reason}", hint);

    /// <summary>Puts file and line before a problem that was found later and starts with a key.</summary>
    public Problem Locate(Problem problem)
    {
        int colon = problem.Reason.IndexOf(": ", StringComparison.Ordinal);
        string key = colon < 0 ? "" : problem.Reason[..colon];
        while (key.Length > 0 && !Lines.ContainsKey(key))
        {
            key = key[..Math.Max(0, key.LastIndexOfAny(['.', '[']))];
        }

        return At(problem.Code, _file, key.Length == 0 ? 0 : Lines[key], problem.Reason, problem.Hint);
    }

    /// <summary>The value at <paramref name="key"/>, or null; the key counts as known from now on.</summary>
    public YamlNode? Find(string key)
    {
        _known.Add(key);
        foreach (YamlEntry entry in _map.Entries)
        {
            if (entry.Key == key)
            {
                return entry.Value;
            }
        }

        return null;
    }

    /// <summary>Keeps a problem with a key of this map; the first one counts.</summary>
    public void Refuse(string key, string reason, string hint)
    {
        YamlFields root = _root ?? this;
        if (root._problem is null)
        {
            root._problem = Locate(new Problem(_code, $"{_prefix}{key}: {reason}", hint));
        }
    }

    /// <summary>Keeps that a key is missing; where another looks like it, that this one was meant.</summary>
    public void RefuseMissing(string key, string hint)
    {
        foreach (YamlEntry entry in _map.Entries)
        {
            if (!_known.Contains(entry.Key) && SimilarWord.Find(entry.Key, [key]) is not null)
            {
                Refuse(SafePath.Quoted(entry.Key), "there is no such key", $"Did you mean {key}?");
                return;
            }
        }

        Refuse(key, "is missing", hint);
    }

    /// <summary>A text; null when the key is not there.</summary>
    public string? Text(string key, string example) => Find(key) is { } value ? TextOf(value, key, example) : null;

    /// <summary>The text of <paramref name="value"/>, which stands at <paramref name="key"/>.</summary>
    public string? TextOf(YamlNode value, string key, string example)
    {
        if (value is YamlScalar { IsNothing: false } scalar)
        {
            return scalar.Text;
        }

        Refuse(key, value is YamlScalar ? "has no value" : $"{value.Kind} where a text is due", $"Write it like {key}: {example}.");
        return null;
    }

    /// <summary>A value that <paramref name="parse"/> understands; null when the key is not there.</summary>
    public T? Parsed<T>(string key, string kind, string example, Func<string, T?> parse)
        where T : struct
    {
        if (Text(key, example) is not { } text)
        {
            return null;
        }

        T? value = parse(text);
        if (value is null)
        {
            Refuse(key, $"'{SafePath.Quoted(text)}' is not {kind}", $"Write it like {key}: {example}.");
        }

        return value;
    }

    /// <summary>A whole number.</summary>
    public int? Whole(string key, string example) => Parsed<int>(key, "a whole number", example, YamlValues.Whole);

    /// <summary>A whole number of up to 18 digits.</summary>
    public long? WholeInt64(string key, string example) => Parsed<long>(key, "a whole number", example, YamlValues.WholeInt64);

    /// <summary>A size in bytes.</summary>
    public long? Size(string key, string example) => Parsed<long>(key, "a size", example, YamlValues.Size);

    /// <summary>A time.</summary>
    public TimeSpan? Duration(string key, string example) => Parsed<TimeSpan>(key, "a time", example, YamlValues.Duration);

    /// <summary>A list of texts; a single text stands for a list of one.</summary>
    public IReadOnlyList<string> Texts(string key, string example)
    {
        switch (Find(key))
        {
            case null:
                return [];
            case YamlList list:
                var texts = new List<string>();
                foreach (YamlNode item in list.Items)
                {
                    texts.Add(TextOf(item, key, example) ?? "");
                }

                return texts;
            case { } value:
                return TextOf(value, key, example) is { } text ? [text] : [];
        }
    }

    /// <summary>The fields of a map within this one; null when it is not there.</summary>
    public YamlFields? Map(string key, string example)
    {
        YamlNode? value = Find(key);
        return value is null ? null : MapOf(value, key, example);
    }

    /// <summary>The fields of <paramref name="value"/>, which stands at <paramref name="key"/>.</summary>
    public YamlFields? MapOf(YamlNode value, string key, string example)
    {
        if (value is YamlMap map)
        {
            return new YamlFields(map, _file, _code, $"{_prefix}{key}.", _root ?? this);
        }

        Refuse(key, value is YamlScalar { IsNothing: true } ? "has no value" : $"{value.Kind} where a map is due", $"Write it like {key}: {example}.");
        return null;
    }

    /// <summary>Refuses the first key that nobody asked for.</summary>
    public void Finish()
    {
        foreach (YamlEntry entry in _map.Entries)
        {
            if (!_known.Contains(entry.Key))
            {
                string? meant = SimilarWord.Find(entry.Key, _known);
                Refuse(
                    SafePath.Quoted(entry.Key),
                    "there is no such key",
                    meant is null ? $"Known here: {string.Join(", ", _known.Distinct())}." : $"Did you mean {meant}?");
                return;
            }
        }
    }
}
