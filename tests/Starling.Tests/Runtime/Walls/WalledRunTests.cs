using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Execution;
using Starling.Runtime.Walls;
using Starling.Tests.Runtime.Execution;

namespace Starling.Tests.Runtime.Walls;

/// <summary>Commands of a task within walls, through the same runner and merger as everywhere.</summary>
[Collection(ExecutionCollection.Name)]
public sealed class WalledRunTests : IDisposable
{
    private const long MiB = 1024 * 1024;

    private readonly TestFolder _folder = new();
    private ProcessLauncher? _launcher;

    public void Dispose() => _folder.Dispose();

    [WallsFact]
    public async Task ARunSeesItsOwnFolderAlone_AndIsNobody()
    {
        await using RunHarness run = Walled("""echo "$PWD $HOME $STATE $(id -u)"; ls -d /root /home /var /etc/shadow 2>/dev/null; touch x && ls""");

        string[] lines = run.Output().Split('\n');

        Assert.StartsWith("/work /work /state ", lines[0], StringComparison.Ordinal);
        Assert.False(lines[0].EndsWith(" 0", StringComparison.Ordinal));
        Assert.Equal(["x", ""], lines[1..]);
    }

    [WallsFact]
    public async Task TwoRunsHaveTheSameEnvironmentButTheirPiece()
    {
        await using RunHarness run = Walled("env | sort | grep -v -e ^PIECE_IDX= -e ^PART_IDX=; echo $$ $PPID; hostname; date +%Z; ls -d /proc/[0-9]* | wc -l");

        Assert.Equal(run.Output(0, 1), run.Output(1, 2));
    }

    [WallsFact]
    public async Task ExitStatusAndSignalsAreToldAsWithoutWalls()
    {
        await using RunHarness run = Walled("""case $PIECE_IDX in 0) exit 7;; 1) exit 85;; 2) kill -SEGV $$;; 3) nosuchprogram;; esac""");

        Assert.Equal("exit:7", run.Failure(0).Code);
        Assert.IsType<JobOutcome.Checkpointed>(run.Run(1));
        Assert.Equal("signal:11", run.Failure(2).Code);
        Assert.Equal("exit:127", run.Failure(3).Code);
    }

    [WallsFact]
    public async Task StateIsKeptBetweenAttempts()
    {
        await using RunHarness run = Walled("""if [ -e "$STATE/a/half" ]; then cat "$STATE/a/half"; else mkdir "$STATE/a"; echo went on > "$STATE/a/half"; exit 85; fi""");

        Assert.IsType<JobOutcome.Checkpointed>(run.Run(0, 1));
        Assert.Equal("went on\n", run.Output(0, 2));
    }

    [WallsFact]
    public async Task AMergeReadsPiecesThatItCannotChange_AndWritesItsFile()
    {
        TaskInfo task = RunHarness.Shell("echo piece $PIECE_IDX", 3) with
        {
            Merge = """for p in $PART_LIST; do ( echo spoilt > $p ) 2>/dev/null; rm -f /parts/$p 2>/dev/null; done; cat $PART_LIST > tmp && cat $(cat "$PART_FILE") tmp > "$FILE" """,
        };
        await using RunHarness run = Walled(task);

        Assert.Null(run.RunAndMerge());

        Assert.Equal("piece 0\npiece 1\npiece 2\npiece 0\npiece 1\npiece 2\n", File.ReadAllText(run["sample.txt"]));
        Assert.Equal(Environment.IsPrivilegedProcess ? 0 : HostileTree.OwnerOf(run.Root), HostileTree.OwnerOf(run["sample.txt"]));
    }

    [WallsTheory]
    [InlineData("ln -s SECRET \"$FILE\"")]
    [InlineData("mkfifo \"$FILE\"")]
    [InlineData("mkdir \"$FILE\"")]
    [InlineData("true")]
    public async Task AMergeThatLeavesAnythingButAFileHasWrittenNothing(string command)
    {
        File.WriteAllText(_folder["secret"], "secret");
        TaskInfo task = RunHarness.Shell("echo", 1) with { Merge = command.Replace("SECRET", _folder["secret"], StringComparison.Ordinal) };
        await using RunHarness run = Walled(task);

        Assert.Contains("wrote no file", run.RunAndMerge()!.Reason, StringComparison.Ordinal);
        Assert.False(File.Exists(run["sample.txt"]));
    }

    [WallsFact]
    public async Task ACheckerIsWalledToo()
    {
        TaskInfo task = RunHarness.Shell("echo right", 1) with { Verify = new VerifySpec.Checker("""[ ! -e /root ] && [ "$PWD" = /work ] && grep -q right "$RESULT" """) };
        await using RunHarness run = Walled(task);

        Assert.Equal("right\n", run.Output());
    }

    [WallsFact]
    public async Task InputsAreReadOnly()
    {
        Directory.CreateDirectory(_folder["data"]);
        File.WriteAllText(_folder["data/a"], "from the input");
        TaskInfo task = RunHarness.Shell("""cat "$INPUTS/data/a"; ( echo x > "$INPUTS/data/a" ) 2>/dev/null; echo; rm -f "$INPUTS/data/a" 2>/dev/null; touch "$INPUTS/new" 2>/dev/null; echo "$CHUNK"; cat "$CHUNK" """, 1) with
        {
            Inputs = [new InputSpec("data", default, 14)],
            Chunks = new ChunkSpec("data", 0),
        };
        await using RunHarness run = Walled(
            task, new RunnerOptions { Inputs = new Dictionary<string, InputPlace> { ["data"] = new(_folder["data"], () => [_folder["data/a"]]) } });

        JobOutcome outcome = run.Run();
        Assert.True(outcome is JobOutcome.Succeeded, outcome.ToString());
        Assert.Equal("from the input\n/in/data/a\nfrom the input", run.Keep(0, 1, ((JobOutcome.Succeeded)outcome).Result));
        Assert.Equal("from the input", File.ReadAllText(_folder["data/a"]));
    }

    [WallsFact]
    public async Task MemoryOfAllProcessesTogetherIsLimited()
    {
        // Each process stays below the limit of one; together they are above it.
        await using RunHarness run = Walled(
            RunHarness.Shell("for i in 1 2 3 4 5 6; do ( head -c 40000000 /dev/zero | tail -c 40000000 | (sleep 60; cat) ) & done; wait", 1),
            limits: new RunLimits { MemoryBytes = 100 * MiB, Wall = TimeSpan.FromSeconds(30) });

        Assert.Equal("limit:memory", run.Failure().Code);
    }

    [WallsFact]
    public async Task DiskIsLimited_InBytesAndInFiles()
    {
        var limits = new RunLimits { DiskBytes = 20 * MiB, Wall = TimeSpan.FromSeconds(60) };
        await using RunHarness run = Walled(
            RunHarness.Shell("""case $PIECE_IDX in 0) i=0; while :; do head -c 1000000 /dev/zero > $i; i=$((i+1)); done;; 1) cd /tmp; while :; do mkdir d; cd d; done;; 2) head -c 30000000 /dev/zero > big;; esac"""),
            limits: limits);

        Assert.Equal("limit:disk", run.Failure(0).Code);
        Assert.Equal("limit:disk", run.Failure(1).Code);
        Assert.InRange(HostileTree.Measure(run[".starling/scratch"], 1_000_000).Entries, 0, 20);

        // One file alone is the kernel's to limit.
        Assert.Equal("limit:disk", run.Failure(2).Code);
    }

    /// <summary>A command that goes on after a write that failed would leave a result that looks right.</summary>
    [WallsTheory]
    [InlineData("head -c 30000000 /dev/zero > big; wc -c < big")]
    [InlineData("for i in 1 2 3; do head -c 9000000 /dev/zero > $i; done; echo well")]
    [InlineData("python3 -c 'import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\ntry: open(\"x\", \"wb\").write(bytes(30000000))\nexcept OSError: print(1)'")]
    public async Task DiskIsLimited_WhenTheCommandEndsWell(string command)
    {
        await using RunHarness run = Walled(RunHarness.Shell(command), limits: new RunLimits { DiskBytes = 20 * MiB });

        Assert.Equal("limit:disk", run.Failure().Code);
    }

    [WallsTheory]
    [InlineData("for i in 1 2 3 4 5 6 7 8; do exec {fd}>f$i; rm f$i; head -c 5000000 /dev/zero >&$fd; done; sleep 60")]
    [InlineData("python3 -c 'import os, time, mmap\nkept = []\nfor i in range(8):\n fd = os.open(\"f\", os.O_RDWR | os.O_CREAT); os.unlink(\"f\"); os.truncate(fd, 5000000); kept.append(mmap.mmap(fd, 5000000)); kept[-1][:] = b\"x\" * 5000000; os.close(fd)\ntime.sleep(60)'")]
    [InlineData("mkdir d; chmod 300 d; i=0; while [ $i -lt 40 ]; do head -c 1000000 /dev/zero > d/$i; i=$((i+1)); done; sleep 60")]
    [InlineData("chmod 300 .; i=0; while [ $i -lt 40 ]; do head -c 1000000 /dev/zero > $i; i=$((i+1)); done; sleep 60")]
    [InlineData("mkdir d; exec 5>d/1 6>d/2 7>d/3 8>d/4; chmod 600 d; for fd in 5 6 7 8; do head -c 10000000 /dev/zero >&$fd; done; sleep 60")]
    [InlineData("python3 -c 'import ctypes, os, time\nctypes.CDLL(None).prctl(4, 0)\nfor i in range(8):\n fd = os.open(\"f\", os.O_WRONLY | os.O_CREAT); os.unlink(\"f\"); os.write(fd, bytes(5000000))\ntime.sleep(60)'")]
    public async Task DiskIsLimited_WhereItIsHidden(string command)
    {
        var limits = new RunLimits { DiskBytes = 20 * MiB, Wall = TimeSpan.FromSeconds(20) };
        await using RunHarness run = Walled(RunHarness.Shell(command), limits: limits);

        Assert.Equal("limit:disk", run.Failure().Code);
    }

    [WallsFact]
    public async Task FoldersWithoutRightsAreNotLeft()
    {
        await using RunHarness run = Walled("chmod 0 /work /tmp /dev/shm $STATE; echo over");

        for (int piece = 0; piece < 3; piece++)
        {
            Assert.Equal("over\n", run.Output(piece, piece + 1));
        }

        string[] left = Directory.GetDirectories(run[".starling/scratch"]);
        Assert.True(left.Length <= 3, string.Join(' ', left));
    }

    [WallsFact]
    public async Task ManyInputsAreShown()
    {
        var inputs = new Dictionary<string, InputPlace>();
        var specs = new List<InputSpec>();
        for (int i = 0; i < TaskLimitsOfFormat.MaxInputs; i++)
        {
            string name = $"input-with-a-long-name-{i:D4}";
            File.WriteAllText(_folder[name], "x");
            inputs.Add(name, new InputPlace(_folder[name], () => []));
            specs.Add(new InputSpec(name, default, 1));
        }

        await using RunHarness run = Walled(
            RunHarness.Shell("cat /in/* | wc -c", 1) with { Inputs = specs }, new RunnerOptions { Inputs = inputs }, new RunLimits { Wall = TimeSpan.FromMinutes(1) });

        JobOutcome outcome = run.Run();
        Assert.True(outcome is JobOutcome.Succeeded, outcome.ToString());
        Assert.Equal("1024\n", run.Keep(0, 1, ((JobOutcome.Succeeded)outcome).Result));
    }

    [WallsFact]
    public async Task AStateThatGrewTooBigIsForgotten()
    {
        await using RunHarness run = Walled(
            RunHarness.Shell("i=0; while :; do head -c 1000000 /dev/zero > $STATE/$i; i=$((i+1)); done", 1),
            limits: new RunLimits { DiskBytes = 20 * MiB, Wall = TimeSpan.FromSeconds(60) });

        Assert.Equal("limit:disk", run.Failure().Code);
        Assert.InRange(HostileTree.Measure(run[".starling/state"], 1_000).Bytes, 0, MiB);
    }

    [WallsFact]
    public async Task CpuTimeOfAllProcessesTogetherIsLimited()
    {
        await using RunHarness run = Walled(
            RunHarness.Shell("for i in 1 2 3 4; do ( while :; do :; done ) & done; wait", 1),
            limits: new RunLimits { Cpu = TimeSpan.FromSeconds(1), Wall = TimeSpan.FromSeconds(50) });

        Assert.Equal("limit:cpu", run.Failure().Code);
    }

    [WallsFact]
    public async Task ProcessesAreLimited_AndNoneIsLeft()
    {
        string seconds = LiveProcesses.UniqueSeconds();
        await using RunHarness run = Walled(
            RunHarness.Shell($"i=0; while [ $i -lt 100 ]; do setsid sleep {seconds} 2>/dev/null & i=$((i+1)); done; sleep 0.3; set -- /proc/[0-9]*; echo $#", 1),
            limits: new RunLimits { Processes = 20 });

        // The shell may have died of it, or gone on with fewer.
        if (run.Run() is JobOutcome.Succeeded succeeded)
        {
            Assert.InRange(int.Parse(run.Keep(0, 1, succeeded.Result), CultureInfo.InvariantCulture), 3, 24);
        }

        Assert.Empty(LiveProcesses.With(seconds));
    }

    [WallsFact]
    public async Task AnEndedRunTellsWhatItUsed()
    {
        using ProcessLauncher launcher = NewLauncher();
        string work = Directory.CreateDirectory(_folder["work"]).FullName;
        int user = launcher.Walls!.NewUser();
        if (launcher.Walls.ChangesUser)
        {
            HostileTree.GiveTo(work, user);
        }

        var command = new ShellCommand
        {
            Text = "head -c 60000000 /dev/zero | tail -c 60000000 | (sleep 0.3; cat) > /dev/null; i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done",
            Folder = "/",
            Walls = new WallPlan
            {
                Mounts = [new WallMount(work, "/work", Writable: true)],
                User = user,
                Limits = new WallLimits { MemoryBytes = 500 * MiB, DiskBytes = MiB, Processes = 50 },
            },
        };
        Assert.True(launcher.TryStart(command, out ShellProcess? process, out Problem? problem), problem?.ToString());

        ProcessEnd end = await Task.Run(() => process.Run(static _ => true, new StderrTail(), TimeSpan.FromMinutes(1)));

        Assert.True(end.IsSuccess, end.ToString());
        Assert.InRange(end.PeakMemoryBytes, 50 * MiB, 400 * MiB);
        Assert.InRange(end.CpuTime, TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(1));
    }

    [WallsFact]
    public async Task WhatARunUsedComesWithItsResult()
    {
        await using RunHarness run = Walled("i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo over");

        RunUsage? usage = Assert.IsType<JobOutcome.Succeeded>(run.Run()).Usage;

        Assert.NotNull(usage);
        Assert.InRange(usage.CpuTime!.Value, TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(5));
        Assert.InRange(usage.PeakMemoryBytes!.Value, 1, 400 * MiB);
    }

    [WallsFact]
    public async Task StandardInputCanBeGiven()
    {
        using ProcessLauncher launcher = NewLauncher();
        var command = new ShellCommand
        {
            Text = "cat",
            Folder = "/",
            TakesInput = true,
            Walls = new WallPlan
            {
                Mounts = [new WallMount(Directory.CreateDirectory(_folder["work"]).FullName, "/work", Writable: false)],
                User = launcher.Walls!.NewUser(),
                Limits = new WallLimits { MemoryBytes = 100 * MiB, DiskBytes = MiB, Processes = 50 },
            },
        };
        Assert.True(launcher.TryStart(command, out ShellProcess? process, out Problem? problem), problem?.ToString());
        using (var input = new FileStream(process.Input!, FileAccess.Write))
        {
            input.Write("given"u8);
        }

        var output = new StringBuilder();
        ProcessEnd end = await Task.Run(
            () => process.Run(bytes => output.Append(Encoding.UTF8.GetString(bytes)).Length < 100, new StderrTail(), TimeSpan.FromMinutes(1)));

        Assert.Equal((true, "given"), (end.IsSuccess, output.ToString()));
    }

    [WallsFact]
    public async Task SignalsToThisProgramKeepNoRunFromBeginning()
    {
        // Every child that ends sends SIGCHLD, which interrupts whatever thread is waiting in a system call.
        using var stop = new CancellationTokenSource();
        Task children = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                using var child = System.Diagnostics.Process.Start("true");
                child.WaitForExit();
            }
        });
        await using RunHarness run = Walled(RunHarness.Shell("echo began", 40), limits: new RunLimits { Wall = TimeSpan.FromSeconds(30) });

        for (int piece = 0; piece < 40; piece++)
        {
            Assert.Equal("began\n", run.Output(piece, piece + 1));
        }

        await stop.CancelAsync();
        await children;
    }

    [WallsFact]
    public void WithoutItsWallsACommandDoesNotBegin()
    {
        using ProcessLauncher launcher = NewLauncher();
        var command = new ShellCommand
        {
            Text = "echo began",
            Folder = "/",
            Walls = new WallPlan
            {
                Mounts = [new WallMount(_folder["not there"], "/work", Writable: true)],
                User = launcher.Walls!.NewUser(),
                Limits = new WallLimits { MemoryBytes = 100 * MiB, DiskBytes = MiB, Processes = 50 },
            },
        };
        Assert.True(launcher.TryStart(command, out ShellProcess? process, out Problem? problem), problem?.ToString());
        var errors = new StderrTail();

        ProcessEnd end = process.Run(static _ => throw new InvalidOperationException("it began"), errors, TimeSpan.FromMinutes(1));

        Assert.Equal(KillCause.Walls, end.Cause);
        Assert.Contains("not there", errors.ToText(), StringComparison.Ordinal);
    }

    private ProcessLauncher NewLauncher()
    {
        Assert.True(WallsProbe.TryOpen(_folder["walls"], [], out MachineWalls? walls, out Problem? problem), problem?.ToString());
        return new ProcessLauncher(walls: walls);
    }

    private RunHarness Walled(string command) => Walled(RunHarness.Shell(command));

    private RunHarness Walled(TaskInfo task, RunnerOptions? options = null, RunLimits? limits = null)
    {
        _launcher = NewLauncher();
        return new RunHarness(task with { Limits = limits ?? task.Limits }, launcher: _launcher, options: options);
    }
}
