using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Starling.Runtime.Tasks;

/// <summary>
/// Reads the part of YAML that task files use: one document of maps, lists and scalars. Anchors, aliases and tags are refused, because a few lines
/// of them can stand for gigabytes or for other types; size and depth are bounded.
/// </summary>
internal sealed class YamlTree
{
    /// <summary>Characters of a YAML task file.</summary>
    public const int MaxLength = 1024 * 1024;

    /// <summary>Maps and lists within each other: task files need four.</summary>
    public const int MaxDepth = 16;

    private readonly IParser _parser;

    private YamlTree(IParser parser) => _parser = parser;

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
            root = new YamlTree(new Parser(new StringReader(text))).ReadDocument();
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
        return last is StreamEnd ? root : throw Wrong(last, "a second document starts here; a file holds one task");
    }

    private YamlNode ReadNode(ParsingEvent at, int depth)
    {
        if (at is AnchorAlias or NodeEvent { Anchor.IsEmpty: false })
        {
            throw Wrong(at, "anchors (&) and aliases (*) are not used in task files: write the value out");
        }

        if (at is NodeEvent { Tag.IsEmpty: false })
        {
            throw Wrong(at, "tags (!) are not used in task files: leave it out, or quote the value");
        }

        if (at is not Scalar && depth >= MaxDepth)
        {
            throw Wrong(at, $"nested deeper than {MaxDepth}");
        }

        return at switch
        {
            Scalar scalar => new YamlScalar(scalar.Value, scalar.Style != ScalarStyle.Plain, LineOf(at)),
            SequenceStart => ReadList(at, depth),
            MappingStart => ReadMap(at, depth),
            _ => throw Wrong(at, "a value is missing"),
        };
    }

    private YamlList ReadList(ParsingEvent start, int depth)
    {
        var items = new List<YamlNode>();
        for (ParsingEvent at = Next(); at is not SequenceEnd; at = Next())
        {
            items.Add(ReadNode(at, depth + 1));
        }

        return new YamlList(items, LineOf(start));
    }

    private YamlMap ReadMap(ParsingEvent start, int depth)
    {
        var entries = new List<YamlEntry>();
        var keys = new HashSet<string>(StringComparer.Ordinal);
        for (ParsingEvent at = Next(); at is not MappingEnd; at = Next())
        {
            if (ReadNode(at, depth + 1) is not YamlScalar key)
            {
                throw Wrong(at, "a key is a plain word");
            }

            if (!keys.Add(key.Text))
            {
                throw Wrong(at, $"key {Starling.Core.Tasks.SafePath.Quoted(key.Text)} stands twice in this map");
            }

            entries.Add(new YamlEntry(key.Text, key.Line, ReadNode(Next(), depth + 1)));
        }

        return new YamlMap(entries, LineOf(start));
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
