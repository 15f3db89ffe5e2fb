using System;
using System.Globalization;
using System.Text;

namespace Starling.Display;

/// <summary>Texts that strangers wrote (names, commands, what a run wrote to standard error, words of trackers) as they may be shown on a terminal.</summary>
internal static class VisibleText
{
    /// <summary>Control characters and the like as escapes, so that a hostile text can't repaint the terminal or hide a part of itself.</summary>
    public static string Of(string text)
    {
        var shown = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            UnicodeCategory category = Rune.GetUnicodeCategory(rune);
            bool hidden = category is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse;
            if (hidden)
            {
                shown.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
            }
            else
            {
                shown.Append(rune.ToString());
            }
        }

        return shown.ToString();
    }

    /// <summary>The same, but line ends stay, and what follows them is indented.</summary>
    public static string OfLines(string text) =>
        string.Join("\n    ", Array.ConvertAll(text.Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n'), line => Of(line.Replace("\t", "    ", StringComparison.Ordinal))));
}
