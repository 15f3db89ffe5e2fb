using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Linq;
using Microsoft.Win32.SafeHandles;
using Starling.Core.Gossip;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Runtime.Storage;

/// <summary>What one worker did for a task, as one folder of the task knows it.</summary>
/// <param name="Worker">Its identity.</param>
/// <param name="EnvironmentClass">Its environment class as it last told it.</param>
/// <param name="Credited">Results that it attested and that are held here: its credit.</param>
/// <param name="Attested">Results that it attested in all.</param>
public sealed record WorkerCredit(PublicKey Worker, string EnvironmentClass, int Credited, int Attested);

/// <summary>Who did what in a task: read from the journal of its folder, also while a process works in it.</summary>
/// <param name="Task">The task.</param>
/// <param name="HeldPieces">Pieces of which a result is held here.</param>
/// <param name="Workers">Everybody who attested a result, the most credited first.</param>
public sealed record TaskCredit(TaskFile Task, int HeldPieces, IReadOnlyList<WorkerCredit> Workers)
{
    /// <summary>Reads it. Signatures were checked before the batches were saved.</summary>
    public static bool TryRead(string directory, [NotNullWhen(true)] out TaskCredit? credit, [NotNullWhen(false)] out Problem? problem)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        credit = null;
        problem = new Problem("no-task", $"{directory} is not the folder of a task", "Name the folder that 'starling run' made, or was given with --dir.");
        try
        {
            if (TaskFolder.ReadTaskFile(directory) is not { } bytes || !TaskFileCodec.TryDecode(bytes, out TaskFile? task, out problem))
            {
                return false;
            }

            string path = Path.Combine(directory, TaskFolder.PrivateName, "journal");
            using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var start = new byte[JournalHeader.Size];
            int read = RandomAccess.Read(file, start, 0);
            if (!JournalHeader.TryDecode(start.AsSpan(0, read), out JournalHeader? header, out _) || header?.TaskId != task.Id)
            {
                problem = new Problem("journal", $"{path} can't be read", "'starling run' mends what can be mended.");
                return false;
            }

            credit = Of(task, new JournalReader(file, header, RandomAccess.GetLength(file), task.Info.PieceCount, task.Info.PieceLength).Read());
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            problem = new Problem("journal", failure.Message, "'starling run' makes the folder.");
            return false;
        }
    }

    private static TaskCredit Of(TaskFile task, JournalContents contents)
    {
        var workers = new Dictionary<PublicKey, WorkerCredit>();
        foreach (ReadOnlyMemory<byte> raw in contents.Batches)
        {
            if (!AttestationBatchCodec.TryDecode(raw, out AttestationBatch? batch))
            {
                continue;
            }

            int credited = batch.Entries.Count(entry => contents.Held.ContainsKey(new ResultKey(entry.Piece, entry.Result)));
            WorkerCredit before = workers.GetValueOrDefault(batch.Worker) ?? new WorkerCredit(batch.Worker, "", 0, 0);
            workers[batch.Worker] = new WorkerCredit(
                batch.Worker, batch.EnvironmentClass, before.Credited + credited, before.Attested + batch.Entries.Count);
        }

        return new TaskCredit(
            task,
            contents.Held.Keys.Select(key => key.Piece).Distinct().Count(),
            [.. workers.Values.OrderByDescending(worker => worker.Credited).ThenByDescending(worker => worker.Attested).ThenBy(worker => worker.Worker)]);
    }
}
