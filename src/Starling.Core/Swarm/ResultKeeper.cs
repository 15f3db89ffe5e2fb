using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Core.Swarm;

/// <summary>
/// Turns finished runs into durable, attested results: outputs and my signed batch are saved in one step, and only then told. While one
/// step is under way further outputs gather for the next, so that a slow disk makes larger batches instead of a queue; where runs take
/// milliseconds, steps also keep a distance, for each costs a signature, a flush and the way through three threads.
/// </summary>
/// <remarks>I never sign a second root for a piece: an output of which I attested another root before is not attested.</remarks>
/// <param name="context">Of the node.</param>
/// <param name="logs">Everybody's logs, mine among them.</param>
/// <param name="taskId">The task.</param>
/// <param name="log">The log that I write.</param>
/// <param name="seals">Where results are sealed first: the seals; else null.</param>
internal sealed class ResultKeeper(NodeContext context, AttestationLogs logs, Hash256 taskId, long log, SealBook? seals)
{
    /// <summary>Outputs that may wait for the disk before no further run is started.</summary>
    public const int MaxWaiting = 256;

    private static readonly TimeSpan StepDistance = TimeSpan.FromMilliseconds(20);

    private readonly List<FinishedRun> _waiting = [];
    private readonly SortedDictionary<int, ResultId> _toOpen = [];
    private readonly SortedDictionary<int, FinishedRun> _inFlight = [];
    private AttestationBatch? _batch;
    private bool _isOpening;
    private int _stored;
    private Instant _nextStep;

    /// <summary>Whether an output of this piece waits for the disk.</summary>
    public bool IsPending(int piece) => _inFlight.ContainsKey(piece) || _waiting.Exists(run => run.Piece == piece);

    /// <summary>Outputs that wait for the disk.</summary>
    public int Count => _inFlight.Count + _waiting.Count;

    /// <summary>Whether a step is under way.</summary>
    private bool IsBusy => _inFlight.Count > 0 || _isOpening;

    /// <summary>Whether the disk keeps up: else runs would pile up outputs.</summary>
    public bool HasRoom => _inFlight.Count + _waiting.Count < MaxWaiting;

    /// <summary>A run ended well and its result is to be kept; at most one waits for each piece.</summary>
    public void Add(FinishedRun run) => _waiting.Add(run);

    /// <summary>When the next step may start, if outputs wait for that alone.</summary>
    public Instant NextWake() => IsBusy ? Instant.Never : _toOpen.Count > 0 ? context.Now : _waiting.Count > 0 ? _nextStep : Instant.Never;

    /// <summary>My seal of this piece is to be opened.</summary>
    public void Open(int piece, ResultId result) => _toOpen[piece] = result;

    /// <summary>Starts the next step if none is under way.</summary>
    /// <param name="runsAreShort">Outputs come so fast that they are gathered.</param>
    public void Settle(bool runsAreShort)
    {
        if (!IsBusy && _toOpen.Count > 0)
        {
            KeepOpenings();
        }

        if (IsBusy || _waiting.Count == 0 || (runsAreShort && context.Now < _nextStep))
        {
            return;
        }

        _nextStep = context.Now + (runsAreShort ? StepDistance : TimeSpan.Zero);

        var taken = _waiting.GetRange(0, Math.Min(_waiting.Count, seals is null ? AttestationBatch.MaxEntries : AttestationBatch.MaxSealedEntries));
        _waiting.RemoveRange(0, taken.Count);
        taken.Sort((left, right) => left.Piece.CompareTo(right.Piece));
        var outputs = new List<KeptOutput>(taken.Count);
        var entries = new List<Attestation>(taken.Count);
        foreach (FinishedRun run in taken)
        {
            _inFlight.Add(run.Piece, run);
            outputs.Add(new KeptOutput(run.Job, run.Piece, run.Result));
            if (run.IsToBeAttested)
            {
                entries.Add(new Attestation(run.Piece, run.Result));
            }
        }

        _stored = 0;
        _batch = entries.Count == 0 ? null
            : seals is null ? Sign(entries, [], [])
            : Sign([], entries.ConvertAll(entry => Seal.Of(taskId, context.Self, entry, Seal.SaltOf(context.Identity, taskId, entry.Piece))), []);
        context.Emit(new NodeEffect.KeepOutputs(outputs, _batch?.Raw ?? ReadOnlyMemory<byte>.Empty));
    }

    /// <summary>The store answered about openings. Returns the batch, to be published now; null: it could not be kept.</summary>
    public AttestationBatch? AnswerOpenings(bool kept)
    {
        AttestationBatch? batch = kept && _isOpening ? _batch : null;
        if (!kept && _isOpening)
        {
            foreach (Attestation entry in _batch!.Entries)
            {
                seals!.PutOff(entry.Piece);
            }
        }

        (_batch, _isOpening) = (null, false);
        return batch;
    }

    /// <summary>The store answered for one output; null when it is none of mine (a download).</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="result">Its result.</param>
    /// <param name="stored">Whether it is durable now.</param>
    /// <param name="batch">My batch, once the whole step is answered and any of it was stored: to be published now.</param>
    public FinishedRun? Answer(int piece, ResultId result, bool stored, out AttestationBatch? batch)
    {
        batch = null;
        if (!_inFlight.TryGetValue(piece, out FinishedRun? run) || run.Result != result)
        {
            return null;
        }

        _inFlight.Remove(piece);
        _stored += stored ? 1 : 0;
        if (_inFlight.Count == 0 && _stored > 0)
        {
            (batch, _batch) = (_batch, null);
        }

        return run;
    }

    private void KeepOpenings()
    {
        var entries = new List<Attestation>();
        foreach ((int piece, ResultId result) in _toOpen)
        {
            if (entries.Count < AttestationBatch.MaxSealedEntries)
            {
                entries.Add(new Attestation(piece, result));
            }
        }

        foreach (Attestation entry in entries)
        {
            _toOpen.Remove(entry.Piece);
        }

        _isOpening = true;
        _batch = Sign(entries, [], entries.ConvertAll(entry => new Opening(Seal.SaltOf(context.Identity, taskId, entry.Piece), seals!.Witnessed(entry.Piece))));
        context.Emit(new NodeEffect.KeepOutputs([], _batch.Raw));
    }

    private AttestationBatch Sign(IReadOnlyList<Attestation> entries, IReadOnlyList<Seal> sealing, IReadOnlyList<Opening> openings)
    {
        int number = logs.NumberOf(context.Self, log);
        return AttestationBatchCodec.Sign(context.Identity, taskId, new AttestationBatch
        {
            Worker = context.Self,
            Log = log,
            Sequence = number < 0 ? 0 : logs.Length(number),
            EnvironmentClass = context.EnvironmentClass,
            Entries = entries,
            Seals = sealing,
            Openings = openings,
            Raw = default,
        });
    }
}

/// <summary>A run that ended well. <paramref name="IsToBeAttested"/>: I have not signed anything about this piece before.</summary>
internal sealed record FinishedRun(JobId Job, int Piece, ResultId Result, TimeSpan Elapsed, bool IsToBeAttested)
{
    /// <summary>What it used, where that was counted.</summary>
    public RunUsage? Usage { get; init; }
}
