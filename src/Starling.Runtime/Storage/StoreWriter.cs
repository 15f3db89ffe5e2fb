using System;
using System.Collections.Generic;
using System.IO;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Runtime.Engine;

namespace Starling.Runtime.Storage;

/// <summary>
/// What the store's one writing thread does: it takes all calls that wait, puts large results in their place, writes all records as one
/// group, flushes once, and only then tells the engine (docs/state.md has the order and what a crash leaves at each point).
/// </summary>
internal sealed class StoreWriter : IDisposable
{
    /// <summary>A list of calls is cut into groups of about this many bytes.</summary>
    private const int GroupTarget = 4 * 1024 * 1024;

    private readonly TaskFolder _folder;
    private readonly Journal _journal;
    private readonly ResultFiles _files;
    private readonly StoreIndex _index;
    private readonly LeafCache _leaves;
    private readonly PostInput _post;
    private readonly StoreFailPoint? _failPoint;
    private readonly List<(ResultKey Key, StoredAt Place)> _released = [];
    private readonly DownloadTable _downloads;
    private readonly GroupBuffer _group = new();
    private readonly List<DurableStep> _pending = [];
    private readonly HashSet<ResultKey> _pendingKeys = [];

    public StoreWriter(
        TaskFolder folder, Journal journal, ResultFiles files, StoreIndex index, LeafCache leaves, PostInput post, StoreFailPoint? failPoint)
    {
        _folder = folder;
        _journal = journal;
        _files = files;
        _index = index;
        _leaves = leaves;
        _post = post;
        _failPoint = failPoint;
        _downloads = new DownloadTable(folder, failPoint);
    }

    /// <summary>Carries out calls in order.</summary>
    public void Run(List<StoreCall> calls)
    {
        foreach (StoreCall call in calls)
        {
            Take(call);
            if (_group.Length >= GroupTarget)
            {
                Commit();
            }
        }

        Commit();
    }

    /// <summary>
    /// Vouches in the journal that all of it is durable, so that the next start need not check its end. Only after the thread has ended.
    /// </summary>
    public void Close()
    {
        _downloads.Dispose();
        if (_journal.Broken)
        {
            return;
        }

        try
        {
            long before = _journal.Length;
            if (_journal.IsDirty)
            {
                _journal.Flush(before);
            }

            _journal.Append(_group);
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure) || failure is StoreCrash)
        {
            // It was only to spare the next start a check.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _journal.Dispose();

    private void Take(StoreCall call)
    {
        switch (call)
        {
            case StoreCall.Keep keep:
                Keep(keep);
                break;
            case StoreCall.Discard discard:
                Discard(discard.Content);
                break;
            case StoreCall.WriteBlock write:
                _downloads.Of(write.Key).Write(write.Block, write.Data.Span, write.Leaf);
                break;
            case StoreCall.Spoil spoil:
                _downloads.Of(spoil.Key).Spoil(spoil.Problem);
                break;
            case StoreCall.Commit commit:
                CommitDownload(commit.Key);
                break;
            case StoreCall.Abandon abandon:
                _downloads.Abandon(abandon.Key);
                break;
            case StoreCall.Drop drop:
                Drop(drop.Key);
                break;
            case StoreCall.Release release:
                Release(release.Key);
                break;
            case StoreCall.SaveBatch save:
                _group.AddBatch(save.Batch.Span);
                break;
            case StoreCall.SaveAccepted accepted:
                _group.Add(accepted.Accepted ? JournalRecordKind.Accepted : JournalRecordKind.Unaccepted, accepted.Key);
                break;
        }
    }

    private void CommitDownload(ResultKey key)
    {
        _pending.Add(Stage([(key, _downloads.Complete(key))], default));
    }

    private void Keep(StoreCall.Keep keep)
    {
        var results = new List<(ResultKey Key, FinishedContent Content)>(keep.Outputs.Count);
        for (int i = 0; i < keep.Outputs.Count; i++)
        {
            KeptOutput output = keep.Outputs[i];
            FinishedContent? content = keep.Contents[i];
            if (content?.Result != output.Result)
            {
                if (content is not null)
                {
                    Discard(content);
                }

                var unknown = new Problem("unknown-output", $"{output.Job} has no output of that length and root");
                content = new FinishedContent(output.Result, default, null, null, null, unknown);
            }

            results.Add((new ResultKey(output.Piece, output.Result), content!));
        }

        _pending.Add(Stage(results, keep.Batch));
    }

    /// <summary>Puts large results in their place and adds the records of one durable step to the group: of all of it, or of nothing.</summary>
    private DurableStep Stage(IReadOnlyList<(ResultKey Key, FinishedContent Content)> results, ReadOnlyMemory<byte> batch)
    {
        var step = new DurableStep(results);
        foreach ((_, FinishedContent content) in results)
        {
            step.Problem ??= content.Problem;
        }

        foreach ((ResultKey key, FinishedContent content) in results)
        {
            if (step.Problem is null && content.File is not null && !IsHeldOrPending(key))
            {
                Place(step, key, content);
            }
        }

        if (step.Problem is not null)
        {
            Undo(step);
            return step;
        }

        foreach ((ResultKey key, FinishedContent content) in results)
        {
            if (IsHeldOrPending(key) || step.Places.ContainsKey(key))
            {
                if (!step.Placed.Contains(key))
                {
                    Discard(content);
                }

                continue;
            }

            if (step.Placed.Contains(key))
            {
                _group.Add(JournalRecordKind.HeldFile, key);
                step.Places[key] = -1;
            }
            else
            {
                step.Places[key] = _group.AddInline(key, content.Inline.Span);
            }
        }

        if (!batch.IsEmpty)
        {
            _group.AddBatch(batch.Span);
        }

        _pendingKeys.UnionWith(step.Places.Keys);
        return step;
    }

    private void Place(DurableStep step, ResultKey key, FinishedContent content)
    {
        try
        {
            _failPoint?.Invoke(StoreStep.FlushFile, content.Path!);
            RandomAccess.FlushToDisk(content.File!);
            _failPoint?.Invoke(StoreStep.PlaceFile, content.Path!);
            content.File!.Dispose();
            File.Move(content.Path!, _files.PathOf(key), overwrite: true);
            step.Placed.Add(key);
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            step.Problem = StoreProblem.OfWrite(failure, _folder.Private, content.Result.Length);
        }
    }

    private bool IsHeldOrPending(ResultKey key) => _pendingKeys.Contains(key) || _index.Contains(key);

    private void Drop(ResultKey key)
    {
        if (_pending.Count > 0)
        {
            // What is dropped may be among them.
            Commit();
        }

        if (!_index.TryFind(key, out StoredAt place))
        {
            return;
        }

        _index.Remove(key);
        _leaves.Remove(key);
        _group.Add(JournalRecordKind.Dropped, key);
        if (place.Journal is null)
        {
            // The record first: a file without a record goes at the next start, a record without its file would too, but is not expected.
            Commit();
            DeleteFile(key);
        }
    }

    /// <summary>As <see cref="Drop"/>, but the record lasts before the content goes: else a power failure would leave a finished piece with neither.</summary>
    private void Release(ResultKey key)
    {
        if (_pending.Count > 0)
        {
            Commit();
        }

        if (_index.TryFind(key, out StoredAt place))
        {
            _index.Remove(key);
            _leaves.Remove(key);
            _group.Add(JournalRecordKind.Released, key);
            _released.Add((key, place));
        }
    }

    /// <summary>The records of what was released are durable, or could not be written: then it stays.</summary>
    private void EndReleases(Problem? problem)
    {
        foreach ((ResultKey key, StoredAt place) in _released)
        {
            if (problem is not null)
            {
                _index.Set(key, place);
            }
            else if (place.Journal is null)
            {
                DeleteFile(key);
            }
        }

        _released.Clear();
    }

    /// <summary>Writes the group; when anything in it must last, flushes it and answers.</summary>
    private void Commit()
    {
        if (_pending.Count == 0 && _group.IsEmpty)
        {
            return;
        }

        bool durable = _released.Count > 0;
        foreach (DurableStep step in _pending)
        {
            durable |= step.Problem is null;
        }

        long groupBytes = _group.Length;
        Problem? problem = null;
        JournalGroup group = default;
        long before = _journal.Length;
        try
        {
            if (durable)
            {
                FlushPlaces();
            }

            Repair();
            before = _journal.Length;
            if (!_group.IsEmpty)
            {
                group = _journal.Append(_group);
            }

            if (durable && _journal.IsDirty)
            {
                _journal.Flush(before);
            }
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            problem = StoreProblem.OfWrite(failure, _folder.Private, groupBytes);
        }

        _group.Clear();
        EndReleases(problem);
        Answer(group, problem);
    }

    private void FlushPlaces()
    {
        foreach (DurableStep step in _pending)
        {
            if (step.Placed.Count > 0)
            {
                _failPoint?.Invoke(StoreStep.FlushFolder, _folder.Pieces);
                NativeFiles.FlushFolder(_folder.Pieces);
                return;
            }
        }
    }

    private void Repair()
    {
        if (_journal.Broken)
        {
            JournalContents contents = _journal.Rewrite(_folder.PieceCount, _folder.PieceLength);
            _index.SetAll(contents.Held, _journal.File);
        }
    }

    private void Answer(JournalGroup group, Problem? problem)
    {
        foreach (DurableStep step in _pending)
        {
            step.Problem ??= problem;
            if (step.Problem is null)
            {
                Publish(step, group);
            }
            else
            {
                Undo(step);
            }
        }

        if (_pending.Count > 0)
        {
            _failPoint?.Invoke(StoreStep.Announce, _folder.Journal);
        }

        foreach (DurableStep step in _pending)
        {
            if (step.Results.Count == 0)
            {
                _post(new NodeInput.BatchKept(step.Problem));
            }

            foreach ((ResultKey key, _) in step.Results)
            {
                _post(step.Problem is null
                    ? new NodeInput.ResultStored(key.Piece, key.Result)
                    : new NodeInput.StoreFailed(key.Piece, key.Result, step.Problem));
            }
        }

        _pending.Clear();
        _pendingKeys.Clear();
    }

    private void Publish(DurableStep step, JournalGroup group)
    {
        foreach ((ResultKey key, FinishedContent content) in step.Results)
        {
            if (!step.Places.TryGetValue(key, out int start))
            {
                continue;
            }

            if (content.Leaves is not null)
            {
                _leaves.Add(key, content.Leaves);
            }

            _index.Set(key, start < 0 ? default : new StoredAt(_journal.File, group.ContentsOffset + start));
        }
    }

    private void Undo(DurableStep step)
    {
        foreach (ResultKey key in step.Placed)
        {
            DeleteFile(key);
        }

        step.Placed.Clear();
        step.Places.Clear();
        foreach ((_, FinishedContent content) in step.Results)
        {
            Discard(content);
        }
    }

    private void DeleteFile(ResultKey key)
    {
        try
        {
            _failPoint?.Invoke(StoreStep.DeleteFile, _files.PathOf(key));
            _files.Delete(key);
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            // It takes room until the next start, which deletes what no record names.
        }
    }

    private static void Discard(FinishedContent content)
    {
        if (content.File is not null)
        {
            content.File.Dispose();
            TemporaryFile.Delete(content.Path!);
        }
    }
}
