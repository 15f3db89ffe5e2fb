using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Execution;
using Starling.Runtime.Machine;
using Starling.Runtime.Storage;
using Starling.Runtime.Walls;

namespace Starling.Runtime.Engine;

/// <summary>A task with its folder open on this machine: the results, and what runs and merges.</summary>
internal sealed class OpenTaskFolder : IAsyncDisposable
{
    private readonly TaskFolder _folder;
    private readonly ProcessLauncher _launcher;
    private readonly JobRunner _runner;

    private OpenTaskFolder(TaskFile task, TaskFolder folder, PieceStore store, ProcessLauncher launcher, JobRunner runner, TrialRunner trials, Merger merger)
    {
        Task = task;
        _folder = folder;
        _launcher = launcher;
        _runner = runner;
        Parts = new TaskParts(store, runner, trials, merger);
        Outputs = [.. Enumerable.Range(0, task.Info.Files.Count).Select(merger.PathOf)];
        Resumed = store.Restored.Held.Concat(store.Restored.Released).Select(held => held.Piece).Distinct().Count();
    }

    public TaskFile Task { get; }

    public TaskParts Parts { get; }

    /// <summary>Absolute paths of the output files.</summary>
    public IReadOnlyList<string> Outputs { get; }

    /// <summary>Pieces of which an earlier process left a result.</summary>
    public int Resumed { get; }

    /// <summary>Holds what runs to the owner's rules.</summary>
    public RunGovernor Governor => _launcher.Governor;

    /// <summary>Whether the task is the owner's own.</summary>
    public bool IsOwn { get; init; }

    /// <summary>Why no run can start here; null: runs can.</summary>
    public Problem? Idle { get; private init; }

    /// <summary>Whether runs can start here; else this machine only downloads, and <see cref="Remarks"/> say why.</summary>
    public bool MayCompute => Idle is null;

    /// <summary>In which environment runs are computed here.</summary>
    public string EnvironmentClass { get; private init; } = "";

    /// <summary>What the owner should know, but does not keep the task from running.</summary>
    public IReadOnlyList<Problem> Remarks { get; private init; } = [];

    /// <summary>Opens the folder of a task.</summary>
    /// <param name="task">The task.</param>
    /// <param name="options">What the owner asked for.</param>
    /// <param name="inputs">Where the inputs lie.</param>
    /// <param name="post">Gets what happens.</param>
    /// <param name="walled">Whether its commands run within walls; where there are none the problem has the code <see cref="TrustRule.Code"/>.</param>
    /// <param name="isOwn">Whether the task is the owner\'s own.</param>
    /// <param name="open">The folder.</param>
    /// <param name="problem">Why it can't be opened.</param>
    public static bool TryOpen(
        TaskFile task,
        TaskSessionOptions options,
        IReadOnlyDictionary<string, InputPlace> inputs,
        PostInput post,
        bool walled,
        bool isOwn,
        [NotNullWhen(true)] out OpenTaskFolder? open,
        [NotNullWhen(false)] out Problem? problem)
    {
        open = null;
        if (!TaskFolder.TryOpen(options.Folder, task.Info, task.Id, out TaskFolder? folder, out problem))
        {
            return false;
        }

        MachineWalls? walls = null;
        // An image runs within walls even if it is the owner's own: it is another system.
        walled = task.Info.Run is RunSpec.Container ? options.ContainerEngine is null : walled;
        if (walled && !WallsProbe.TryOpen(Path.Combine(folder.Private, "walls"), [], out walls, out problem))
        {
            folder.Dispose();
            return false;
        }

        if (!PieceStore.TryOpen(folder, post, new PieceStoreOptions(), out PieceStore? store, out problem))
        {
            folder.Dispose();
            return false;
        }

        // A link has no task file of its own beside it: the copy lets a later start go on without peers.
        problem = folder.SaveTaskFile(TaskFileCodec.Encode(task with { Secret = options.Secret }));
        if (problem is not null)
        {
            store.DisposeAsync().AsTask().GetAwaiter().GetResult();
            folder.Dispose();
            return false;
        }

        var launcher = new ProcessLauncher(walls: walls);
        var runner = new JobRunner(
            task.Info, folder, store, post, launcher, new RunnerOptions
            {
                CoresPerRun = task.Info.Needs.Cores,
                Inputs = inputs,
                ContainerEngine = options.ContainerEngine,
                ImageFolder = options.OwnerFolder is { } owner ? Path.Combine(owner, "images") : null,
            });
        var merger = new Merger(task.Info, folder, store, post, runner.Site, flushesFirst: options.Keep != KeepRule.All);
        List<Problem> remarks = [];
        if (store.Damage is { } damage)
        {
            remarks.Add(damage);
        }

        using WalledPrograms? inWalls = walled ? new WalledPrograms(new RunSite(launcher), task.Info, folder.Scratch) : null;
        IPrograms programs = inWalls is null ? new HostPrograms(mayAsk: true) : inWalls;
        Problem? idle = runner.Problem ?? Unmet(task.Info, options.Folder, programs);
        if (idle is not null)
        {
            remarks.Add(idle);
        }

        open = new OpenTaskFolder(task, folder, store, launcher, runner, new TrialRunner(runner), merger)
        {
            Idle = idle,
            IsOwn = isOwn,
            EnvironmentClass = Machine.EnvironmentClass.Of(task.Info, programs),
            Remarks = remarks,
        };
        return true;
    }

    /// <summary>What an earlier process left; a released result whose output is gone is not among it.</summary>
    public RestoredState Restored()
    {
        RestoredState restored = Parts.Store.Restored;
        bool[] isThere = restored.Released.Count == 0 ? [] : [.. Outputs.Select(File.Exists)];
        return restored with { Begun = ((JobRunner)Parts.Runner).Begun, Released = [.. restored.Released.Where(released => isThere[Task.Info.Locate(released.Piece).FileIndex])] };
    }

    /// <summary>Kills the runs and merges; their exits are not told any more.</summary>
    public async Task StopWork()
    {
        await Parts.Runner.DisposeAsync().ConfigureAwait(false);
        await Parts.Trials.DisposeAsync().ConfigureAwait(false);
        await Parts.Merger.DisposeAsync().ConfigureAwait(false);
        _runner.Site.Image?.Dispose();
        _runner.Site.Engine?.Dispose();
        _launcher.Dispose();
    }

    /// <summary>Finishes the disk and gives the folder back.</summary>
    public async ValueTask DisposeAsync()
    {
        await Parts.Store.DisposeAsync().ConfigureAwait(false);
        _folder.Dispose();
    }

    private static Problem? Unmet(TaskInfo task, string folder, IPrograms programs)
    {
        // What an image has is looked at when it is there.
        return NeedsCheck.Unmet(NeedsCheck.Check(task.Needs, folder, task.Run is RunSpec.Container ? null : programs)) is { } missing
            ? new Problem("needs", $"this machine does not compute: the task needs {missing}", "It only downloads what others compute")
            : null;
    }
}
