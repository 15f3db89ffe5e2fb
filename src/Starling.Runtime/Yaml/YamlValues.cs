using System;
using System.Globalization;
using Starling.Core.Tasks;

namespace Starling.Runtime.Yaml;

/// <summary>Sizes, times and numbers as people write them.</summary>
public static class YamlValues
{
    private static readonly (string Unit, long Factor)[] SizeUnits =
    [
        ("", 1), ("B", 1),
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
        ("kB", 1_000), ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
    ];

    private static readonly (string Unit, long Seconds)[] TimeUnits = [("", 1), ("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];

    /// <summary>A whole number, digits only.</summary>
    public static int? Whole(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : null;

    /// <summary>A whole number, digits alone.</summary>
    public static long? WholeInt64(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : null;

    /// <summary>Bytes: <c>700</c>, <c>16 KiB</c>, <c>1.5GiB</c>, <c>2GB</c>; whole bytes, at most <see cref="TaskLimitsOfFormat.MaxBytes"/>.</summary>
    public static long? Size(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int digits = 0;
        while (digits < text.Length && (char.IsAsciiDigit(text[digits]) || text[digits] == '.'))
        {
            digits++;
        }

        if (digits > 20 || !decimal.TryParse(text.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number))
        {
            return null;
        }

        ReadOnlySpan<char> unit = text.AsSpan(digits).TrimStart(' ');
        foreach ((string known, long factor) in SizeUnits)
        {
            if (unit.SequenceEqual(known))
            {
                // Compared before the product is made: it may not fit.
                return number > TaskLimitsOfFormat.MaxBytes / (decimal)factor || decimal.Truncate(number * factor) != number * factor
                    ? null
                    : (long)(number * factor);
            }
        }

        return null;
    }

    /// <summary>A time: <c>90</c> or <c>90s</c>, <c>10m</c>, <c>1h30m</c>, <c>2d</c>; each unit once, at most a thousand years.</summary>
    public static TimeSpan? Duration(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        const long maxSeconds = 86_400L * 365 * 1_000;
        long total = 0;
        long lastUnit = long.MaxValue;
        int at = 0;
        while (at < text.Length)
        {
            int end = at;
            while (end < text.Length && char.IsAsciiDigit(text[end]))
            {
                end++;
            }

            if (!long.TryParse(text.AsSpan(at, end - at), NumberStyles.None, CultureInfo.InvariantCulture, out long number) || number > maxSeconds)
            {
                return null;
            }

            string unit = end < text.Length ? text[end].ToString() : "";
            long seconds = Array.Find(TimeUnits, known => known.Unit == unit).Seconds;
            bool outOfOrder = seconds == 0 || seconds >= lastUnit || (unit.Length == 0 && at > 0);
            if (outOfOrder || (total += number * seconds) > maxSeconds)
            {
                return null;
            }

            lastUnit = seconds;
            at = end + unit.Length;
        }

        return at == 0 ? null : TimeSpan.FromSeconds(total);
    }
}
