using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Runtime.Execution;

namespace Starling.Tests.Runtime.Execution;

[Collection(ExecutionCollection.Name)]
public sealed class ShellProcessTests : IDisposable
{
    private static readonly TimeSpan _long = TimeSpan.FromMinutes(1);

    private readonly TestFolder _folder = new();
    private readonly ProcessLauncher _launcher = new();
    private readonly MemoryStream _output = new();
    private readonly StderrTail _errors = new();

    public void Dispose()
    {
        _launcher.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void TakesOutputErrorsAndExitStatus()
    {
        ProcessEnd end = Run("echo out; echo err >&2; exit 7");

        Assert.Equal("out\n", Output);
        Assert.Equal("err", _errors.ToText());
        Assert.Equal((0, 7, KillCause.None), (end.Signal, end.ExitCode, end.Cause));
        Assert.False(end.IsSuccess);
    }

    [Fact]
    public void RunsInItsFolderWithItsVariablesOnTopOfTheInheritedOnes()
    {
        Run("""echo "$PWD|$MINE|$PATH|${HOME+set}|$-" """, variables: [new("MINE", "a b"), new("HOME", null)]);

        string[] fields = Output.TrimEnd().Split('|');
        Assert.Equal(Path.GetFileName(_folder.Path), Path.GetFileName(fields[0]));
        Assert.Equal("a b", fields[1]);
        Assert.Equal(Environment.GetEnvironmentVariable("PATH"), fields[2]);
        Assert.Equal("", fields[3]);
    }

    [Fact]
    public void StandardInputIsEmptyAndNothingElseIsOpen()
    {
        // 3 is the descriptor of ls itself.
        Run("cat; ls /proc/self/fd | tr '\\n' ' '");

        Assert.Equal("0 1 2 3 ", Output);
    }

    [Fact]
    public void BrokenPipesEndProgramsAsAtLogin()
    {
        ProcessEnd end = Run("yes | head -n 1; echo \"${PIPESTATUS[0]}\"");

        Assert.Equal("y\n141\n", Output);
        Assert.True(end.IsSuccess);
        Assert.Equal(0, _errors.TotalBytes);
    }

    [Fact]
    public void MuchStandardErrorHangsNothingAndKeepsItsEnd()
    {
        ProcessEnd end = Run("head -c 200000 /dev/zero | tr '\\0' e >&2; echo end >&2; echo done");

        Assert.True(end.IsSuccess);
        Assert.Equal("done\n", Output);
        Assert.Equal(200_004, _errors.TotalBytes);
        byte[] tail = _errors.ToArray();
        Assert.Equal(StderrTail.Capacity, tail.Length);
        Assert.Equal("eeend\n", Encoding.ASCII.GetString(tail.AsSpan(tail.Length - 6)));
    }

    [Fact]
    public void ASignalIsTold()
    {
        ProcessEnd end = Run("kill -TERM $$");

        Assert.Equal((15, KillCause.None), (end.Signal, end.Cause));
    }

    [Fact]
    public void TheWallLimitKillsTheWholeTree()
    {
        string seconds = LiveProcesses.UniqueSeconds();

        ProcessEnd end = Run($"sleep {seconds} & sleep {seconds}", wall: TimeSpan.FromMilliseconds(300));

        Assert.Equal(KillCause.Wall, end.Cause);
        Assert.True(LiveProcesses.Become(seconds, 0));
    }

    [Fact]
    public void ARefusedOutputKills()
    {
        ShellProcess process = Start("yes");
        int calls = 0;

        ProcessEnd end = process.Run(_ => ++calls < 3, _errors, _long);

        Assert.Equal(KillCause.Output, end.Cause);
        Assert.Equal(3, calls);
    }

    [Fact]
    public void AnExceptionOfTheReceiverPassesAndKills()
    {
        string seconds = LiveProcesses.UniqueSeconds();
        ShellProcess process = Start($"echo x; exec sleep {seconds}");

        Assert.Throws<IOException>(() => process.Run(_ => throw new IOException("disk full"), _errors, _long));
        Assert.True(LiveProcesses.Become(seconds, 0));
    }

    [Fact]
    public async Task KillEndsARunningCommand()
    {
        ShellProcess process = Start("echo started; sleep 1000");
        using var started = new SemaphoreSlim(0);
        Task<ProcessEnd> run = Task.Run(() => process.Run(_ => started.Release() >= 0, _errors, _long));
        Assert.True(await started.WaitAsync(_long));

        process.Kill();

        ProcessEnd end = await run;
        Assert.Equal((9, KillCause.Asked), (end.Signal, end.Cause));
        process.Kill();
    }

    [Theory]
    [InlineData("sleep {0} & echo out")]
    [InlineData("setsid sleep {0} & sleep 0.1; echo out")]
    [InlineData("(setsid sleep {0} &) ; sleep 0.1; echo out")]
    [InlineData("(setsid bash -c 'sleep {0} & sleep {0}' > /dev/null 2>&1 &) ; sleep 0.2; echo out")]
    [InlineData("(env -i setsid sleep {0} > /dev/null 2>&1 &) ; sleep 0.1; echo out")]
    [InlineData("set -m; sleep {0} > /dev/null & echo out")]
    public void ChildrenLeftBehindAreKilled(string command)
    {
        string seconds = LiveProcesses.UniqueSeconds();

        ProcessEnd end = Run(string.Format(command, seconds));

        Assert.True(end.IsSuccess);
        Assert.Equal("out\n", Output);
        Assert.Empty(LiveProcesses.With(seconds));
    }

    [Fact]
    public void AChildThatEndsSoonAfterMayFinishTheOutput()
    {
        Run("exec > >(sleep 0.1; cat); echo late");

        Assert.Equal("late\n", Output);
    }

    [Fact]
    public async Task OrphansOfAnotherRunAreSpared()
    {
        string seconds = LiveProcesses.UniqueSeconds();
        ShellProcess other = Start($"(setsid sleep {seconds} &); echo started; sleep 1000");
        using var started = new SemaphoreSlim(0);
        Task<ProcessEnd> run = Task.Run(() => other.Run(_ => started.Release() >= 0, new StderrTail(), _long));
        Assert.True(await started.WaitAsync(_long));
        Assert.True(LiveProcesses.Become(seconds, 1));

        Run("true");

        Assert.Single(LiveProcesses.With(seconds));
        other.Kill();
        await run;
        Assert.Empty(LiveProcesses.With(seconds));
    }

    [Fact]
    public void CpuAndMemoryLimitsHoldForTheCommand()
    {
        Run("ulimit -S -t; ulimit -H -t; ulimit -d; echo \"$0\"", cpu: TimeSpan.FromSeconds(1.5), memory: 64 * 1024 * 1024);
        Assert.Equal($"2\n3\n65536\n{_launcher.Shell}\n", Output);
    }

    [Fact]
    public void TheCpuLimitEndsASpinningCommand()
    {
        ProcessEnd end = Run("while :; do :; done", cpu: TimeSpan.FromSeconds(1));

        Assert.Equal((24, KillCause.None), (end.Signal, end.Cause));
    }

    [Fact]
    public void AMissingShellIsAProblem()
    {
        using var launcher = new ProcessLauncher("/nowhere/bash");

        Assert.False(launcher.TryStart(new ShellCommand { Text = "true", Folder = _folder.Path }, out _, out Problem? problem));

        Assert.Equal("start", problem.Code);
        Assert.Contains("/nowhere/bash", problem.Reason);
    }

    [Fact]
    public void AMissingFolderIsAProblemThatNamesIt()
    {
        string folder = _folder["gone"];

        Assert.False(_launcher.TryStart(new ShellCommand { Text = "true", Folder = folder }, out _, out Problem? problem));

        Assert.Equal("start", problem.Code);
        Assert.Contains(folder, problem.Reason);
    }

    [Theory]
    [InlineData("echo a\0b")]
    public void AZeroByteIsAProblem(string text)
    {
        Assert.False(_launcher.TryStart(new ShellCommand { Text = text, Folder = _folder.Path }, out _, out Problem? problem));
        Assert.Equal("start", problem.Code);
    }

    [Fact]
    public void NothingStartsAfterTheEnd()
    {
        _launcher.KillAll();

        Assert.False(_launcher.TryStart(new ShellCommand { Text = "true", Folder = _folder.Path }, out _, out Problem? problem));
        Assert.Equal("start", problem.Code);
    }

    [Fact]
    public void ManyRunsLeaveNeitherDescriptorsNorZombies()
    {
        Run("true");
        int before = Directory.GetFiles("/proc/self/fd").Length;

        for (int i = 0; i < 500; i++)
        {
            Assert.True(Run(i % 100 == 0 ? "(true &); true" : "true").IsSuccess);
        }

        // Other tests of this process may open a few meanwhile.
        Assert.InRange(Directory.GetFiles("/proc/self/fd").Length, 0, before + 50);
        // This process is a subreaper: what programs that other tests killed leave behind comes here too, and goes with the next run.
        Assert.True(LiveProcesses.Eventually(() => Run("true").IsSuccess && LiveProcesses.Zombies() == 0));
    }

    [Fact]
    public void TheGuardIsStartedOnceAndAgainWhenItDied()
    {
        Run("true");
        int first = _launcher.GuardPid;
        Run("true");
        Assert.Equal(first, _launcher.GuardPid);

        Run($"kill -9 {first}; while kill -0 {first} && grep -q 'State:.[^Z]' /proc/{first}/status; do sleep 0.01; done");
        Run("true");

        Assert.NotEqual(first, _launcher.GuardPid);
        Assert.True(Directory.Exists($"/proc/{_launcher.GuardPid}"));
    }

    private string Output => Encoding.UTF8.GetString(_output.ToArray());

    private ShellProcess Start(
        string command, IReadOnlyList<KeyValuePair<string, string?>>? variables = null, TimeSpan? cpu = null, long? memory = null)
    {
        var shell = new ShellCommand
        {
            Text = command,
            Folder = _folder.Path,
            Variables = variables ?? [],
            CpuLimit = cpu,
            MemoryLimitBytes = memory,
        };
        Assert.True(_launcher.TryStart(shell, out ShellProcess? process, out Problem? problem), problem?.ToString());
        return process;
    }

    private ProcessEnd Run(
        string command,
        IReadOnlyList<KeyValuePair<string, string?>>? variables = null,
        TimeSpan? wall = null,
        TimeSpan? cpu = null,
        long? memory = null)
    {
        return Start(command, variables, cpu, memory).Run(
            bytes =>
            {
                _output.Write(bytes);
                return true;
            },
            _errors,
            wall ?? _long);
    }
}
