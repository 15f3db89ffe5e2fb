using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;

namespace Starling.Tests.Runtime.Execution;

/// <summary>Looks for processes by an argument that a test made unique.</summary>
internal static class LiveProcesses
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    /// <summary>An argument for <c>sleep</c> that no other process has.</summary>
    public static string UniqueSeconds() => $"10{Random.Shared.NextInt64(100_000_000, 999_999_999)}";

    public static IReadOnlyList<int> With(string argument) =>
        [.. Directory.EnumerateDirectories("/proc")
            .Select(folder => int.TryParse(Path.GetFileName(folder), out int pid) ? pid : -1)
            .Where(pid => pid > 0 && IsSleep(pid, argument))];

    /// <summary>Whether it becomes true that <paramref name="count"/> processes have the argument.</summary>
    public static bool Become(string argument, int count) => Eventually(() => With(argument).Count == count);

    /// <summary>Whether something that processes make more of comes to a stand. Who was in the middle of a system call ends it before it is frozen.</summary>
    public static bool StandStill(Func<long> count) => Eventually(() =>
    {
        long before = count();
        Thread.Sleep(200);
        return count() == before;
    });

    public static bool Eventually(Func<bool> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > _patience)
            {
                return false;
            }

            Thread.Sleep(10);
        }

        return true;
    }

    /// <summary>
    /// Ended children of this process that nobody reaped and that came from a run, which is a session of its own. Programs that other tests start share this process's
    /// session, and what those leave behind when they are killed is no launcher's to reap.
    /// </summary>
    public static int Zombies()
    {
        string own = SessionOf(StatOf($"{Environment.ProcessId}"));
        return Directory.EnumerateDirectories("/proc").Count(folder =>
            StatOf(Path.GetFileName(folder)) is ['Z', _, ..] fields && int.Parse(fields.Split(' ')[1]) == Environment.ProcessId && SessionOf(fields) != own);
    }

    /// <summary>Whether a process has ended, reaped or not.</summary>
    public static bool HasEnded(int pid) => StatOf($"{pid}") is "" or ['Z', ..];

    /// <summary>The fields of <c>stat</c> from the state on; empty when there is no such process.</summary>
    private static string StatOf(string pid)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..];
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static bool IsSleep(int pid, string argument)
    {
        try
        {
            string[] arguments = File.ReadAllText($"/proc/{pid}/cmdline").Split('\0');
            return arguments.Length > 1 && arguments[0].EndsWith("sleep", StringComparison.Ordinal) && arguments[1] == argument;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static string SessionOf(string fields) => fields.Split(' ')[3];
}
