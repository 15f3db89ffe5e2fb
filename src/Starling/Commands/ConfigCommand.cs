using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Text.Json;
using System.Text.Json.Serialization;
using Starling.Core.Primitives;
using Starling.Runtime.Owner;

namespace Starling.Commands;

/// <summary><c>starling config</c>: the owner's rules, where each comes from, and changes to them.</summary>
internal static class ConfigCommand
{
    public static Command Build()
    {
        var json = new Option<bool>("--json") { Description = "print one JSON object a setting and line" };
        var command = new Command("config", "Show or change when and how much tasks may use this machine (docs/owner.md).") { json };
        command.SetAction(parsed => Show(null, parsed.GetValue(json), Streams(parsed)));
        command.Add(Get());
        command.Add(Set());
        command.Add(Turtle());
        command.Add(Check());
        var path = new Command("path", "Print where the rules are, whether or not there is such a file.");
        path.SetAction(parsed =>
        {
            parsed.InvocationConfiguration.Output.WriteLine(OwnerConfig.ThisPath);
            return ExitCode.Done;
        });
        command.Add(path);
        return command;
    }

    private static Command Get()
    {
        Argument<string> key = Key();
        var json = new Option<bool>("--json") { Description = "print one JSON object a setting and line" };
        var command = new Command("get", "Print the value of a setting.") { key, json };
        command.SetAction(parsed => Show(parsed.GetRequiredValue(key), parsed.GetValue(json), Streams(parsed)));
        return command;
    }

    private static Command Set()
    {
        Argument<string> key = Key();
        var value = new Argument<string>("VALUE") { Description = "its value as the file has it, such as 2, 50%, 500kB/s, none or '{mon-fri: \"18:00-08:00\"}'" };
        var command = new Command("set", "Change a setting in the file; running tasks follow within 2 seconds.") { key, value };
        command.SetAction(parsed => Save(parsed.GetRequiredValue(key), parsed.GetRequiredValue(value), Streams(parsed)));
        return command;
    }

    private static Command Turtle()
    {
        var state = new Argument<string>("STATE") { Description = "on or off" };
        state.AcceptOnlyFromAmong("on", "off");
        var command = new Command("turtle", "Hold tasks back while the machine is needed; 'turtle' in the file says how much they get then.") { state };
        command.SetAction(parsed => Save("turtle.on", parsed.GetRequiredValue(state) == "on" ? "yes" : "no", Streams(parsed)));
        return command;
    }

    private static Command Check()
    {
        var file = new Argument<string>("FILE") { Description = "a file with rules; it is read, not used" };
        var command = new Command("check", "Say whether a file of rules is right.") { file };
        command.SetAction(parsed =>
        {
            (TextWriter output, TextWriter error) = Streams(parsed);
            string path = parsed.GetRequiredValue(file);
            if (!File.Exists(path))
            {
                error.WriteLine($"starling config: {path}: there is no such file");
                return ExitCode.Usage;
            }

            if (!OwnerConfig.TryRead(Path.GetFullPath(path), out _, out Problem? problem))
            {
                error.WriteLine($"starling config: {problem}");
                return ExitCode.Usage;
            }

            output.WriteLine($"{path} is right");
            return ExitCode.Done;
        });
        return command;
    }

    private static Argument<string> Key() => new("KEY") { Description = "a setting as 'starling config' names it, such as cpu or idle.input" };

    private static (TextWriter Output, TextWriter Error) Streams(ParseResult parsed) => (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);

    private static int Show(string? key, bool json, (TextWriter Output, TextWriter Error) streams)
    {
        if (!OwnerConfig.TryRead(OwnerConfig.ThisPath, out OwnerConfig? config, out Problem? problem))
        {
            return Refuse(problem, streams.Error);
        }

        IReadOnlyList<OwnerSetting> settings = key is null ? OwnerRulesText.Settings(config.Rules) : OwnerRulesText.At(config.Rules, key);
        if (settings.Count == 0)
        {
            string hint = OwnerRulesText.Meant(key!) is { } meant ? $"Did you mean {meant}?" : "'starling config' lists all of them.";
            streams.Error.WriteLine($"starling config: there is no setting '{key}'. {hint}");
            return ExitCode.Usage;
        }

        foreach (OwnerSetting setting in settings)
        {
            string? origin = OriginOf(config, setting.Key);
            streams.Output.WriteLine(
                json ? JsonSerializer.Serialize(new SettingLine(setting.Key, setting.Value, origin ?? "default"), SettingJson.Default.SettingLine)
                : settings.Count == 1 && setting.Key == key ? setting.Value
                : $"{setting.Key,-16} {setting.Value,-12} {origin ?? "default"}");
        }

        return ExitCode.Done;
    }

    /// <summary><c>FILE:LINE</c>; null: nobody set it.</summary>
    private static string? OriginOf(OwnerConfig config, string key)
    {
        for (string at = key; ; at = at[..at.LastIndexOf('.')])
        {
            if (config.Lines.TryGetValue(at, out int line))
            {
                // 'turtle: yes' sets the switch alone; 'idle: {input: 5m}' not the load.
                bool isWhole = at == key || (key == "turtle.on" && !HasChildren(config, at)) || at == "idle" && !HasChildren(config, at);
                return isWhole ? string.Create(CultureInfo.InvariantCulture, $"{config.Path}:{line}") : null;
            }

            if (!at.Contains('.', System.StringComparison.Ordinal))
            {
                return null;
            }
        }
    }

    private static bool HasChildren(OwnerConfig config, string key)
    {
        foreach (string known in config.Lines.Keys)
        {
            if (known.StartsWith($"{key}.", System.StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private static int Save(string key, string value, (TextWriter Output, TextWriter Error) streams)
    {
        if (!OwnerConfigEdit.TrySave(OwnerConfig.ThisPath, key, value, out Problem? problem))
        {
            return Refuse(problem, streams.Error);
        }

        streams.Output.WriteLine($"{key}: {value} ({OwnerConfig.ThisPath})");
        return ExitCode.Done;
    }

    private static int Refuse(Problem problem, TextWriter error)
    {
        error.WriteLine($"starling config: {problem}");
        return ExitCode.Usage;
    }
}

/// <summary>One setting in the output for programs.</summary>
internal sealed record SettingLine(string Key, string Value, string Origin);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(SettingLine))]
internal sealed partial class SettingJson : JsonSerializerContext;
