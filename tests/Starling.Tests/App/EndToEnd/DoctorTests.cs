using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Starling.Tests.App.EndToEnd;

/// <summary><c>doctor</c> of the built program on a machine that need not have more than loopback.</summary>
public sealed class DoctorTests : IDisposable
{
    private readonly ScratchFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public void Every_finding_is_one_line_and_nothing_is_left_behind()
    {
        using StarlingRun run = StarlingRun.Finish(_home.Path, "doctor", "--listen", "127.0.0.1:0", "--json");
        Assert.Equal((0, ""), (run.WaitForExit(), run.Error));
        JsonElement[] lines = [.. run.Lines.Select(line => JsonDocument.Parse(line).RootElement)];
        string[] checks = [.. lines[..^1].Select(line => line.GetProperty("check").GetString()!).Distinct()];
        Assert.Equal(
            ["machine", "limits", "port", "reach", "local discovery", "DHT", "trackers", "disk", "clock", "walls"],
            OperatingSystem.IsLinux() ? checks : [.. checks, "walls to come"]);
        Assert.Equal("checked", lines[^1].GetProperty("event").GetString());
        Assert.Equal(lines.Length - 1, lines[^1].GetProperty("ok").GetInt32() + lines[^1].GetProperty("warnings").GetInt32());
        Assert.Empty(Directory.GetFileSystemEntries(_home.Path));
    }

    [Fact]
    public void A_failure_is_status_1_and_names_what_to_do()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        using StarlingRun run = StarlingRun.Finish(_home.Path, "doctor", "--listen", $"{taken.LocalEndPoint}", "--no-port-mapping");
        Assert.Equal(1, run.WaitForExit());
        string failed = Assert.Single(run.Lines, line => line.StartsWith("failed ", StringComparison.Ordinal));
        Assert.Contains("--listen ADDR:PORT", failed, StringComparison.Ordinal);
        Assert.EndsWith(" 1 failed", run.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Needs_space_and_trackers_of_a_task_are_looked_at()
    {
        string task = _home.File(
            "task.yaml",
            "name: x\npieces: 4\npiece length: 1MiB\ntrackers: [\"http://127.0.0.1:1/announce\"]\nrun: {kernel: sleep, seconds: 0, bytes: 1}\nneeds: {programs: [no-such-program]}\n");
        using StarlingRun run = StarlingRun.Finish(_home.Path, "doctor", task, "--listen", "127.0.0.1:0");
        Assert.Equal(1, run.WaitForExit());
        Assert.Contains(run.Lines, line => line.StartsWith("warning  needs, no-such-program:", StringComparison.Ordinal));
        Assert.Contains(run.Lines, line => line.Contains("at most 8 MiB needed", StringComparison.Ordinal));
        Assert.Contains(run.Lines, line => line.StartsWith("failed   trackers, http://127.0.0.1:1/announce: no answer", StringComparison.Ordinal));
    }

    [Fact]
    public void A_wrong_line_is_status_2()
    {
        using StarlingRun absent = StarlingRun.Finish(_home.Path, "doctor", "absent.starling");
        Assert.Equal(2, absent.WaitForExit());
        using StarlingRun tracker = StarlingRun.Finish(_home.Path, "doctor", "--tracker", "ftp://x");
        Assert.Equal(2, tracker.WaitForExit());
    }
}
