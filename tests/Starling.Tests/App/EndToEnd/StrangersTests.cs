using System;
using System.IO;
using System.Linq;
using System.Text.Json;
using Starling.Events;

namespace Starling.Tests.App.EndToEnd;

/// <summary>Two owners who do not know each other, and what each learns about the other.</summary>
public sealed class StrangersTests : IDisposable
{
    private const int Pieces = 30;

    private readonly ScratchFolder _one = new();
    private readonly ScratchFolder _two = new();
    private readonly string _name = $"task-{Guid.NewGuid():N}";

    public void Dispose()
    {
        _one.Dispose();
        _two.Dispose();
    }

    [Fact]
    public void They_compute_until_they_know_each_other_and_remember_it()
    {
        string yaml = $"name: {_name}\npieces: {Pieces}\nrun: {{ kernel: sleep, seconds: \"0.02\", bytes: 100 }}\nverify: {{ trust: 20 }}\n";
        (string worker, string other) = RunBoth(yaml);
        Assert.Equal(File.ReadAllBytes(Path.Combine(_one.Folder("out"), _name)), File.ReadAllBytes(Path.Combine(_two.Folder("out"), _name)));

        // One worker's word is not enough before 63 of its results were confirmed: everything was run by both.
        using StarlingRun trust = StarlingRun.Finish(_two.Path, "trust", "--json");
        JsonElement known = JsonDocument.Parse(Assert.Single(trust.Lines)).RootElement;
        Assert.Equal((worker, 0), (known.GetProperty("key").GetString(), known.GetProperty("refuted").GetInt32()));
        Assert.InRange(known.GetProperty("confirmed").GetInt32(), 1, Pieces);

        using StarlingRun credit = StarlingRun.Finish(_two.Path, "credit", _two.Folder("out"), "--csv");
        Assert.Equal("worker,environment,credited,attested", credit.Lines[0]);
        Assert.Equal(3, credit.Lines.Count);
        Assert.Contains(credit.Lines, line => line.StartsWith(worker, StringComparison.Ordinal));
        Assert.Contains(credit.Lines, line => line.StartsWith(other, StringComparison.Ordinal) && line.EndsWith($",{Pieces},{Pieces}", StringComparison.Ordinal));
    }

    [Fact]
    public void What_both_sealed_is_opened_before_anybody_leaves()
    {
        string yaml = $"name: {_name}\npieces: 6\nrun: {{ kernel: sleep, seconds: \"0.02\", bytes: 100 }}\nverify: {{ replicas: 2, sealed: 30s }}\n";
        RunBoth(yaml);

        // Each found the other's results equal to its own, which it could only after they were opened.
        using StarlingRun trust = StarlingRun.Finish(_one.Path, "trust", "--json");
        JsonElement known = JsonDocument.Parse(Assert.Single(trust.Lines)).RootElement;
        Assert.Equal((6, 0), (known.GetProperty("confirmed").GetInt32(), known.GetProperty("refuted").GetInt32()));
    }

    [Fact]
    public void The_owner_may_believe_or_disbelieve_anybody()
    {
        string key = string.Concat(Enumerable.Repeat("ab", 32));
        using StarlingRun denied = StarlingRun.Finish(_one.Path, "trust", "deny", key);
        Assert.Equal(0, denied.WaitForExit());
        using StarlingRun shown = StarlingRun.Finish(_one.Path, "trust");
        Assert.Contains("denied", Assert.Single(shown.Lines), StringComparison.Ordinal);
        using StarlingRun allowed = StarlingRun.Finish(_one.Path, "trust", "allow", key[..10]);
        Assert.Contains("allowed", Assert.Single(allowed.Lines), StringComparison.Ordinal);
        using StarlingRun unknown = StarlingRun.Finish(_one.Path, "trust", "deny", "12345678");
        Assert.Equal(2, unknown.WaitForExit());
        Assert.Contains("no key", unknown.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_is_no_tasks_has_no_credits()
    {
        using StarlingRun credit = StarlingRun.Finish(_one.Path, "credit", _one.Path);
        Assert.Equal(1, credit.WaitForExit());
        Assert.Contains("is not the folder of a task", credit.Error, StringComparison.Ordinal);
    }

    /// <summary>The first owner runs the task until it is complete, the second beside it until it may leave; their identities.</summary>
    private (string First, string Second) RunBoth(string yaml)
    {
        using StarlingRun first = StarlingRun.Start(_one.Path, "run", _one.File("task.yaml", yaml), "--dir", _one.Folder("out"), "--listen", "127.0.0.1:0", "--json");
        string address = first.WaitFor(EventName.Started).Listen!;
        using StarlingRun second = StarlingRun.Start(
            _two.Path, "run", _two.File("task.yaml", yaml), "--dir", _two.Folder("out"), "--listen", "127.0.0.1:0", "--peer", address, "--exit", "--json");
        Assert.Equal((0, ""), (second.WaitForExit(), second.Error));
        first.WaitFor(EventName.Complete);
        first.Signal(15);
        first.WaitForExit();
        return (first.Events[0].Identity!, second.Events[0].Identity!);
    }
}
