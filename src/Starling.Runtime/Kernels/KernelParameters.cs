using System;
using System.Collections.Generic;
using System.Globalization;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Runtime.Kernels;

/// <summary>
/// Reads the parameters of a kernel by name and bound. The first thing that is wrong is kept; later reads return the lowest allowed value,
/// so a kernel reads all its parameters in a row and asks once.
/// </summary>
internal sealed class KernelParameters(RunSpec.Kernel spec)
{
    /// <summary>Code of every problem that comes from here.</summary>
    public const string ProblemCode = "kernel";

    /// <summary>Characters of a value that a problem repeats.</summary>
    private const int MaxQuoted = 60;

    private readonly List<string> _known = [];

    /// <summary>What was wrong first; null so far nothing.</summary>
    public Problem? Problem { get; private set; }

    /// <summary>
    /// A whole number in [<paramref name="min"/>, <paramref name="max"/>]; required unless there is a <paramref name="fallback"/>.
    /// </summary>
    public ulong Whole(string key, ulong min, ulong max, ulong? fallback = null)
    {
        string? value = Find(key);
        if (value is null)
        {
            return fallback ?? Missing(key, $"a whole number from {min} to {max}", min);
        }

        if (ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) && number >= min && number <= max)
        {
            return number;
        }

        Refuse(key, value, $"Write a whole number from {min} to {max}.");
        return min;
    }

    /// <summary>A whole number that fits an int.</summary>
    public int WholeInt32(string key, int min, int max, int? fallback = null) =>
        (int)Whole(key, (ulong)min, (ulong)max, (ulong?)fallback);

    /// <summary>A decimal number, such as <c>0.25</c> or <c>-1e-3</c>, in [<paramref name="min"/>, <paramref name="max"/>].</summary>
    public double Real(string key, double min, double max, double? fallback = null)
    {
        string wanted = string.Create(CultureInfo.InvariantCulture, $"a decimal number from {min} to {max}");
        string? value = Find(key);
        if (value is null)
        {
            return fallback ?? Missing(key, wanted, min);
        }

        if (TryReal(value, min, max, out double number))
        {
            return number;
        }

        Refuse(key, value, $"Write {wanted}, as a text where the file format has no fractions.");
        return min;
    }

    /// <summary>Any text that is there.</summary>
    public string Text(string key, string wanted, string? fallback = null) => Find(key) ?? fallback ?? Missing(key, wanted, "");

    /// <summary>One of a few words; returns its index.</summary>
    public int Choice(string key, IReadOnlyList<string> words, int? fallback = null)
    {
        string list = string.Join(", ", words);
        string? value = Find(key);
        if (value is null)
        {
            return fallback ?? Missing(key, $"one of: {list}", 0);
        }

        for (int i = 0; i < words.Count; i++)
        {
            if (words[i] == value)
            {
                return i;
            }
        }

        Refuse(key, value, $"Use one of: {list}.");
        return 0;
    }

    /// <summary>Keeps a problem with a value that was read by name; the first one counts.</summary>
    public void Refuse(string key, string value, string hint) =>
        Refuse($"run.{key}: '{Quoted(value)}' is not allowed for kernel {spec.Name}", hint);

    /// <summary>Keeps a problem that is not about one value.</summary>
    public void Refuse(string reason, string hint) => Problem ??= new Problem(ProblemCode, reason, hint);

    /// <summary>After the last read: the first problem, where a key that nobody read, or one that comes twice, is a problem too.</summary>
    public Problem? Finish()
    {
        for (int i = 0; i < spec.Parameters.Count && Problem is null; i++)
        {
            string name = spec.Parameters[i].Name;
            if (!_known.Contains(name))
            {
                string known = _known.Count == 0 ? "It takes no parameters." : $"It knows: {string.Join(", ", _known)}.";
                Refuse($"run.{Quoted(name)}: kernel {spec.Name} has no such parameter", known);
            }
        }

        return Problem;
    }

    /// <summary>A foreign text, shortened, without control characters: safe to print.</summary>
    public static string Quoted(string value)
    {
        char[] shown = value.Length > MaxQuoted ? [.. value.AsSpan(0, MaxQuoted), '…'] : value.ToCharArray();
        for (int i = 0; i < shown.Length; i++)
        {
            if (char.IsControl(shown[i]) || char.IsSurrogate(shown[i]) || char.GetUnicodeCategory(shown[i]) == UnicodeCategory.Format)
            {
                shown[i] = '?';
            }
        }

        return new string(shown);
    }

    /// <summary>Reads a finite decimal number within bounds; the nearest double, as IEEE 754 wants it, on every machine.</summary>
    public static bool TryReal(ReadOnlySpan<char> text, double min, double max, out double number)
    {
        const NumberStyles style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return double.TryParse(text, style, CultureInfo.InvariantCulture, out number) && number >= min && number <= max;
    }

    private string? Find(string key)
    {
        _known.Add(key);
        string? found = null;
        foreach (KernelParameter parameter in spec.Parameters)
        {
            if (parameter.Name == key)
            {
                if (found is not null)
                {
                    Refuse($"run.{key}: given twice", "Keep one of them.");
                }

                found = parameter.Value;
            }
        }

        return found;
    }

    private T Missing<T>(string key, string wanted, T instead)
    {
        Refuse($"run.{key}: missing, kernel {spec.Name} needs it", $"Add {key}: {wanted}.");
        return instead;
    }
}
