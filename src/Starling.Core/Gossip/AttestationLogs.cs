using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Gossip;

/// <summary>
/// Every worker's log of attestation batches as far as it is known here, without gaps (DESIGN section 4, <c>st_attest</c>). Logs have
/// small numbers, so that a link remembers by an array of integers how much of each its peer has.
/// </summary>
public sealed class AttestationLogs
{
    /// <summary>Logs that one worker may have (a lost folder starts another); further ones are ignored.</summary>
    public const int MaxLogsPerWorker = 4;

    /// <summary>Logs in all.</summary>
    public const int MaxLogs = 262_144;

    /// <summary>Batches of one log.</summary>
    public const int MaxBatchesPerLog = 1 << 22;

    private readonly PublicKey? _own;
    private readonly Dictionary<(PublicKey Worker, long Log), int> _numbers = [];
    private readonly Dictionary<PublicKey, int> _logsOfWorker = [];
    private readonly List<Log> _logs = [];

    /// <summary>No logs yet.</summary>
    /// <param name="own">My own key: its logs always find room, for what I sign next must not depend on how much others have said.</param>
    public AttestationLogs(PublicKey? own = null) => _own = own;

    /// <summary>Number of logs; their numbers are 0..Count-1 in the order of arrival.</summary>
    public int Count => _logs.Count;

    /// <summary>How much of a log is here.</summary>
    public LogPosition Position(int log) => new(_logs[log].Worker, _logs[log].Id, _logs[log].Batches.Count);

    /// <summary>Number of batches of a log.</summary>
    public int Length(int log) => _logs[log].Batches.Count;

    /// <summary>The signed bytes of one batch.</summary>
    public ReadOnlyMemory<byte> Raw(int log, int sequence) => _logs[log].Batches[sequence];

    /// <summary>The number of a log, or -1.</summary>
    public int NumberOf(PublicKey worker, long log) => _numbers.GetValueOrDefault((worker, log), -1);

    /// <summary>A batch of a worker that names another result of a piece than this; null: none is here.</summary>
    public AttestationBatch? Other(PublicKey worker, Attestation said)
    {
        foreach (Log log in _logs)
        {
            for (int i = 0; log.Worker == worker && i < log.Batches.Count; i++)
            {
                if (AttestationBatchCodec.TryDecode(log.Batches[i], out AttestationBatch? batch))
                {
                    foreach (Attestation entry in batch.Entries)
                    {
                        if (entry.Piece == said.Piece && entry.Result != said.Result)
                        {
                            return batch;
                        }
                    }
                }
            }
        }

        return null;
    }

    /// <summary>Whether this batch is the next one of its log: the cheap test before its signature is checked.</summary>
    public BatchStanding StandingOf(AttestationBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        int number = NumberOf(batch.Worker, batch.Log);
        int length = number < 0 ? 0 : _logs[number].Batches.Count;
        if (batch.Sequence < length)
        {
            return BatchStanding.Known;
        }

        // Before the gap: what follows a batch for which there was no room is nobody's mistake.
        bool room = number >= 0
            ? length < MaxBatchesPerLog
            : batch.Worker == _own || (_logs.Count < MaxLogs && _logsOfWorker.GetValueOrDefault(batch.Worker) < MaxLogsPerWorker);
        return !room ? BatchStanding.Full : batch.Sequence == length ? BatchStanding.Next : BatchStanding.Gap;
    }

    /// <summary>Appends a batch that stands next and whose signature is right; returns the number of its log.</summary>
    public int Append(AttestationBatch batch)
    {
        if (StandingOf(batch) != BatchStanding.Next)
        {
            throw new InvalidOperationException("Only the next batch of a log is appended.");
        }

        if (!_numbers.TryGetValue((batch.Worker, batch.Log), out int number))
        {
            number = _logs.Count;
            _numbers.Add((batch.Worker, batch.Log), number);
            _logsOfWorker[batch.Worker] = _logsOfWorker.GetValueOrDefault(batch.Worker) + 1;
            _logs.Add(new Log(batch.Worker, batch.Log, []));
        }

        _logs[number].Batches.Add(batch.Raw);
        return number;
    }

    private sealed record Log(PublicKey Worker, long Id, List<ReadOnlyMemory<byte>> Batches);
}

/// <summary>How a batch stands to what is known of its log.</summary>
public enum BatchStanding
{
    /// <summary>It continues the log.</summary>
    Next,

    /// <summary>It is here already.</summary>
    Known,

    /// <summary>Batches before it are missing: the sender skipped them.</summary>
    Gap,

    /// <summary>There is no room for it.</summary>
    Full,
}
