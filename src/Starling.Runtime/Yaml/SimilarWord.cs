using System;
using System.Collections.Generic;

namespace Starling.Runtime.Yaml;

/// <summary>Finds what somebody meant who mistyped a word.</summary>
internal static class SimilarWord
{
    private const int MaxLength = 64;

    /// <summary>The known word that is fewest edits away (Levenshtein), at most two and fewer than half of it; null when there is none.</summary>
    public static string? Find(string word, IEnumerable<string> known)
    {
        string? best = null;
        int bestDistance = 3;
        foreach (string candidate in known)
        {
            int distance = word.Length > MaxLength ? int.MaxValue : Distance(word.ToLowerInvariant().Replace('_', ' '), candidate);
            if (distance < bestDistance && distance * 2 < candidate.Length)
            {
                (best, bestDistance) = (candidate, distance);
            }
        }

        return best;
    }

    private static int Distance(string left, string right)
    {
        var row = new int[right.Length + 1];
        for (int j = 0; j < row.Length; j++)
        {
            row[j] = j;
        }

        for (int i = 1; i <= left.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j < row.Length; j++)
            {
                int replaced = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
