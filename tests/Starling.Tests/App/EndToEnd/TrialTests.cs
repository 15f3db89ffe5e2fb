using System;
using System.IO;
using System.Linq;
using System.Text.Json;
using Starling.Events;

namespace Starling.Tests.App.EndToEnd;

/// <summary>Tasks whose own command looks at results: <c>checker</c> and <c>compare</c>. One owner's machines, each with an identity of its own.</summary>
public sealed class TrialTests : IDisposable
{
    private readonly ScratchFolder _home = new();
    private readonly string _name = $"task-{Guid.NewGuid():N}";

    public void Dispose() => _home.Dispose();

    [Fact]
    public void A_machine_whose_results_the_checker_refuses_signs_nothing_and_fetches_what_others_compute()
    {
        string task = Create("""
            pieces: 12
            run: case $PWD in *bad*) echo broken;; *) echo right $PIECE_IDX;; esac
            verify: { checker: '[ "$(cat "$RESULT")" = "right $PIECE_IDX" ] || { echo not what it should be >&2; exit 1; }' }
            """);
        using StarlingRun bad = Run(task, "bad", "--listen", "127.0.0.1:0");
        string address = bad.WaitFor(EventName.Started).Listen!;
        RunEvent failed = bad.WaitFor(EventName.Failed);
        Assert.Equal("checker", failed.Reason);
        using StarlingRun good = Run(task, "good", "--peer", address);
        RunEvent complete = bad.WaitFor(EventName.Complete);
        Assert.Equal((0, 12), (complete.Computed, complete.Downloaded));
        good.WaitFor(EventName.Complete);
        Assert.Equal(
            string.Concat(Enumerable.Range(0, 12).Select(piece => $"right {piece}\n")), File.ReadAllText(Path.Combine(_home.Folder("bad"), _name)));
    }

    [Fact]
    public void Results_that_a_command_calls_equal_confirm_each_other_and_all_end_with_the_same_bytes()
    {
        string task = Create("""
            pieces: 12
            run: echo $PIECE_IDX computed in $PWD
            verify: { replicas: 2, compare: '[ "$(cut -d " " -f 1 "$RESULT")" = "$(cut -d " " -f 1 "$OTHER")" ]' }
            """);
        using StarlingRun one = Run(task, "one", "--listen", "127.0.0.1:0");
        string address = one.WaitFor(EventName.Started).Listen!;
        using StarlingRun two = Run(task, "two", "--peer", address);
        string worker = two.WaitFor(EventName.Started).Identity!;
        one.WaitFor(EventName.Complete);
        two.WaitFor(EventName.Complete);

        // Each ran everything, for they did not know each other; what differs in bytes was compared then, and one result of each piece is used by both.
        string Output(string folder) => File.ReadAllText(Path.Combine(_home.Folder(folder), _name));
        Eventually(() => Output("one") == Output("two"));
        Eventually(() => ConfirmedOf(worker) == 12);
    }

    private static void Eventually(Func<bool> what)
    {
        DateTime until = DateTime.UtcNow.AddSeconds(60);
        while (!what() && DateTime.UtcNow < until)
        {
            System.Threading.Thread.Sleep(100);
        }

        Assert.True(what());
    }

    private int ConfirmedOf(string worker)
    {
        using StarlingRun trust = StarlingRun.Finish(_home.Path, "trust", "--json");
        return trust.Lines.Select(line => JsonDocument.Parse(line).RootElement)
            .Where(known => known.GetProperty("key").GetString() == worker)
            .Select(known => known.GetProperty("confirmed").GetInt32() - known.GetProperty("refuted").GetInt32())
            .SingleOrDefault();
    }

    private string Create(string yaml)
    {
        string task = _home.Folder("task.starling");
        using StarlingRun create = StarlingRun.Finish(_home.Path, "create", _home.File("task.yaml", $"name: {_name}\n{yaml}"), "--public", "-o", task);
        Assert.Equal((0, ""), (create.WaitForExit(), create.Error));
        return task;
    }

    private StarlingRun Run(string task, string folder, params string[] more) =>
        StarlingRun.Start(_home.Path, ["run", task, "--dir", _home.Folder(folder), "--slots", "1", "--json", .. more]);
}
