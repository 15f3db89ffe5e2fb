using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Linq;
using System.Text;
using Starling.Core.Owner;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Yaml;

namespace Starling.Runtime.Owner;

/// <summary>Reads the owner's rules as they are written (docs/owner.md). Every problem names file, line, key and fix.</summary>
internal sealed class OwnerRulesReader
{
    /// <summary>Code of every problem of the file.</summary>
    public const string ProblemCode = "config";

    /// <summary>Characters of the file.</summary>
    public const int MaxLength = 256 * 1024;

    /// <summary>What is written where no limit is wanted.</summary>
    public const string None = "none";

    private const long MaxRate = 1L << 40;
    private readonly YamlFields _fields;

    private OwnerRulesReader(YamlFields fields) => _fields = fields;

    /// <summary>Reads the rules.</summary>
    /// <param name="text">The YAML; empty: the defaults.</param>
    /// <param name="file">What messages call the file.</param>
    /// <param name="rules">What it says.</param>
    /// <param name="lines">The line of each key that it sets, by its whole path.</param>
    /// <param name="problem">Code <see cref="ProblemCode"/>.</param>
    public static bool TryRead(
        string text,
        string file,
        [NotNullWhen(true)] out OwnerRules? rules,
        out IReadOnlyDictionary<string, int> lines,
        [NotNullWhen(false)] out Problem? problem)
    {
        rules = null;
        lines = new Dictionary<string, int>();
        problem = null;
        if (SaysNothing(text))
        {
            rules = new OwnerRules();
            return true;
        }

        if (text.Length > MaxLength)
        {
            problem = YamlFields.At(ProblemCode, file, 0, $"it is longer than {MaxLength} characters", "See docs/owner.md.");
            return false;
        }

        if (!YamlTree.TryRead(text, out YamlNode? root, out int line, out string fault))
        {
            problem = YamlFields.At(ProblemCode, file, line, fault.TrimEnd('.'), "The owner's rules are YAML: see docs/owner.md.");
            return false;
        }

        if (root is not YamlMap map)
        {
            problem = YamlFields.At(ProblemCode, file, root.Line, $"{root.Kind} where keys such as slots and hours are due", "See docs/owner.md.");
            return false;
        }

        var fields = new YamlFields(map, file, ProblemCode);
        OwnerRules read = new OwnerRulesReader(fields).ReadAll();
        fields.Finish();
        problem = fields.Problem;
        rules = problem is null ? read : null;
        lines = fields.KeyLines;
        return problem is null;
    }

    /// <summary>Whether there is nothing but blanks and comments.</summary>
    internal static bool SaysNothing(string text)
    {
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            ReadOnlySpan<char> start = line.TrimStart();
            if (!start.IsEmpty && start[0] != '#')
            {
                return false;
            }
        }

        return true;
    }

    private OwnerRules ReadAll()
    {
        var defaults = new OwnerRules();
        TimeSpan? idleInput = null;
        int? idleLoad = null;
        if (_fields.Find("idle") is { } idle && !IsNone(idle) && _fields.MapOf(idle, "idle", "{input: 5m, load: 25%}") is { } when)
        {
            idleInput = OrNone(when, "input", "a time from 1 second to 1 day", "5m", text => Within(YamlValues.Duration(text), TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)));
            idleLoad = OrNone(when, "load", "a share of the processor from 0 % to 100 %", "25%", text => Percent(text, 0));
            when.Finish();
        }

        return new OwnerRules
        {
            Slots = OrNone(_fields, "slots", $"a number of slots from 0 to {OwnerRules.MaxSlots}", "2", text => Within(YamlValues.Whole(text), 0, OwnerRules.MaxSlots)),
            CpuPercent = _fields.Parsed("cpu", CpuKind, "50%", text => Percent(text, 1)) ?? defaults.CpuPercent,
            MemoryBytes = OrNone(_fields, "memory", "a size of 1 MiB or more", "4GiB", text => Within(YamlValues.Size(text), TaskLimitsOfFormat.MinMemoryLimit, TaskLimitsOfFormat.MaxBytes)),
            DiskBytes = OrNone(_fields, "disk", "a size of 1 MiB or more", "50GiB", text => Within(YamlValues.Size(text), 1 << 20, TaskLimitsOfFormat.MaxBytes)),
            UploadBytesPerSecond = OrNone(_fields, "upload", RateKind, "500kB/s", Rate),
            DownloadBytesPerSecond = OrNone(_fields, "download", RateKind, "2MB/s", Rate),
            Hours = ReadHours() ?? defaults.Hours,
            IdleInput = idleInput,
            IdleLoadPercent = idleLoad,
            BatteryFromPercent = _fields.Parsed("battery", "yes, no or a charge from 1 % to 100 %", "60%", Battery) ?? defaults.BatteryFromPercent,
            MaxTemperature = OrNone(_fields, "temperature", "a number of degrees Celsius from 30 to 120", "80", text => Within(YamlValues.Whole(text), 30, 120)),
            ExclusivePrograms = ReadPrograms(),
            Halt = _fields.Parsed<HaltKind>("halt", "pause or stop", "pause", text => text switch { "pause" => HaltKind.Pause, "stop" => HaltKind.Stop, _ => null }) ?? defaults.Halt,
            Grace = _fields.Parsed("grace", $"a time up to {OwnerRules.MaxGrace.TotalMinutes:0} minutes", "5s", text => Within(YamlValues.Duration(text), TimeSpan.Zero, OwnerRules.MaxGrace)) ?? defaults.Grace,
            IsNice = _fields.Parsed("nice", "yes or no", "yes", YesNo) ?? defaults.IsNice,
            OwnTasksAreFree = _fields.Parsed<bool>("own-tasks", "follow or free", "free", text => text switch { "follow" => false, "free" => true, _ => null }) ?? defaults.OwnTasksAreFree,
            ContainerEngine = ReadEngine(),
            Turtle = ReadTurtle(),
            Tasks = ReadTasks(),
        };
    }

    private const string CpuKind = "a share of the processor from 1 % to 100 %";

    private const string RateKind = "a rate of 1 byte a second or more";

    private WeekHours? ReadHours()
    {
        const string example = "{mon-fri: \"18:00-08:00\", sat,sun: all}";
        const string fix = "Write hours: {mon-fri: \"18:00-08:00\", sat,sun: all}, \"22:00-06:00\", all, or 7 rows of 24 signs.";
        WeekHours? hours = null;
        string fault = "";
        switch (_fields.Find("hours"))
        {
            case null:
                return null;
            case YamlMap map:
                var days = new List<KeyValuePair<string, string>>();
                YamlFields inner = _fields.MapOf(map, "hours", example)!;
                foreach (YamlEntry entry in map.Entries)
                {
                    inner.Find(entry.Key);
                    days.Add(new(entry.Key, inner.TextOf(entry.Value, SafePath.Quoted(entry.Key), "\"18:00-08:00\"") ?? "all"));
                }

                WeekHours.TryParse(days, out hours, out fault);
                break;
            case YamlList list:
                var rows = new List<string>();
                foreach (YamlNode item in list.Items)
                {
                    rows.Add(_fields.TextOf(item, "hours", "\"########........########\"") ?? "");
                }

                WeekHours.TryParseGrid(rows, out hours, out fault);
                break;
            case { } scalar:
                WeekHours.TryParseEveryDay(_fields.TextOf(scalar, "hours", "all") ?? "all", out hours, out fault);
                break;
        }

        if (hours is null)
        {
            _fields.Refuse("hours", SafePath.Quoted(fault), fix);
        }

        return hours;
    }

    private List<string> ReadPrograms()
    {
        var programs = new List<string>();
        if (_fields.Find("exclusive") is YamlScalar { IsQuoted: false, Text: None })
        {
            return programs;
        }

        foreach (string program in _fields.Texts("exclusive", "[steam, blender]"))
        {
            if (program.Length is 0 or > 255 || program.Contains('/', StringComparison.Ordinal) || programs.Count == OwnerRules.MaxExclusivePrograms)
            {
                _fields.Refuse(
                    "exclusive",
                    programs.Count == OwnerRules.MaxExclusivePrograms ? $"names more than {programs.Count} programs" : $"'{SafePath.Quoted(program)}' is no name of a program",
                    "Write names without a path, as ps -eo comm shows them: exclusive: [steam, blender].");
                break;
            }

            programs.Add(program);
        }

        return programs;
    }

    private string? ReadEngine()
    {
        const string key = "container-engine";
        const string example = "/run/user/1000/podman/podman.sock";
        if (_fields.Find(key) is not { } node || IsNone(node) || _fields.TextOf(node, key, example) is not { } path)
        {
            return null;
        }

        if (!path.StartsWith('/') || Encoding.UTF8.GetByteCount(path) > OwnerRules.MaxSocketPath || path.Any(char.IsControl))
        {
            _fields.Refuse(key, $"'{SafePath.Quoted(path)}' is not the absolute path of a socket, of {OwnerRules.MaxSocketPath} bytes at most, or {None}", $"Write it like {key}: {example}.");
        }

        return path;
    }

    private TurtleRules ReadTurtle()
    {
        var defaults = new TurtleRules();
        YamlNode? node = _fields.Find("turtle");
        if (node is null)
        {
            return defaults;
        }

        if (node is YamlScalar)
        {
            return defaults with { IsOn = _fields.Parsed("turtle", "yes or no", "{on: no, slots: 1, cpu: 25%}", YesNo) ?? false };
        }

        if (_fields.MapOf(node, "turtle", "{on: no, slots: 1, cpu: 25%}") is not { } turtle)
        {
            return defaults;
        }

        var read = new TurtleRules
        {
            IsOn = turtle.Parsed("on", "yes or no", "yes", YesNo) ?? defaults.IsOn,
            Slots = turtle.Parsed("slots", $"a number of slots from 0 to {OwnerRules.MaxSlots}", "1", text => Within(YamlValues.Whole(text), 0, OwnerRules.MaxSlots)) ?? defaults.Slots,
            CpuPercent = turtle.Parsed("cpu", CpuKind, "25%", text => Percent(text, 1)) ?? defaults.CpuPercent,
            UploadBytesPerSecond = turtle.Parsed("upload", RateKind, "50kB/s", Rate) ?? defaults.UploadBytesPerSecond,
            DownloadBytesPerSecond = turtle.Parsed("download", RateKind, "200kB/s", Rate) ?? defaults.DownloadBytesPerSecond,
        };
        turtle.Finish();
        return read;
    }

    private List<TaskRule> ReadTasks()
    {
        const string example = "{holiday: {weight: 20, priority: high}}";
        var rules = new List<TaskRule>();
        if (_fields.Find("tasks") is not { } node || IsNone(node) || _fields.MapOf(node, "tasks", example) is not { } tasks)
        {
            return rules;
        }

        foreach (YamlEntry entry in tasks.Entries)
        {
            tasks.Find(entry.Key);
            string key = SafePath.Quoted(entry.Key);
            if (entry.Key.Length is 0 or > TaskLimitsOfFormat.MaxPathLength || rules.Count == OwnerRules.MaxTasks)
            {
                tasks.Refuse(key, rules.Count == OwnerRules.MaxTasks ? $"is one more than the {rules.Count} tasks that may have rules" : "is no name of a task", "Write the task's name or id.");
                break;
            }

            if (tasks.MapOf(entry.Value, key, "{weight: 20, priority: high}") is not { } task)
            {
                break;
            }

            var defaults = new TaskRule { Task = entry.Key };
            rules.Add(defaults with
            {
                Weight = task.Parsed("weight", $"a weight from 1 to {TaskRule.MaxWeight}", "20", text => Within(YamlValues.Whole(text), 1, TaskRule.MaxWeight)) ?? defaults.Weight,
                Priority = task.Parsed<TaskPriority>("priority", "low, normal or high", "high", text => text switch
                {
                    "low" => TaskPriority.Low,
                    "normal" => TaskPriority.Normal,
                    "high" => TaskPriority.High,
                    _ => null,
                }) ?? defaults.Priority,
                Slots = OrNone(task, "slots", $"a number of slots from 0 to {OwnerRules.MaxSlots}", "1", text => Within(YamlValues.Whole(text), 0, OwnerRules.MaxSlots)),
                MayRun = task.Parsed("run", "yes or no", "no", YesNo) ?? defaults.MayRun,
            });
            task.Finish();
        }

        return rules;
    }

    private static bool IsNone(YamlNode node) => node is YamlScalar { IsQuoted: false, Text: None };

    private static T? OrNone<T>(YamlFields fields, string key, string kind, string example, Func<string, T?> parse)
        where T : struct =>
        fields.Find(key) is { } node && IsNone(node) ? null : fields.Parsed(key, $"{kind}, or {None}", example, parse);

    private static int? Percent(string text, int least) => Within(YamlValues.Whole(text.TrimEnd().TrimEnd('%').TrimEnd()), least, 100);

    private static int? Battery(string text) => YesNo(text) is { } answer ? answer ? 0 : OwnerRules.NeverOnBattery : Percent(text, 1);

    private static bool? YesNo(string text) => text switch
    {
        "yes" or "on" or "true" => true,
        "no" or "off" or "false" => false,
        _ => null,
    };

    private static long? Rate(string text) => Within(YamlValues.Size(text.EndsWith("/s", StringComparison.Ordinal) ? text[..^2].TrimEnd() : text), 1, MaxRate);

    private static T? Within<T>(T? value, T least, T most)
        where T : struct, IComparable<T> =>
        value is { } found && found.CompareTo(least) >= 0 && found.CompareTo(most) <= 0 ? found : null;
}
