using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Containers;
using Starling.Runtime.Walls;

namespace Starling.Runtime.Execution;

/// <summary>
/// Where one command after another runs: its own folders, and under which paths it sees what it needs. Without walls these are the paths of the host; within walls each thing
/// that is shown is mounted at a place that is the same on every machine. Used by one thread.
/// </summary>
internal sealed class RunPlace
{
    private static readonly RunUser EngineUsers = new();

    private readonly ProcessLauncher _launcher;
    private readonly TaskImage? _image;
    private readonly ContainerEngine? _engine;
    private readonly bool _changesUser;
    private readonly RunLimits _limits;
    private readonly SlotFolder _work;
    private readonly SlotFolder _temporary;
    private readonly SlotFolder _shared;
    private readonly List<WallMount> _mounts = [];
    private readonly int _user;

    /// <param name="site">On what the commands run.</param>
    /// <param name="task">Whose commands they are.</param>
    /// <param name="stem">Path of the working folder; others lie beside it.</param>
    public RunPlace(RunSite site, TaskInfo task, string stem)
    {
        _launcher = site.Launcher;
        _image = site.Image;
        _engine = site.Engine;
        IsWalled = site.IsWalled;
        _changesUser = _engine?.ChangesUser ?? _launcher.Walls is { ChangesUser: true };
        _limits = task.Limits;
        _work = new SlotFolder(stem);
        _temporary = new SlotFolder(stem + ".tmp");
        _shared = new SlotFolder(stem + ".shm");
        _user = _changesUser ? _engine is null ? _launcher.Walls!.NewUser() : EngineUsers.Next() : 0;
    }

    /// <summary>Whether commands are walled in.</summary>
    public bool IsWalled { get; }

    /// <summary>The working folder on the host.</summary>
    public string Folder => _work.Path;

    /// <summary>Gets ready what all commands need, such as the task's image; the first call may take long.</summary>
    public bool TryPrepare([NotNullWhen(false)] out Problem? problem)
    {
        problem = null;
        return _engine is not null ? _engine.TryPrepare(out problem) : _image is null || _image.TryPrepare(out problem);
    }

    /// <summary>Makes the place ready for the next command: its folders are there and empty, and it sees nothing else.</summary>
    /// <exception cref="IOException">A folder can't be made.</exception>
    /// <exception cref="UnauthorizedAccessException">A folder may not be made.</exception>
    public string Begin()
    {
        _mounts.Clear();
        _work.Use();
        if (IsWalled)
        {
            Show(_work.Path, WallPlan.WorkFolder, writable: true);
            Show(_temporary.Use(), "/tmp", writable: true);
            Show(_shared.Use(), "/dev/shm", writable: true);
        }

        return _work.Path;
    }

    /// <summary>Shows a file or a folder to the command; the path under which it sees it.</summary>
    /// <exception cref="IOException">What it may write can't be given to its user.</exception>
    public string Show(string path, string inside, bool writable = false)
    {
        if (!IsWalled)
        {
            return path;
        }

        if (writable && _changesUser && HostileTree.OwnerOf(path) != _user)
        {
            HostileTree.GiveTo(path, _user);
        }

        _mounts.Add(new WallMount(path, inside, writable));
        return inside;
    }

    /// <summary>The path under which the command sees something in its working folder.</summary>
    public string InWork(string name) => IsWalled ? $"{WallPlan.WorkFolder}/{name}" : Path.Combine(_work.Path, name);

    /// <summary>Takes back what the command was given to write, where that made it another user's.</summary>
    /// <exception cref="IOException">It can't be taken back.</exception>
    public void TakeBack(string path)
    {
        if (_changesUser)
        {
            HostileTree.GiveTo(path, 0);
        }
    }

    /// <summary>Starts a command here.</summary>
    /// <param name="text">For the shell.</param>
    /// <param name="variables">Its variables.</param>
    /// <param name="process">The command.</param>
    /// <param name="problem">Why it could not be started.</param>
    /// <param name="moreBytes">Bytes that it may write beyond the limit of the task.</param>
    /// <param name="moreFiles">Files that it may have beyond the usual.</param>
    /// <param name="isRun">Whether it computes a piece: that begins in the working folder of its image, if it has one.</param>
    public bool TryStart(
        string text,
        IReadOnlyList<KeyValuePair<string, string?>> variables,
        [NotNullWhen(true)] out IRunningCommand? process,
        [NotNullWhen(false)] out Problem? problem,
        long moreBytes = 0,
        int moreFiles = 0,
        bool isRun = false)
    {
        if (_engine is not null)
        {
            bool isRunning = _engine.TryStart(text, variables, Plan(moreBytes, moreFiles), isRun, _launcher.Governor, out EngineRun? run, out problem);
            process = run;
            return isRunning;
        }

        bool isStarted = _launcher.TryStart(Command(text, variables, moreBytes, moreFiles, isRun), out ShellProcess? started, out problem);
        process = started;
        return isStarted;
    }

    /// <summary>Starts a program here that stays for several pieces and takes input: CPU time is no bound of it.</summary>
    /// <param name="name">What it is called in messages.</param>
    /// <param name="program">The program and its arguments.</param>
    /// <param name="variables">Its variables.</param>
    /// <param name="moreMemory">Bytes of memory that it may have beyond the limit of the task.</param>
    /// <param name="process">The program.</param>
    /// <param name="problem">Why it could not be started.</param>
    public bool TryStartServer(
        string name,
        IReadOnlyList<string> program,
        IReadOnlyList<KeyValuePair<string, string?>> variables,
        long moreMemory,
        [NotNullWhen(true)] out ShellProcess? process,
        [NotNullWhen(false)] out Problem? problem)
    {
        ShellCommand command = Command(name, variables, 0, 0, isRun: false);
        return _launcher.TryStart(
            command with
            {
                Program = program,
                TakesInput = true,
                CpuLimit = null,
                MemoryLimitBytes = null,
                Walls = command.Walls is { } walls ? walls with { Limits = walls.Limits with { Cpu = null, MemoryBytes = walls.Limits.MemoryBytes + moreMemory } } : null,
            },
            out process,
            out problem);
    }

    private ShellCommand Command(string text, IReadOnlyList<KeyValuePair<string, string?>> variables, long moreBytes, int moreFiles, bool isRun) => new()
    {
        Text = _image?.CommandOf(text, isRun) ?? text,
        Folder = IsWalled ? "/" : _work.Path,
        Variables = variables,
        CpuLimit = _limits.Cpu,
        MemoryLimitBytes = _limits.MemoryBytes ?? _launcher.Governor.MemoryOfRun,
        Walls = IsWalled ? Plan(moreBytes, moreFiles) : null,
    };

    /// <summary>After the command: its folders are emptied.</summary>
    /// <exception cref="IOException">A folder can't be made.</exception>
    public void End()
    {
        _work.Empty();
        if (IsWalled)
        {
            _temporary.Empty();
            _shared.Empty();
        }
    }

    /// <summary>Deletes its folders, where no further command follows.</summary>
    public void Remove()
    {
        SlotFolder.TryRemove(_work.Path);
        SlotFolder.TryRemove(_temporary.Path);
        SlotFolder.TryRemove(_shared.Path);
    }

    private WallPlan Plan(long moreBytes, int moreFiles)
    {
        WallLimits limits = DefaultLimits.Of(_limits);
        long memory = _limits.MemoryBytes is null && _launcher.Governor.MemoryOfRun is { } part ? Math.Min(limits.MemoryBytes, part) : limits.MemoryBytes;
        return new WallPlan
        {
            Mounts = [.. _mounts],
            Root = _image?.Root,
            User = _user,
            Network = _limits.Network != RunLimits.NoNetwork,
            Limits = limits with { MemoryBytes = memory, DiskBytes = limits.DiskBytes + moreBytes, Files = limits.Files + moreFiles },
        };
    }
}
