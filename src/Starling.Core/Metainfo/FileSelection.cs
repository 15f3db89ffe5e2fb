using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Core.Metainfo;

/// <summary>Which files of a torrent are wanted: indices and ranges of them as in <c>0,2,4,6-8</c> (BEP 53). Both ends of a range are included.</summary>
public sealed class FileSelection
{
    /// <summary>Numbers and ranges of one selection.</summary>
    public const int MaxRanges = 1_024;

    private readonly List<(int First, int Last)> _ranges;

    private FileSelection(List<(int First, int Last)> ranges) => _ranges = ranges;

    /// <summary>Reads a selection.</summary>
    /// <param name="text">Numbers and ranges, with commas between.</param>
    /// <param name="selection">What it says; never empty.</param>
    /// <param name="problem">Code <c>selection</c>.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out FileSelection? selection, [NotNullWhen(false)] out Problem? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        selection = null;
        string[] parts = text.Split(',', MaxRanges + 1);
        var ranges = new List<(int First, int Last)>();
        foreach (string part in parts)
        {
            int dash = part.IndexOf('-', StringComparison.Ordinal);
            if (ranges.Count == MaxRanges || !TryIndex(dash < 0 ? part : part[..dash], out int first) || !TryIndex(part[(dash + 1)..], out int last) || last < first)
            {
                problem = new Problem(
                    "selection", $"'{SafePath.Quoted(text)}' is no selection of files", $"Write at most {MaxRanges} numbers and ranges, like 0,2,4-6; the first file is 0.");
                return false;
            }

            ranges.Add((first, last));
        }

        selection = new FileSelection(ranges);
        problem = null;
        return true;
    }

    /// <summary>Whether a file is wanted.</summary>
    public bool Contains(int file)
    {
        foreach ((int first, int last) in _ranges)
        {
            if (file >= first && file <= last)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether each file of a torrent is wanted, by index; padding and links are never in the way.</summary>
    public bool[] Of(TorrentInfo info)
    {
        ArgumentNullException.ThrowIfNull(info);
        var wanted = new bool[info.Files.Count];
        foreach ((int first, int last) in _ranges)
        {
            for (int file = first; file <= Math.Min(last, wanted.Length - 1); file++)
            {
                wanted[file] = true;
            }
        }

        return wanted;
    }

    /// <summary>The text that <see cref="TryParse"/> reads.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach ((int first, int last) in _ranges)
        {
            text.Append(text.Length == 0 ? "" : ",").Append(CultureInfo.InvariantCulture, $"{first}");
            if (last != first)
            {
                text.Append(CultureInfo.InvariantCulture, $"-{last}");
            }
        }

        return text.ToString();
    }

    private static bool TryIndex(string text, out int index) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out index) && index < TorrentLimits.MaxFiles;
}
