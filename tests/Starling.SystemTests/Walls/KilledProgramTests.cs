using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Runtime.Versioning;
using System.Text;
using System.Threading;
using Starling.Events;
using Starling.Tests.App.EndToEnd;

namespace Starling.SystemTests.Walls;

/// <summary>The program is killed while a hundred walled runs are under way: nothing of them stays, and a restart goes on.</summary>
[SupportedOSPlatform("linux")]
public sealed class KilledProgramTests : IDisposable
{
    private const int Runs = 100;
    private const int Kill = 9;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly SharedProgram _shared = new();

    public void Dispose() => _shared.Dispose();

    [BothUsersTheory]
    [InlineData(WhoRuns.Root)]
    [InlineData(WhoRuns.User)]
    public void NothingIsLeftOfAHundredRuns(WhoRuns who)
    {
        string home = _shared.Home(who);
        string seconds = $"10{Random.Shared.NextInt64(100_000_000, 999_999_999)}";
        string task = Path.Combine(home, "task.yaml");
        File.WriteAllText(task, $"""
            name: killed
            pieces: {Runs}
            run: if [ -e "$STATE/again" ]; then echo again $PIECE_IDX; else touch "$STATE/again"; (setsid sleep {seconds} &); exec sleep {seconds}; fi
            verify: own
            """);
        string[] mounts = File.ReadAllLines("/proc/self/mounts");
        string temporary = _shared.Home(who);

        // As ./starling does: the pipes of .NET's debugger would be left.
        string[] before = [.. SharedProgram.As(who), "/usr/bin/env", $"TMPDIR={temporary}", "DOTNET_EnableDiagnostics=0"];
        SortedSet<string> groups = ControlGroups();
        string[] arguments = ["run", task, "--dir", Path.Combine(home, "out"), "--slots", $"{Runs}", "--listen", "127.0.0.1:0", "--no-dht", "--exit", "--json"];
        using (StarlingRun killed = StarlingRun.StartUnder(before, home, arguments, _shared.Program))
        {
            Assert.True(Eventually(() => With(seconds) >= 2 * Runs), $"{With(seconds)} processes of {2 * Runs} were started; {killed.Error}");
            killed.Signal(Kill);
            killed.WaitForExit();
            Assert.True(Eventually(() => With(seconds) == 0), $"{With(seconds)} processes are left");
        }

        using StarlingRun again = StarlingRun.StartUnder(before, home, arguments, _shared.Program);
        Assert.Equal(0, again.WaitForExit());

        // All of them had been under way, and went on from their state.
        Assert.Equal(Runs, again.Events.Single(happened => happened.Event == EventName.Complete).Computed);
        Assert.Equal(Enumerable.Range(0, Runs).Select(piece => $"again {piece}"), File.ReadAllLines(Path.Combine(home, "out", "killed")));
        Assert.Equal(0, With(seconds));
        Assert.Equal(mounts, File.ReadAllLines("/proc/self/mounts"));
        Assert.Equal(groups, ControlGroups());
        Assert.Empty(Directory.GetFileSystemEntries(temporary));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(home, "out", ".starling", "scratch"), "*", SearchOption.AllDirectories));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(home, "out", ".starling", "state"), "again", SearchOption.AllDirectories));
    }

    private static SortedSet<string> ControlGroups() => new(
        Directory.Exists("/sys/fs/cgroup")
            ? Directory.EnumerateDirectories("/sys/fs/cgroup", "starling*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true })
            : [],
        StringComparer.Ordinal);

    private static bool Eventually(Func<bool> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > _patience)
            {
                return false;
            }

            Thread.Sleep(100);
        }

        return true;
    }

    private static int With(string argument)
    {
        byte[] looked = Encoding.ASCII.GetBytes($"sleep\0{argument}\0");
        int count = 0;
        foreach (string folder in Directory.GetDirectories("/proc"))
        {
            try
            {
                count += int.TryParse(Path.GetFileName(folder), out _) && File.ReadAllBytes($"{folder}/cmdline").AsSpan().SequenceEqual(looked) ? 1 : 0;
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                // It has ended.
            }
        }

        return count;
    }
}
