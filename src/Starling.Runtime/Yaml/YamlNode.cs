using System.Collections.Generic;

namespace Starling.Runtime.Yaml;

/// <summary>A part of a YAML file, with the line that it starts on (from 1).</summary>
internal abstract record YamlNode(int Line)
{
    /// <summary>Place of its first character in the text.</summary>
    public int Start { get; init; }

    /// <summary>Place behind its last character.</summary>
    public int End { get; init; }

    /// <summary>What it is, as a message to a person names it.</summary>
    public abstract string Kind { get; }
}

/// <summary>A text, a number or a word: YAML's own types are not used, the key says what is due.</summary>
internal sealed record YamlScalar(string Text, bool IsQuoted, int Line) : YamlNode(Line)
{
    /// <summary>Whether nothing is written where a value is due.</summary>
    public bool IsNothing => !IsQuoted && Text is "" or "~" or "null";

    public override string Kind => "a value";
}

/// <summary>A list.</summary>
internal sealed record YamlList(IReadOnlyList<YamlNode> Items, int Line) : YamlNode(Line)
{
    public override string Kind => "a list";
}

/// <summary>A map; keys are unique, in the order of the file.</summary>
internal sealed record YamlMap(IReadOnlyList<YamlEntry> Entries, int Line) : YamlNode(Line)
{
    /// <summary>Written in braces, not one key a line.</summary>
    public bool IsFlow { get; init; }

    public override string Kind => "a map";
}

/// <summary>One key of a map.</summary>
internal sealed record YamlEntry(string Key, int Line, YamlNode Value)
{
    /// <summary>Place of the key's first character in the text.</summary>
    public int KeyStart { get; init; }
}
