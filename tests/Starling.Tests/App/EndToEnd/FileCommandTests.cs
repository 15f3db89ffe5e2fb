using System;
using System.IO;
using System.Text.Json;
using Starling.Tests.Runtime.Walls;

namespace Starling.Tests.App.EndToEnd;

/// <summary><c>create</c>, <c>inspect</c> and <c>import</c> of the built program.</summary>
public sealed class FileCommandTests : IDisposable
{
    private readonly ScratchFolder _home = new();

    [Fact]
    public void ACreatedTask_IsForMembers_AndInspectShowsAllOfIt()
    {
        _home.File("spec.yaml", "name: holiday\npieces: 3\nrun: |\n  echo \"$PIECE_IDX\"\nmerge: cat $PART_LIST > \"$FILE\"\nneeds: { programs: [sh] }\n");
        using StarlingRun created = StarlingRun.Finish(_home.Path, "create", "spec.yaml");
        Assert.Equal((0, ""), (created.WaitForExit(), created.Error));
        Assert.Equal("starling run holiday.starling", created.Lines[1]);
        Assert.Contains("&x.secret=", created.Lines[2], StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_home.Folder("holiday.starling")));
        }

        using StarlingRun inspected = StarlingRun.Finish(_home.Path, "inspect", "holiday.starling", "--json");
        Assert.Equal((0, ""), (inspected.WaitForExit(), inspected.Error));
        using JsonDocument json = JsonDocument.Parse(string.Join('\n', inspected.Lines));
        JsonElement task = json.RootElement;
        Assert.Equal("echo \"$PIECE_IDX\"\n", task.GetProperty("run").GetProperty("command").GetString());
        Assert.Equal("cat $PART_LIST > \"$FILE\"", task.GetProperty("merge").GetString());
        Assert.Equal("right", task.GetProperty("signature").GetString());
        Assert.True(task.GetProperty("memberSwarm").GetBoolean());
        Assert.True(task.GetProperty("wouldCompute").GetBoolean());
        Assert.Equal(3, task.GetProperty("pieces").GetInt32());

        using StarlingRun text = StarlingRun.Finish(_home.Path, "inspect", "holiday.starling");
        Assert.Contains("                  echo \"$PIECE_IDX\"", text.Lines);
        Assert.Contains("  here          this machine would compute it", text.Lines);
    }

    [Fact]
    public void APublicTask_HasNoSecret()
    {
        using StarlingRun created = StarlingRun.Finish(_home.Path, "create", "-n", "64", "--public", "--", "seq", "3");
        Assert.Equal((0, ""), (created.WaitForExit(), created.Error));
        Assert.StartsWith("seq.starling  64 pieces, open to anyone", created.Lines[0], StringComparison.Ordinal);
        Assert.DoesNotContain("x.secret", created.Lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public void AForeignTask_WouldBeComputedWithinWalls_AndControlCharactersAreShown()
    {
        string task = _home.File("spec.yaml", "name: trap\npieces: 1\nrun: \"echo good\\e[2K; echo evil\"\n");
        using StarlingRun inspected = StarlingRun.Finish(_home.Path, "inspect", task);

        Assert.Equal(0, inspected.WaitForExit());
        Assert.Contains("                  echo good\\u001b[2K; echo evil", inspected.Lines);
        string here = WallsFactAttribute.HasWalls ? "this machine would compute it, within walls" : "this machine would not compute it:";
        Assert.StartsWith($"  here          {here}", inspected.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void ATaskThatAsksForTheNetwork_WouldNotBeComputed()
    {
        string task = _home.File("spec.yaml", "name: trap\npieces: 1\nrun: curl example.com\nlimits: {network: full}\n");
        using StarlingRun inspected = StarlingRun.Finish(_home.Path, "inspect", task);

        Assert.Equal(0, inspected.WaitForExit());
        Assert.Contains("--network", inspected.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void BitWorkersFile_IsImported()
    {
        _home.File("x.rbw", "d7:command4:true4:infod6:lengthi32768e4:name1:x12:piece lengthi16384eee");
        using StarlingRun imported = StarlingRun.Finish(_home.Path, "import", "x.rbw");
        Assert.Equal((0, ""), (imported.WaitForExit(), imported.Error));
        Assert.True(File.Exists(_home.Folder("x.starling")));

        using StarlingRun wrong = StarlingRun.Finish(_home.Path, "import", "x.starling");
        Assert.Equal(2, wrong.WaitForExit());
        Assert.Contains("x.starling", wrong.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _home.Dispose();
}
