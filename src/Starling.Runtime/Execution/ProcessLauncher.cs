using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Threading;
using Starling.Core.Primitives;
using Starling.Runtime.Walls;

namespace Starling.Runtime.Execution;

/// <summary>
/// Starts the commands of runs and merges and answers for their end: each is a session of its own without inherited descriptors, and
/// nothing of it survives its end, this object's end, or this process's death. One per program; safe from every thread.
/// Needs Linux with kernel 5.3 and glibc 2.29 or musl 1.1.24; elsewhere every start is a <see cref="Problem"/>.
/// </summary>
public sealed class ProcessLauncher : IDisposable
{
    /// <summary>Code of every <see cref="Problem"/> about a command that could not be started.</summary>
    public const string StartCode = "start";

    private const string PosixShell = "/bin/sh";

    /// <summary>
    /// $0 is the shell of the task, $1 its command, $2 and $3 CPU seconds (soft and hard), $4 memory in KiB. A limit that can't be set is
    /// one that is already stricter. Done by a shell in front because setting it on the running child would come too late for its first children.
    /// </summary>
    private const string LimitScript =
        "[ -z \"$2\" ] || { ulimit -S -t \"$2\"; ulimit -H -t \"$3\"; } 2>/dev/null; [ -z \"$4\" ] || ulimit -d \"$4\" 2>/dev/null; exec \"$0\" -c \"$1\"";

    private readonly string _shell;
    private readonly MachineWalls? _walls;
    private readonly LauncherThread _thread = new();
    private readonly RunWatch _watch = new();
    private readonly string _token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
    private readonly EnvironmentBlock _environment = EnvironmentBlock.OfThisProcess();
    private readonly EnvironmentBlock _walledEnvironment = EnvironmentBlock.OfWalledRuns();
    private readonly string _inheritedMarker = Environment.GetEnvironmentVariable(Descendants.MarkerName) ?? "";
    private readonly Descendants _descendants;
    private readonly DeathGuard _guard;
    private readonly Problem? _unfit;
    private readonly int _nothing = -1;
    private readonly unsafe byte* _attributes;
    private readonly Lock _gate = new();
    private readonly HashSet<ShellProcess> _running = [];
    private long _lastNumber;
    private bool _disposed;
    private bool _released;

    /// <param name="shell">The shell of tasks; null: <c>/bin/bash</c>, or <c>/bin/sh</c> where that is missing.</param>
    /// <param name="walls">The walls of this machine; null: walled commands can't be started.</param>
    public unsafe ProcessLauncher(string? shell = null, MachineWalls? walls = null)
    {
        _walls = walls;
        _shell = shell ?? (File.Exists("/bin/bash") ? "/bin/bash" : PosixShell);
        _descendants = new Descendants(_token);
        _guard = new DeathGuard(StartGuard);
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess)
        {
            _unfit = new Problem(
                StartCode,
                "commands run on 64-bit Linux only, for now",
                "Join with a machine that runs Linux, or use a task with a built-in kernel.");
            return;
        }

        _attributes = (byte*)NativeMemory.AllocZeroed(LibC.OpaqueSize);
        _unfit = Prepare(_attributes, out _nothing);
    }

    /// <summary>Holds what runs to the owner's rules.</summary>
    public RunGovernor Governor { get; } = new();

    /// <summary>The shell that commands are given to.</summary>
    public string Shell => _shell;

    /// <summary>The walls of this machine; null: none.</summary>
    public MachineWalls? Walls => _walls;

    /// <summary>Process id of the guard that outlives this process; -1 before the first start.</summary>
    public int GuardPid => _guard.Pid;

    /// <summary>Starts a command; its output waits in pipes until <see cref="ShellProcess.Run"/>.</summary>
    public bool TryStart(ShellCommand command, [NotNullWhen(true)] out ShellProcess? process, [NotNullWhen(false)] out Problem? problem)
    {
        ArgumentNullException.ThrowIfNull(command);
        process = null;
        problem = _unfit;
        if (problem is null && command.Walls is not null && _walls is null)
        {
            problem = new Problem(StartCode, "this machine has no walls to run it in", "See 'starling doctor'.");
        }

        if (problem is null && command.Text.Contains('\0'))
        {
            problem = new Problem(StartCode, "the command contains a zero byte");
        }

        if (problem is null && _guard.Ensure() is int error and not 0)
        {
            problem = Failed($"the guard {PosixShell} could not be started", error);
        }

        return problem is null && TrySpawn(command, out process, out problem);
    }

    /// <summary>Kills whatever runs. The threads in <see cref="ShellProcess.Run"/> then return; starts are refused from now on.</summary>
    public void KillAll()
    {
        lock (_gate)
        {
            _disposed = true;
            foreach (ShellProcess process in _running)
            {
                process.Kill();
            }
        }
    }

    /// <summary>Kills everything and sends the guard away. To be called when no thread starts or awaits commands any more.</summary>
    public unsafe void Dispose()
    {
        KillAll();
        lock (_gate)
        {
            if (_released)
            {
                return;
            }

            _released = true;
        }

        Governor.Dispose();
        _watch.Dispose();
        _thread.Dispose();
        if (_unfit is null)
        {
            _descendants.FinishAll();
            _guard.Dispose();
            _ = LibC.SpawnAttributesDestroy(_attributes);
        }

        LibC.CloseIfOpen(_nothing);
        NativeMemory.Free(_attributes);
    }

    /// <summary>Forgets an ended process and kills what it left behind.</summary>
    /// <param name="process">The process.</param>
    /// <param name="member">What identifies its run.</param>
    /// <param name="innerPid">The first process within its walls; 0: none.</param>
    /// <returns>What that one and all that it waited for had used.</returns>
    internal LibC.ResourceUsage Finish(ShellProcess process, Descendants.Member member, int innerPid)
    {
        lock (_gate)
        {
            _running.Remove(process);
        }

        _descendants.Finish(member);
        return _descendants.TakeUsage(innerPid);
    }

    /// <summary>Looks at what a walled run uses, from now until <see cref="RunWatch.Remove"/>.</summary>
    internal RunWatch Watch => _watch;

    /// <summary>Appends the orphans of a run that goes on.</summary>
    internal void AppendOrphans(Descendants.Member member, List<int> orphans) => _descendants.AppendOrphans(member, orphans);

    /// <summary>Reaps orphans of runs that go on.</summary>
    internal void ReapEnded() => _descendants.ReapEnded();

    private static unsafe Problem? Prepare(byte* attributes, out int nothing)
    {
        nothing = -1;
        try
        {
            InheritedDescriptors.Seal();
            fixed (byte* path = "/dev/null\0"u8)
            {
                nothing = LibC.Open(path, LibC.ReadWrite | LibC.CloseOnExec);
            }

            if (nothing < 0)
            {
                return Failed("/dev/null can't be opened", Marshal.GetLastPInvokeError());
            }

            // An ignored SIGCHLD, inherited from whoever started this program, would throw exit statuses away.
            byte* action = stackalloc byte[LibC.OpaqueSize];
            if (LibC.SignalAction(LibC.SignalChild, null, action) == 0 && *(nint*)action == 1)
            {
                _ = LibC.Signal(LibC.SignalChild, 0);
            }

            if (LibC.ProcessControl(LibC.PrctlSetChildSubreaper, 1, 0, 0, 0) != 0)
            {
                return Failed("this process can't become the subreaper of its runs", Marshal.GetLastPInvokeError());
            }

            // .NET ignores SIGPIPE and blocks nothing we want to hand on: runs begin with all signals as at login.
            byte* set = stackalloc byte[LibC.OpaqueSize];
            _ = LibC.SpawnAttributesInit(attributes);
            _ = LibC.SignalSetFill(set);
            _ = LibC.SpawnAttributesSetDefaults(attributes, set);
            _ = LibC.SignalSetEmpty(set);
            _ = LibC.SpawnAttributesSetMask(attributes, set);
            int error = LibC.SpawnAttributesSetFlags(
                attributes, LibC.SpawnSetSession | LibC.SpawnSetSignalDefaults | LibC.SpawnSetSignalMask);
            return error == 0 ? null : Failed("posix_spawn can't make sessions", error);
        }
        catch (EntryPointNotFoundException missing)
        {
            return new Problem(StartCode, $"the system's C library is too old: {missing.Message}", "glibc 2.29 or musl 1.1.24 is needed.");
        }
    }

    private static Problem Failed(string what, int error) =>
        new(StartCode, $"{what}: {Marshal.GetPInvokeErrorMessage(error)}");

    private bool TrySpawn(ShellCommand command, [NotNullWhen(true)] out ShellProcess? process, [NotNullWhen(false)] out Problem? problem)
    {
        process = null;
        long number = Interlocked.Increment(ref _lastNumber);
        long startTicks = Descendants.NowTicks();
        if (!RunPipes.TryOpen(command.TakesInput, out RunPipes pipes, out int error))
        {
            problem = Failed("no pipe for the command's output", error);
            return false;
        }

        WalledStart? walled = null;
        if (command.Walls is { } plan && (walled = WalledStart.TryOpen(_walls!.FilterOf(plan), _walls.ArgumentsOf(plan, Descendants.MarkerName), out error)) is null)
        {
            pipes.CloseAll();
            problem = Failed("no pipe for the walls around the command", error);
            return false;
        }

        // The lock makes "no start after KillAll" true, and keeps a new child from being killed by nobody.
        lock (_gate)
        {
            if (_disposed)
            {
                pipes.CloseAll();
                walled?.CloseAll();
                problem = new Problem(StartCode, "the program is ending");
                return false;
            }
        }

        var variables = new List<KeyValuePair<string, string?>>(command.Variables)
        {
            new(Descendants.MarkerName, _inheritedMarker + _descendants.MarkerOf(number)),
        };
        string[] arguments = ArgumentsOf(command);
        int input = command.TakesInput ? pipes.InputRead : _nothing;
        _descendants.BeginStart();
        int pid;
        (pid, error) = walled is null
            ? Spawn(_environment, arguments, command.Folder, variables, input, pipes.OutputWrite, pipes.ErrorWrite, [])
            : _thread.Do(() => Spawn(_walledEnvironment, arguments, command.Folder, variables, input, pipes.OutputWrite, pipes.ErrorWrite, walled.Descriptors));
        pipes.CloseWriteEnds();
        walled?.CloseChildEnds();
        if (error != 0)
        {
            _descendants.EndStart(null);
            pipes.CloseAll();
            walled?.CloseAll();
            string where = Directory.Exists(command.Folder) ? "" : $" in {command.Folder}, which is not there";
            problem = Failed($"{arguments[0]} could not be started{where}", error);
            return false;
        }

        int descriptor = LibC.OpenProcess(pid);
        if (descriptor < 0)
        {
            problem = Failed("pidfd_open, which needs Linux 5.3 or newer", Marshal.GetLastPInvokeError());
            pipes.CloseAll();
            walled?.CloseAll();
            Abandon(pid);
            _descendants.EndStart(null);
            return false;
        }

        var member = new Descendants.Member(pid, number, startTicks);
        _descendants.EndStart(member);
        process = new ShellProcess(this, member, pipes, descriptor, walled, command.Walls);
        problem = null;
        lock (_gate)
        {
            _running.Add(process);
            if (_disposed)
            {
                process.Kill();
            }
        }

        if (walled?.Release(command.Walls!.Limits, _walls!.Groups) == true)
        {
            _descendants.KeepUsageOf(walled.InnerPid);
        }
        else if (walled is not null)
        {
            // It has ended, or waits for ever. That the command never began shows in how the process ends.
            process.KillFor(KillCause.Walls);
        }

        return true;
    }

    private static unsafe void Abandon(int pid)
    {
        _ = LibC.Kill(-pid, LibC.SignalKill);
        int status;
        while (LibC.WaitPid(pid, &status, 0) < 0 && Marshal.GetLastPInvokeError() == LibC.ErrorInterrupted)
        {
        }
    }

    private string[] ArgumentsOf(ShellCommand command)
    {
        IReadOnlyList<string> program = command.Program ?? [command.Walls?.Root is null ? _shell : PosixShell, "-c", command.Text];
        if (command.Walls is { } plan)
        {
            return _walls!.CommandLineOf(plan, program);
        }

        if (command.Program is not null || (command.CpuLimit is null && command.MemoryLimitBytes is null))
        {
            return [.. program];
        }

        string soft = "";
        string hard = "";
        if (command.CpuLimit is TimeSpan cpu)
        {
            long seconds = Math.Max(1, (long)Math.Ceiling(cpu.TotalSeconds));
            soft = $"{seconds}";
            hard = $"{seconds + 1}";
        }

        string memory = command.MemoryLimitBytes is long bytes ? $"{Math.Max(1, bytes / 1024)}" : "";
        return [PosixShell, "-c", LimitScript, _shell, command.Text, soft, hard, memory];
    }

    private (int Pid, int Error) StartGuard(string script, int standardInput)
    {
        KeyValuePair<string, string?>[] variables = [new(Descendants.GuardName, "1"), new(Descendants.MarkerName, null)];
        _descendants.BeginStart();
        (int Pid, int Error) started = Spawn(
            _environment, [PosixShell, "-c", script, "starling-guard", _token], "/", variables, standardInput, _nothing, _nothing, []);
        _descendants.EndStart(null);
        return started;
    }

    private unsafe (int Pid, int Error) Spawn(
        EnvironmentBlock inherited,
        string[] arguments,
        string folder,
        IReadOnlyList<KeyValuePair<string, string?>> variables,
        int input,
        int output,
        int error,
        (int Source, int Target)[] further)
    {
        var starts = new List<int>();
        byte[] environment = inherited.With(variables, starts);
        byte[] text = Encoding.UTF8.GetBytes(string.Join('\0', arguments) + "\0" + folder + "\0");
        var pointers = new nint[starts.Count + 1];
        var argumentPointers = new nint[arguments.Length + 1];
        byte* actions = stackalloc byte[LibC.OpaqueSize];
        int pid = -1;
        fixed (byte* variablesStart = environment)
        fixed (byte* textStart = text)
        fixed (nint* environmentStart = pointers)
        fixed (nint* argumentsStart = argumentPointers)
        {
            for (int i = 0; i < starts.Count; i++)
            {
                pointers[i] = (nint)(variablesStart + starts[i]);
            }

            int at = 0;
            for (int i = 0; i < arguments.Length; i++)
            {
                argumentPointers[i] = (nint)(textStart + at);
                at = Array.IndexOf(text, (byte)0, at) + 1;
            }

            _ = LibC.FileActionsInit(actions);
            try
            {
                int failure = LibC.FileActionsDuplicate(actions, input, 0);
                failure = failure != 0 ? failure : LibC.FileActionsDuplicate(actions, output, 1);
                failure = failure != 0 ? failure : LibC.FileActionsDuplicate(actions, error, 2);
                foreach ((int source, int target) in further)
                {
                    failure = failure != 0 ? failure : LibC.FileActionsDuplicate(actions, source, target);
                }

                failure = failure != 0 ? failure : LibC.FileActionsChangeFolder(actions, textStart + at);
                failure = failure != 0
                    ? failure
                    : LibC.Spawn(&pid, textStart, actions, _attributes, (byte**)argumentsStart, (byte**)environmentStart);
                return (pid, failure);
            }
            finally
            {
                _ = LibC.FileActionsDestroy(actions);
            }
        }
    }
}
