using System;
using System.Globalization;

namespace Starling.Display;

/// <summary>Times, sizes and rates as people read them.</summary>
internal static class Quantity
{
    private static readonly string[] SizeUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary><c>0.25 s</c>, <c>12.3 s</c>, <c>3 min 05 s</c>, <c>2 h 07 min</c>, <c>4 d 03 h</c>.</summary>
    public static string Duration(double seconds)
    {
        if (double.IsNaN(seconds) || double.IsInfinity(seconds) || seconds > TimeSpan.MaxValue.TotalSeconds / 2)
        {
            return "ever";
        }

        seconds = Math.Max(0, seconds);
        if (seconds < 59.95)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s");
        }

        var whole = TimeSpan.FromSeconds(Math.Round(seconds));
        return whole.TotalHours < 1 ? $"{whole.Minutes} min {whole.Seconds:00} s"
            : whole.TotalDays < 1 ? $"{whole.Hours} h {whole.Minutes:00} min"
            : $"{(int)whole.TotalDays} d {whole.Hours:00} h";
    }

    /// <summary><c>0 B</c>, <c>512 B</c>, <c>1.5 KiB</c>, <c>256 KiB</c>.</summary>
    public static string Bytes(long bytes)
    {
        double value = bytes;
        int unit = 0;
        while (value >= 1024 && unit < SizeUnits.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        string digits = unit > 0 && value < 9.95 && Math.Abs(value - Math.Round(value)) >= 0.05 ? "0.0" : "0";
        return value.ToString(digits, CultureInfo.InvariantCulture) + " " + SizeUnits[unit];
    }

    /// <summary>Pieces a second, a minute or an hour: whichever gives a number worth reading.</summary>
    public static string Rate(double perSecond) => perSecond switch
    {
        >= 100 => string.Create(CultureInfo.InvariantCulture, $"{perSecond:0} a second"),
        >= 0.95 => string.Create(CultureInfo.InvariantCulture, $"{perSecond:0.0} a second"),
        >= 0.95 / 60 => string.Create(CultureInfo.InvariantCulture, $"{perSecond * 60:0.0} a minute"),
        > 0 => string.Create(CultureInfo.InvariantCulture, $"{perSecond * 3600:0.0} an hour"),
        _ => "",
    };

    /// <summary><c>1 piece</c>, <c>2 pieces</c>.</summary>
    public static string Count(long count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";
}
