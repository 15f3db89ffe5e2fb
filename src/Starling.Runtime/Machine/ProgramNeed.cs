using System;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Starling.Runtime.Machine;

/// <summary>One entry of <c>needs.programs</c>: a program on the path, and how its version is to compare, such as <c>ffmpeg >= 5</c>.</summary>
/// <param name="Name">Name of the program, without a path.</param>
/// <param name="Comparison">One of <c>&gt;= &gt; &lt;= &lt; =</c>; empty: any version.</param>
/// <param name="Version">The version to compare with; null: any.</param>
public sealed record ProgramNeed(string Name, string Comparison, Version? Version)
{
    private const int MaxVersionParts = 4;

    /// <summary>Parses an entry. False for a name that is no plain file name, an unknown comparison, or no version after it.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ProgramNeed? need)
    {
        ArgumentNullException.ThrowIfNull(text);
        need = null;
        text = text.Trim();
        int end = text.AsSpan().IndexOfAny(" <>=");
        string name = end < 0 ? text : text[..end];
        if (!IsPlainName(name))
        {
            return false;
        }

        string rest = end < 0 ? "" : text[end..].Trim();
        if (rest.Length == 0)
        {
            need = new ProgramNeed(name, "", null);
            return true;
        }

        int length = rest.AsSpan().IndexOfAnyExcept("<>=");
        string comparison = length < 0 ? rest : rest[..length];
        comparison = comparison == "==" ? "=" : comparison;
        if (length < 0 || comparison is not (">=" or ">" or "<=" or "<" or "=") || FindVersion(rest[length..].Trim(), atStart: true) is not { } version)
        {
            return false;
        }

        need = new ProgramNeed(name, comparison, version);
        return true;
    }

    /// <summary>Whether a version that was found is good enough; the parts that the need leaves out count as 0, for <c>=</c> as anything.</summary>
    public bool IsMetBy(Version found)
    {
        ArgumentNullException.ThrowIfNull(found);
        if (Version is null)
        {
            return true;
        }

        int order = Compare(found, Version, partsOf: Comparison == "=" ? Version : null);
        return Comparison switch
        {
            ">=" => order >= 0,
            ">" => order > 0,
            "<=" => order <= 0,
            "<" => order < 0,
            _ => order == 0,
        };
    }

    /// <summary>The version that a program tells of itself; null: it tells none.</summary>
    public static Version? VersionOf(IPrograms programs, string path)
    {
        ArgumentNullException.ThrowIfNull(programs);
        foreach (string flag in (ReadOnlySpan<string>)["--version", "-version"])
        {
            if (programs.Ask(path, flag) is string answer && FindVersion(answer) is { } version)
            {
                return version;
            }
        }

        return null;
    }

    /// <summary>A version without the zeros at its end.</summary>
    public static string Shown(Version version)
    {
        ArgumentNullException.ThrowIfNull(version);
        return version.Revision > 0 ? version.ToString(4) : version.Build > 0 ? version.ToString(3) : version.ToString(2);
    }

    /// <summary>The first thing that looks like a version (<c>5.1.6</c>, <c>n7.0</c>, <c>12</c>) in what a program prints about itself; null: none.</summary>
    public static Version? FindVersion(string text, bool atStart = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        Version? whole = null;
        Span<int> numbers = stackalloc int[MaxVersionParts];
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsAsciiDigit(text[i]))
            {
                if (atStart)
                {
                    return null;
                }

                continue;
            }

            int end = i;
            int parts = 0;
            numbers.Clear();
            while (parts < MaxVersionParts)
            {
                int from = end;
                while (end < text.Length && char.IsAsciiDigit(text[end]))
                {
                    end++;
                }

                if (end == from || !int.TryParse(text.AsSpan(from, end - from), NumberStyles.None, CultureInfo.InvariantCulture, out numbers[parts]))
                {
                    break;
                }

                parts++;
                if (end + 1 >= text.Length || text[end] != '.' || !char.IsAsciiDigit(text[end + 1]))
                {
                    break;
                }

                end++;
            }

            if (parts > 0)
            {
                var version = new Version(numbers[0], numbers[1], numbers[2], numbers[3]);
                // A number with a dot is a version; a lone one (a year, a count) is only when nothing better comes.
                if (parts > 1 || atStart)
                {
                    return version;
                }

                whole ??= version;
            }

            i = Math.Max(i, end - 1);
        }

        return whole;
    }

    private static int Compare(Version found, Version wanted, Version? partsOf)
    {
        int order = found.Major.CompareTo(wanted.Major);
        if (order != 0)
        {
            return order;
        }

        // "= 5" is met by 5.1: what the author left out is 0 in the parsed version and compared only for the ordering signs.
        (int Found, int Wanted)[] rest =
        [
            (found.Minor, wanted.Minor),
            (Math.Max(0, found.Build), Math.Max(0, wanted.Build)),
            (Math.Max(0, found.Revision), Math.Max(0, wanted.Revision)),
        ];
        foreach ((int foundPart, int wantedPart) in rest)
        {
            if (partsOf is not null && wantedPart == 0)
            {
                continue;
            }

            order = foundPart.CompareTo(wantedPart);
            if (order != 0)
            {
                return order;
            }
        }

        return 0;
    }

    private static bool IsPlainName(string name)
    {
        if (name.Length is 0 or > 100 || name[0] is '-' or '.')
        {
            return false;
        }

        foreach (char c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('+' or '-' or '_' or '.'))
            {
                return false;
            }
        }

        return true;
    }
}
