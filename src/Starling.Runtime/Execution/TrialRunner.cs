using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Runtime.Engine;

namespace Starling.Runtime.Execution;

/// <summary>
/// Has the task's checker or comparison look at stored results. As many run at once as are asked for; each has a thread that lives as long as this, for the next
/// ones.
/// </summary>
public sealed class TrialRunner : ITrialRunner
{
    private const int CopyBuffer = 1024 * 1024;

    private readonly object _gate = new();
    private readonly RunContext _context;
    private readonly Queue<NodeEffect.StartTrial> _waiting = new();
    private readonly List<TaskCompletionSource> _ends = [];
    private readonly HashSet<IRunningCommand> _processes = [];
    private int _idle;
    private bool _ending;

    /// <param name="runner">Runs the pieces of the same task.</param>
    public TrialRunner(JobRunner runner)
    {
        ArgumentNullException.ThrowIfNull(runner);
        _context = runner.Context;
    }

    /// <inheritdoc/>
    public void Start(int piece, ResultId result, ResultId? other)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_ending, this);
            _waiting.Enqueue(new NodeEffect.StartTrial(piece, result, other));
            if (_waiting.Count <= _idle)
            {
                Monitor.Pulse(_gate);
                return;
            }

            int number = _ends.Count;
            var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _ends.Add(end);
            new Thread(() => Work(number, end)) { Name = $"trial {number}", IsBackground = true }.Start();
        }
    }

    /// <summary>Kills what runs and waits until its end was posted.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] ends;
        lock (_gate)
        {
            _ending = true;
            foreach (IRunningCommand process in _processes)
            {
                process.Kill();
            }

            Monitor.PulseAll(_gate);
            ends = [.. _ends.ConvertAll(end => end.Task)];
        }

        await Task.WhenAll(ends).ConfigureAwait(false);
    }

    private void Work(int number, TaskCompletionSource ended)
    {
        var lane = new TrialLane(_context, string.Create(CultureInfo.InvariantCulture, $"lane-{number}"));
        while (TryTake(out NodeEffect.StartTrial? trial))
        {
            IRunningCommand? process = null;
            TrialOutcome outcome = lane.Ask(
                trial.Piece,
                path => Copy(trial.Piece, trial.Result, path),
                trial.Other is { } other ? path => Copy(trial.Piece, other, path) : null,
                started => Register(process = started));
            lock (_gate)
            {
                if (process is not null)
                {
                    _processes.Remove(process);
                }
            }

            _context.Post(new NodeInput.TrialEnded(trial.Piece, trial.Result, trial.Other, outcome));
        }

        ended.SetResult();
    }

    private bool TryTake(out NodeEffect.StartTrial trial)
    {
        lock (_gate)
        {
            _idle++;
            while (_waiting.Count == 0 && !_ending)
            {
                Monitor.Wait(_gate);
            }

            _idle--;
            bool any = _waiting.Count > 0 && !_ending;
            trial = any ? _waiting.Dequeue() : null!;
            return any;
        }
    }

    private void Register(IRunningCommand process)
    {
        lock (_gate)
        {
            _processes.Add(process);
            if (_ending)
            {
                process.Kill();
            }
        }
    }

    private void Copy(int piece, ResultId result, string path)
    {
        using var source = new PieceStream(_context.Store, piece, result);
        using FileStream target = File.Create(path);
        source.CopyTo(target, CopyBuffer);
    }
}
