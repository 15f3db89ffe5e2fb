using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.IO;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Runtime.Engine;

namespace Starling.Runtime.Storage;

/// <summary>
/// The durable results of one task in its folder (docs/state.md). Calls only queue: one thread writes, all that waits in one flush, and
/// one reads what has to be hashed; answers are posted. Nothing is held in memory but where each result lies.
/// </summary>
public sealed class PieceStore : IPieceStore
{
    /// <summary>Outputs of one <see cref="KeepOutputs"/> at most: a batch attests 256 pieces.</summary>
    public const int MaxOutputs = 512;

    /// <summary>Bytes of a signed batch at most.</summary>
    public const int MaxBatchLength = 1024 * 1024;

    /// <summary>Bytes of a content that <see cref="LoadContent"/> loads at most.</summary>
    public const int MaxLoadedContent = 64 * 1024;

    private readonly TaskFolder _folder;
    private readonly PieceStoreOptions _options;
    private readonly PostInput _post;
    private readonly ConcurrentDictionary<JobId, FinishedContent> _outputs = new();
    private readonly ResultFiles _files;
    private readonly StoreReader _reader;
    private readonly StoreWriter _writer;
    private readonly WorkThread<StoreCall> _writing;
    private readonly WorkThread<(ResultKey Key, bool Leaves)> _loading;

    private PieceStore(TaskFolder folder, PostInput post, PieceStoreOptions options, ResultFiles files, OpenedJournal opened)
    {
        _folder = folder;
        _options = options;
        _post = post;
        _files = files;
        Damage = opened.Damage;
        Restored = RestoredFrom(opened.Contents, opened.Journal.Header.Log);
        var index = new StoreIndex();
        index.SetAll(opened.Contents.Held, opened.Journal.File);
        var leaves = new LeafCache(options.MaxCachedLeaves);
        _reader = new StoreReader(folder, files, index, leaves);
        _writer = new StoreWriter(folder, opened.Journal, files, index, leaves, post, options.FailPoint);
        _writing = new WorkThread<StoreCall>("store writer", options.MaxQueuedBytes, options.MaxQueuedCalls, _writer.Run);
        _loading = new WorkThread<(ResultKey, bool)>("store reader", long.MaxValue, options.MaxQueuedCalls, Load);
    }

    /// <inheritdoc/>
    public RestoredState Restored { get; }

    /// <summary>Code <c>journal-damaged</c> when something that had been durable was lost, with what was recovered; else null.</summary>
    public Problem? Damage { get; }

    /// <summary>Opens the store of a folder whose lock this process holds.</summary>
    /// <param name="folder">The folder; it outlives the store.</param>
    /// <param name="post">Takes the answers.</param>
    /// <param name="options">Bounds and seams.</param>
    /// <param name="store">The store.</param>
    /// <param name="problem">
    /// <c>folder-of-another-task</c>, <c>journal-version</c>, <c>disk-full</c>, <c>folder-denied</c> or <c>folder-unusable</c>.
    /// </param>
    public static bool TryOpen(
        TaskFolder folder,
        PostInput post,
        PieceStoreOptions options,
        [NotNullWhen(true)] out PieceStore? store,
        [NotNullWhen(false)] out Problem? problem)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(post);
        ArgumentNullException.ThrowIfNull(options);
        var files = new ResultFiles(folder.Pieces, options.MaxOpenFiles);
        store = StoreOpening.TryOpen(folder, files, options, out OpenedJournal? opened, out problem)
            ? new PieceStore(folder, post, options, files, opened!)
            : null;
        return store is not null;
    }

    /// <inheritdoc/>
    public IOutputSink OpenOutput(JobId job)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"output-{job.Value}");
        return new OutputSink(
            Path.Combine(_folder.Temporary, name), _folder.PieceLength, _options.FailPoint, content => _outputs[job] = content);
    }

    /// <inheritdoc/>
    public void KeepOutputs(IReadOnlyList<KeptOutput> outputs, ReadOnlyMemory<byte> batch)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(outputs.Count, MaxOutputs);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(batch.Length, MaxBatchLength);
        var contents = new FinishedContent?[outputs.Count];
        for (int i = 0; i < contents.Length; i++)
        {
            _outputs.TryRemove(outputs[i].Job, out contents[i]);
        }

        _writing.AddAlways(new StoreCall.Keep(outputs, contents, batch));
    }

    /// <inheritdoc/>
    public void DiscardOutput(JobId job)
    {
        if (_outputs.TryRemove(job, out FinishedContent? content) && content.File is not null)
        {
            _writing.AddAlways(new StoreCall.Discard(content));
        }
    }

    /// <inheritdoc/>
    public void CopyOutput(JobId job, string path)
    {
        if (!_outputs.TryGetValue(job, out FinishedContent? content) || content.Problem is not null)
        {
            throw new IOException($"the output of this run is not below {_folder.Private}");
        }

        if (content.Path is null)
        {
            File.WriteAllBytes(path, content.Inline.Span);
        }
        else
        {
            File.Copy(content.Path, path);
        }
    }

    /// <inheritdoc/>
    public void WriteBlock(int piece, ResultId result, int block, ReadOnlyMemory<byte> data, Hash256 leaf)
    {
        ResultKey key = KeyOf(piece, result);
        if (!_writing.TryAdd(new StoreCall.WriteBlock(key, block, data, leaf), data.Length))
        {
            var slow = new Problem(
                "disk-slow",
                $"the disk below {_folder.Private} does not keep up: {_options.MaxQueuedBytes >> 20} MiB wait to be written",
                "It is fetched again when the disk has caught up.");
            _writing.AddAlways(new StoreCall.Spoil(key, slow));
        }
    }

    /// <inheritdoc/>
    public void CommitDownload(int piece, ResultId result) => _writing.AddAlways(new StoreCall.Commit(KeyOf(piece, result)));

    /// <inheritdoc/>
    public void AbandonDownload(int piece, ResultId result) => _writing.AddAlways(new StoreCall.Abandon(KeyOf(piece, result)));

    /// <inheritdoc/>
    public void DropResult(int piece, ResultId result) => _writing.AddAlways(new StoreCall.Drop(KeyOf(piece, result)));

    /// <inheritdoc/>
    public void ReleaseResult(int piece, ResultId result) => _writing.AddAlways(new StoreCall.Release(KeyOf(piece, result)));

    /// <inheritdoc/>
    public void SaveBatch(ReadOnlyMemory<byte> batch)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(batch.Length, MaxBatchLength);
        _writing.TryAdd(new StoreCall.SaveBatch(batch), batch.Length);
    }

    /// <inheritdoc/>
    public void SaveAccepted(int piece, ResultId result, bool accepted) => _writing.TryAdd(new StoreCall.SaveAccepted(KeyOf(piece, result), accepted));

    /// <inheritdoc/>
    public void LoadLeaves(int piece, ResultId result)
    {
        if (!_loading.TryAdd((KeyOf(piece, result), true)))
        {
            _post(new NodeInput.LeavesLoaded(piece, result, null));
        }
    }

    /// <inheritdoc/>
    public void LoadContent(int piece, ResultId result)
    {
        if (result.Length > MaxLoadedContent || !_loading.TryAdd((KeyOf(piece, result), false)))
        {
            _post(new NodeInput.ContentLoaded(piece, result, null));
        }
    }

    /// <inheritdoc/>
    public bool TryRead(int piece, ResultId result, int begin, Span<byte> destination) =>
        _reader.TryRead(new ResultKey(piece, result), begin, destination);

    /// <inheritdoc/>
    /// <exception cref="IOException">A result is not held, or the folder can't be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder can't be written.</exception>
    public (string Folder, IReadOnlyList<string> Names) Materialise(int file, IReadOnlyList<(int Piece, ResultId Result)> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        var keys = new ResultKey[parts.Count];
        for (int i = 0; i < keys.Length; i++)
        {
            keys[i] = new ResultKey(parts[i].Piece, parts[i].Result);
        }

        string target = _folder.MergeFolderOf(file);
        return (target, _reader.LayOut(target, keys));
    }

    /// <summary>Writes what waits, then closes; outputs that nobody kept go.</summary>
    public async ValueTask DisposeAsync()
    {
        await _writing.EndAsync().ConfigureAwait(false);
        await _loading.EndAsync().ConfigureAwait(false);
        if (!_writing.Crashed)
        {
            _writer.Close();
        }

        _writer.Dispose();
        _files.Dispose();
        foreach (JobId job in _outputs.Keys)
        {
            if (_outputs.TryRemove(job, out FinishedContent? content) && content.File is not null)
            {
                content.File.Dispose();
                TemporaryFile.Delete(content.Path!);
            }
        }
    }

    private static RestoredState RestoredFrom(JournalContents contents, long log)
    {
        return new RestoredState
        {
            Held = Sorted(contents.Held.Keys),
            Released = Sorted(contents.Released),
            Accepted = Sorted(contents.Accepted),
            Batches = contents.Batches,
            Log = log,
        };
    }

    private static List<(int Piece, ResultId Result)> Sorted(IEnumerable<ResultKey> keys)
    {
        var sorted = new List<ResultKey>(keys);
        sorted.Sort();
        return sorted.ConvertAll(key => (key.Piece, key.Result));
    }

    private ResultKey KeyOf(int piece, ResultId result)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(piece);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(piece, _folder.PieceCount);
        ArgumentOutOfRangeException.ThrowIfNegative(result.Length);
        return new ResultKey(piece, result);
    }

    private void Load(List<(ResultKey Key, bool Leaves)> wanted)
    {
        foreach ((ResultKey key, bool leaves) in wanted)
        {
            _post(leaves
                ? new NodeInput.LeavesLoaded(key.Piece, key.Result, _reader.LeavesOf(key))
                : new NodeInput.ContentLoaded(key.Piece, key.Result, _reader.ContentOf(key)));
        }
    }
}
