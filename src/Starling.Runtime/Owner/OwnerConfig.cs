using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Text.Unicode;
using System.Text;
using Starling.Core.Owner;
using Starling.Core.Primitives;

namespace Starling.Runtime.Owner;

/// <summary>The owner's rules with the file that they come from.</summary>
/// <param name="Path">Absolute path of the file, whether or not it exists.</param>
/// <param name="Text">What it holds; empty: there is none.</param>
/// <param name="Rules">What it says.</param>
/// <param name="Lines">The line of each key that it sets.</param>
public sealed record OwnerConfig(string Path, string Text, OwnerRules Rules, IReadOnlyDictionary<string, int> Lines)
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "config.yaml";

    /// <summary>
    /// Where the file is: in <c>$STARLING_HOME</c> if that is set, else in <c>starling</c> of <c>$XDG_CONFIG_HOME</c>, else in <c>~/.config/starling</c>. A relative
    /// <c>$XDG_CONFIG_HOME</c> does not count, as its specification says.
    /// </summary>
    /// <param name="variable">Reads a variable of the environment.</param>
    /// <param name="home">The user's folder.</param>
    public static string PathFor(Func<string, string?> variable, string home)
    {
        ArgumentNullException.ThrowIfNull(variable);
        if (variable("STARLING_HOME") is { Length: > 0 } own)
        {
            return System.IO.Path.Combine(System.IO.Path.GetFullPath(own), FileName);
        }

        string settings = variable("XDG_CONFIG_HOME") is { Length: > 0 } xdg && System.IO.Path.IsPathFullyQualified(xdg) ? xdg : System.IO.Path.Combine(home, ".config");
        return System.IO.Path.Combine(settings, "starling", FileName);
    }

    /// <summary>The path for this process.</summary>
    public static string ThisPath => PathFor(Environment.GetEnvironmentVariable, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile));

    /// <summary>Reads the file; one that does not exist says nothing.</summary>
    public static bool TryRead(string path, [NotNullWhen(true)] out OwnerConfig? config, [NotNullWhen(false)] out Problem? problem)
    {
        config = null;
        if (!TryReadText(path, out string? text, out problem) || !OwnerRulesReader.TryRead(text, path, out OwnerRules? rules, out IReadOnlyDictionary<string, int> lines, out problem))
        {
            return false;
        }

        config = new OwnerConfig(path, text, rules, lines);
        return true;
    }

    private static bool TryReadText(string path, [NotNullWhen(true)] out string? text, [NotNullWhen(false)] out Problem? problem)
    {
        text = "";
        problem = null;
        try
        {
            if (!File.Exists(path))
            {
                return true;
            }

            using FileStream file = File.OpenRead(path);
            byte[] bytes = new byte[OwnerRulesReader.MaxLength + 1];
            int length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length <= OwnerRulesReader.MaxLength && Utf8.IsValid(bytes.AsSpan(0, length)))
            {
                text = Encoding.UTF8.GetString(bytes, 0, length).TrimStart('\uFEFF');
                return true;
            }

            problem = new Problem(
                OwnerRulesReader.ProblemCode,
                length > OwnerRulesReader.MaxLength ? $"{path}: it is longer than {OwnerRulesReader.MaxLength} bytes" : $"{path}: it is not UTF-8",
                "The owner's rules are a YAML file: see docs/owner.md.");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            problem = new Problem(OwnerRulesReader.ProblemCode, $"{path}: {failure.Message}", "Make the file readable.");
        }

        text = null;
        return false;
    }
}
