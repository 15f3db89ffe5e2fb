using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Text;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Execution;
using Starling.Runtime.Storage;

namespace Starling.Tests.Runtime.Execution;

/// <summary>A task's folder with its real store, runner and merger; what they post is gathered.</summary>
internal sealed class RunHarness : IAsyncDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly TestFolder? _own;
    private readonly BlockingCollection<NodeInput> _posted = [];
    private readonly TaskFolder _folder;
    private readonly PieceStore _store;

    public RunHarness(TaskInfo task, string? root = null, ProcessLauncher? launcher = null, RunnerOptions? options = null)
    {
        Task = task;
        _own = root is null ? new TestFolder() : null;
        Root = root ?? _own!.Path;
        Assert.True(TaskFolder.TryOpen(Root, task, Hash256.Of("t"u8), out TaskFolder? folder, out Problem? problem), problem?.ToString());
        Assert.True(PieceStore.TryOpen(folder, _posted.Add, new PieceStoreOptions(), out PieceStore? store, out problem), problem?.ToString());
        _folder = folder;
        _store = store;
        Launcher = launcher ?? new ProcessLauncher();
        Runner = new JobRunner(task, folder, store, _posted.Add, Launcher, options ?? new RunnerOptions());
        Trials = new TrialRunner(Runner);
        Merger = new Merger(task, folder, store, _posted.Add, Runner.Site, flushesFirst: false);
    }

    public TaskInfo Task { get; }

    public string Root { get; }

    public ProcessLauncher Launcher { get; }

    public JobRunner Runner { get; }

    public TrialRunner Trials { get; }

    public Merger Merger { get; }

    public static TaskInfo Shell(string command, int pieces = 4) => new()
    {
        Name = "sample",
        Run = new RunSpec.Shell(command),
        Files = [new OutputFile("sample.txt", pieces)],
        PieceLength = 100_000,
        Verify = new VerifySpec.Own(),
    };

    public string this[string path] => System.IO.Path.Combine(Root, path);

    /// <summary>Runs one piece on slot 0 and waits for its end.</summary>
    public JobOutcome Run(int piece = 0, long job = 1)
    {
        Runner.Start(new JobId(job), 0, piece, 1);
        NodeInput.JobExited exited = NextExit();
        Assert.Equal(new JobId(job), exited.Job);
        return exited.Outcome;
    }

    /// <summary>Runs a piece that must succeed; its output, which is kept as the piece's result.</summary>
    public string Output(int piece = 0, long job = 1)
    {
        JobOutcome outcome = Run(piece, job);
        ResultId result = Assert.IsType<JobOutcome.Succeeded>(outcome).Result;
        return Keep(piece, job, result);
    }

    public string Keep(int piece, long job, ResultId result)
    {
        _store.KeepOutputs([new KeptOutput(new JobId(job), piece, result)], new byte[] { 1 });
        Assert.Equal(new NodeInput.ResultStored(piece, result), Next());
        var content = new byte[result.Length];
        Assert.True(_store.TryRead(piece, result, 0, content));
        return Encoding.UTF8.GetString(content);
    }

    /// <summary>Runs and keeps all pieces of a file, then merges it: null or what went wrong.</summary>
    public Problem? RunAndMerge(int file = 0)
    {
        var parts = new List<(int, ResultId)>();
        int first = Task.FirstPieceOf(file);
        for (int piece = first; piece < first + Task.Files[file].Pieces; piece++)
        {
            ResultId result = Assert.IsType<JobOutcome.Succeeded>(Run(piece, piece + 1)).Result;
            Keep(piece, piece + 1, result);
            parts.Add((piece, result));
        }

        return Merge(file, parts);
    }

    public Problem? Merge(int file, IReadOnlyList<(int Piece, ResultId Result)> parts)
    {
        Merger.Start(file, parts);
        var exited = Assert.IsType<NodeInput.MergeExited>(Next());
        Assert.Equal(file, exited.File);
        return exited.Problem;
    }

    /// <summary>Has the task's command look at stored results.</summary>
    public TrialOutcome Try(int piece, ResultId result, ResultId? other = null)
    {
        Trials.Start(piece, result, other);
        var ended = Assert.IsType<NodeInput.TrialEnded>(Next());
        Assert.Equal((piece, result, other), (ended.Piece, ended.Result, ended.Other));
        return ended.Outcome;
    }

    public Problem Failure(int piece = 0) => Assert.IsType<JobOutcome.Failed>(Run(piece)).Problem;

    public NodeInput.JobExited NextExit() => Assert.IsType<NodeInput.JobExited>(Next());

    public NodeInput Next()
    {
        Assert.True(_posted.TryTake(out NodeInput? input, _patience), "nothing was posted");
        return input;
    }

    public bool HasMore() => _posted.Count > 0;

    public async ValueTask DisposeAsync()
    {
        await Runner.DisposeAsync();
        await Trials.DisposeAsync();
        await Merger.DisposeAsync();
        Runner.Site.Image?.Dispose();
        await _store.DisposeAsync();
        _folder.Dispose();
        Launcher.Dispose();
        _own?.Dispose();
    }
}
