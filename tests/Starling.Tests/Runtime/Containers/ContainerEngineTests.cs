using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Images;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Containers;
using Starling.Runtime.Execution;
using Starling.Tests.Runtime.Execution;

namespace Starling.Tests.Runtime.Containers;

/// <summary>Container tasks by a real Podman, through the same runner and merger as everywhere.</summary>
[Collection(ExecutionCollection.Name)]
public sealed class ContainerEngineTests(PodmanService podman) : IClassFixture<PodmanService>, IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [PodmanFact]
    public async Task A_run_sees_the_image_and_its_own_folders_and_merges_run_there_too()
    {
        TaskInfo task = Task("pwd; cat name; echo $PIECE_IDX $A > $HOME/x; cat $HOME/x; echo told >&2; ( : > /etc/x ) 2>/dev/null || echo read-only; touch $STATE/s $INPUTS/x 2>/dev/null || echo no", 2) with { Merge = "cat $PART_LIST /etc/name > \"$FILE\"" };
        await using RunHarness run = Contained(task);
        Assert.Null(run.RunAndMerge());
        Assert.Equal("/etc\nof the image\n0 from image\nread-only\nno\n/etc\nof the image\n1 from image\nread-only\nno\nof the image\n", File.ReadAllText(run["sample.txt"]));
        Assert.Equal("", podman.Ask("ps", "--all", "--quiet"));
    }

    [PodmanFact]
    public async Task Exit_statuses_and_signals_are_told_as_within_the_walls()
    {
        await using RunHarness run = Contained(Task("case $PIECE_IDX in 0) exit 7;; 1) exit 85;; 2) sh -c 'kill -KILL $$'; exit $?;; 3) nosuchprogram;; esac", 4));
        Assert.Equal("exit:7", run.Failure(0).Code);
        Assert.IsType<JobOutcome.Checkpointed>(run.Run(1));
        Assert.Equal("signal:9", run.Failure(2).Code);
        Assert.Equal("exit:127", run.Failure(3).Code);
    }

    [PodmanFact]
    public async Task Limits_end_a_run()
    {
        await using RunHarness slow = Contained(Task("sleep 60", 1) with { Limits = new RunLimits { Wall = TimeSpan.FromSeconds(1) } });
        Assert.Equal("limit:wall", slow.Failure().Code);
        await using RunHarness loud = Contained(Task("while :; do echo 0123456789012345678901234567890123456789; done", 1));
        Assert.Equal("limit:output", loud.Failure().Code);
        await using RunHarness large = Contained(Task("i=0; while :; do i=$((i+1)); cat /bin/busybox > $HOME/x$i; done", 1) with { Limits = new RunLimits { DiskBytes = 20 << 20, Wall = TimeSpan.FromSeconds(30) } });
        Assert.Equal("limit:disk", large.Failure().Code);
        await using RunHarness stopped = Contained(Task("dd if=/dev/zero of=$HOME/x bs=1M count=30 2>/dev/null; true", 1) with { Limits = new RunLimits { DiskBytes = 20 << 20, Wall = TimeSpan.FromSeconds(30) } });
        Assert.Equal("limit:disk", stopped.Failure().Code);
        await using RunHarness greedy = Contained(Task("x=$(dd if=/dev/zero bs=1M count=200 2>/dev/null | tr '\\000' x); sleep 60", 1) with { Limits = new RunLimits { MemoryBytes = 64 << 20, Wall = TimeSpan.FromSeconds(30) } });

        // Podman 4.3 does not tell of an end for want of memory that took less than the fifth of a second between two looks.
        Assert.Contains(greedy.Failure().Code, (string[])["limit:memory", "signal:9"]);
        await using RunHarness busy = Contained(Task("while :; do :; done & while :; do :; done", 1) with { Limits = new RunLimits { Cpu = TimeSpan.FromSeconds(1), Wall = TimeSpan.FromSeconds(30) } });
        Assert.Equal("limit:cpu", busy.Failure().Code);
        Assert.Equal("", podman.Ask("ps", "--all", "--quiet"));
    }

    [PodmanFact]
    public async Task A_frozen_run_stands_still_and_goes_on()
    {
        await using RunHarness run = Contained(Task("while :; do sh -c 'printf x >> $STATE/signs'; done", 1));
        run.Runner.Start(new JobId(1), 0, 0, 1);
        Assert.True(LiveProcesses.Eventually(() => Signs(run) > 20));
        run.Runner.Pause(new JobId(1), true);
        Assert.True(LiveProcesses.StandStill(() => Signs(run)));
        long before = Signs(run);
        run.Runner.Pause(new JobId(1), false);
        Assert.True(LiveProcesses.Eventually(() => Signs(run) > before + 20));

        // The same for the whole task, as outside of the owner's hours.
        run.Launcher.Governor.Set(isHalted: true, double.PositiveInfinity, isNice: false);
        Assert.True(LiveProcesses.StandStill(() => Signs(run)));
        before = Signs(run);
        run.Launcher.Governor.Set(isHalted: false, double.PositiveInfinity, isNice: false);
        Assert.True(LiveProcesses.Eventually(() => Signs(run) > before + 20));
        run.Runner.Kill(new JobId(1), AbortReason.AcceptedElsewhere);
        Assert.IsType<JobOutcome.Killed>(run.NextExit().Outcome);
    }

    [PodmanFact]
    public async Task Containers_take_their_share_of_the_processor_and_no_more()
    {
        await using RunHarness run = Contained(Task("while :; do :; done & while :; do :; done", 1) with { Limits = new RunLimits { Cpu = TimeSpan.FromSeconds(1), Wall = TimeSpan.FromSeconds(60) } });
        run.Launcher.Governor.Set(isHalted: false, 0.25 * Environment.ProcessorCount, isNice: false);
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        Assert.Equal("limit:cpu", run.Failure().Code);

        // A second of processor time at a quarter of all cores; a busy machine takes longer.
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds > 0.8 / (0.25 * Environment.ProcessorCount));
    }

    [PodmanFact]
    public async Task A_killed_run_leaves_nothing()
    {
        await using RunHarness run = Contained(Task("echo begun; sleep 60", 1));
        run.Runner.Start(new JobId(1), 0, 0, 1);
        while (podman.Ask("ps", "--quiet").Length == 0)
        {
            await System.Threading.Tasks.Task.Delay(50);
        }

        run.Runner.Kill(new JobId(1), AbortReason.AcceptedElsewhere);
        Assert.IsType<JobOutcome.Killed>(run.NextExit().Outcome);
        Assert.Equal("", podman.Ask("ps", "--all", "--quiet"));
    }

    [PodmanFact]
    public async Task What_a_killed_program_left_is_removed_at_the_next_start()
    {
        await using (RunHarness run = Contained(Task("true", 1)))
        {
            run.Output();
        }

        podman.Ask("create", "--label", "org.starling.run=999999-1", ImageOf().Digest.ToString()[ImageDigest.Prefix.Length..], "sh");
        string mine = podman.Ask("create", "--ulimit", "nofile=1024:1024", ImageOf().Digest.ToString()[ImageDigest.Prefix.Length..], "sh").Trim();
        Assert.Equal(2, podman.Ask("ps", "--all", "--quiet").Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        await using (RunHarness run = Contained(Task("true", 1)))
        {
            Assert.Null(run.Runner.Problem);
        }

        Assert.StartsWith(podman.Ask("ps", "--all", "--quiet").Trim(), mine, StringComparison.Ordinal);
        podman.Ask("rm", mine);
    }

    [PodmanFact]
    public async Task Another_image_and_an_engine_that_is_not_there_are_told()
    {
        TaskInfo task = Task("true", 1);
        File.WriteAllBytes(_folder["image.tar"], new TestImage(Busybox.FakeShell).ToDocker());
        await using RunHarness run = Contained(task);
        Assert.Contains("the archive holds sha256:", run.Failure().Reason, StringComparison.Ordinal);
        await using RunHarness none = Contained(task, socket: _folder["no.sock"]);
        Assert.Contains("does not answer", none.Runner.Problem!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Outputs_come_apart_wherever_the_stream_is_cut()
    {
        byte[] stream = [1, 0, 0, 0, 0, 0, 0, 3, .. "out"u8, 2, 0, 0, 0, 0, 0, 0, 2, .. "er"u8, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, .. "!"u8];
        for (int size = 1; size <= stream.Length; size++)
        {
            var (output, errors) = (new StringBuilder(), new StringBuilder());
            Assert.True(EngineOutput.TryRead(new Slow(stream, size), bytes => output.Append(Encoding.ASCII.GetString(bytes)).Length > 0, bytes => errors.Append(Encoding.ASCII.GetString(bytes.Span))));
            Assert.Equal(("out!", "er"), (output.ToString(), errors.ToString()));
        }

        Assert.False(EngineOutput.TryRead(new MemoryStream(stream[..^1]), static _ => true, static _ => { }));
        Assert.False(EngineOutput.TryRead(new MemoryStream([3, 0, 0, 0, 0, 0, 0, 0]), static _ => true, static _ => { }));
        Assert.False(EngineOutput.TryRead(new MemoryStream(stream[..5]), static _ => true, static _ => { }));
    }

    private static long Signs(RunHarness run) => Directory.GetFiles(run[".starling/state"], "signs", SearchOption.AllDirectories).Sum(path => new FileInfo(path).Length);

    private static TestImage ImageOf() => new(Busybox.Shell.File("etc/name", "of the image\n")) { Env = ["PATH=/bin", "A=from image", "PIECE_IDX=9"], WorkingFolder = "/etc" };

    private RunHarness Contained(TaskInfo task, string? socket = null)
    {
        string archive = _folder["image.tar"];
        return new RunHarness(task, options: new RunnerOptions
        {
            Inputs = new Dictionary<string, InputPlace> { ["image.tar"] = new(archive, () => [archive]) },
            ImageFolder = _folder["images"],
            ContainerEngine = socket ?? podman.Socket,
        });
    }

    /// <summary>Packed as a whole, which Podman itself does not read.</summary>
    private TaskInfo Task(string command, int pieces)
    {
        TestImage image = ImageOf();
        File.WriteAllBytes(_folder["image.tar"], TestLayer.Gzip(image.ToDocker()));
        return RunHarness.Shell("", pieces) with
        {
            Run = new RunSpec.Container("image.tar", command, image.Digest),
            Inputs = [new InputSpec("image.tar", new TorrentId(Hash256.Zero), 1)],
        };
    }

    private sealed class Slow(byte[] bytes, int size) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, size));

        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, size)]);
    }
}
