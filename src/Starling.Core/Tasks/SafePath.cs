using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Starling.Core.Tasks;

/// <summary>
/// Which relative paths of a task or torrent may become files here: those that mean the same on every system and never leave the folder.
/// Parts are separated by <c>/</c>.
/// </summary>
public static class SafePath
{
    /// <summary>The folder that the program keeps for itself beside the output.</summary>
    public const string OwnFolder = ".starling";

    private const string Forbidden = "\\:*?\"<>|";

    private static readonly string[] DeviceNames = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"];

    /// <summary>Whether <paramref name="path"/> is safe.</summary>
    /// <param name="path">The path.</param>
    /// <param name="fault">What is wrong with it, to be put after the key, such as <c>leaves the folder (..)</c>.</param>
    public static bool IsSafe(string path, [NotNullWhen(false)] out string? fault)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (path.Length == 0)
        {
            fault = "is empty";
            return false;
        }

        if (path.Length > TaskLimitsOfFormat.MaxPathLength || Encoding.UTF8.GetByteCount(path) > TaskLimitsOfFormat.MaxPathLength)
        {
            fault = $"is longer than {TaskLimitsOfFormat.MaxPathLength} bytes";
            return false;
        }

        string[] parts = path.Split('/');
        if (parts.Length > TaskLimitsOfFormat.MaxPathDepth)
        {
            fault = $"has more than {TaskLimitsOfFormat.MaxPathDepth} parts";
            return false;
        }

        foreach (string part in parts)
        {
            if (!IsSafePart(part, out fault))
            {
                return false;
            }
        }

        fault = null;
        return true;
    }

    /// <summary>Whether <paramref name="name"/> is safe and has only one part.</summary>
    public static bool IsSafeName(string name, [NotNullWhen(false)] out string? fault)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Contains('/', StringComparison.Ordinal))
        {
            fault = "has a slash where a single name is due";
            return false;
        }

        return IsSafe(name, out fault);
    }

    /// <summary>
    /// The first path that cannot live beside the others: the same but for upper and lower case, or a file where another path needs a
    /// folder. Null when there is none. The paths must be safe.
    /// </summary>
    public static string? FirstClash(IReadOnlyList<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        var order = new (string Folded, int Index)[paths.Count];
        for (int i = 0; i < order.Length; i++)
        {
            // With the slash below every other character, a file and what would be inside of it become neighbours.
            order[i] = (paths[i].ToUpperInvariant().Replace('/', '\u0001'), i);
        }

        Array.Sort(order, static (left, right) => string.CompareOrdinal(left.Folded, right.Folded));
        for (int i = 1; i < order.Length; i++)
        {
            string before = order[i - 1].Folded;
            string after = order[i].Folded;
            bool clash = after.StartsWith(before, StringComparison.Ordinal) && (after.Length == before.Length || after[before.Length] == '\u0001');
            if (clash)
            {
                return paths[order[i].Index];
            }
        }

        return null;
    }

    /// <summary>
    /// The part of a path that <paramref name="part"/> becomes where other people's names must be taken: characters that are forbidden, invisible or broken,
    /// a slash, a blank in front and a blank or dot at the end become <c>_</c>; names of devices and of the program's own folder get a <c>_</c>;
    /// what is too long is cut before its extension. Null for <c>.</c>, <c>..</c> and nothing at all.
    /// </summary>
    public static string? Repaired(string part)
    {
        ArgumentNullException.ThrowIfNull(part);
        if (part is "" or "." or "..")
        {
            return null;
        }

        if (!part.Contains('/', StringComparison.Ordinal) && IsSafePart(part, out _))
        {
            return part;
        }

        var repaired = new StringBuilder(part.Length);
        foreach (Rune rune in part.EnumerateRunes())
        {
            bool isFine = IsPrintable(rune) && rune.Value != '/' && !(rune.IsAscii && Forbidden.Contains((char)rune.Value, StringComparison.Ordinal));
            repaired.Append(isFine ? rune.ToString() : "_");
        }

        if (repaired[0] == ' ')
        {
            repaired[0] = '_';
        }

        string name = repaired.ToString();
        if (IsDeviceName(name))
        {
            int dot = name.IndexOf('.', StringComparison.Ordinal);
            name = name.Insert(dot < 0 ? name.Length : dot, "_");
        }
        else if (name.Equals(OwnFolder, StringComparison.OrdinalIgnoreCase))
        {
            name += "_";
        }

        name = Cut(name, TaskLimitsOfFormat.MaxPathPartLength);
        return name[^1] is '.' or ' ' ? name[..^1] + "_" : name;
    }

    /// <summary>A safe name with <c> (number)</c> before its extension, cut where it would be too long.</summary>
    public static string Numbered(string name, int number)
    {
        ArgumentNullException.ThrowIfNull(name);
        string mark = string.Create(CultureInfo.InvariantCulture, $" ({number})");
        string extension = ExtensionOf(name);
        return Cut(name[..^extension.Length], TaskLimitsOfFormat.MaxPathPartLength - mark.Length - Encoding.UTF8.GetByteCount(extension)) + mark + extension;
    }

    /// <summary>A foreign text for a message: shortened to about <paramref name="maxShown"/> characters, without those that a terminal would obey.</summary>
    public static string Quoted(string text, int maxShown = 80)
    {
        ArgumentNullException.ThrowIfNull(text);
        var shown = new StringBuilder();
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (shown.Length >= maxShown)
            {
                shown.Append('…');
                break;
            }

            shown.Append(IsPrintable(rune) ? rune.ToString() : "?");
        }

        return shown.ToString();
    }

    private static bool IsSafePart(string part, [NotNullWhen(false)] out string? fault)
    {
        fault = part switch
        {
            "" => "has an empty part (a slash at the start or the end, or two in a row)",
            "." or ".." => $"leaves the folder or walks in it ({part})",
            _ when part.Equals(OwnFolder, StringComparison.OrdinalIgnoreCase) => $"uses {OwnFolder}, which the program keeps for itself",
            _ when part[^1] is '.' or ' ' || part[0] == ' ' => "has a part that starts with a blank or ends in a blank or a dot",
            _ when Encoding.UTF8.GetByteCount(part) > TaskLimitsOfFormat.MaxPathPartLength =>
                $"has a part of more than {TaskLimitsOfFormat.MaxPathPartLength} bytes",
            _ when part.AsSpan().IndexOfAny(Forbidden) >= 0 => $"has one of the characters {Forbidden}",
            _ when IsDeviceName(part) => $"has a part that names a device on Windows ({Quoted(part)})",
            _ => null,
        };
        foreach (Rune rune in part.EnumerateRunes())
        {
            fault ??= IsPrintable(rune) ? null : "has control or invisible characters, or is not UTF-8";
        }

        return fault is null;
    }

    /// <summary>The name in at most <paramref name="size"/> bytes of UTF-8, its extension kept.</summary>
    private static string Cut(string name, int size)
    {
        if (Encoding.UTF8.GetByteCount(name) <= size)
        {
            return name;
        }

        string extension = ExtensionOf(name);
        int left = size - Encoding.UTF8.GetByteCount(extension);
        var cut = new StringBuilder();
        foreach (Rune rune in name.AsSpan(0, name.Length - extension.Length).EnumerateRunes())
        {
            left -= rune.Utf8SequenceLength;
            if (left < 0)
            {
                break;
            }

            cut.Append(rune.ToString());
        }

        return cut.Append(extension).ToString();
    }

    /// <summary>The extension with its dot, if it is a short one; names that start with their only dot have none.</summary>
    private static string ExtensionOf(string name)
    {
        const int maxExtension = 16;
        int dot = name.LastIndexOf('.');
        return dot > 0 && dot < name.Length - 1 && Encoding.UTF8.GetByteCount(name.AsSpan(dot)) <= maxExtension ? name[dot..] : "";
    }

    /// <summary>Control and format characters (direction marks) deceive whoever reads the name; U+FFFD stands for a broken character.</summary>
    private static bool IsPrintable(Rune rune) => rune.Value != 0xFFFD && Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);

    private static bool IsDeviceName(string part)
    {
        int dot = part.IndexOf('.', StringComparison.Ordinal);
        string stem = (dot < 0 ? part : part[..dot]).TrimEnd(' ').ToUpperInvariant();
        bool numbered = stem.Length == 4 && stem[3] is (>= '0' and <= '9') or '\u00b9' or '\u00b2' or '\u00b3'
            && (stem.StartsWith("COM", StringComparison.Ordinal) || stem.StartsWith("LPT", StringComparison.Ordinal));
        return numbered || Array.IndexOf(DeviceNames, stem) >= 0;
    }
}
