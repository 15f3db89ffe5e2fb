using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Containers;
using Starling.Runtime.Engine;
using Starling.Runtime.Kernels;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Execution;

/// <summary>
/// Runs the pieces of one task. Each slot is a thread that lives as long as this: it starts a command, waits for it, and takes the next;
/// kernels run on it. Whether the task may run here at all is decided before (<see cref="TrustRule"/>).
/// </summary>
public sealed class JobRunner : IJobRunner
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<int, JobSlot> _slots = [];
    private readonly RunContext _context;
    private readonly RunSite _site;
    private bool _ending;

    /// <param name="task">The task.</param>
    /// <param name="folder">Its folder; scratch, state, inputs and standard errors go below <c>.starling</c>.</param>
    /// <param name="store">Takes the outputs.</param>
    /// <param name="post">Gets one <see cref="NodeInput.JobExited"/> a job.</param>
    /// <param name="launcher">Starts commands; it outlives this.</param>
    /// <param name="options">What the owner grants.</param>
    public JobRunner(
        TaskInfo task, TaskFolder folder, IPieceStore store, PostInput post, ProcessLauncher launcher, RunnerOptions options)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(post);
        ArgumentNullException.ThrowIfNull(launcher);
        ArgumentNullException.ThrowIfNull(options);
        Problem? problem = null;
        IKernel? kernel = null;
        StateFolders? states = null;
        string trials = Path.Combine(folder.Private, "trials");

        // What a killed program left. What can't be deleted is passed over by the slots.
        SlotFolder.TryRemove(folder.Scratch);
        SlotFolder.TryRemove(trials);
        switch (task.Run)
        {
            case RunSpec.Kernel spec:
                KernelRegistry.TryCreate(spec, task, out kernel, out problem);
                break;
            case RunSpec.Shell or RunSpec.Container:
                try
                {
                    Directory.CreateDirectory(folder.Scratch);
                    states = new StateFolders(folder);
                }
                catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
                {
                    problem = StoreProblem.OfAccess(failure, ProcessLauncher.StartCode, $"cannot lay out folders for runs below {folder.Private}");
                }

                break;
            case RunSpec.Wasm:
                break;
            default:
                throw new NotSupportedException($"runs of the kind {task.Run.GetType().Name}");
        }

        var inputs = new InputFolder(task, folder.Private, options.Inputs);
        _site = SiteOf(task, folder, launcher, options, out Problem? unfit);
        _context = new RunContext
        {
            Task = task,
            TaskId = folder.TaskId,
            PieceCount = task.PieceCount,
            Store = store,
            Post = post,
            Launcher = launcher,
            Site = _site,
            ImageNeeds = _site.Image is null && _site.Engine is null ? null : new ImageNeeds(_site, task, folder.Scratch),
            Options = options,
            Kernel = kernel,
            States = states,
            Inputs = inputs,
            Errors = new StderrFolder(Path.Combine(folder.Private, "stderr")),
            ScratchFolder = folder.Scratch,
            TrialFolder = trials,
            Problem = problem ?? inputs.Problem ?? unfit,
        };
    }

    /// <summary>Why no run of this task can start here; null: none is known. The same problem ends every run.</summary>
    public Problem? Problem => _context.Problem;

    /// <summary>Pieces of which a run left a state here.</summary>
    public IReadOnlyList<int> Begun => _context.States?.Begun ?? [];

    /// <summary>On what the task's commands run.</summary>
    internal RunSite Site => _site;

    /// <summary>What the runs share.</summary>
    internal RunContext Context => _context;

    /// <inheritdoc/>
    public void Start(JobId job, int slot, int piece, int attempt)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(slot);
        ArgumentOutOfRangeException.ThrowIfNegative(piece);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_ending, this);
            if (!_slots.TryGetValue(slot, out JobSlot? thread))
            {
                thread = new JobSlot(_context, slot);
                _slots.Add(slot, thread);
            }

            thread.Add(job, piece);
        }
    }

    /// <inheritdoc/>
    public void Kill(JobId job, AbortReason reason)
    {
        lock (_gate)
        {
            foreach (JobSlot slot in _slots.Values)
            {
                if (slot.TryKill(job, reason))
                {
                    return;
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Pause(JobId job, bool paused)
    {
        lock (_gate)
        {
            foreach (JobSlot slot in _slots.Values)
            {
                if (slot.TryPause(job, paused))
                {
                    return;
                }
            }
        }
    }

    private static RunSite SiteOf(TaskInfo task, TaskFolder folder, ProcessLauncher launcher, RunnerOptions options, out Problem? problem)
    {
        problem = null;
        if (task.Run is not RunSpec.Container { Digest: { } digest } container || !options.Inputs.TryGetValue(container.Input, out InputPlace? place))
        {
            return new RunSite(launcher);
        }

        string images = options.ImageFolder ?? Path.Combine(folder.Private, "images");
        if (options.ContainerEngine is { } socket)
        {
            return ContainerEngine.TryOpen(socket, place.Path, digest, images, options.Images, out ContainerEngine? engine, out problem)
                ? new RunSite(launcher, Engine: engine)
                : new RunSite(launcher);
        }

        var cache = new ImageCache(images, options.Images);
        cache.Sweep();
        return new RunSite(launcher, new TaskImage(cache, place.Path, digest));
    }

    /// <summary>Kills every run, waits until each has posted its end, and ends the threads.</summary>
    public async ValueTask DisposeAsync()
    {
        var ends = new List<Task>();
        _site.Image?.Cancel();
        lock (_gate)
        {
            _ending = true;
            foreach (JobSlot slot in _slots.Values)
            {
                ends.Add(slot.EndAsync());
            }
        }

        await Task.WhenAll(ends).ConfigureAwait(false);
        _context.States?.Dispose();
    }
}
