using System;
using System.IO;
using System.Linq;
using Starling.Events;
using Starling.Tests.Runtime.Containers;

namespace Starling.Tests.App.EndToEnd;

/// <summary>Container tasks by the built program: from YAML, by a link whose image is fetched from a peer, and by local peers that share one unpacked image.</summary>
public sealed class ContainerTests : IDisposable
{
    private readonly ScratchFolder _home = new();
    private readonly string _name = $"task-{Guid.NewGuid():N}";

    public void Dispose() => _home.Dispose();

    [ContainerFact]
    public void A_joiner_fetches_the_image_and_runs_the_command_in_it()
    {
        string task = Task("cat /etc/name; sleep 0.2; echo $PIECE_IDX", 40);
        using StarlingRun owner = Start("owner", task, "--listen", "127.0.0.1:0");
        string link = owner.WaitFor(EventName.Started).Magnet!;
        owner.WaitFor(EventName.Piece);
        using StarlingRun other = Start("other", link, "--listen", "127.0.0.1:0");
        RunEvent complete = other.WaitFor(EventName.Complete);
        Assert.True(complete.Computed > 0, string.Join('\n', other.Lines));
        Assert.Equal(string.Concat(Enumerable.Range(0, 40).Select(piece => $"in the image\n{piece}\n")), File.ReadAllText(Path.Combine(_home.Folder("other"), _name)));
        Assert.True(File.Exists(Path.Combine(_home.Folder("other"), ".starling", "inputs-fetched", "image.tar")));
    }

    [ContainerFact]
    public void Local_peers_share_one_unpacked_image()
    {
        string task = Task("cat /etc/name", 12);
        using StarlingRun run = StarlingRun.Finish(_home.Path, "run", task, "--dir", _home.Folder("all"), "--local-peers", "3", "--no-dht", "--no-port-mapping", "--exit", "--json");
        Assert.Equal(0, run.WaitForExit());
        string images = Path.Combine(_home.Path, ".starling", "images");
        Assert.Single(Directory.GetDirectories(images));
        using StarlingRun again = StarlingRun.Finish(_home.Path, "inspect", task);
        Assert.Contains("in the image image.tar the command", string.Join('\n', again.WaitForLine(line => line.Contains("in the image", StringComparison.Ordinal))), StringComparison.Ordinal);
        Assert.NotNull(again.WaitForLine(line => line.Contains("image: sha256:", StringComparison.Ordinal)));
    }

    [ContainerFact]
    public void The_engine_of_the_configuration_is_asked_unless_the_command_line_says_otherwise()
    {
        string task = Task("cat /etc/name", 1);
        using StarlingRun set = StarlingRun.Finish(_home.Path, "config", "set", "container-engine", _home.Folder("no.sock"));
        Assert.Equal(0, set.WaitForExit());
        using StarlingRun asked = Start("asked", task, "--exit");
        Assert.Contains($"the container engine at {_home.Folder("no.sock")} does not answer", asked.WaitFor(EventName.Error).Reason, StringComparison.Ordinal);
        using StarlingRun walled = Start("walled", task, "--exit", "--container-engine", "none");
        Assert.Equal((0, ""), (walled.WaitForExit(), walled.Error));
        Assert.Equal("in the image\n", File.ReadAllText(Path.Combine(_home.Folder("walled"), _name)));
    }

    private string Task(string command, int pieces)
    {
        // Not beside the working folder, where who joins would find it.
        File.WriteAllBytes(Path.Combine(Directory.CreateDirectory(_home.Folder("made")).FullName, "image.tar"), TestLayer.Gzip(new TestImage(Busybox.Shell.File("etc/name", "in the image\n")).ToDocker()));
        _home.File("task.yaml", $"name: {_name}\npieces: {pieces}\nrun: {{container: made/image.tar, command: '{command}'}}\n");
        return "task.yaml";
    }

    private StarlingRun Start(string folder, string task, params string[] more) => StarlingRun.Start(
        _home.Path, ["run", task, "--dir", _home.Folder(folder), "--slots", "1", "--no-dht", "--no-port-mapping", "--trust", "--json", .. more]);
}
