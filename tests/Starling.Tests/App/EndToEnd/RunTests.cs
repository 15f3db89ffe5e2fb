using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using Starling.Events;
using Starling.Tests.Runtime.Walls;

namespace Starling.Tests.App.EndToEnd;

/// <summary>The built program, started as a person starts it: what it prints, leaves behind and returns.</summary>
public sealed class RunTests : IDisposable
{
    private const int Terminate = 15;

    private readonly ScratchFolder _home = new();
    // Tasks of other tests have other names, so that no swarm of one test finds that of another on the local network.
    private readonly string _name = $"task-{Guid.NewGuid():N}";

    [Fact]
    public void AKernelTask_RunsToTheEnd_AndTellsEveryStep()
    {
        using StarlingRun run = StarlingRun.Finish(_home.Path, "run", Sleeping(6, 0.01), "--dir", _home.Folder("out"), "--slots", "2", "--listen", "127.0.0.1:0", "--exit", "--json");

        Assert.Equal((0, ""), (run.WaitForExit(), run.Error));
        RunEvent started = run.Events[0];
        Assert.Equal((EventName.Started, 2, 0, _home.Folder("out")), (started.Event, started.Slots, started.Resumed, started.Dir));
        Assert.Matches("^127\\.0\\.0\\.1:[0-9]+$", started.Listen);
        Assert.StartsWith($"magnet:?xt=urn:btmh:1220{started.Task}&dn={_name}&x.pe=127.0.0.1:", started.Magnet, StringComparison.Ordinal);
        Assert.Equal(Enumerable.Range(0, 6), run.Events.Where(read => read.Event == EventName.Piece).Select(read => read.Piece!.Value).Order());
        RunEvent complete = Assert.Single(run.Events, read => read.Event == EventName.Complete);
        Assert.Equal((6, 6, 0), (complete.Pieces, complete.Computed, complete.Downloaded));
        string output = Assert.Single(complete.Output!);
        Assert.Equal(Path.Combine(_home.Folder("out"), _name), output);
        Assert.Equal(6 * 100, new FileInfo(output).Length);
        Assert.Equal("done", run.Events[^1].Reason);
        Assert.All(run.Events, read => Assert.Null(read.Peer));
        Assert.Equal(run.Events.Count, run.Lines.Count);
    }

    [Fact]
    public void LocalPeers_AllEndWithTheSameBytes()
    {
        using StarlingRun run = StarlingRun.Finish(
            _home.Path, "run", Sleeping(12, 0.05), "--dir", _home.Folder("out"), "--local-peers", "3", "--slots", "1", "--listen", "127.0.0.1:0", "--exit", "--json");

        Assert.Equal((0, ""), (run.WaitForExit(), run.Error));
        byte[][] outputs = [.. Enumerable.Range(0, 3).Select(peer => File.ReadAllBytes(Path.Combine(_home.Folder("out"), $"peer-{peer}", _name)))];
        Assert.All(outputs, output => Assert.Equal(outputs[0], output));
        Assert.Equal([0, 1, 2], run.Events.Where(read => read.Event == EventName.Complete).Select(read => read.Peer!.Value).Order());
        Assert.Equal(3, run.Events.Where(read => read.Event == EventName.Started).Select(read => read.Identity).Distinct().Count());
        Assert.All(run.Events, read => Assert.NotNull(read.Peer));
    }

    [Fact]
    public void ALink_BringsASecondMachine()
    {
        string task = Sleeping(4, 0.01);
        using StarlingRun first = StarlingRun.Start(_home.Path, "run", task, "--dir", _home.Folder("one"), "--listen", "127.0.0.1:0", "--json");
        string magnet = first.WaitFor(EventName.Started).Magnet!;
        first.WaitFor(EventName.Complete);

        // The second believes the first, or it would compute all of it as well: a stranger's word is not enough in an open task.
        using StarlingRun second = StarlingRun.Finish(_home.Path, "run", magnet, "--dir", _home.Folder("two"), "--listen", "127.0.0.1:0", "--trust", "--exit", "--json");
        Assert.Equal((0, ""), (second.WaitForExit(), second.Error));
        Assert.Equal((_name, 4), second.Events.Where(read => read.Event == EventName.Opened).Select(read => (read.Name!, read.Pieces!.Value)).Single());
        Assert.Equal(File.ReadAllBytes(Path.Combine(_home.Folder("one"), _name)), File.ReadAllBytes(Path.Combine(_home.Folder("two"), _name)));

        first.Signal(Terminate);
        Assert.Equal(0, first.WaitForExit());
    }

    [Fact]
    public void StoppedBeforeTheEnd_Returns3_AndTheNextStartGoesOn()
    {
        string task = Sleeping(8, 0.2);
        using (StarlingRun run = StarlingRun.Start(_home.Path, "run", task, "--dir", _home.Folder("out"), "--slots", "1", "--listen", "127.0.0.1:0", "--json"))
        {
            run.WaitFor(EventName.Piece);
            run.Signal(Terminate);
            Assert.Equal(3, run.WaitForExit());
            Assert.Equal(EventName.Stopped, run.Events[^1].Event);
        }

        using StarlingRun again = StarlingRun.Finish(_home.Path, "run", task, "--dir", _home.Folder("out"), "--slots", "1", "--listen", "127.0.0.1:0", "--exit", "--json");
        Assert.Equal(0, again.WaitForExit());
        Assert.InRange(again.Events[0].Resumed!.Value, 1, 7);
        Assert.Equal(8 - again.Events[0].Resumed, again.Events.Count(read => read is { Event: EventName.Piece, Source: "computed" }));
    }

    [Fact]
    public void AForeignCommand_WithoutWalls_IsRefusedWithStatus4_AndRunsWithTrust()
    {
        string task = Shell("echo \"$PIECE_IDX\"", 3);
        string[] withoutBubblewrap = ["/usr/bin/env", $"PATH={_home.Folder("none")}"];
        using (StarlingRun refused = StarlingRun.StartUnder(withoutBubblewrap, _home.Path, ["run", task, "--dir", _home.Folder("out"), "--exit", "--json"]))
        {
            Assert.Equal(4, refused.WaitForExit());
            Assert.Contains("bubblewrap", refused.Events[0].Hint, StringComparison.Ordinal);
            RunEvent told = Assert.Single(refused.Events);
            Assert.Equal(EventName.Refused, told.Event);
            Assert.Contains("--trust", told.Hint, StringComparison.Ordinal);
            Assert.False(Directory.Exists(_home.Folder("out")) && File.Exists(Path.Combine(_home.Folder("out"), _name)));
        }

        using StarlingRun trusted = StarlingRun.Finish(_home.Path, "run", task, "--dir", _home.Folder("out"), "--listen", "127.0.0.1:0", "--trust", "--exit");
        Assert.Equal((0, ""), (trusted.WaitForExit(), trusted.Error));
        Assert.StartsWith("starling run 'magnet:?xt=urn:btmh:1220", trusted.Lines[0], StringComparison.Ordinal);
        Assert.Equal($"output: {Path.Combine(_home.Folder("out"), _name)}", trusted.Lines[^1]);
        Assert.Equal("0\n1\n2\n", File.ReadAllText(Path.Combine(_home.Folder("out"), _name)));
    }

    [WallsFact]
    public void AForeignCommand_RunsWithinWalls()
    {
        File.WriteAllText(_home.Folder("secret"), "secret");
        string task = Shell($"cat '{_home.Folder("secret")}' 2>/dev/null || echo \"$PIECE_IDX in $PWD\"", 3);
        using StarlingRun run = StarlingRun.Finish(_home.Path, "run", task, "--dir", _home.Folder("out"), "--listen", "127.0.0.1:0", "--exit");

        Assert.Equal((0, ""), (run.WaitForExit(), run.Error));
        Assert.Equal("0 in /work\n1 in /work\n2 in /work\n", File.ReadAllText(Path.Combine(_home.Folder("out"), _name)));
    }

    [Fact]
    public void ATaskThatAsksForTheNetwork_IsRefusedUntilItsOwnerAllowsIt()
    {
        string task = Shell("echo", 1);
        File.AppendAllText(task, "limits: {network: full}\n");
        using StarlingRun refused = StarlingRun.Finish(_home.Path, "run", task, "--dir", _home.Folder("out"), "--exit", "--json");

        Assert.Equal(4, refused.WaitForExit());
        Assert.Contains("--network", refused.Events[0].Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void ATaskThatItsOwnerSigned_RunsItsCommand()
    {
        using StarlingRun created = StarlingRun.Finish(_home.Path, "create", "-n", "2", "-o", _home.Folder($"{_name}.starling"), "--", "echo hello $PIECE_IDX");
        Assert.Equal((0, ""), (created.WaitForExit(), created.Error));

        using StarlingRun run = StarlingRun.Finish(_home.Path, "run", _home.Folder($"{_name}.starling"), "--dir", _home.Folder("out"), "--listen", "127.0.0.1:0", "--exit");
        Assert.Equal((0, ""), (run.WaitForExit(), run.Error));
        Assert.Equal("hello 0\nhello 1\n", File.ReadAllText(Path.Combine(_home.Folder("out"), _name)));
    }

    [Fact]
    public void ACommandThatFails_EndsWithStatus1_ItsPieceAndItsStandardError()
    {
        string task = Shell("if [ $PIECE_IDX = 1 ]; then echo 'no such file' >&2; exit 7; fi", 2);
        using StarlingRun run = StarlingRun.Finish(_home.Path, "run", task, "--dir", _home.Folder("out"), "--listen", "127.0.0.1:0", "--trust", "--exit", "--json");

        Assert.Equal(1, run.WaitForExit());
        RunEvent[] failed = [.. run.Events.Where(read => read.Event == EventName.Failed)];
        Assert.Equal([1, 2, 3], failed.Select(read => read.Attempt!.Value));
        Assert.All(failed, read => Assert.Equal((1, "exit:7", "no such file"), (read.Piece!.Value, read.Reason, read.Stderr)));
        Assert.Equal(EventName.Error, run.Events[^1].Event);
        Assert.Contains("1", run.Events[^1].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void APortInUse_IsToldWithStatus1()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        using StarlingRun run = StarlingRun.Finish(_home.Path, "run", Sleeping(1, 0.01), "--dir", _home.Folder("out"), "--listen", $"127.0.0.1:{port}", "--exit", "--json");

        Assert.Equal(1, run.WaitForExit());
        Assert.Contains($"{port}", Assert.Single(run.Events).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void AFileThatIsNoTask_IsToldWithStatus2()
    {
        using StarlingRun missing = StarlingRun.Finish(_home.Path, "run", "nowhere.yaml");
        Assert.Equal((2, "starling run: "), (missing.WaitForExit(), missing.Error[..14]));
        Assert.Contains("nowhere.yaml", missing.Error, StringComparison.Ordinal);

        using StarlingRun wrong = StarlingRun.Finish(_home.Path, "run", _home.File("wrong.yaml", "name: x\npieces: many\nrun: echo\n"), "--json");
        Assert.Equal(2, wrong.WaitForExit());
        Assert.Contains("pieces", Assert.Single(wrong.Events).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void WhenTheSupervisorIsKilled_ItsPeersEndToo()
    {
        using StarlingRun run = StarlingRun.Start(
            _home.Path, "run", Sleeping(50, 1), "--dir", _home.Folder("out"), "--local-peers", "2", "--slots", "1", "--listen", "127.0.0.1:0", "--json");
        run.WaitFor(EventName.Computing, peer: 0);
        run.WaitFor(EventName.Computing, peer: 1);
        run.Signal(9);

        // Whoever still holds the folder of a peer is alive.
        for (int attempt = 0; attempt < 200 && !IsFree(Path.Combine(_home.Folder("out"), "peer-1")); attempt++)
        {
            Thread.Sleep(50);
        }

        Assert.True(IsFree(Path.Combine(_home.Folder("out"), "peer-1")), "a local peer outlived its supervisor");
    }

    public void Dispose() => _home.Dispose();

    private static bool IsFree(string folder)
    {
        try
        {
            using var file = new FileStream(Path.Combine(folder, ".starling", "lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private string Sleeping(int pieces, double seconds) => _home.File(
        "task.yaml", FormattableString.Invariant($"name: {_name}\npieces: {pieces}\nrun: {{ kernel: sleep, seconds: \"{seconds}\", bytes: 100 }}\n"));

    private string Shell(string command, int pieces) => _home.File("task.yaml", $"name: {_name}\npieces: {pieces}\nrun: |\n  {command}\n");
}
