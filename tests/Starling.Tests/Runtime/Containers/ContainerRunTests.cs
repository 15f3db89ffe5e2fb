using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Starling.Core.Images;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Execution;
using Starling.Runtime.Walls;
using Starling.Tests.Runtime.Execution;

namespace Starling.Tests.Runtime.Containers;

/// <summary>Commands of a container task within walls, in an image of one shell, through the same runner and merger as everywhere.</summary>
[Collection(ExecutionCollection.Name)]
public sealed class ContainerRunTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [ContainerFact]
    public async Task A_run_sees_the_image_and_its_own_folders_alone()
    {
        await using RunHarness run = Contained("ls /; cat /etc/name; touch x; ls; ( : > /etc/x ) 2>/dev/null || echo read-only; id -u | wc -c", new TestImage(Busybox.Shell.File("etc/name", "of the image\n")));
        string[] lines = run.Output().TrimEnd('\n').Split('\n');
        Assert.Equal(["bin", "dev", "etc", "in", "proc", "state", "tmp", "work"], lines.TakeWhile(line => line != "of the image"));
        Assert.Equal(["of the image", "x", "read-only", "6"], lines.SkipWhile(line => line != "of the image"));
    }

    [ContainerFact]
    public async Task As_many_settings_as_an_image_may_have_are_shown()
    {
        TestLayer layer = Busybox.Shell;
        for (int i = 0; i < ImageLimits.MaxMounts - 10; i++)
        {
            layer = layer.File($"etc/setting-{i}", "");
        }

        await using RunHarness run = Contained("ls -d /etc/setting-* | wc -l", new TestImage(layer));
        Assert.Equal($"{ImageLimits.MaxMounts - 10}\n", run.Output());
    }

    [ContainerFact]
    public async Task Variables_of_the_image_are_set_and_those_of_the_run_count_more()
    {
        var image = new TestImage(Busybox.Shell)
        {
            Env = ["PATH=/bin", "A=it's $HOME `x`", "PIECE_IDX=99", "HOME=/root", "no-name=1", "LD_PRELOAD=/evil.so", "PPID=1"],
        };
        await using RunHarness run = Contained("echo \"$A|$PIECE_IDX|$HOME|$LD_PRELOAD|$PATH\"", image);
        Assert.Equal("it's $HOME `x`|2|/work|/evil.so|/bin\n", run.Output(2, 1));
    }

    [ContainerFact]
    public async Task What_an_image_sets_reaches_nothing_outside_of_it()
    {
        // A library that does not exist makes every loader complain: the run's own shell is static and does not, what puts up the walls would.
        var image = new TestImage(Busybox.Shell) { Env = ["PATH=/bin", "LD_PRELOAD=/no/such/library.so"] };
        await using RunHarness run = Contained("echo fine", image);
        Assert.Equal("fine\n", run.Output());
        string errors = Path.Combine(run.Root, ".starling", "stderr");
        Assert.True(!Directory.Exists(errors) || Directory.GetFiles(errors).All(file => !File.ReadAllText(file).Contains("library.so", StringComparison.Ordinal)));
    }

    [ContainerFact]
    public async Task An_image_does_not_tell_who_its_runs_are()
    {
        // setpriv looks for a user of the name before it takes it for a number: here each number of the range is a name of root.
        var users = new System.Text.StringBuilder("root:x:0:0::/:/bin/sh\n");
        var groups = new System.Text.StringBuilder("root:x:0:\n");
        for (int user = RunUser.First; user <= RunUser.Last; user++)
        {
            users.Append(user).Append(":x:0:0::/:/bin/sh\n");
            groups.Append(user).Append(":x:0:\n");
        }

        await using RunHarness run = Contained(
            "id -u | wc -c; id -g | wc -c", new TestImage(Busybox.Shell.File("etc/passwd", users.ToString()).File("etc/group", groups.ToString())));
        Assert.Equal("6\n6\n", run.Output());
    }

    [ContainerFact]
    public async Task No_file_of_an_image_is_loaded_before_root_is_given_up()
    {
        // A library that is not there makes the loader complain.
        await using RunHarness run = Contained(
            "cat /etc/name; ls /etc", new TestImage(Busybox.Shell.File("etc/ld.so.preload", "/no/such/library.so\n").File("etc/name", "image\n")));
        string output = run.Output();
        Assert.StartsWith("image\n", output, StringComparison.Ordinal);
        string errors = Path.Combine(run.Root, ".starling", "stderr");
        Assert.True(!Directory.Exists(errors) || Directory.GetFiles(errors).All(file => !File.ReadAllText(file).Contains("library.so", StringComparison.Ordinal)));
    }

    [ContainerFact]
    public async Task A_run_begins_in_the_working_folder_of_its_image()
    {
        await using RunHarness run = Contained("pwd; cat here; cd; pwd", new TestImage(Busybox.Shell.File("opt/app/here", "found\n")) { WorkingFolder = "/opt/app" });
        Assert.Equal("/opt/app\nfound\n/work\n", run.Output());
        await using RunHarness odd = Contained("pwd", new TestImage(Busybox.Shell) { WorkingFolder = "/run/x" });
        Assert.Equal("/work\n", odd.Output());
        await using RunHarness made = Contained("pwd", new TestImage(Busybox.Shell) { WorkingFolder = "/not/there" });
        Assert.Equal("/not/there\n", made.Output());
    }

    [ContainerFact]
    public async Task Merges_and_checkers_run_in_the_same_image()
    {
        TaskInfo task = Task("echo $PIECE_IDX", new TestImage(Busybox.Shell.File("etc/name", "image\n")) { WorkingFolder = "/etc" }, 2) with
        {
            Merge = "cat $PART_LIST > \"$FILE\"; cat /etc/name >> \"$FILE\"",
            Verify = new VerifySpec.Checker("[ \"$(cat /etc/name)\" = image ] && [ \"$(cat \"$RESULT\")\" = $PIECE_IDX ]"),
        };
        await using RunHarness run = Contained(task);
        Assert.Null(run.RunAndMerge());
        Assert.Equal("0\n1\nimage\n", File.ReadAllText(run["sample.txt"]));
    }

    [ContainerFact]
    public async Task An_image_that_cannot_run_here_fails_each_run_with_the_reason_and_leaves_nothing()
    {
        await using RunHarness run = Contained("true", new TestImage(new TestLayer().File("etc/name", "x")));
        Problem problem = run.Failure();
        Assert.Equal(ImageProblem.Code, problem.Code);
        Assert.Contains("no /bin/sh", problem.Reason, StringComparison.Ordinal);
        Assert.Equal(problem, run.Failure(1));
    }

    [ContainerFact]
    public async Task Programs_that_a_task_needs_are_looked_for_in_its_image_and_asked_there()
    {
        TestLayer tool = Busybox.Shell.File("opt/tool", "#!/bin/sh\n[ -e /proc/1 ] && [ ! -e /home ] && echo tool 2.5\n", (UnixFileMode)0x1ED).Link("bin/linked", "../opt/tool");
        var image = new TestImage(tool) { Env = ["PATH=/opt:/bin"] };
        foreach ((string need, bool isMet) in ((string, bool)[])[("tool >= 2", true), ("linked >= 2.5", true), ("tool >= 3", false), ("gcc", false), ("sh", true)])
        {
            await using RunHarness run = Contained(Task("echo fine", image, 1) with { Needs = new NeedsSpec { Programs = [need] } });
            Assert.True(isMet ? run.Output() == "fine\n" : run.Failure() is { Code: "needs" } problem && problem.Reason.Contains($"in its image the task needs {need} (here: ", StringComparison.Ordinal), need);
        }
    }

    [ContainerFact]
    public async Task Limits_hold_in_an_image_too()
    {
        TaskInfo task = Task("sleep 60", new TestImage(Busybox.Shell), 2) with { Limits = new RunLimits { Wall = TimeSpan.FromSeconds(1) } };
        await using RunHarness run = Contained(task);
        Assert.Equal("limit:wall", run.Failure().Code);
    }

    private RunHarness Contained(string command, TestImage image) => Contained(Task(command, image, 4));

    private RunHarness Contained(TaskInfo task)
    {
        Assert.True(WallsProbe.TryOpen(_folder["walls"], [], out MachineWalls? walls, out Problem? problem), problem?.ToString());
        string archive = _folder["image.tar"];
        return new RunHarness(task, launcher: new ProcessLauncher(walls: walls), options: new RunnerOptions
        {
            Inputs = new Dictionary<string, InputPlace> { ["image.tar"] = new(archive, () => [archive]) },
            ImageFolder = _folder["images"],
        });
    }

    private TaskInfo Task(string command, TestImage image, int pieces)
    {
        File.WriteAllBytes(_folder["image.tar"], image.ToOci());
        return RunHarness.Shell("", pieces) with
        {
            Run = new RunSpec.Container("image.tar", command, image.Digest),
            Inputs = [new InputSpec("image.tar", new TorrentId(Hash256.Zero), 1)],
        };
    }
}
