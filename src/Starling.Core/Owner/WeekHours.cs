using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Starling.Core.Owner;

/// <summary>
/// A set of minutes of the week, Monday 00:00 first. Local time is what it is asked with: when clocks are set forward or back, the hour that is
/// skipped is not asked for, and the one that comes twice counts twice.
/// </summary>
public sealed class WeekHours : IEquatable<WeekHours>
{
    /// <summary>Minutes of a day.</summary>
    public const int Day = 24 * 60;

    /// <summary>Minutes of a week.</summary>
    public const int Week = 7 * Day;

    /// <summary>Ranges of one day that may be written, at most.</summary>
    public const int MaxRanges = 48;

    private static readonly string[] DayNames = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    private readonly bool[] _minutes;

    private WeekHours(bool[] minutes) => _minutes = minutes;

    /// <summary>Every minute.</summary>
    public static WeekHours Always { get; } = All();

    /// <summary>Whether no minute is left out.</summary>
    public bool IsAlways => Array.IndexOf(_minutes, false) < 0;

    /// <summary>Whether this minute of the week (0: Monday 00:00) is in it.</summary>
    public bool this[int minute] => _minutes[minute];

    /// <summary>The first minute after this one at which it changes, going on into the next week; null: it never does.</summary>
    public int? NextChange(int minute)
    {
        for (int ahead = 1; ahead < Week; ahead++)
        {
            int then = (minute + ahead) % Week;
            if (_minutes[then] != _minutes[minute])
            {
                return then;
            }
        }

        return null;
    }

    /// <summary>A minute of the week as people write it: <c>mon 18:00</c>.</summary>
    public static string Show(int minute) => string.Create(CultureInfo.InvariantCulture, $"{DayNames[minute / Day]} {minute % Day / 60:00}:{minute % 60:00}");

    /// <summary>The same hours on every day: <c>18:00-08:00</c>, <c>all</c>, <c>none</c>.</summary>
    public static bool TryParseEveryDay(string text, [NotNullWhen(true)] out WeekHours? hours, out string fault) =>
        TryParse([new("mon-sun", text)], out hours, out fault);

    /// <summary>
    /// Days and their hours: <c>mon</c>, <c>mon-fri</c>, <c>sat,sun</c>; <c>18:00-08:00, 12:00-13:00</c>, <c>all</c>, <c>none</c>. A range over midnight belongs to
    /// the day on which it begins. Days that nobody names have no hours.
    /// </summary>
    /// <param name="days">Days and hours as they are written.</param>
    /// <param name="hours">What they mean.</param>
    /// <param name="fault">What is wrong: begins with the day's text.</param>
    public static bool TryParse(IReadOnlyList<KeyValuePair<string, string>> days, [NotNullWhen(true)] out WeekHours? hours, out string fault)
    {
        ArgumentNullException.ThrowIfNull(days);
        hours = null;
        fault = "";
        var minutes = new bool[Week];
        var named = new bool[DayNames.Length];
        foreach ((string key, string text) in days)
        {
            if (!TryReadDays(key, out List<int> found))
            {
                fault = $"{Clip(key)}: this names no days";
                return false;
            }

            if (!TryReadRanges(text, out List<(int From, int To)> ranges))
            {
                fault = $"{Clip(key)}: '{Clip(text)}' are no hours";
                return false;
            }

            foreach (int day in found)
            {
                if (named[day])
                {
                    fault = $"{Clip(key)}: {DayNames[day]} is named twice";
                    return false;
                }

                named[day] = true;
                foreach ((int from, int to) in ranges)
                {
                    for (int minute = from; minute < to; minute++)
                    {
                        minutes[((day * Day) + minute) % Week] = true;
                    }
                }
            }
        }

        hours = new WeekHours(minutes);
        return true;
    }

    /// <summary>A grid of seven rows, Monday first, with a sign for each hour: <c>#</c> or <c>1</c>: yes, <c>.</c>, <c>-</c> or <c>0</c>: no.</summary>
    public static bool TryParseGrid(IReadOnlyList<string> rows, [NotNullWhen(true)] out WeekHours? hours, out string fault)
    {
        ArgumentNullException.ThrowIfNull(rows);
        hours = null;
        fault = "";
        if (rows.Count != DayNames.Length)
        {
            fault = string.Create(CultureInfo.InvariantCulture, $"a grid has 7 rows, one a day from Monday on, not {rows.Count}");
            return false;
        }

        var minutes = new bool[Week];
        for (int day = 0; day < rows.Count; day++)
        {
            if (rows[day].Length != 24 || rows[day].AsSpan().IndexOfAnyExcept("#1.-0") >= 0)
            {
                fault = $"row {DayNames[day]}, '{Clip(rows[day])}': a row has 24 signs, one an hour, # for yes and . for no";
                return false;
            }

            for (int minute = 0; minute < Day; minute++)
            {
                minutes[(day * Day) + minute] = rows[day][minute / 60] is '#' or '1';
            }
        }

        hours = new WeekHours(minutes);
        return true;
    }

    /// <inheritdoc/>
    public bool Equals(WeekHours? other) => other is not null && _minutes.AsSpan().SequenceEqual(other._minutes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as WeekHours);

    /// <inheritdoc/>
    public override int GetHashCode() => IsAlways ? 1 : NextChange(0) ?? 0;

    /// <summary>As <see cref="TryParse"/> reads it: <c>all</c>, <c>none</c>, or the days in braces.</summary>
    public override string ToString()
    {
        if (IsAlways)
        {
            return "all";
        }

        if (Array.IndexOf(_minutes, true) < 0)
        {
            return "none";
        }

        var text = new StringBuilder("{");
        for (int day = 0; day < DayNames.Length; day++)
        {
            string ranges = RangesOf(day);
            text.Append(day == 0 ? "" : ", ").Append(DayNames[day]).Append(": ").Append(ranges is "all" or "none" ? ranges : $"\"{ranges}\"");
        }

        return text.Append('}').ToString();
    }

    private string RangesOf(int day)
    {
        var ranges = new List<string>();
        for (int minute = 0; minute < Day;)
        {
            if (!_minutes[(day * Day) + minute])
            {
                minute++;
                continue;
            }

            int from = minute;
            while (minute < Day && _minutes[(day * Day) + minute])
            {
                minute++;
            }

            ranges.Add(string.Create(CultureInfo.InvariantCulture, $"{from / 60:00}:{from % 60:00}-{minute / 60:00}:{minute % 60:00}"));
        }

        return ranges.Count == 0 ? "none" : ranges is ["00:00-24:00"] ? "all" : string.Join(", ", ranges);
    }

    private static WeekHours All()
    {
        var minutes = new bool[Week];
        Array.Fill(minutes, true);
        return new WeekHours(minutes);
    }

    private static string Clip(string text) => text.Length > 40 ? string.Concat(text.AsSpan(0, 40), "…") : text;

    /// <summary><c>mon</c>, <c>mon-fri</c>, <c>fri-mon</c>, <c>sat,sun</c>, <c>all</c>.</summary>
    private static bool TryReadDays(string text, out List<int> days)
    {
        days = [];
        if (text == "all")
        {
            days.AddRange([0, 1, 2, 3, 4, 5, 6]);
            return true;
        }

        foreach (string part in text.Split(',', DayNames.Length + 1, StringSplitOptions.TrimEntries))
        {
            string[] ends = part.Split('-', 3, StringSplitOptions.TrimEntries);
            int first = DayOf(ends[0]);
            int last = DayOf(ends[^1]);
            if (ends.Length > 2 || first < 0 || last < 0)
            {
                return false;
            }

            for (int day = first; ; day = (day + 1) % DayNames.Length)
            {
                days.Add(day);
                if (day == last)
                {
                    break;
                }
            }
        }

        return true;
    }

    private static int DayOf(string text) =>
        text.Length < 3 ? -1 : Array.FindIndex(DayNames, name => text.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static bool TryReadRanges(string text, out List<(int From, int To)> ranges)
    {
        ranges = [];
        if (text is "all" or "none")
        {
            ranges.AddRange(text == "all" ? [(0, Day)] : []);
            return true;
        }

        string[] parts = text.Split(',', MaxRanges + 1, StringSplitOptions.TrimEntries);
        if (parts.Length > MaxRanges)
        {
            return false;
        }

        foreach (string part in parts)
        {
            string[] ends = part.Split('-', 3, StringSplitOptions.TrimEntries);
            if (ends.Length != 2 || MinuteOf(ends[0]) is not { } from || MinuteOf(ends[1]) is not { } to || from == to || from == Day)
            {
                return false;
            }

            ranges.Add((from, to > from ? to : to + Day));
        }

        return true;
    }

    /// <summary><c>7:05</c>, <c>18:00</c>, <c>24:00</c>; null: no time of day.</summary>
    private static int? MinuteOf(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon is not (1 or 2) || text.Length != colon + 3
            || !int.TryParse(text.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out int hour)
            || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int minute)
            || minute > 59 || (hour * 60) + minute > Day)
        {
            return null;
        }

        return (hour * 60) + minute;
    }
}
