using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Engine;
using Starling.Runtime.Kernels;
using Starling.Runtime.Storage;
using Starling.Runtime.Wasm.Worker;

namespace Starling.Runtime.Execution;

/// <summary>
/// One slot: a thread, its folders, and the runs that wait for it (a second one only while the first is being killed). Posts exactly
/// one <see cref="NodeInput.JobExited"/> for each run, after nothing of it is left.
/// </summary>
internal sealed class JobSlot
{
    private readonly object _gate = new();
    private readonly RunContext _context;
    private readonly int _slot;
    private readonly LinkedList<Job> _waiting = [];
    private readonly RunPlace _place;
    private readonly SlotFolder? _spareState;
    private readonly TrialLane? _checker;
    private readonly WasmSlot? _wasm;
    private readonly StderrTail _errors = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Job? _current;
    private bool _ending;

    public JobSlot(RunContext context, int slot)
    {
        _context = context;
        _slot = slot;
        _place = new RunPlace(context.Site, context.Task, Path.Combine(context.ScratchFolder, string.Create(CultureInfo.InvariantCulture, $"slot-{slot}")));
        _wasm = context.Task.Run is RunSpec.Wasm ? new WasmSlot(context, _place) : null;
        _spareState = context.States?.SpareOf(slot);
        _checker = context.Task.Verify is VerifySpec.Checker ? new TrialLane(context, string.Create(CultureInfo.InvariantCulture, $"slot-{slot}")) : null;
        new Thread(Work) { Name = $"slot {slot}", IsBackground = true }.Start();
    }

    /// <summary>Queues a run.</summary>
    public void Add(JobId id, int piece)
    {
        lock (_gate)
        {
            _waiting.AddLast(new Job(id, piece));
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Kills a run of this slot, waiting or running; false when it has none of that name.</summary>
    public bool TryKill(JobId id, AbortReason reason)
    {
        lock (_gate)
        {
            if (_current is { } current && current.Id == id)
            {
                // Who stops for the owner may save its state; for whom the others have the result there is nothing to save.
                Kill(current, reason == AbortReason.Owner ? _context.Launcher.Governor.Grace : TimeSpan.Zero);
                return true;
            }

            for (LinkedListNode<Job>? node = _waiting.First; node is not null; node = node.Next)
            {
                if (node.Value.Id == id)
                {
                    Kill(node.Value, TimeSpan.Zero);
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Freezes the run of this slot that goes by this name, or lets it go on; false when it is none of those here.</summary>
    public bool TryPause(JobId id, bool paused)
    {
        lock (_gate)
        {
            // It may not have begun yet: then it begins frozen.
            Job? job = _current is { } current && current.Id == id ? current : null;
            for (LinkedListNode<Job>? node = _waiting.First; job is null && node is not null; node = node.Next)
            {
                job = node.Value.Id == id ? node.Value : null;
            }

            if (job is null)
            {
                return false;
            }

            job.Paused = paused;
            job.Process?.Pause(paused);
            job.Pace?.Hold(HoldCause.Slot, paused);
            return true;
        }
    }

    /// <summary>Kills all of its runs; done when the thread has ended.</summary>
    public Task EndAsync()
    {
        lock (_gate)
        {
            _ending = true;
            if (_current is { } current)
            {
                Kill(current, TimeSpan.Zero);
            }

            foreach (Job job in _waiting)
            {
                Kill(job, TimeSpan.Zero);
            }

            Monitor.Pulse(_gate);
        }

        return _ended.Task;
    }

    private static void Kill(Job job, TimeSpan grace)
    {
        job.Killed = true;
        job.Pace?.Cancel();
        if (grace > TimeSpan.Zero)
        {
            job.Process?.End(grace);
        }
        else
        {
            job.Process?.Kill();
        }
    }

    private void Work()
    {
        while (TryTake(out Job job))
        {
            JobOutcome outcome = Run(job);
            lock (_gate)
            {
                _current = null;
            }

            _context.Post(new NodeInput.JobExited(job.Id, outcome));
        }

        _wasm?.Dispose();
        _ended.SetResult();
    }

    private bool TryTake(out Job job)
    {
        lock (_gate)
        {
            while (_waiting.First is null)
            {
                if (_ending)
                {
                    job = null!;
                    return false;
                }

                Monitor.Wait(_gate);
            }

            job = _waiting.First.Value;
            _waiting.RemoveFirst();
            _current = job;
            return true;
        }
    }

    private JobOutcome Run(Job job)
    {
        long start = Stopwatch.GetTimestamp();
        if (job.Killed)
        {
            return new JobOutcome.Killed { Elapsed = TimeSpan.Zero };
        }

        if (_context.Problem is { } problem)
        {
            return Failed(problem, start);
        }

        try
        {
            JobOutcome outcome = _context.Kernel is { } kernel ? RunKernel(job, kernel, start)
                : _wasm is not null ? RunWasm(job, _wasm, start)
                : RunShell(job, start);
            return outcome is JobOutcome.Succeeded && _checker is not null ? Check(job, outcome, start) : outcome;
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            return Failed(StoreProblem.OfWrite(failure, _context.ScratchFolder, 4096), start);
        }
    }

    private JobOutcome RunKernel(Job job, IKernel kernel, long start)
    {
        var pace = new RunPace(_context.Task.Limits.Wall);
        lock (_gate)
        {
            if (job.Killed)
            {
                return new JobOutcome.Killed { Elapsed = TimeSpan.Zero };
            }

            job.Pace = pace;
            pace.Hold(HoldCause.Slot, job.Paused);
        }

        using IOutputSink sink = _context.Store.OpenOutput(job.Id);
        _context.Launcher.Governor.Add(pace);
        KernelOutcome end;
        try
        {
            end = kernel.Run(job.Piece, sink, pace);
        }
        finally
        {
            pace.End();
            _context.Launcher.Governor.Remove(pace);
        }

        TimeSpan elapsed = pace.Elapsed;
        string what = $"the run of piece {job.Piece}";
        return end switch
        {
            KernelOutcome.Finished => new JobOutcome.Succeeded(sink.Complete()) { Elapsed = elapsed },
            KernelOutcome.TooLong => Failed(RunOutcome.TooLong(_context.Task, what), start),
            KernelOutcome.Cancelled when job.Killed => new JobOutcome.Killed { Elapsed = elapsed },
            KernelOutcome.Cancelled => Failed(RunOutcome.TooSlow(_context.Task, what), start),
            _ => throw new InvalidOperationException($"unknown outcome {end}"),
        };
    }

    private JobOutcome RunWasm(Job job, WasmSlot wasm, long start)
    {
        Problem? problem = _context.Inputs.TryEnter(job.Piece, string.Create(CultureInfo.InvariantCulture, $"slot-{_slot}"), out string? chunk);
        if (problem is not null)
        {
            return Failed(problem, start);
        }

        using IOutputSink sink = _context.Store.OpenOutput(job.Id);
        JobOutcome outcome = wasm.Run(job.Piece, chunk, sink, process => Watch(job, process), () => job.Killed);
        _context.Inputs.Leave(chunk);
        return outcome;
    }

    private JobOutcome RunShell(Job job, long start)
    {
        Problem? problem = _context.Inputs.TryEnter(job.Piece, string.Create(CultureInfo.InvariantCulture, $"slot-{_slot}"), out string? chunk);
        if (problem is not null)
        {
            return Failed(problem, start);
        }

        if (!_place.TryPrepare(out problem) || (problem = _context.ImageNeeds?.Missing()) is not null)
        {
            return job.Killed ? new JobOutcome.Killed { Elapsed = Stopwatch.GetElapsedTime(start) } : Failed(problem, start);
        }

        string state = _context.States!.Enter(job.Piece, _slot, _spareState!);
        JobOutcome outcome = RunCommand(job, state, chunk, start);
        try
        {
            // A state that fills the disk it may have would end every further attempt.
            bool isOver = outcome is JobOutcome.Succeeded or JobOutcome.Failed { Problem.Code: RunOutcome.DiskCode };
            _context.States.Leave(job.Piece, _spareState!, isOver);
            _context.Inputs.Leave(chunk);
            _place.End();
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            // How the run ended stands. A folder that can't be emptied is tried again, and told, when the next run needs it.
        }

        return outcome;
    }

    private JobOutcome RunCommand(Job job, string state, string? chunk, long start)
    {
        _place.Begin();
        string? inputs = _context.Inputs.Show(_place);
        KeyValuePair<string, string?>[] variables =
            RunVariables.Of(_context, job.Piece, inputs, _context.Inputs.ShowChunk(_place, chunk), _place.Show(state, "/state", writable: true));
        string command = _context.Task.Run is RunSpec.Container container ? container.Command : ((RunSpec.Shell)_context.Task.Run).Command;
        using IOutputSink sink = _context.Store.OpenOutput(job.Id);
        if (!_place.TryStart(command, variables, out IRunningCommand? process, out Problem? problem, isRun: true))
        {
            return Failed(problem, start);
        }

        Watch(job, process);
        _errors.Clear();
        ProcessEnd end = process.Run(sink.TryWrite, _errors, _context.Task.Limits.Wall);
        string? errorFile = _context.Errors.Save(StderrFolder.NameOf(job.Piece), _errors);
        return RunOutcome.Of(_context.Task, job.Piece, end, sink.Complete, _errors, errorFile);
    }

    /// <summary>What the task's own checker refuses is not signed: the run failed.</summary>
    private JobOutcome Check(Job job, JobOutcome succeeded, long start)
    {
        TrialOutcome answer = _checker!.Ask(job.Piece, path => _context.Store.CopyOutput(job.Id, path), null, process => Watch(job, process));
        if (answer is TrialOutcome.Passed)
        {
            return succeeded with { Elapsed = Stopwatch.GetElapsedTime(start) };
        }

        _context.Store.DiscardOutput(job.Id);
        return job.Killed
            ? new JobOutcome.Killed { Elapsed = Stopwatch.GetElapsedTime(start) }
            : Failed(answer is TrialOutcome.Rejected rejected ? rejected.Problem : ((TrialOutcome.Failed)answer).Problem, start);
    }

    private void Watch(Job job, IRunningCommand process)
    {
        lock (_gate)
        {
            job.Process = process;
            if (job.Killed)
            {
                process.Kill();
            }
            else if (job.Paused)
            {
                process.Pause(true);
            }
        }
    }

    private static JobOutcome.Failed Failed(Problem problem, long start) => new(problem, "") { Elapsed = Stopwatch.GetElapsedTime(start) };

    private sealed class Job(JobId id, int piece)
    {
        public JobId Id { get; } = id;

        public int Piece { get; } = piece;

        public bool Killed { get; set; }

        public IRunningCommand? Process { get; set; }

        public bool Paused { get; set; }

        public RunPace? Pace { get; set; }
    }
}
