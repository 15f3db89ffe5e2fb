using System;
using System.IO;
using System.Linq;
using Starling.Events;
using Starling.Tests.Runtime.Storage;

namespace Starling.Tests.App.EndToEnd;

/// <summary>Several processes of one task: kill and resume, members and strangers, searches, confirmation.</summary>
public sealed class SwarmTests : IDisposable
{
    private readonly ScratchFolder _home = new();
    private readonly string _name = $"task-{Guid.NewGuid():N}";

    public void Dispose() => _home.Dispose();

    [Fact]
    public void After_a_kill_nothing_finished_is_computed_again()
    {
        // From the seventh run on they end only once the file is there: the kill always finds work unfinished.
        string open = Path.Combine(_home.Path, "open");
        string task = _home.File("task.yaml", $"""
            name: {_name}
            pieces: 12
            run: |
              mkdir -p {_home.Path}/begun
              touch {_home.Path}/begun/$PIECE_IDX
              test $(ls {_home.Path}/begun | wc -l) -lt 7 || until test -e {open}; do sleep 0.05; done
              printf %0100d $PIECE_IDX
            """);
        string[] arguments = ["run", task, "--dir", _home.Folder("out"), "--slots", "2", "--listen", "127.0.0.1:0", "--trust", "--exit", "--json"];
        int[] finished;
        using (StarlingRun run = StarlingRun.Start(_home.Path, arguments))
        {
            for (int i = 0; i < 4; i++)
            {
                run.WaitFor(EventName.Piece);
            }

            run.Signal(9);
            run.WaitForExit();
            finished = [.. run.Events.Where(read => read.Event == EventName.Piece).Select(read => read.Piece!.Value)];
        }

        _home.File("open", "");
        using StarlingRun again = StarlingRun.Finish(_home.Path, arguments);
        Assert.Equal((0, ""), (again.WaitForExit(), again.Error));
        int resumed = again.Events[0].Resumed!.Value;
        Assert.InRange(resumed, finished.Length, 8);
        Assert.Equal(resumed, again.Events.Count(read => read is { Event: EventName.Piece, Source: "resumed" }));
        int[] computed = [.. again.Events.Where(read => read.Event == EventName.Computing).Select(read => read.Piece!.Value)];
        Assert.Equal(12 - resumed, computed.Length);
        Assert.Empty(computed.Intersect(finished));
        Assert.Equal(12 * 100, new FileInfo(Path.Combine(_home.Folder("out"), _name)).Length);
    }

    [Fact]
    public void A_member_needs_the_secret_and_a_stranger_hears_why_he_is_refused()
    {
        _home.File("spec.yaml", $"name: {_name}\npieces: 4\nrun: {{ kernel: sleep, seconds: \"0.01\", bytes: 100 }}\n");
        using StarlingRun created = StarlingRun.Finish(_home.Path, "create", "spec.yaml", "-o", "task.starling");
        Assert.Equal((0, ""), (created.WaitForExit(), created.Error));
        using StarlingRun owner = StarlingRun.Start(_home.Path, "run", "task.starling", "--dir", _home.Folder("owner"), "--listen", "127.0.0.1:0", "--json");
        string link = owner.WaitFor(EventName.Started).Magnet!;
        owner.WaitFor(EventName.Complete);

        using (StarlingRun member = StarlingRun.Finish(_home.Path, "run", link, "--dir", _home.Folder("member"), "--listen", "127.0.0.1:0", "--exit", "--json"))
        {
            Assert.Equal((0, ""), (member.WaitForExit(), member.Error));

            // Members believe each other: everything is fetched.
            RunEvent complete = member.Events.Single(read => read.Event == EventName.Complete);
            Assert.Equal((0, 4), (complete.Computed, complete.Downloaded));
            Assert.Equal(File.ReadAllBytes(Path.Combine(_home.Folder("owner"), _name)), File.ReadAllBytes(Path.Combine(_home.Folder("member"), _name)));
        }

        string withoutSecret = string.Join('&', link.Split('&').Where(part => !part.StartsWith("x.secret=", StringComparison.Ordinal)));
        Assert.NotEqual(link, withoutSecret);
        using StarlingRun stranger = StarlingRun.Start(_home.Path, "run", withoutSecret, "--dir", _home.Folder("stranger"), "--listen", "127.0.0.1:0", "--json");
        RunEvent refused = stranger.WaitFor(EventName.Refused);
        Assert.Equal("no-member", refused.Code);
        Assert.Contains("secret", refused.Reason, StringComparison.Ordinal);
        Assert.Contains("complete link", refused.Hint, StringComparison.Ordinal);
        Assert.Equal("no-member", owner.WaitFor(EventName.Refused).Code);
    }

    [Fact]
    public void A_search_ends_everywhere_with_the_first_hit()
    {
        string task = _home.File("task.yaml", $$"""
            name: {{_name}}
            run:
              kernel: sha256d-search
              header: "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d00000000"
              start: 2083000000
              count: 4000000
            until: first
            files:
              - { path: nonce.txt, pieces: 40 }
            """);
        using StarlingRun run = StarlingRun.Finish(
            _home.Path, "run", task, "--dir", _home.Folder("out"), "--local-peers", "3", "--slots", "1", "--listen", "127.0.0.1:0", "--exit", "--json");

        Assert.Equal((0, ""), (run.WaitForExit(), run.Error));
        for (int peer = 0; peer < 3; peer++)
        {
            Assert.Equal(
                "2083236893 000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f\n",
                File.ReadAllText(Path.Combine(_home.Folder("out"), $"peer-{peer}", "nonce.txt")));
        }
    }

    [Fact]
    public void A_search_without_a_hit_ends_with_status_1()
    {
        string task = _home.File("task.yaml", $"name: {_name}\nrun: {{ kernel: hash-search, algorithm: sha256, start: 0, count: 100, zero-bits: 200, at: start }}\nuntil: first\npieces: 4\n");
        using StarlingRun run = StarlingRun.Finish(_home.Path, "run", task, "--dir", _home.Folder("out"), "--listen", "127.0.0.1:0", "--exit", "--json");
        Assert.Equal(1, run.WaitForExit());
        Assert.Contains(run.Events, read => read is { Event: EventName.Error, Code: "no-hit" });
    }

    [Fact]
    public void Two_strangers_confirm_each_other()
    {
        string task = Sleeping(8, 0.1);
        using StarlingRun one = StarlingRun.Start(
            _home.Path, "run", task, "--dir", _home.Folder("one"), "--slots", "1", "--listen", "127.0.0.1:0", "--exit", "--json");
        string listen = one.WaitFor(EventName.Started).Listen!;
        using StarlingRun two = StarlingRun.Finish(
            _home.Path, "run", task, "--dir", _home.Folder("two"), "--slots", "1", "--listen", "127.0.0.1:0", "--peer", listen, "--exit", "--json");

        Assert.Equal((0, ""), (two.WaitForExit(), two.Error));
        Assert.Equal((0, ""), (one.WaitForExit(), one.Error));
        Assert.Equal(File.ReadAllBytes(Path.Combine(_home.Folder("one"), _name)), File.ReadAllBytes(Path.Combine(_home.Folder("two"), _name)));
        Assert.NotEqual(one.Events[0].Identity, two.Events[0].Identity);
        Assert.All(new[] { one, two }, run => Assert.DoesNotContain(run.Events, read => read.Event is EventName.Refused or EventName.Error));
    }

    [TmpfsFact]
    public void A_full_disk_is_told_and_the_work_goes_on_when_there_is_room()
    {
        using SmallDisk disk = SmallDisk.TryMount(512 * 1024)!;
        string task = _home.File("task.yaml", $"name: {_name}\npieces: 8\nrun: {{ kernel: sleep, seconds: \"0.01\", bytes: 100000 }}\n");
        using StarlingRun run = StarlingRun.Start(
            _home.Path, "run", task, "--dir", Path.Combine(disk.Path, "out"), "--listen", "127.0.0.1:0", "--exit", "--json");
        RunEvent full = run.WaitFor(EventName.Error);
        Assert.Equal("disk-full", full.Code);
        Assert.Contains(disk.Path, full.Reason, StringComparison.Ordinal);
        Assert.Contains("free", full.Hint, StringComparison.OrdinalIgnoreCase);

        disk.Grow(8 * 1024 * 1024);
        Assert.Equal(0, run.WaitForExit());
        Assert.Equal(800_000, new FileInfo(Assert.Single(run.Events, read => read.Event == EventName.Complete).Output!.Single()).Length);
    }

    private string Sleeping(int pieces, double seconds) => _home.File(
        "task.yaml", FormattableString.Invariant($"name: {_name}\npieces: {pieces}\nrun: {{ kernel: sleep, seconds: \"{seconds}\", bytes: 100 }}\n"));
}
