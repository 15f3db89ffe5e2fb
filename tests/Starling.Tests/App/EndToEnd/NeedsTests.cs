using System;
using System.IO;
using Starling.Events;

namespace Starling.Tests.App.EndToEnd;

/// <summary>Who lacks what a task needs says exactly what, and only downloads, however it learnt of the task.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class NeedsTests : IDisposable
{
    private readonly ScratchFolder _home = new();
    private readonly string _name = $"task-{Guid.NewGuid():N}";

    public void Dispose() => _home.Dispose();

    [Fact]
    public void Who_comes_by_a_link_and_lacks_a_program_computes_nothing()
    {
        string tools = _home.Folder("tools");
        string tool = Path.Combine(Directory.CreateDirectory(tools).FullName, "rare-tool");
        File.WriteAllText(tool, "#!/bin/sh\necho rare-tool 2.5\n");
        File.SetUnixFileMode(tool, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        _home.File("task.yaml", $"name: {_name}\npieces: 40\nrun: {{ kernel: sleep, seconds: \"0.1\", bytes: 10 }}\nneeds: {{ programs: [rare-tool >= 2] }}\n");
        using StarlingRun owner = StarlingRun.StartUnder(
            ["/usr/bin/env", $"PATH={tools}:/usr/bin:/bin"], _home.Path, ["run", "task.yaml", "--dir", _home.Folder("owner"), "--listen", "127.0.0.1:0", "--slots", "1", "--no-dht", "--no-port-mapping", "--trust", "--json"]);
        string link = owner.WaitFor(EventName.Started).Magnet!;
        using StarlingRun other = StarlingRun.Start(
            _home.Path, "run", link, "--dir", _home.Folder("other"), "--listen", "127.0.0.1:0", "--slots", "1", "--no-dht", "--no-port-mapping", "--trust", "--json");
        RunEvent lacks = other.WaitFor(read => read.Event == EventName.Error);
        Assert.Equal("needs", lacks.Code);
        Assert.Contains("rare-tool >= 2 (here: not on the path)", lacks.Reason, StringComparison.Ordinal);
        RunEvent complete = other.WaitFor(EventName.Complete);
        Assert.Equal((0, 40), (complete.Computed, complete.Downloaded));
        Assert.DoesNotContain(other.Events, read => read.Event == EventName.Computing);
    }
}
