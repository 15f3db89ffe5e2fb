using System;
using System.Collections;
using System.Collections.Generic;
using System.Text;
using Starling.Runtime.Walls;

namespace Starling.Runtime.Execution;

/// <summary>The environment that every run begins with (this program's own at its start, or that of walled runs), sorted, as bytes with a zero at each end.</summary>
internal sealed class EnvironmentBlock
{
    private readonly List<(string Name, string Text)> _inherited = [];

    private EnvironmentBlock()
    {
    }

    /// <summary>Takes the environment of this process as it is now.</summary>
    public static EnvironmentBlock OfThisProcess()
    {
        var block = new EnvironmentBlock();
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            var name = (string)entry.Key;
            block._inherited.Add((name, $"{name}={entry.Value}\0"));
        }

        block._inherited.Sort((left, right) => string.CompareOrdinal(left.Name, right.Name));
        return block;
    }

    /// <summary>A block that begins with nothing but what every walled run has.</summary>
    public static EnvironmentBlock OfWalledRuns()
    {
        var block = new EnvironmentBlock();
        foreach ((string name, string value) in (ReadOnlySpan<(string, string)>)[("HOME", WallPlan.WorkFolder), ("LANG", "C.UTF-8"), ("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"), ("TZ", "UTC"), ("USER", "task")])
        {
            block._inherited.Add((name, $"{name}={value}\0"));
        }

        return block;
    }

    /// <summary>The inherited variables without <paramref name="changes"/>, then those that have a value; and where each one begins.</summary>
    public byte[] With(IReadOnlyList<KeyValuePair<string, string?>> changes, List<int> starts)
    {
        var text = new StringBuilder();
        var ends = new List<int>();
        foreach ((string name, string entry) in _inherited)
        {
            if (!Names(changes, name))
            {
                ends.Add(text.Append(entry).Length);
            }
        }

        foreach ((string name, string? value) in changes)
        {
            if (value is not null)
            {
                ends.Add(text.Append(name).Append('=').Append(value).Append('\0').Length);
            }
        }

        byte[] bytes = Encoding.UTF8.GetBytes(text.ToString());
        int start = 0;
        foreach (int _ in ends)
        {
            starts.Add(start);
            start = Array.IndexOf(bytes, (byte)0, start) + 1;
        }

        return bytes;
    }

    private static bool Names(IReadOnlyList<KeyValuePair<string, string?>> changes, string name)
    {
        for (int i = 0; i < changes.Count; i++)
        {
            if (changes[i].Key == name)
            {
                return true;
            }
        }

        return false;
    }
}
