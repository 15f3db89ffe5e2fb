using System;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Text;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Yaml;

namespace Starling.Runtime.Owner;

/// <summary>Changes one setting in the text of the owner's file; comments and the rest stay as they are.</summary>
public static class OwnerConfigEdit
{
    /// <summary>Parts of a key between dots: <c>tasks.NAME.weight</c>.</summary>
    private const int MaxParts = 3;

    /// <summary>Sets a key in the file and writes it whole, or not at all.</summary>
    /// <param name="path">The file; it is made, with its folder, when there is none.</param>
    /// <param name="key">The key's path.</param>
    /// <param name="value">Its value, in YAML.</param>
    /// <param name="problem">Why not: the file is broken, or would be.</param>
    public static bool TrySave(string path, string key, string value, [NotNullWhen(false)] out Problem? problem)
    {
        if (!OwnerConfig.TryRead(path, out OwnerConfig? config, out problem) || !TrySet(config.Text, path, key, value, out string? changed, out problem))
        {
            return false;
        }

        try
        {
            Write(path, changed);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            problem = new Problem(OwnerRulesReader.ProblemCode, $"{path}: {failure.Message}", "Make the file and its folder writable.");
            return false;
        }
    }

    /// <summary>Whole under another name first, then in its place. A file behind a link is changed where it lies, and keeps who may read it.</summary>
    private static void Write(string path, string text)
    {
        FileInfo? old = File.Exists(path) ? new FileInfo(path) : null;
        string real = old?.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path;
        Directory.CreateDirectory(Path.GetDirectoryName(real)!);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows() && old is not null)
        {
            options.UnixCreateMode = File.GetUnixFileMode(real);
        }

        string fresh = real + ".new";
        using (var stream = new FileStream(fresh, options))
        {
            stream.Write(Encoding.UTF8.GetBytes(text));
            stream.Flush(flushToDisk: true);
        }

        File.Move(fresh, real, overwrite: true);
    }

    /// <summary>The text with one key set. What comes out is read again: it says what it said, and the new value.</summary>
    public static bool TrySet(string text, string file, string key, string value, [NotNullWhen(true)] out string? changed, [NotNullWhen(false)] out Problem? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(value);
        changed = null;
        string[] parts = Split(key);
        if (parts.Length > MaxParts || Array.Exists(parts, part => part.Length == 0) || value.AsSpan().IndexOfAny('\n', '\r') >= 0)
        {
            problem = new Problem(OwnerRulesReader.ProblemCode, $"'{SafePath.Quoted(key)}' and '{SafePath.Quoted(value)}' are no key and its value", "See docs/owner.md.");
            return false;
        }

        if (!YamlTree.TryRead($"value: {value}", out YamlNode? probe, out _, out _) || probe is not YamlMap { Entries: [{ Value: { } wanted }] })
        {
            problem = new Problem(OwnerRulesReader.ProblemCode, $"{SafePath.Quoted(key)}: '{SafePath.Quoted(value)}' is no YAML", "Put it in quotes.");
            return false;
        }

        YamlMap? root = null;
        if (!OwnerRulesReader.SaysNothing(text))
        {
            YamlTree.TryRead(text, out YamlNode? read, out _, out _);
            root = read as YamlMap;
        }

        string edited = root is null || root.Entries.Count == 0 ? Append(text, parts, value) : Edit(text, root, parts, value);
        if (!OwnerRulesReader.TryRead(edited, file, out _, out _, out problem))
        {
            return false;
        }

        YamlTree.TryRead(edited, out YamlNode? after, out _, out _);
        if (after is not YamlMap map || !Says(map, parts, wanted) || !SaysTheRest(root, map, parts[0]))
        {
            problem = new Problem(OwnerRulesReader.ProblemCode, $"{file}: {SafePath.Quoted(key)} is written there in a way that only a person can change", "Open the file and change it by hand.");
            return false;
        }

        changed = edited;
        return true;
    }

    /// <summary><c>tasks.a.b.weight</c> is the weight of the task <c>a.b</c>.</summary>
    private static string[] Split(string key)
    {
        string[] parts = key.Split('.');
        return parts.Length > MaxParts && parts[0] == "tasks" ? [parts[0], string.Join('.', parts[1..^1]), parts[^1]] : parts;
    }

    private static string Edit(string text, YamlMap map, string[] parts, string value)
    {
        for (int depth = 0; ; depth++)
        {
            YamlEntry? entry = Find(map, parts[depth]);
            if (entry is null)
            {
                string missing = Nested(parts.AsSpan(depth), value);
                return depth == 0 && !map.IsFlow ? Append(text, parts, value) : Insert(text, map, missing);
            }

            if (depth == parts.Length - 1)
            {
                return Replace(text, entry.Value, value);
            }

            if (entry.Value is not YamlMap { Entries.Count: > 0 } inner)
            {
                // turtle: yes becomes turtle: {on: yes, slots: 2}.
                string rest = Nested(parts.AsSpan(depth + 1), value);
                string kept = parts is ["turtle", not "on"] && entry.Value is YamlScalar { IsNothing: false } old ? $"on: {old.Text}, " : "";
                return Replace(text, entry.Value, $"{{{kept}{rest}}}");
            }

            map = inner;
        }
    }

    private static YamlEntry? Find(YamlMap map, string key)
    {
        foreach (YamlEntry entry in map.Entries)
        {
            if (entry.Key == key)
            {
                return entry;
            }
        }

        return null;
    }

    /// <summary><c>a: {b: value}</c>.</summary>
    private static string Nested(ReadOnlySpan<string> parts, string value) =>
        parts.Length == 1 ? $"{Key(parts[0])}: {value}" : $"{Key(parts[0])}: {{{Nested(parts[1..], value)}}}";

    private static string Key(string part)
    {
        foreach (char sign in part)
        {
            if (!char.IsAsciiLetterOrDigit(sign) && sign is not ('-' or '_'))
            {
                return $"'{part.Replace("'", "''", StringComparison.Ordinal)}'";
            }
        }

        return part;
    }

    private static string Append(string text, string[] parts, string value) =>
        $"{text}{(text.Length == 0 || text.EndsWith('\n') ? "" : "\n")}{Nested(parts, value)}\n";

    /// <summary>Before the first key of the map, in its way of writing.</summary>
    private static string Insert(string text, YamlMap map, string entry)
    {
        int at = map.Entries[0].KeyStart;
        int column = at - (text.LastIndexOf('\n', Math.Max(0, at - 1)) + 1);
        return text.Insert(at, map.IsFlow ? $"{entry}, " : $"{entry}\n{new string(' ', column)}");
    }

    private static string Replace(string text, YamlNode old, string value)
    {
        // Nothing written is nothing to put it in place of: the value comes behind the colon.
        string before = old.Start > 0 && text[old.Start - 1] == ':' ? " " : "";
        return string.Concat(text.AsSpan(0, old.Start), before, value, text.AsSpan(old.End));
    }

    private static bool Says(YamlMap map, string[] parts, YamlNode wanted)
    {
        YamlNode? node = map;
        foreach (string part in parts)
        {
            node = node is YamlMap inner ? Find(inner, part)?.Value : null;
        }

        return node is not null && IsSame(node, wanted);
    }

    private static bool SaysTheRest(YamlMap? before, YamlMap after, string changed)
    {
        foreach (YamlEntry entry in before?.Entries ?? [])
        {
            if (entry.Key != changed && (Find(after, entry.Key) is not { } same || !IsSame(entry.Value, same.Value)))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsSame(YamlNode left, YamlNode right)
    {
        switch (left, right)
        {
            case (YamlScalar a, YamlScalar b):
                return a.Text == b.Text;
            case (YamlList a, YamlList b) when a.Items.Count == b.Items.Count:
                for (int i = 0; i < a.Items.Count; i++)
                {
                    if (!IsSame(a.Items[i], b.Items[i]))
                    {
                        return false;
                    }
                }

                return true;
            case (YamlMap a, YamlMap b) when a.Entries.Count == b.Entries.Count:
                for (int i = 0; i < a.Entries.Count; i++)
                {
                    if (a.Entries[i].Key != b.Entries[i].Key || !IsSame(a.Entries[i].Value, b.Entries[i].Value))
                    {
                        return false;
                    }
                }

                return true;
            default:
                return false;
        }
    }
}
