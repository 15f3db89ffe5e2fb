using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.Versioning;
using System.Text;
using Starling.Events;
using Starling.Tests.App.EndToEnd;

namespace Starling.SystemTests.Walls;

/// <summary>
/// Foreign commands that try to get out, run by the built program as root and as an ordinary user. After each the host is as it was, and nothing is left running.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed class EscapeTests : IDisposable
{
    private const int FewestAttempts = 40;

    private readonly SharedProgram _shared = new();

    public void Dispose() => _shared.Dispose();

    [BothUsersTheory]
    [InlineData(WhoRuns.Root)]
    [InlineData(WhoRuns.User)]
    public void NoAttemptGetsOut(WhoRuns who)
    {
        using var canary = new HostCanary(_shared.Folder, who);
        string home = _shared.Home(who);
        string input = Directory.CreateDirectory(Path.Combine(home, "escape")).FullName;
        File.Copy(Path.Combine(AppContext.BaseDirectory, "escapes.py"), Path.Combine(input, "escapes.py"));
        File.WriteAllText(Path.Combine(input, "HOST"), canary.Description);
        int attempts = NumberOfAttempts(home);
        Assert.True(attempts >= FewestAttempts);
        string task = Write(home, $"""
            name: attempts
            inputs: [escape]
            pieces: {attempts}
            run: python3 "$INPUTS/escape/escapes.py" $PIECE_IDX
            limits: {"{"}wall: 60s, memory: 256MiB, disk: 64MiB, processes: 64{"}"}
            verify: own
            """);

        // The shell in front leaves a descriptor open on a secret, as a careless service manager might.
        string[] before = [.. SharedProgram.As(who), "/bin/sh", "-c", $"exec 7<'{_shared.Folder}/secret'; exec \"$@\"", "sh"];
        using StarlingRun run = StarlingRun.StartUnder(before, home, ["run", task, "--dir", Path.Combine(home, "out"), "--listen", "127.0.0.1:0", "--no-dht", "--exit"], _shared.Program);

        Assert.Equal((0, ""), (run.WaitForExit(), run.Error));
        string[] told = File.ReadAllLines(Path.Combine(home, "out", "attempts"));
        Assert.Equal(attempts, told.Length);
        Assert.All(told, line => Assert.StartsWith("blocked ", line, StringComparison.Ordinal));
        canary.AssertUntouched();
        Assert.Equal(canary.Description, File.ReadAllText(Path.Combine(input, "HOST")));
        AssertNothingIsLeft(canary.Seconds);
        Assert.DoesNotContain(run.Lines, line => line.Contains('\u001b', StringComparison.Ordinal));
    }

    public static TheoryData<WhoRuns, string, string, string> Bombs
    {
        get
        {
            (string Name, string Command, string Ends)[] bombs =
            [
                ("fork", "f() { f | f & }; f; sleep 2; echo over", "over exit: signal:"),
                ("fork and leave", "for i in $(seq 1000); do setsid -f sleep SECONDS 2>/dev/null; done; echo over", "over exit:"),
                ("memory", "python3 -c 'x = []\nwhile True: x.append(bytearray(1 << 20))'", "exit: limit:memory signal:9"),
                ("memory of many", "for i in 1 2 3 4 5 6 7 8; do python3 -c 'import time; x = bytearray(60 << 20); time.sleep(60)' & done; wait", "limit:memory"),
                ("memory shared", "python3 -c 'import mmap\nm = mmap.mmap(-1, 1 << 30)\nfor i in range(0, 1 << 30, 4096): m[i] = 1'", "limit:memory signal:"),
                ("memory as files", "i=0; while :; do head -c 10000000 /dev/zero > /dev/shm/$i; i=$((i+1)); done", "limit:disk"),
                ("one file", "head -c 1000000000 /dev/zero > big", "limit:disk signal:25 exit:"),
                ("many files", "i=0; while :; do head -c 1000000 /dev/zero > /tmp/$i; i=$((i+1)); done", "limit:disk"),
                ("inodes", "python3 -c 'i = 0\nwhile True:\n open(f\"/work/{i}\", \"w\").close(); i += 1'", "limit:disk"),
                ("folders in folders", "python3 -c 'import os\nwhile True: os.mkdir(\"d\"); os.chdir(\"d\")'", "limit:disk"),
                ("state", "i=0; while :; do head -c 1000000 /dev/zero > $STATE/$i; i=$((i+1)); done", "limit:disk"),
                ("output", "yes", "limit:output"),
                ("errors", "yes >&2", "limit:wall"),
                ("processor", "for i in 1 2 3 4; do while :; do :; done & done; wait", "limit:cpu"),
                ("deaf and stopped", "trap '' TERM HUP INT; kill -STOP $$", "limit:wall"),
                ("deaf and detached", "setsid -f sh -c \"trap '' TERM HUP INT; exec sleep SECONDS\"; echo over", "over"),
                ("threads", "python3 -c 'import threading, time\nfor i in range(100000): threading.Thread(target=time.sleep, args=(60,)).start()'", "exit: limit: signal:"),
                ("descriptors", "python3 -c 'import os\nkept = []\nwhile True: kept.append(os.pipe())'", "exit:"),
            ];
            var data = new TheoryData<WhoRuns, string, string, string>();
            foreach (WhoRuns who in Enum.GetValues<WhoRuns>())
            {
                foreach ((string name, string command, string ends) in bombs)
                {
                    data.Add(who, name, command, ends);
                }
            }

            return data;
        }
    }

    [BothUsersTheory]
    [MemberData(nameof(Bombs))]
    public void NoBombIsFelt(WhoRuns who, string name, string command, string ends)
    {
        using var canary = new HostCanary(_shared.Folder, who);
        string home = _shared.Home(who);
        string text = command.Replace("SECONDS", canary.Seconds, StringComparison.Ordinal);
        string task = Write(home, $"""
            name: bomb
            pieces: 1
            run: |
              : bomb {canary.Seconds}
            {string.Join('\n', text.Split('\n').Select(line => "  " + line))}
            limits: {"{"}wall: {(name is "errors" or "deaf and stopped" ? "5s" : "90s")}, cpu: {(name == "processor" ? "3s" : "80s")}, memory: 256MiB, disk: 64MiB, processes: 64{"}"}
            piece length: 1MiB
            verify: own
            """);
        using StarlingRun run = StarlingRun.StartUnder(
            SharedProgram.As(who), home, ["run", task, "--dir", Path.Combine(home, "out"), "--listen", "127.0.0.1:0", "--no-dht", "--exit", "--json"], _shared.Program);

        int exit = run.WaitForExit();

        RunEvent[] failed = [.. run.Events.Where(happened => happened.Event == EventName.Failed)];
        string[] allowed = ends.Split(' ');
        Assert.Contains(exit, (int[])[0, 1]);
        if (exit == 0)
        {
            Assert.Contains("over", allowed);
        }
        else
        {
            Assert.NotEmpty(failed);
        }

        Assert.All(failed, attempt => Assert.True(allowed.Any(end => attempt.Reason!.StartsWith(end, StringComparison.Ordinal)), $"{name}: {attempt.Reason} {attempt.Hint}"));
        canary.AssertUntouched();
        AssertNothingIsLeft(canary.Seconds);
        Assert.InRange(SizeOf(Path.Combine(home, "out", ".starling")), 0, 2_000_000);
    }

    private static int NumberOfAttempts(string inputs)
    {
        var start = new ProcessStartInfo("python3", [Path.Combine(inputs, "escape", "escapes.py")]) { RedirectStandardOutput = true };
        start.Environment["INPUTS"] = inputs;
        using Process counted = Process.Start(start)!;
        string told = counted.StandardOutput.ReadToEnd();
        counted.WaitForExit();
        return int.Parse(told, CultureInfo.InvariantCulture);
    }

    private static string Write(string home, string yaml)
    {
        string path = Path.Combine(home, "task.yaml");
        File.WriteAllText(path, yaml);
        return path;
    }

    private static void AssertNothingIsLeft(string argument)
    {
        byte[] looked = Encoding.ASCII.GetBytes(argument);
        List<string> left = [];
        foreach (string folder in Directory.GetDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), out int pid) || pid == Environment.ProcessId)
            {
                continue;
            }

            try
            {
                if (File.ReadAllBytes($"{folder}/cmdline").AsSpan().IndexOf(looked) >= 0)
                {
                    left.Add($"{pid}: {Encoding.UTF8.GetString(File.ReadAllBytes($"{folder}/cmdline")).Replace('\0', ' ')}");
                }
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                // It has ended.
            }
        }

        Assert.Empty(left);
    }

    private static long SizeOf(string folder)
    {
        long bytes = 0;
        foreach (string file in Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }))
        {
            // The copied settings of /etc have links to programs.
            bytes += new FileInfo(file) is { LinkTarget: null } plain ? plain.Length : 0;
        }

        return bytes;
    }
}
