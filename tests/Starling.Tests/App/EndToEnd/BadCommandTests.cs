using System;
using System.IO;
using System.Linq;
using Starling.Events;
using Starling.Tests.Runtime.Execution;

namespace Starling.Tests.App.EndToEnd;

/// <summary>Commands that misbehave, run by the program: each is stopped and told by its name, and everything else goes on.</summary>
public sealed class BadCommandTests : IDisposable
{
    private readonly ScratchFolder _home = new();
    private readonly string _name = $"task-{Guid.NewGuid():N}";

    public void Dispose() => _home.Dispose();

    [Fact]
    public void Runs_that_go_wrong_once_are_told_tried_again_and_leave_nothing_behind()
    {
        string seconds = LiveProcesses.UniqueSeconds();
        string task = _home.File("task.yaml", $$"""
            name: {{_name}}
            pieces: 7
            piece length: 64KiB
            limits: { wall: 2s }
            run: |
              case $PIECE_IDX in
              0) sleep {{seconds}} & ;;
              1) setsid sleep {{seconds}} </dev/null >/dev/null 2>&1 & ;;
              esac
              if [ $PIECE_IDX -gt 1 ] && [ ! -e "$STATE/tried" ]; then
                touch "$STATE/tried"
                case $PIECE_IDX in
                2) echo 'no luck' >&2; exit 3 ;;
                3) sleep {{seconds}} ;;
                4) head -c 100000 /dev/zero ;;
                5) head -c 200000 /dev/zero | tr '\0' x >&2; echo the-end >&2; exit 4 ;;
                6) kill -9 $$ ;;
                esac
              fi
              echo "piece $PIECE_IDX"
            """);
        using StarlingRun run = StarlingRun.Finish(
            _home.Path, "run", task, "--dir", _home.Folder("out"), "--slots", "3", "--listen", "127.0.0.1:0", "--trust", "--exit", "--json");

        Assert.Equal((0, ""), (run.WaitForExit(), run.Error));
        Assert.Equal(string.Concat(Enumerable.Range(0, 7).Select(piece => $"piece {piece}\n")), File.ReadAllText(Path.Combine(_home.Folder("out"), _name)));
        RunEvent[] failed = [.. run.Events.Where(read => read.Event == EventName.Failed).OrderBy(read => read.Piece)];
        Assert.Equal([2, 3, 4, 5, 6], failed.Select(read => read.Piece!.Value));
        Assert.Equal(["exit:3", "limit:wall", "limit:output", "exit:4", "signal:9"], failed.Select(read => read.Reason!));
        Assert.All(failed, read => Assert.Equal(1, read.Attempt));
        Assert.Equal("no luck", failed[0].Stderr);
        Assert.Contains("'limits.wall' of the task allows, 2 s", failed[1].Hint, StringComparison.Ordinal);
        Assert.Contains("'piece length' of the task allows, 65536 bytes", failed[2].Hint, StringComparison.Ordinal);
        Assert.EndsWith("the-end", failed[3].Stderr, StringComparison.Ordinal);
        Assert.InRange(failed[3].Stderr!.Length, 1000, 70_000);
        Assert.True(LiveProcesses.Become(seconds, 0), "a run left a process behind");
    }

    [Fact]
    public void A_piece_that_always_fails_ends_the_command_when_all_others_are_done()
    {
        string broken = _home.File("broken", "");
        string task = _home.File("task.yaml", $$"""
            name: {{_name}}
            pieces: 6
            run: |
              if [ $PIECE_IDX = 4 ]; then
                [ ! -e {{broken}} ] || { echo cannot open lens >&2; exit 9; }
                sleep 1000
              fi
              echo $PIECE_IDX
            """);
        using StarlingRun run = StarlingRun.Finish(
            _home.Path, "run", task, "--dir", _home.Folder("out"), "--slots", "2", "--listen", "127.0.0.1:0", "--trust", "--exit");

        Assert.Equal(1, run.WaitForExit());
        string told = string.Join('\n', run.Lines) + run.Error;
        Assert.Contains("piece 4 failed 3 times here", told, StringComparison.Ordinal);
        Assert.Contains("cannot open lens", told, StringComparison.Ordinal);

        // What was done is kept: the next start computes none of it again. This time the piece runs until it is stopped.
        File.Delete(broken);
        using StarlingRun again = StarlingRun.Start(
            _home.Path, "run", task, "--dir", _home.Folder("out"), "--slots", "2", "--listen", "127.0.0.1:0", "--trust", "--exit", "--json");
        Assert.Equal(5, again.WaitFor(EventName.Started).Resumed);
        Assert.Equal(4, again.WaitFor(EventName.Computing).Piece);
        again.Signal(15);
        Assert.Equal(3, again.WaitForExit());
    }

    [Fact]
    public void Stopping_kills_what_runs_detached_children_too()
    {
        string seconds = LiveProcesses.UniqueSeconds();
        string task = _home.File("task.yaml", $"name: {_name}\npieces: 2\nrun: |\n  setsid sleep {seconds} </dev/null >/dev/null 2>&1 &\n  sleep {seconds}\n");
        using StarlingRun run = StarlingRun.Start(
            _home.Path, "run", task, "--dir", _home.Folder("out"), "--slots", "2", "--listen", "127.0.0.1:0", "--trust", "--json");
        run.WaitFor(EventName.Started);
        Assert.True(LiveProcesses.Become(seconds, 4), "the runs did not start");
        run.Signal(15);
        Assert.Equal(3, run.WaitForExit());
        Assert.True(LiveProcesses.Become(seconds, 0), "a run left a process behind");
    }

    [Fact]
    public void Killing_the_program_kills_what_runs()
    {
        string seconds = LiveProcesses.UniqueSeconds();
        string task = _home.File("task.yaml", $"name: {_name}\npieces: 2\nrun: |\n  setsid sleep {seconds} </dev/null >/dev/null 2>&1 &\n  sleep {seconds}\n");
        using StarlingRun run = StarlingRun.Start(
            _home.Path, "run", task, "--dir", _home.Folder("out"), "--slots", "2", "--listen", "127.0.0.1:0", "--trust", "--json");
        run.WaitFor(EventName.Started);
        Assert.True(LiveProcesses.Become(seconds, 4), "the runs did not start");
        run.Signal(9);
        Assert.True(LiveProcesses.Become(seconds, 0), "a run outlived the program");
    }

    [Fact]
    public void A_merge_that_fails_ends_with_status_1_and_loses_nothing()
    {
        string task = _home.File("task.yaml", $"name: {_name}\npieces: 3\nrun: echo $PIECE_IDX\nmerge: |\n  echo 'no such codec' >&2; exit 5\n");
        using StarlingRun run = StarlingRun.Finish(
            _home.Path, "run", task, "--dir", _home.Folder("out"), "--listen", "127.0.0.1:0", "--trust", "--exit", "--json");
        Assert.Equal(1, run.WaitForExit());
        RunEvent error = run.Events.Last(read => read.Event == EventName.Error);
        Assert.Equal("merge", error.Code);
        Assert.Contains("exit status 5", error.Reason, StringComparison.Ordinal);
        Assert.Contains("no such codec", error.Reason + error.Hint, StringComparison.Ordinal);
        Assert.Equal(3, run.Events.Count(read => read.Event == EventName.Piece));
        Assert.False(File.Exists(Path.Combine(_home.Folder("out"), _name)));
    }
}
