using System;
using System.IO;
using System.Linq;
using System.Text.Json;
using Starling.Events;

namespace Starling.Tests.App.EndToEnd;

/// <summary>A task whose author judges, and lets others judge in its place.</summary>
public sealed class DelegateTests : IDisposable
{
    private readonly ScratchFolder _author = new();
    private readonly ScratchFolder _helper = new();
    private readonly ScratchFolder _worker = new();
    private readonly string _name = $"task-{Guid.NewGuid():N}";

    public void Dispose()
    {
        _author.Dispose();
        _helper.Dispose();
        _worker.Dispose();
    }

    [Fact]
    public void A_delegate_judges_while_the_author_is_gone_and_no_more_once_it_was_taken_back()
    {
        string task = _author.Folder("task.starling");
        string yaml = _author.File("task.yaml", $"name: {_name}\npieces: 6\nrun: {{ kernel: sleep, seconds: \"0.05\", bytes: 100 }}\nverify: arbiter\n");
        using (StarlingRun create = StarlingRun.Finish(_author.Path, "create", yaml, "--public", "-o", task))
        {
            Assert.Equal((0, ""), (create.WaitForExit(), create.Error));
        }

        // Both run under identities of their folders; the helper's is what its author names.
        using StarlingRun helper = StarlingRun.Start(_helper.Path, "run", task, "--dir", _helper.Folder("out"), "--listen", "127.0.0.1:0", "--json");
        RunEvent started = helper.WaitFor(EventName.Started);
        helper.WaitFor(EventName.Computing);
        using (StarlingRun named = StarlingRun.Finish(_author.Path, "delegate", task, started.Identity!, "--days", "1"))
        {
            Assert.Equal((0, ""), (named.WaitForExit(), named.Error));
            Assert.Contains(named.Lines, line => line.StartsWith(started.Identity!, StringComparison.Ordinal) && line.Contains("until", StringComparison.Ordinal));
        }

        // The author's own run tells the helper, and is gone before anything is done.
        using (StarlingRun author = StarlingRun.Start(_author.Path, "run", task, "--dir", _author.Folder("out"), "--peer", started.Listen!, "--json"))
        {
            author.WaitFor(line => line.Event == EventName.Swarm && line.Connected == 1);
            helper.WaitFor(EventName.Complete);
            author.Signal(15);
            author.WaitForExit();
        }

        // Who comes later hears of the delegate from the delegate, and believes it.
        using (StarlingRun late = StarlingRun.Start(
            _worker.Path, "run", task, "--dir", _worker.Folder("out"), "--peer", started.Listen!, "--exit", "--json"))
        {
            Assert.Equal((0, ""), (late.WaitForExit(), late.Error));
            Assert.True(File.Exists(Path.Combine(_worker.Folder("out"), _name)));
        }

        using (StarlingRun revoked = StarlingRun.Finish(_author.Path, "delegate", task, started.Identity!, "--revoke", "--json"))
        {
            JsonElement line = JsonDocument.Parse(revoked.Lines.Single(line => line.Contains(started.Identity!, StringComparison.Ordinal))).RootElement;
            Assert.Equal((false, 0), (line.GetProperty("counts").GetBoolean(), line.GetProperty("expires").GetInt64()));
        }

        // The author's next run takes it back in the swarm: what the delegate alone had judged falls, and the author judges it anew.
        using StarlingRun again = StarlingRun.Start(_author.Path, "run", task, "--dir", _author.Folder("again"), "--peer", started.Listen!, "--json");
        helper.WaitFor(EventName.Reopened);
        again.WaitFor(EventName.Complete);
    }

    [Fact]
    public void Nobody_but_the_author_and_its_delegates_delegates()
    {
        string task = _author.Folder("task.starling");
        string yaml = _author.File("task.yaml", $"name: {_name}\npieces: 6\nrun: 'true'\nverify: arbiter\n");
        StarlingRun.Finish(_author.Path, "create", yaml, "--public", "-o", task).Dispose();
        string key = string.Concat(Enumerable.Repeat("ab", 32));
        using StarlingRun refused = StarlingRun.Finish(_worker.Path, "delegate", task, key);
        Assert.Equal(4, refused.WaitForExit());
        Assert.Contains("is not the author", refused.Error, StringComparison.Ordinal);
        using StarlingRun wrong = StarlingRun.Finish(_author.Path, "delegate", task, "nonsense");
        Assert.Equal(2, wrong.WaitForExit());
        using StarlingRun mode = StarlingRun.Finish(_author.Path, "delegate", _author.File("own.yaml", "name: x\npieces: 1\nrun: 'true'\n"), key);
        Assert.Equal(2, mode.WaitForExit());
        Assert.Contains("arbiter", mode.Error, StringComparison.Ordinal);
    }
}
