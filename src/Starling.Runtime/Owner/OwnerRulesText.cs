using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Starling.Core.Owner;
using Starling.Core.Tasks;
using Starling.Runtime.Yaml;

namespace Starling.Runtime.Owner;

/// <summary>One setting with its value as it is written in the file.</summary>
/// <param name="Key">Its whole path, such as <c>idle.input</c>.</param>
/// <param name="Value">Its value, in YAML.</param>
public readonly record struct OwnerSetting(string Key, string Value);

/// <summary>The rules as their owner writes them.</summary>
public static class OwnerRulesText
{
    private const string None = OwnerRulesReader.None;

    /// <summary>Every setting, in the order of docs/owner.md; those of single tasks last.</summary>
    public static IReadOnlyList<OwnerSetting> Settings(OwnerRules rules)
    {
        ArgumentNullException.ThrowIfNull(rules);
        var settings = new List<OwnerSetting>
        {
            new("slots", Number(rules.Slots)),
            new("cpu", Percent(rules.CpuPercent)),
            new("memory", Size(rules.MemoryBytes)),
            new("disk", Size(rules.DiskBytes)),
            new("upload", Rate(rules.UploadBytesPerSecond)),
            new("download", Rate(rules.DownloadBytesPerSecond)),
            new("hours", rules.Hours.ToString()),
            new("idle.input", Duration(rules.IdleInput)),
            new("idle.load", rules.IdleLoadPercent is { } load ? Percent(load) : None),
            new("battery", rules.BatteryFromPercent == 0 ? "yes" : rules.BatteryFromPercent == OwnerRules.NeverOnBattery ? "no" : Percent(rules.BatteryFromPercent)),
            new("temperature", Number(rules.MaxTemperature)),
            new("exclusive", rules.ExclusivePrograms.Count == 0 ? None : $"[{string.Join(", ", rules.ExclusivePrograms.Select(Quoted))}]"),
            new("halt", rules.Halt == HaltKind.Pause ? "pause" : "stop"),
            new("grace", Duration(rules.Grace)),
            new("nice", YesNo(rules.IsNice)),
            new("own-tasks", rules.OwnTasksAreFree ? "free" : "follow"),
            new("container-engine", rules.ContainerEngine is { } engine ? Quoted(engine) : None),
            new("turtle.on", YesNo(rules.Turtle.IsOn)),
            new("turtle.slots", Number(rules.Turtle.Slots)),
            new("turtle.cpu", Percent(rules.Turtle.CpuPercent)),
            new("turtle.upload", Rate(rules.Turtle.UploadBytesPerSecond)),
            new("turtle.download", Rate(rules.Turtle.DownloadBytesPerSecond)),
        };
        foreach (TaskRule task in rules.Tasks)
        {
            string prefix = $"tasks.{SafePath.Quoted(task.Task)}.";
            settings.Add(new(prefix + "weight", Number(task.Weight)));
            settings.Add(new(prefix + "priority", task.Priority.ToString().ToLowerInvariant()));
            settings.Add(new(prefix + "slots", Number(task.Slots)));
            settings.Add(new(prefix + "run", YesNo(task.MayRun)));
        }

        return settings;
    }

    /// <summary>The settings at a key or below it, such as both of <c>idle</c>; none: there is no such key.</summary>
    public static IReadOnlyList<OwnerSetting> At(OwnerRules rules, string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return [.. Settings(rules).Where(setting => setting.Key == key || setting.Key.StartsWith($"{key}.", StringComparison.Ordinal))];
    }

    /// <summary>The key that somebody meant who mistyped one; null: nobody knows.</summary>
    public static string? Meant(string key) => SimilarWord.Find(key, Settings(new OwnerRules()).Select(setting => setting.Key));

    private static string YesNo(bool value) => value ? "yes" : "no";

    private static string Number(int? value) => value is { } number ? number.ToString(CultureInfo.InvariantCulture) : None;

    private static string Percent(int value) => string.Create(CultureInfo.InvariantCulture, $"{value}%");

    private static string Quoted(string text) => text.All(sign => char.IsAsciiLetterOrDigit(sign) || sign is '.' or '_' or '-' or '/') ? text : $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private static string Rate(long? bytes) => bytes is null ? None : Size(bytes) + "/s";

    /// <summary>In the largest unit in which it is a whole number.</summary>
    private static string Size(long? bytes)
    {
        if (bytes is not { } size)
        {
            return None;
        }

        foreach ((string unit, long factor) in ((string, long)[])[("TiB", 1L << 40), ("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)])
        {
            if (size >= factor && size % factor == 0)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{size / factor}{unit}");
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{size}B");
    }

    private static string Duration(TimeSpan? span)
    {
        if (span is not { } time)
        {
            return None;
        }

        long seconds = (long)time.TotalSeconds;
        foreach ((string unit, long factor) in ((string, long)[])[("d", 86_400), ("h", 3_600), ("m", 60)])
        {
            if (seconds >= factor && seconds % factor == 0)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{seconds / factor}{unit}");
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{seconds}s");
    }
}
