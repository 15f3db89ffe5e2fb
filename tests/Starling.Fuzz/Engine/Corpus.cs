using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;

namespace Starling.Fuzz.Engine;

/// <summary>
/// Inputs of a target as a text file that tools for differences can stand: one input a line, printable ASCII as it is, other bytes and the backslash as <c>\xNN</c>.
/// Empty lines and those that begin with <c>#</c> are none; the empty input is <c>\e</c>.
/// </summary>
internal static class Corpus
{
    private const string Empty = "\\e";

    /// <summary>The file of a target.</summary>
    public static string PathOf(string folder, string target) => Path.Combine(folder, target + ".txt");

    /// <summary>The committed inputs of a target; none where there is no file.</summary>
    public static List<byte[]> Read(string folder, string target)
    {
        var inputs = new List<byte[]>();
        string path = PathOf(folder, target);
        foreach (string line in File.Exists(path) ? File.ReadAllLines(path) : [])
        {
            if (line.Length > 0 && line[0] != '#')
            {
                inputs.Add(Parse(line));
            }
        }

        return inputs;
    }

    /// <summary>Replaces the file of a target; comments at its head stay.</summary>
    public static void Write(string folder, string target, IEnumerable<byte[]> inputs)
    {
        Directory.CreateDirectory(folder);
        string path = PathOf(folder, target);
        var text = new StringBuilder();
        foreach (string line in File.Exists(path) ? File.ReadAllLines(path) : [])
        {
            if (line.StartsWith('#'))
            {
                text.Append(line).Append('\n');
            }
        }

        foreach (byte[] input in inputs)
        {
            text.Append(Line(input)).Append('\n');
        }

        File.WriteAllText(path, text.ToString());
    }

    public static string Line(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
        {
            return Empty;
        }

        var line = new StringBuilder(input.Length + 16);
        for (int i = 0; i < input.Length; i++)
        {
            // A space at an end, and the mark of a comment, would not come back.
            bool plain = input[i] is > (byte)' ' and < 0x7F and not (byte)'\\' && !(i == 0 && input[i] == (byte)'#');
            bool innerSpace = input[i] == (byte)' ' && i > 0 && i < input.Length - 1;
            if (plain || innerSpace)
            {
                line.Append((char)input[i]);
            }
            else
            {
                line.Append(CultureInfo.InvariantCulture, $"\\x{input[i]:x2}");
            }
        }

        return line.ToString();
    }

    public static byte[] Parse(string line)
    {
        if (line == Empty)
        {
            return [];
        }

        var bytes = new List<byte>(line.Length);
        for (int i = 0; i < line.Length; i++)
        {
            if (line[i] == '\\' && i + 3 < line.Length && line[i + 1] == 'x')
            {
                bytes.Add(byte.Parse(line.AsSpan(i + 2, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                i += 3;
            }
            else
            {
                bytes.Add((byte)line[i]);
            }
        }

        return [.. bytes];
    }
}
