using System;
using System.Buffers.Text;
using System.Collections.Generic;
using System.IO;
using System.Text;

namespace Starling.Runtime.Owner;

/// <summary>One process as <c>/proc/PID/stat</c> tells it.</summary>
/// <param name="Pid">Its number.</param>
/// <param name="Parent">Its parent's.</param>
/// <param name="Name">Its name, at most 15 characters.</param>
/// <param name="Ticks">Processor time of it and of its children that ended and were waited for, in ticks of 10 ms.</param>
/// <param name="StartTicks">When it began, in ticks since the machine did.</param>
internal readonly record struct ProcessEntry(int Pid, int Parent, string Name, long Ticks, long StartTicks)
{
    /// <summary>Whether it has ended and is only there until its parent asks how (a zombie): in a container nobody may ever ask.</summary>
    public bool HasEnded { get; init; }
}

/// <summary>All processes at one moment. One that ends while they are read is left out.</summary>
internal sealed class ProcessTable
{
    /// <summary>Fields behind the name: state, parent, …, user, system and both of the children that ended, …, start.</summary>
    private const int ParentField = 1;
    private const int UserField = 11;
    private const int ChildSystemField = 14;
    private const int StartField = 19;

    private readonly List<ProcessEntry> _entries = [];

    private ProcessTable()
    {
    }

    /// <summary>Every process.</summary>
    public IReadOnlyList<ProcessEntry> Entries => _entries;

    /// <summary>Reads them.</summary>
    /// <param name="root"><c>/proc</c>.</param>
    public static ProcessTable Read(string root)
    {
        var table = new ProcessTable();
        byte[] buffer = new byte[1024];
        foreach (string folder in Directory.EnumerateDirectories(root))
        {
            if (int.TryParse(Path.GetFileName(folder.AsSpan()), out int pid) && TryReadEntry(folder, pid, buffer, out ProcessEntry entry))
            {
                table._entries.Add(entry);
            }
        }

        return table;
    }

    /// <summary>When one process began, in ticks since the machine did; null: there is none, or it has ended and its parent has not asked how.</summary>
    public static long? StartOf(string root, int pid) =>
        TryReadEntry(Path.Combine(root, pid.ToString(System.Globalization.CultureInfo.InvariantCulture)), pid, new byte[1024], out ProcessEntry entry) && !entry.HasEnded
            ? entry.StartTicks
            : null;

    /// <summary>These processes and all that descend from them.</summary>
    public HashSet<int> FamilyOf(IReadOnlyCollection<int> roots)
    {
        var children = new Dictionary<int, List<int>>();
        foreach (ProcessEntry entry in _entries)
        {
            if (!children.TryGetValue(entry.Parent, out List<int>? siblings))
            {
                children.Add(entry.Parent, siblings = []);
            }

            siblings.Add(entry.Pid);
        }

        var family = new HashSet<int>(roots);
        var open = new Stack<int>(roots);
        while (open.TryPop(out int pid))
        {
            foreach (int child in children.GetValueOrDefault(pid) ?? [])
            {
                if (family.Add(child))
                {
                    open.Push(child);
                }
            }
        }

        return family;
    }

    /// <summary>Parses the line of one process.</summary>
    internal static bool TryParseStat(int pid, ReadOnlySpan<byte> line, out ProcessEntry entry)
    {
        entry = default;
        int open = line.IndexOf((byte)'(');

        // The name may itself hold blanks and brackets.
        int close = line.LastIndexOf((byte)')');
        if (open < 0 || close < open || close + 2 > line.Length)
        {
            return false;
        }

        string name = Encoding.UTF8.GetString(line[(open + 1)..close]);
        ReadOnlySpan<byte> rest = line[Math.Min(line.Length, close + 2)..];
        bool hasEnded = rest is [(byte)'Z' or (byte)'X', ..];
        long parent = 0;
        long ticks = 0;
        long start = 0;
        for (int field = 0; field <= StartField; field++)
        {
            int blank = rest.IndexOf((byte)' ');
            ReadOnlySpan<byte> text = blank < 0 ? rest : rest[..blank];
            _ = Utf8Parser.TryParse(text, out long value, out _);
            parent = field == ParentField ? value : parent;
            ticks += field is >= UserField and <= ChildSystemField ? value : 0;
            start = field == StartField ? value : start;
            if (blank < 0 && field < StartField)
            {
                return false;
            }

            rest = blank < 0 ? default : rest[(blank + 1)..];
        }

        entry = new ProcessEntry(pid, (int)parent, name, ticks, start) { HasEnded = hasEnded };
        return true;
    }

    private static bool TryReadEntry(string folder, int pid, byte[] buffer, out ProcessEntry entry)
    {
        entry = default;
        try
        {
            using FileStream file = new(Path.Combine(folder, "stat"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            int length = file.Read(buffer);
            return TryParseStat(pid, buffer.AsSpan(0, length), out entry);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
