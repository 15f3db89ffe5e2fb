using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Runtime.Engine;

/// <summary>Hands an input to the engine loop; safe from every thread, never blocks.</summary>
public delegate void PostInput(NodeInput input);

/// <summary>The connections of task swarms. Calls return at once; what happens comes back as inputs.</summary>
public interface ILinkTransport : IAsyncDisposable
{
    /// <summary>Starts to connect (TCP, then TLS 1.3).</summary>
    void Connect(PeerAddress address);

    /// <summary>Closes a link; what waits to be sent is dropped after a short grace.</summary>
    void Close(LinkId link, string reason);

    /// <summary>Queues bytes.</summary>
    void Send(LinkId link, ReadOnlyMemory<byte> bytes);

    /// <summary>Queues a <c>piece</c> message whose data is read from the store just before it is written.</summary>
    void SendBlock(LinkId link, int piece, ResultId result, int begin, int length);
}

/// <summary>Durable results of one task. Calls return at once; what becomes durable comes back as inputs.</summary>
public interface IPieceStore : IAsyncDisposable
{
    /// <summary>What an earlier process left.</summary>
    RestoredState Restored { get; }

    /// <summary>Where a run writes its standard output: bounded by the task's piece length, hashed as it comes.</summary>
    IOutputSink OpenOutput(JobId job);

    /// <summary>See <see cref="NodeEffect.KeepOutputs"/>.</summary>
    void KeepOutputs(IReadOnlyList<KeptOutput> outputs, ReadOnlyMemory<byte> batch);

    /// <summary>See <see cref="NodeEffect.DiscardOutput"/>.</summary>
    void DiscardOutput(JobId job);

    /// <summary>Copies the output of a run that ended well, before it is kept or discarded, to a file. Safe from every thread.</summary>
    /// <exception cref="System.IO.IOException">There is none, its content was lost to a failing disk, or the file can't be written.</exception>
    void CopyOutput(JobId job, string path);

    /// <summary>See <see cref="NodeEffect.WriteBlock"/>.</summary>
    void WriteBlock(int piece, ResultId result, int block, ReadOnlyMemory<byte> data, Hash256 leaf);

    /// <summary>See <see cref="NodeEffect.CommitDownload"/>.</summary>
    void CommitDownload(int piece, ResultId result);

    /// <summary>See <see cref="NodeEffect.AbandonDownload"/>.</summary>
    void AbandonDownload(int piece, ResultId result);

    /// <summary>See <see cref="NodeEffect.DropResult"/>.</summary>
    void DropResult(int piece, ResultId result);

    /// <summary>See <see cref="NodeEffect.ReleaseResult"/>.</summary>
    void ReleaseResult(int piece, ResultId result);

    /// <summary>See <see cref="NodeEffect.SaveBatch"/>.</summary>
    void SaveBatch(ReadOnlyMemory<byte> batch);

    /// <summary>See <see cref="NodeEffect.SaveAccepted"/>.</summary>
    void SaveAccepted(int piece, ResultId result, bool accepted);

    /// <summary>See <see cref="NodeEffect.LoadLeaves"/>.</summary>
    void LoadLeaves(int piece, ResultId result);

    /// <summary>See <see cref="NodeEffect.LoadContent"/>.</summary>
    void LoadContent(int piece, ResultId result);

    /// <summary>Reads a range of a stored result; false when it is not there (any more). Safe from every thread.</summary>
    bool TryRead(int piece, ResultId result, int begin, Span<byte> destination);

    /// <summary>
    /// Makes every listed result a file of its own in one folder (hard link or copy; inline ones are written), named by index, for a merge.
    /// </summary>
    /// <returns>The folder, and the names in order, relative to it.</returns>
    (string Folder, IReadOnlyList<string> Names) Materialise(int file, IReadOnlyList<(int Piece, ResultId Result)> parts);
}

/// <summary>Takes a run's standard output; used by one thread.</summary>
public interface IOutputSink : IDisposable
{
    /// <summary>Appends; false when the result would be longer than the task's piece length (the run is to be killed).</summary>
    bool TryWrite(ReadOnlySpan<byte> bytes);

    /// <summary>Ends it: length and root. The content waits in the store under the job's id. Dispose without it discards.</summary>
    ResultId Complete();
}

/// <summary>Runs pieces. Calls return at once; each started job posts exactly one <see cref="NodeInput.JobExited"/>.</summary>
public interface IJobRunner : IAsyncDisposable
{
    /// <summary>Starts a run.</summary>
    void Start(JobId job, int slot, int piece, int attempt);

    /// <summary>
    /// Kills a run with its whole process tree; one that the owner's rules or the owner stop is told to end first and given time to save its state. Unknown or ended jobs are
    /// ignored.
    /// </summary>
    void Kill(JobId job, AbortReason reason);

    /// <summary>Freezes a run where it is, or lets it go on; what it takes of wall time does not count meanwhile. Unknown or ended jobs are ignored.</summary>
    void Pause(JobId job, bool paused);
}

/// <summary>Has the task's command look at results. Each started trial posts exactly one <see cref="NodeInput.TrialEnded"/>.</summary>
public interface ITrialRunner : IAsyncDisposable
{
    /// <summary>See <see cref="NodeEffect.StartTrial"/>.</summary>
    void Start(int piece, ResultId result, ResultId? other);
}

/// <summary>Merges output files. Each started merge posts exactly one <see cref="NodeInput.MergeExited"/>.</summary>
public interface IMerger : IAsyncDisposable
{
    /// <summary>Merges one file; a second call for the same file replaces its content when it is done.</summary>
    void Start(int file, IReadOnlyList<(int Piece, ResultId Result)> parts);

    /// <summary>Absolute path of a file of the task.</summary>
    string PathOf(int file);
}
