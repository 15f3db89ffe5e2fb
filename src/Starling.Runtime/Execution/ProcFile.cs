using System;
using System.Buffers.Text;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Execution;

/// <summary>Reads what Linux's <c>/proc</c> tells about processes. A process that is gone reads as nothing, never as an error.</summary>
internal static unsafe class ProcFile
{
    /// <summary>The kernel's own bound of arguments plus environment is about 2 MiB; more is not read.</summary>
    private const int MaxEnvironmentBytes = 4 * 1024 * 1024;

    private const int StatBytes = 1024;
    private const int SessionField = 3;
    private const int FirstTimeField = 11;
    private const int LastTimeField = 14;
    private const int StartField = 19;

    /// <summary>
    /// One process at one moment: state letter (<c>Z</c>: ended, not reaped), session, start in ticks of 10 ms since boot, and CPU time in such ticks, with that of its ended children that were
    /// waited for.
    /// </summary>
    public readonly record struct ProcessStat(char State, int Session, long StartTicks, long CpuTicks);

    /// <summary>Appends the children of one thread of this process; false when the kernel does not offer the list.</summary>
    /// <remarks>Orphans whose subreaper this process is become children of its first thread.</remarks>
    public static bool TryReadChildren(ReadOnlySpan<byte> zeroTerminatedPath, List<int> children)
    {
        Span<byte> chunk = stackalloc byte[4096];
        int descriptor;
        fixed (byte* path = zeroTerminatedPath)
        {
            descriptor = LibC.Open(path, LibC.CloseOnExec);
        }

        if (descriptor < 0)
        {
            return false;
        }

        int number = 0;
        bool inNumber = false;
        while (ReadSome(descriptor, chunk) is int count and > 0)
        {
            foreach (byte b in chunk[..count])
            {
                if (b is >= (byte)'0' and <= (byte)'9')
                {
                    number = (number * 10) + (b - '0');
                    inNumber = true;
                }
                else if (inNumber)
                {
                    children.Add(number);
                    number = 0;
                    inNumber = false;
                }
            }
        }

        LibC.CloseIfOpen(descriptor);
        return true;
    }

    /// <summary>The children of this process found the slow way, by the parent of every process there is.</summary>
    public static void FindChildren(int parent, List<int> children)
    {
        Span<byte> text = stackalloc byte[StatBytes];
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder.AsSpan()), out int pid)
                && TryReadFields(pid, text, out ReadOnlySpan<byte> fields)
                && Field(fields, 1) == parent)
            {
                children.Add(pid);
            }
        }
    }

    /// <summary>State, session and start of a process.</summary>
    public static bool TryReadStat(int pid, out ProcessStat stat)
    {
        stat = default;
        Span<byte> text = stackalloc byte[StatBytes];
        if (!TryReadFields(pid, text, out ReadOnlySpan<byte> fields) || fields.IsEmpty)
        {
            return false;
        }

        long cpu = 0;
        for (int i = FirstTimeField; i <= LastTimeField; i++)
        {
            cpu += Field(fields, i);
        }

        stat = new ProcessStat((char)fields[0], (int)Field(fields, SessionField), Field(fields, StartField), cpu);
        return true;
    }

    /// <summary>The whole of a small text file of the kernel's; null when it is not there or may not be read.</summary>
    public static string? TryReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            return null;
        }
    }

    /// <summary>Whether a process goes by this name.</summary>
    public static bool IsNamed(int pid, ReadOnlySpan<byte> name)
    {
        int descriptor = OpenOf(pid, "comm");
        if (descriptor < 0)
        {
            return false;
        }

        Span<byte> text = stackalloc byte[64];
        int count = ReadSome(descriptor, text);
        LibC.CloseIfOpen(descriptor);
        return count > 0 && text[..count].TrimEnd((byte)'\n').SequenceEqual(name);
    }

    /// <summary>The environment that a process began with, variables separated by zero bytes; empty when it may not be read.</summary>
    public static byte[] ReadEnvironment(int pid)
    {
        int descriptor = OpenOf(pid, "environ");
        if (descriptor < 0)
        {
            return [];
        }

        using var content = new MemoryStream();
        Span<byte> chunk = stackalloc byte[4096];
        while (content.Length < MaxEnvironmentBytes && ReadSome(descriptor, chunk) is int count and > 0)
        {
            content.Write(chunk[..count]);
        }

        LibC.CloseIfOpen(descriptor);
        return content.ToArray();
    }

    /// <summary>The fields after the program's name, which may itself hold blanks and brackets: state, parent, group, session, …</summary>
    private static bool TryReadFields(int pid, Span<byte> buffer, out ReadOnlySpan<byte> fields)
    {
        fields = default;
        int descriptor = OpenOf(pid, "stat");
        if (descriptor < 0)
        {
            return false;
        }

        int count = ReadSome(descriptor, buffer);
        LibC.CloseIfOpen(descriptor);
        int bracket = count > 0 ? buffer[..count].LastIndexOf((byte)')') : -1;
        if (bracket < 0 || bracket + 2 >= count)
        {
            return false;
        }

        fields = buffer[(bracket + 2)..count];
        return true;
    }

    private static long Field(ReadOnlySpan<byte> fields, int index)
    {
        for (int i = 0; i < index; i++)
        {
            int blank = fields.IndexOf((byte)' ');
            if (blank < 0)
            {
                return 0;
            }

            fields = fields[(blank + 1)..];
        }

        return Utf8Parser.TryParse(fields, out long value, out _) ? value : 0;
    }

    private static int OpenOf(int pid, string name)
    {
        fixed (byte* path = Encoding.ASCII.GetBytes($"/proc/{pid}/{name}\0"))
        {
            return LibC.Open(path, LibC.CloseOnExec);
        }
    }

    private static int ReadSome(int descriptor, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            return (int)LibC.Read(descriptor, start, buffer.Length);
        }
    }
}
