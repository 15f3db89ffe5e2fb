using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Engine;
using Starling.Runtime.Kernels;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Execution;

/// <summary>
/// Merges the files of one task (DESIGN section 3), one after the other on a thread of its own: by the task's command, by its kernel, or
/// piece after piece. The file appears whole or not at all.
/// </summary>
public sealed class Merger : IMerger
{
    /// <summary>Code of every <see cref="Problem"/> of a merge.</summary>
    public const string Code = "merge";

    /// <summary>Longest <c>PART_LIST</c> in bytes: one variable may have 128 KiB. Beyond it there is <c>PART_FILE</c> alone.</summary>
    public const int MaxPartList = 100_000;

    private const int CopyBuffer = 1024 * 1024;
    private const int ToldErrors = 500;

    // Temporary files and the output may be a few times as large as what is merged.
    private const long SpaceOfMerge = 4;

    private readonly object _gate = new();
    private readonly TaskInfo _task;
    private readonly TaskFolder _folder;
    private readonly IPieceStore _store;
    private readonly PostInput _post;
    private readonly RunSite _site;
    private readonly bool _flushesFirst;
    private readonly IKernelMerge? _kernel;
    private readonly StderrFolder _errorFolder;
    // Not disposed: it has no timer, and DisposeAsync may be called twice.
    private readonly CancellationTokenSource _ending = new();
    private readonly Queue<(int File, IReadOnlyList<(int Piece, ResultId Result)> Parts)> _waiting = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IRunningCommand? _process;
    private string? _published;

    /// <param name="task">The task.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="store">Holds the results.</param>
    /// <param name="post">Gets one <see cref="NodeInput.MergeExited"/> a merge.</param>
    /// <param name="launcher">Starts commands; it outlives this.</param>
    /// <param name="flushesFirst">Whether an output is durable before its merge is told as done: where results go once they are merged, it is all there is.</param>
    public Merger(TaskInfo task, TaskFolder folder, IPieceStore store, PostInput post, ProcessLauncher launcher, bool flushesFirst = false)
        : this(task, folder, store, post, new RunSite(launcher), flushesFirst)
    {
    }

    /// <summary>The same, on what the task's runs run on.</summary>
    internal Merger(TaskInfo task, TaskFolder folder, IPieceStore store, PostInput post, RunSite site, bool flushesFirst)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(post);
        ArgumentNullException.ThrowIfNull(site.Launcher);
        _task = task;
        _folder = folder;
        _store = store;
        _post = post;
        _site = site;
        _flushesFirst = flushesFirst;
        _errorFolder = new StderrFolder(Path.Combine(folder.Private, "stderr"));
        if (task.Run is RunSpec.Kernel spec && KernelRegistry.TryCreate(spec, task, out IKernel? kernel, out _))
        {
            _kernel = kernel as IKernelMerge;
        }

        new Thread(Work) { Name = "merger", IsBackground = true }.Start();
    }

    /// <inheritdoc/>
    public string PathOf(int file) => Path.Combine(_folder.Root, Path.Combine(_task.Files[file].Path.Split('/')));

    /// <inheritdoc/>
    public void Start(int file, IReadOnlyList<(int Piece, ResultId Result)> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_ending.IsCancellationRequested, this);
            _waiting.Enqueue((file, parts));
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Kills the merge that runs, ends those that wait, and posts the end of each.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _ending.Cancel();
            _process?.Kill();
            Monitor.Pulse(_gate);
        }

        await _ended.Task.ConfigureAwait(false);
    }

    private void Work()
    {
        while (TryTake(out int file, out IReadOnlyList<(int Piece, ResultId Result)> parts))
        {
            Problem? problem;
            _published = null;
            try
            {
                problem = _ending.IsCancellationRequested ? Stopped(file) : Merge(file, parts);
            }
            catch (OperationCanceledException)
            {
                problem = Stopped(file);
            }
            catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
            {
                problem = StoreProblem.IsDiskFull(failure)
                    ? StoreProblem.OfWrite(failure, _folder.Root, SizeOf(parts))
                    : StoreProblem.OfAccess(failure, Code, $"cannot merge {_task.Files[file].Path}");
            }

            if (_flushesFirst)
            {
                problem ??= FlushPublished(file);
                _post(new NodeInput.MergeExited(file, problem));
            }
            else
            {
                _post(new NodeInput.MergeExited(file, problem));
                if (FlushPublished(file) is { } late)
                {
                    _post(new NodeInput.MergeExited(file, late));
                }
            }
        }

        _ended.SetResult();
    }

    /// <summary>The output is there to be used; that it outlives a power failure follows, and before this program ends.</summary>
    private Problem? FlushPublished(int file)
    {
        try
        {
            if (_published is { } path)
            {
                MergeTarget.Flush(path);
            }

            return null;
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            return StoreProblem.OfAccess(failure, Code, $"cannot make {_task.Files[file].Path} durable");
        }
    }

    private bool TryTake(out int file, out IReadOnlyList<(int Piece, ResultId Result)> parts)
    {
        lock (_gate)
        {
            while (_waiting.Count == 0)
            {
                if (_ending.IsCancellationRequested)
                {
                    (file, parts) = (0, []);
                    return false;
                }

                Monitor.Wait(_gate);
            }

            (file, parts) = _waiting.Dequeue();
            return true;
        }
    }

    private Problem? Merge(int file, IReadOnlyList<(int Piece, ResultId Result)> parts)
    {
        if (!_folder.TryPathOf(file, out string? final, out Problem? problem))
        {
            return problem;
        }

        using var target = new MergeTarget(_folder.Private, file, final);
        if (_task.Merge is { } command)
        {
            problem = RunCommand(command, file, parts, target.Path);
        }
        else
        {
            using FileStream output = new(target.Path, FileMode.Create, FileAccess.Write, FileShare.Read, CopyBuffer);
            problem = _kernel?.Merge(_task, file, part => new PieceStream(_store, parts[part].Piece, parts[part].Result), output, _ending.Token);
            if (_kernel is null)
            {
                Concatenate(parts, output);
            }
        }

        problem ??= target.Publish();
        _published = problem is null ? final : null;
        return problem;
    }

    private void Concatenate(IReadOnlyList<(int Piece, ResultId Result)> parts, FileStream output)
    {
        foreach ((int piece, ResultId result) in parts)
        {
            _ending.Token.ThrowIfCancellationRequested();
            using var part = new PieceStream(_store, piece, result);
            part.CopyTo(output, CopyBuffer);
        }
    }

    private Problem? RunCommand(string command, int file, IReadOnlyList<(int Piece, ResultId Result)> parts, string target)
    {
        (string folder, IReadOnlyList<string> names) = _store.Materialise(file, parts);
        string partFile = Path.Combine(_folder.Private, string.Create(CultureInfo.InvariantCulture, $"parts-{file}.txt"));
        try
        {
            WriteLines(partFile, names);
            string list = string.Join(' ', names);
            bool fits = Encoding.UTF8.GetByteCount(list) <= MaxPartList;
            if (_site.IsWalled)
            {
                return RunWalled(command, file, folder, names, fits ? list : null, partFile, target, SizeOf(parts));
            }

            var shell = new ShellCommand { Text = command, Folder = folder, Variables = RunVariables.OfMerge(_task, file, fits ? list : null, partFile, target) };
            return _site.Launcher.TryStart(shell, out ShellProcess? process, out Problem? problem) ? Await(process, file) : problem;
        }
        finally
        {
            File.Delete(partFile);
            SlotFolder.TryRemove(folder);
        }
    }

    /// <summary>
    /// The pieces are hard links to stored results, so they are shown read-only; the command works in a folder of links to them, in which it may write.
    /// </summary>
    private Problem? RunWalled(
        string command, int file, string folder, IReadOnlyList<string> names, string? list, string partFile, string target, long size)
    {
        const string seenParts = "/parts";
        const string seenOutput = "/out";
        var place = new RunPlace(_site, _task, Path.Combine(_folder.Scratch, string.Create(CultureInfo.InvariantCulture, $"merge-{file}")));
        try
        {
            if (!place.TryPrepare(out Problem? problem))
            {
                return problem;
            }

            string work = place.Begin();
            foreach (string name in names)
            {
                File.CreateSymbolicLink(Path.Combine(work, name), $"{seenParts}/{name}");
            }

            string output = Path.GetDirectoryName(target)!;
            place.Show(folder, seenParts);
            place.Show(output, seenOutput, writable: true);
            KeyValuePair<string, string?>[] variables =
                RunVariables.OfMerge(_task, file, list, place.Show(partFile, "/part-file"), $"{seenOutput}/{Path.GetFileName(target)}");
            if (place.TryStart(command, variables, out IRunningCommand? process, out problem, moreBytes: SpaceOfMerge * size, moreFiles: 2 * names.Count))
            {
                problem = Await(process, file);
            }

            place.TakeBack(output);
            return problem;
        }
        finally
        {
            place.Remove();
        }
    }

    private Problem? Await(IRunningCommand process, int file)
    {
        lock (_gate)
        {
            _process = process;
            if (_ending.IsCancellationRequested)
            {
                process.Kill();
            }
        }

        var errors = new StderrTail();
        ProcessEnd end = process.Run(static _ => true, errors, _task.Limits.Wall);
        lock (_gate)
        {
            _process = null;
        }

        string? errorFile = _errorFolder.Save(string.Create(CultureInfo.InvariantCulture, $"merge-{file}.txt"), errors);
        if (end.IsSuccess)
        {
            return null;
        }

        if (end.Cause == KillCause.Asked)
        {
            return Stopped(file);
        }

        Problem cause = RunOutcome.ProblemOf(_task, $"the merge of {_task.Files[file].Path}", end, errorFile);
        return RunOutcome.WithErrors(cause, Code, errors.ToText(), ToldErrors);
    }

    private static void WriteLines(string path, IReadOnlyList<string> lines)
    {
        using var writer = new StreamWriter(path);
        foreach (string line in lines)
        {
            writer.Write(line);
            writer.Write('\n');
        }
    }

    private static long SizeOf(IReadOnlyList<(int Piece, ResultId Result)> parts)
    {
        long size = 0;
        foreach ((_, ResultId result) in parts)
        {
            size += result.Length;
        }

        return size;
    }

    private Problem Stopped(int file) => new(Code, $"the merge of {_task.Files[file].Path} was stopped", "It is done again at the next start.");
}
