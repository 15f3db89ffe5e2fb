using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Execution;
using Starling.Runtime.Torrents;

namespace Starling.Runtime.Engine;

/// <summary>
/// The inputs of one task on this machine, each an ordinary torrent: those that are here are seeded from where they lie, the others are fetched
/// and seeded from there (<see cref="InputPlaces"/>). Tells the node which pieces may run: with chunks those whose part has come,
/// without once all inputs are whole.
/// </summary>
internal sealed class TaskInputs
{
    private readonly TaskInfo _task;
    private readonly InputPlaces _at;
    private readonly PostInput _post;
    private readonly Action<Problem> _remark;
    private readonly List<TaskInput> _inputs = [];
    private readonly Lock _gate = new();
    private bool[]? _arrived;

    /// <param name="task">The task.</param>
    /// <param name="at">Where inputs are found, fetched and seeded from.</param>
    /// <param name="post">Gets the inputs of the node.</param>
    /// <param name="remark">Told what the owner should know.</param>
    public TaskInputs(TaskInfo task, InputPlaces at, PostInput post, Action<Problem> remark)
    {
        (_task, _at, _post, _remark) = (task, at, post, remark);
        foreach (InputSpec spec in task.Inputs)
        {
            _inputs.Add(new TaskInput(this, spec, at.PathOf(spec), at.Found.GetValueOrDefault(spec.Name)));
        }
    }

    /// <summary>Where each input lies, or will lie.</summary>
    public IReadOnlyDictionary<string, InputPlace> Places => _inputs.ToDictionary(
        input => input.Spec.Name, input => new InputPlace(input.Path, () => input.Files) { IsAwaited = !input.IsHere });

    /// <summary>Whether any input is to be fetched.</summary>
    public bool Awaits => _inputs.Exists(input => !input.IsHere);

    /// <summary>What is being fetched: name, bytes that are here, bytes of all; for a person to read.</summary>
    public IReadOnlyList<(string Name, long Here, long Length)> Progress =>
        [.. _inputs.Where(input => !input.IsHere).Select(input => (input.Spec.Name, input.BytesHere, input.Spec.Length))];

    /// <summary>Begins to seed and to fetch; after the node was told of the task.</summary>
    /// <param name="addOwn">Takes in the torrent of an input that the author made.</param>
    /// <param name="addForeign">Takes in the torrent of somebody else: whoever has it is looked for.</param>
    public void Begin(AddTorrent addOwn, AddTorrent addForeign)
    {
        lock (_gate)
        {
            _arrived = Awaits ? new bool[_task.PieceCount] : null;
            foreach (TaskInput input in _inputs)
            {
                Add(_at.IsForeign(input.Spec) ? addForeign : addOwn, input);
            }
        }
    }

    /// <summary>A peer of the task listens here: it may have inputs too.</summary>
    public void AddPeer(PeerAddress address)
    {
        lock (_gate)
        {
            foreach (TaskInput input in _inputs)
            {
                input.Session?.AddPeers([address], PeerSource.Exchange);
            }
        }
    }

    /// <summary>Something of an input came, checked. On a thread of the host.</summary>
    internal void Advance(TaskInput input, int piece)
    {
        lock (_gate)
        {
            if (_arrived is null || _inputs.Exists(other => !other.IsWhole && other.Spec.Name != _task.Chunks?.Input))
            {
                return;
            }

            (int first, int count) = _task.Chunks is { } chunks && input.Spec.Name == chunks.Input && !input.IsWhole
                ? input.PartsTouched(piece, chunks.Size, _task.PieceCount)
                : (0, _task.PieceCount);
            Announce(first, count);
        }
    }

    internal void Remark(Problem problem) => _remark(problem);

    /// <summary>Tells the node of those pieces of a range that may run and were not told of yet, run by run of neighbours.</summary>
    private void Announce(int first, int count)
    {
        TaskInput? chunked = _task.Chunks is { } chunks ? _inputs.Find(input => input.Spec.Name == chunks.Input) : null;
        int from = -1;
        for (int piece = first; piece <= first + count; piece++)
        {
            bool isNew = piece < first + count && !_arrived![piece] && (chunked is null || chunked.HasPart(piece, _task.Chunks!.Size));
            if (isNew)
            {
                _arrived![piece] = true;
                from = from < 0 ? piece : from;
            }
            else if (from >= 0)
            {
                _post(new NodeInput.InputsArrived(from, piece - from));
                from = -1;
            }
        }
    }

    private void Add(AddTorrent add, TaskInput input)
    {
        if (add(_at.RequestOf(input.Spec), input, out TorrentSession? session, out Problem? problem))
        {
            input.Session = session;
        }
        else
        {
            _remark(problem);
        }
    }
}
