using System;
using System.IO;
using System.Linq;
using Starling.Events;

namespace Starling.Tests.App.EndToEnd;

/// <summary>A task that names its members, with the built program.</summary>
public sealed class MembersTests : IDisposable
{
    private readonly ScratchFolder _home = new();
    private readonly string _name = $"task-{Guid.NewGuid():N}";

    public void Dispose() => _home.Dispose();

    [Fact]
    public void A_named_key_takes_part_and_another_is_refused_with_the_file_as_with_the_link()
    {
        string member = Folder("member");
        using StarlingRun mine = StarlingRun.Finish(member, "trust", "mine");
        Assert.Equal((0, ""), (mine.WaitForExit(), mine.Error));
        string key = Assert.Single(mine.Lines);

        string author = Folder("author");
        string spec = _home.File("spec.yaml", $"name: {_name}\npieces: 4\nrun: {{ kernel: sleep, seconds: \"0.01\", bytes: 100 }}\n");
        string task = _home.Folder("task.starling");
        using StarlingRun created = StarlingRun.Finish(author, "create", spec, "--member", key, "-o", task);
        Assert.Equal((0, ""), (created.WaitForExit(), created.Error));
        Assert.DoesNotContain("x.secret", created.Lines[2], StringComparison.Ordinal);

        using StarlingRun inspected = StarlingRun.Finish(member, "inspect", task);
        Assert.Contains("  who may join  its author and 1 member by key, this machine among them", inspected.Lines);
        Assert.Contains($"                  {key}", inspected.Lines);

        using StarlingRun owner = StarlingRun.Start(author, "run", task, "--dir", _home.Folder("owner"), "--listen", "127.0.0.1:0", "--no-dht", "--json");
        string link = owner.WaitFor(EventName.Started).Magnet!;
        owner.WaitFor(EventName.Complete);
        using (StarlingRun joined = StarlingRun.Finish(member, "run", link, "--dir", _home.Folder("joined"), "--listen", "127.0.0.1:0", "--no-dht", "--exit", "--json"))
        {
            Assert.Equal((0, ""), (joined.WaitForExit(), joined.Error));
            RunEvent complete = joined.Events.Single(read => read.Event == EventName.Complete);
            Assert.Equal((0, 4), (complete.Computed, complete.Downloaded));
        }

        string other = Folder("stranger");
        using StarlingRun withFile = StarlingRun.Finish(other, "run", task, "--dir", _home.Folder("file"), "--listen", "127.0.0.1:0", "--no-dht", "--exit", "--json");
        Assert.Equal(4, withFile.WaitForExit());
        Assert.Equal("no-member", withFile.Events.Single(read => read.Event == EventName.Refused).Code);

        using StarlingRun withLink = StarlingRun.Start(other, "run", link, "--dir", _home.Folder("link"), "--listen", "127.0.0.1:0", "--no-dht", "--json");
        RunEvent refused = withLink.WaitFor(EventName.Refused);
        Assert.Equal("no-member", refused.Code);
        Assert.Equal("no-member", owner.WaitFor(EventName.Refused).Code);
    }

    [Fact]
    public void A_public_task_names_no_members()
    {
        using StarlingRun created = StarlingRun.Finish(_home.Path, "create", "-n", "4", "--public", "--member", new string('a', 64), "--", "true");
        Assert.Equal(2, created.WaitForExit());
        Assert.Contains("members: a public task is open to anyone", created.Error, StringComparison.Ordinal);
    }

    private string Folder(string name) => Directory.CreateDirectory(_home.Folder(name)).FullName;
}
