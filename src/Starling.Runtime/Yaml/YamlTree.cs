using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using Starling.Core.Tasks;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Starling.Runtime.Yaml;

/// <summary>
/// Reads the part of YAML that task files and the owner's rules use: one document of maps, lists and scalars. Anchors, aliases and tags are refused, because a few lines
/// of them can stand for gigabytes or for other types; size and depth are bounded.
/// </summary>
internal sealed class YamlTree
{
    /// <summary>Characters of a file.</summary>
    public const int MaxLength = 1024 * 1024;

    /// <summary>Maps and lists within each other: what is written by hand needs four.</summary>
    public const int MaxDepth = 16;

    private readonly IParser _parser;
    private readonly string _text;

    private YamlTree(string text)
    {
        _text = text;
        _parser = new Parser(new StringReader(text));
    }

    /// <summary>Reads <paramref name="text"/>; where it is wrong, says what and on which line (0: the whole).</summary>
    public static bool TryRead(string text, [NotNullWhen(true)] out YamlNode? root, out int line, out string fault)
    {
        root = null;
        line = 0;
        fault = $"it is longer than {MaxLength} characters";
        if (text.Length > MaxLength)
        {
            return false;
        }

        try
        {
            root = new YamlTree(text).ReadDocument();
            return true;
        }
        catch (YamlException wrong)
        {
            line = (int)Math.Min(wrong.Start.Line, int.MaxValue);
            fault = FirstLine(wrong.Message);
            return false;
        }
        catch (Exception wrong) when (wrong is InvalidOperationException or ArgumentException or IndexOutOfRangeException or FormatException
            or OverflowException or InvalidCastException or KeyNotFoundException or NullReferenceException)
        {
            // The library fails so on a few broken inputs; for us they are one thing: not YAML.
            fault = "it is not YAML";
            return false;
        }
    }

    private static string FirstLine(string message)
    {
        int end = message.AsSpan().IndexOfAny('\r', '\n');
        return end < 0 ? message : message[..end];
    }

    private static int LineOf(ParsingEvent at) => (int)Math.Min(at.Start.Line, int.MaxValue);

    private static int StartOf(ParsingEvent at) => (int)at.Start.Index;

    /// <summary>Behind the bracket: the library's mark stands before it.</summary>
    private int EndOf(ParsingEvent close)
    {
        int end = (int)close.End.Index;
        return end < _text.Length && _text[end] is '}' or ']' ? end + 1 : end;
    }

    private static YamlException Wrong(ParsingEvent at, string fault) => new(at.Start, at.End, fault);

    private YamlNode ReadDocument()
    {
        Next<StreamStart>();
        if (Next() is not DocumentStart)
        {
            throw new YamlException("it is empty");
        }

        YamlNode root = ReadNode(Next(), 0);
        Next<DocumentEnd>();
        ParsingEvent last = Next();
        return last is StreamEnd ? root : throw Wrong(last, "a second document starts here; a file holds one");
    }

    private YamlNode ReadNode(ParsingEvent at, int depth)
    {
        if (at is AnchorAlias or NodeEvent { Anchor.IsEmpty: false })
        {
            throw Wrong(at, "anchors (&) and aliases (*) are not used here: write the value out");
        }

        if (at is NodeEvent { Tag.IsEmpty: false })
        {
            throw Wrong(at, "tags (!) are not used here: leave it out, or quote the value");
        }

        if (at is not Scalar && depth >= MaxDepth)
        {
            throw Wrong(at, $"nested deeper than {MaxDepth}");
        }

        return at switch
        {
            Scalar scalar => new YamlScalar(scalar.Value, scalar.Style != ScalarStyle.Plain, LineOf(at)) { Start = StartOf(at), End = (int)at.End.Index },
            SequenceStart => ReadList(at, depth),
            MappingStart => ReadMap(at, depth),
            _ => throw Wrong(at, "a value is missing"),
        };
    }

    private YamlList ReadList(ParsingEvent start, int depth)
    {
        var items = new List<YamlNode>();
        ParsingEvent at;
        for (at = Next(); at is not SequenceEnd; at = Next())
        {
            items.Add(ReadNode(at, depth + 1));
        }

        bool isFlow = start is SequenceStart { Style: SequenceStyle.Flow };
        return new YamlList(items, LineOf(start)) { Start = StartOf(start), End = isFlow || items.Count == 0 ? EndOf(at) : items[^1].End };
    }

    private YamlMap ReadMap(ParsingEvent start, int depth)
    {
        var entries = new List<YamlEntry>();
        var keys = new HashSet<string>(StringComparer.Ordinal);
        ParsingEvent at;
        for (at = Next(); at is not MappingEnd; at = Next())
        {
            if (ReadNode(at, depth + 1) is not YamlScalar key)
            {
                throw Wrong(at, "a key is a plain word");
            }

            if (!keys.Add(key.Text))
            {
                throw Wrong(at, $"key {SafePath.Quoted(key.Text)} stands twice in this map");
            }

            entries.Add(new YamlEntry(key.Text, key.Line, ReadNode(Next(), depth + 1)) { KeyStart = key.Start });
        }

        bool isFlow = start is MappingStart { Style: MappingStyle.Flow };
        return new YamlMap(entries, LineOf(start))
        {
            IsFlow = isFlow,
            Start = StartOf(start),
            End = isFlow || entries.Count == 0 ? EndOf(at) : entries[^1].Value.End,
        };
    }

    private ParsingEvent Next()
    {
        do
        {
            if (!_parser.MoveNext())
            {
                throw new YamlException("it ends too early");
            }
        }
        while (_parser.Current is Comment);

        return _parser.Current!;
    }

    private void Next<T>()
        where T : ParsingEvent
    {
        ParsingEvent at = Next();
        if (at is not T)
        {
            throw Wrong(at, "this does not belong here");
        }
    }
}
