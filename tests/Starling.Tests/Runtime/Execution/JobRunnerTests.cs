using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Execution;

namespace Starling.Tests.Runtime.Execution;

[Collection(ExecutionCollection.Name)]
public sealed class JobRunnerTests
{
    [Fact]
    public async Task GivesEachRunItsVariables()
    {
        TaskInfo task = RunHarness.Shell("echo $PIECE_IDX $PIECE_COUNT $FILE_IDX $PART_IDX $PART_COUNT $SLOTS ${INPUTS-none} ${CHUNK-none}") with
        {
            Files = [new OutputFile("a", 3), new OutputFile("b", 2)],
        };
        await using var run = new RunHarness(task, options: new RunnerOptions { CoresPerRun = 2 });

        Assert.Equal("0 5 0 0 3 2 none none\n", run.Output(0, 1));
        Assert.Equal("2 5 0 2 3 2 none none\n", run.Output(2, 2));
        Assert.Equal("3 5 1 0 2 2 none none\n", run.Output(3, 3));
        Assert.Equal("4 5 1 1 2 2 none none\n", run.Output(4, 4));
    }

    [Fact]
    public async Task EveryRunBeginsInAnEmptyFolder()
    {
        await using var run = new RunHarness(RunHarness.Shell("ls -A; mkdir -p d/e; touch d/e/f .hidden; ln -s / root"));

        Assert.Equal("", run.Output(0, 1));
        Assert.Equal("", run.Output(1, 2));
        Assert.True(File.Exists("/bin/sh"));
        Assert.StartsWith(run[".starling"], Directory.GetDirectories(run[".starling/scratch"]).Single());
    }

    [Theory]
    [InlineData("rmdir \"$PWD\"")]
    [InlineData("cd ..; rmdir slot-0; ln -s / slot-0")]
    [InlineData("cd ..; rmdir slot-0; echo x > slot-0")]
    public async Task ARunMaySpoilItsFolderForItselfOnly(string command)
    {
        await using var run = new RunHarness(RunHarness.Shell($"pwd; ls -A; {command}"));

        string first = run.Output(0, 1);

        Assert.Equal(first, run.Output(1, 2));
        Assert.True(File.Exists("/bin/sh"));
    }

    [Fact]
    public async Task AFolderThatCannotBeEmptiedIsReplaced()
    {
        using var folder = new TestFolder();
        string name = new('d', 200);
        TaskInfo task = RunHarness.Shell($"ls -A; for i in $(seq 30); do mkdir {name}; cd {name}; done");
        await using (var first = new RunHarness(task, folder.Path))
        {
            Assert.Equal("", first.Output(0, 1));
            Assert.Equal("", first.Output(1, 2));
        }

        await using (var second = new RunHarness(task, folder.Path))
        {
            Assert.Equal("", second.Output(2, 3));
        }

        // The path is longer than .NET can delete.
        using var rm = System.Diagnostics.Process.Start("rm", ["-rf", folder[".starling/scratch"]]);
        await rm.WaitForExitAsync();
    }

    [Fact]
    public async Task StandardErrorsAreKeptUpToTheirBound()
    {
        using var folder = new TestFolder();
        Directory.CreateDirectory(folder[".starling/stderr"]);
        for (int i = 0; i < 1_100; i++)
        {
            File.WriteAllText(folder[$".starling/stderr/old-{i}"], "");
        }

        await using var run = new RunHarness(RunHarness.Shell("echo warning >&2"), folder.Path);
        run.Output(1);

        Assert.Equal(1_000, Directory.GetFiles(folder[".starling/stderr"]).Length);
        Assert.Equal("warning\n", File.ReadAllText(folder[".starling/stderr/piece-000001.txt"]));
    }

    [Theory]
    [InlineData("exit 3", "exit:3")]
    [InlineData("no-such-program-here", "exit:127")]
    [InlineData("kill -9 $$", "signal:9")]
    [InlineData("kill -SEGV $$", "signal:11")]
    [InlineData("head -c 100001 /dev/zero", "limit:output")]
    public async Task AFailureHasItsCode(string command, string code)
    {
        await using var run = new RunHarness(RunHarness.Shell(command));

        Assert.Equal(code, run.Failure().Code);
    }

    [Fact]
    public async Task TooMuchOutputNamesTheLimitAndItsKey()
    {
        await using var run = new RunHarness(RunHarness.Shell("yes"));

        Problem problem = run.Failure(2);

        Assert.Equal("limit:output", problem.Code);
        Assert.Contains("'piece length'", problem.Reason);
        Assert.Contains("100000 bytes", problem.Reason);
        Assert.Contains("piece 2", problem.Reason);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65_536)]
    [InlineData(100_000)]
    public async Task OutputUpToTheLimitIsAResult(int bytes)
    {
        await using var run = new RunHarness(RunHarness.Shell($"head -c {bytes} /dev/zero"));

        Assert.Equal(bytes, run.Output().Length);
    }

    [Fact]
    public async Task TheEndOfStandardErrorIsToldAndKept()
    {
        await using var run = new RunHarness(RunHarness.Shell("head -c 200000 /dev/zero | tr '\\0' e >&2; echo 'the cause' >&2; exit 1"));

        var failed = Assert.IsType<JobOutcome.Failed>(run.Run(3));

        Assert.EndsWith("ethe cause", failed.StandardError);
        Assert.Contains(run[".starling/stderr/piece-000003.txt"], failed.Problem.Hint);
        Assert.Equal(StderrTail.Capacity, new FileInfo(run[".starling/stderr/piece-000003.txt"]).Length);
    }

    [Fact]
    public async Task TheWallLimitNamesItsKey()
    {
        TaskInfo task = RunHarness.Shell("sleep 1000") with { Limits = new RunLimits { Wall = TimeSpan.FromSeconds(0.2) } };
        await using var run = new RunHarness(task);

        Problem problem = run.Failure();

        Assert.Equal("limit:wall", problem.Code);
        Assert.Contains("'limits.wall'", problem.Reason);
    }

    [Fact]
    public async Task TheCpuLimitNamesItsKey()
    {
        TaskInfo task = RunHarness.Shell("(while :; do :; done); exit $?") with { Limits = new RunLimits { Cpu = TimeSpan.FromSeconds(1) } };
        await using var run = new RunHarness(task);

        Assert.Equal("limit:cpu", run.Failure().Code);
    }

    [Fact]
    public async Task AShellThatIsMissingIsAFailureToStart()
    {
        await using var run = new RunHarness(RunHarness.Shell("true"), launcher: new ProcessLauncher("/nowhere/sh"));

        Assert.Equal("start", run.Failure().Code);
    }

    [Fact]
    public async Task StateStaysUntilThePieceSucceeds()
    {
        const string command = "n=$(cat $STATE/n 2>/dev/null || echo 0); echo $((n+1)) > $STATE/n; [ $n -ge $LAST ] && echo $n || exit $((84 + PIECE_IDX))";
        await using var run = new RunHarness(RunHarness.Shell("LAST=2; " + command));

        Assert.IsType<JobOutcome.Checkpointed>(run.Run(1, 1));
        Assert.IsType<JobOutcome.Failed>(run.Run(0, 2));
        Assert.IsType<JobOutcome.Checkpointed>(run.Run(1, 3));
        Assert.Equal("2\n", run.Output(1, 4));
        Assert.IsType<JobOutcome.Checkpointed>(run.Run(1, 5));
        Assert.IsType<JobOutcome.Failed>(run.Run(0, 6));
        Assert.Equal("2\n", run.Output(0, 7));
    }

    [Fact]
    public async Task StateOutlivesTheProgram()
    {
        using var folder = new TestFolder();
        TaskInfo task = RunHarness.Shell("cat $STATE/* 2>/dev/null && exit; echo $PIECE_IDX > $STATE/a; exit 85");
        await using (var first = new RunHarness(task, folder.Path))
        {
            Assert.IsType<JobOutcome.Checkpointed>(first.Run(2));
        }

        // What a killed program leaves: the slot's folder, and the note of whose it is.
        string state = folder[".starling/state"];
        Directory.Move(Path.Combine(state, "000002"), Path.Combine(state, "slot-0"));
        await using var second = new RunHarness(task, folder.Path);
        Assert.Equal("2\n", second.Output(2));
        Assert.False(Directory.Exists(Path.Combine(state, "000002")));
    }

    [Fact]
    public async Task KillEndsARunWithAllItsChildren()
    {
        string seconds = LiveProcesses.UniqueSeconds();
        await using var run = new RunHarness(RunHarness.Shell($"(setsid sleep {seconds} &); sleep {seconds} & sleep {seconds}"));
        run.Runner.Start(new JobId(1), 0, 0, 1);
        Assert.True(LiveProcesses.Become(seconds, 3));

        run.Runner.Kill(new JobId(1), AbortReason.AcceptedElsewhere);

        Assert.IsType<JobOutcome.Killed>(run.NextExit().Outcome);
        Assert.Empty(LiveProcesses.With(seconds));
        run.Runner.Kill(new JobId(1), AbortReason.AcceptedElsewhere);
        Assert.False(run.HasMore());
    }

    [Fact]
    public async Task ARunThatWaitsForItsSlotCanBeKilled()
    {
        await using var run = new RunHarness(RunHarness.Shell("sleep 1000"));
        run.Runner.Start(new JobId(1), 0, 0, 1);
        run.Runner.Start(new JobId(2), 0, 1, 1);

        run.Runner.Kill(new JobId(2), AbortReason.AcceptedElsewhere);
        run.Runner.Kill(new JobId(1), AbortReason.AcceptedElsewhere);

        Assert.Equal((new JobId(1), true), Killed(run.NextExit()));
        Assert.Equal((new JobId(2), true), Killed(run.NextExit()));
    }

    [Fact]
    public async Task TheEndOfTheRunnerKillsAndPostsAll()
    {
        var run = new RunHarness(RunHarness.Shell("sleep 1000"));
        for (int i = 0; i < 6; i++)
        {
            run.Runner.Start(new JobId(i), i % 3, i % 4, 1);
        }

        await run.Runner.DisposeAsync();

        var ended = new List<long>();
        for (int i = 0; i < 6; i++)
        {
            (JobId job, bool killed) = Killed(run.NextExit());
            Assert.True(killed);
            ended.Add(job.Value);
        }

        Assert.Equal([0, 1, 2, 3, 4, 5], ended.Order());
        await run.DisposeAsync();
    }

    [Fact]
    public async Task EachRunEndsOnceWheneverItIsKilled()
    {
        await using var run = new RunHarness(RunHarness.Shell("[ $((PIECE_IDX % 2)) = 0 ] && sleep 0.005; echo $PIECE_IDX"));
        var random = new Random(1);
        const int jobs = 150;
        var kills = new Thread(() =>
        {
            for (int i = 0; i < 3 * jobs; i++)
            {
                run.Runner.Kill(new JobId(random.Next(jobs)), AbortReason.AcceptedElsewhere);
                Thread.Sleep(1);
            }
        });
        kills.Start();
        for (int i = 0; i < jobs; i++)
        {
            run.Runner.Start(new JobId(i), i % 3, i % 4, 1);
        }

        var ended = new List<long>();
        for (int i = 0; i < jobs; i++)
        {
            NodeInput.JobExited exited = run.NextExit();
            Assert.True(exited.Outcome is JobOutcome.Killed or JobOutcome.Succeeded, exited.Outcome.ToString());
            ended.Add(exited.Job.Value);
        }

        kills.Join();
        Assert.Equal(Enumerable.Range(0, jobs).Select(job => (long)job), ended.Order());
        Assert.False(run.HasMore());
    }

    [Fact]
    public async Task KernelsRunWithoutAProcess()
    {
        await using var run = new RunHarness(Sleep("0", "1000"), launcher: new ProcessLauncher("/nowhere/sh"));

        Assert.IsType<JobOutcome.Succeeded>(run.Run());
        Assert.Equal(-1, run.Launcher.GuardPid);
    }

    [Fact]
    public async Task KernelsCanBeKilledAndHaveAWallLimit()
    {
        TaskInfo task = Sleep("1000", "0");
        await using (var run = new RunHarness(task))
        {
            run.Runner.Start(new JobId(1), 0, 0, 1);
            run.Runner.Kill(new JobId(1), AbortReason.AcceptedElsewhere);
            Assert.IsType<JobOutcome.Killed>(run.NextExit().Outcome);
        }

        await using var slow = new RunHarness(task with { Limits = new RunLimits { Wall = TimeSpan.FromSeconds(0.1) } });
        Assert.Equal("limit:wall", slow.Failure().Code);
    }

    [Fact]
    public async Task AKernelWithWrongParametersFailsEveryRun()
    {
        await using var run = new RunHarness(Sleep("soon", "0"));

        Assert.NotNull(run.Runner.Problem);
        Assert.Equal("kernel", run.Failure().Code);
    }

    [Fact]
    public async Task AModuleThatIsNotHereIsAProblemOfTheRun()
    {
        await using var run = new RunHarness(RunHarness.Shell("") with { Run = new RunSpec.Wasm("a.wasm", []) });

        Assert.Equal("inputs", run.Failure().Code);
    }

    [Fact]
    public async Task InputsAreLinksByName()
    {
        using var data = new TestFolder();
        File.WriteAllText(data["x"], "content");
        TaskInfo task = RunHarness.Shell("cat \"$INPUTS/in put.txt\"") with { Inputs = [new InputSpec("in put.txt", new TorrentId(Hash256.Zero), 7)] };

        await using (var run = new RunHarness(task, options: Inputs("in put.txt", data["x"])))
        {
            Assert.Equal("content", run.Output());
        }

        await using var without = new RunHarness(task);
        Assert.Equal("inputs", without.Failure().Code);
    }

    [Fact]
    public async Task ChunksAreCutForTheirRunOnly()
    {
        using var data = new TestFolder();
        File.WriteAllText(data["x"], "abcdefghij");
        TaskInfo task = RunHarness.Shell("cat $CHUNK") with { Inputs = [new InputSpec("x", new TorrentId(Hash256.Zero), 10)], Chunks = new ChunkSpec("x", 4) };
        await using var run = new RunHarness(task, options: Inputs("x", data["x"]));

        Assert.Equal("abcd", run.Output(0, 1));
        Assert.Equal("ij", run.Output(2, 2));
        Assert.Equal("inputs", run.Failure(3).Code);
        Assert.Empty(Directory.GetFiles(run[".starling/chunks"]));
    }

    [Fact]
    public async Task FilesOfAnInputComeInTheOrderOfATorrent()
    {
        using var data = new TestFolder();
        foreach (string name in (string[])["b", "a/z", "not-in-the-torrent", "B"])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(data[name])!);
            File.WriteAllText(data[name], name);
        }

        TaskInfo task = RunHarness.Shell("cat $CHUNK") with { Inputs = [new InputSpec("x", new TorrentId(Hash256.Zero), 10)], Chunks = new ChunkSpec("x", 0) };
        await using var run = new RunHarness(task, options: Inputs("x", data.Path, data["b"], data["a/z"], data["B"]));

        Assert.Equal(["b", "a/z", "B"], Enumerable.Range(0, 3).Select(piece => run.Output(piece, piece)));
    }

    private static RunnerOptions Inputs(string name, string path, params string[] files) => new() { Inputs = new Dictionary<string, InputPlace> { [name] = new(path, () => files) } };

    private static TaskInfo Sleep(string seconds, string bytes) => RunHarness.Shell("") with
    {
        Run = new RunSpec.Kernel("sleep", [new KernelParameter("bytes", bytes), new KernelParameter("seconds", seconds)]),
    };

    private static (JobId Job, bool Killed) Killed(NodeInput.JobExited exited) => (exited.Job, exited.Outcome is JobOutcome.Killed);
}
