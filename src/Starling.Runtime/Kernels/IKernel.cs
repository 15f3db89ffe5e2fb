using System;
using System.IO;
using System.Threading;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Engine;
using Starling.Runtime.Execution;

namespace Starling.Runtime.Kernels;

/// <summary>
/// A function that is built in (DESIGN section 3, "Kernels"), made for one task by <see cref="KernelRegistry.TryCreate"/>. Holds no state
/// between runs, so several threads may run pieces of one kernel at once. The bytes of a piece are equal on every processor.
/// </summary>
public interface IKernel
{
    /// <summary>Computes a piece and appends its bytes to <paramref name="output"/>; neither completes nor disposes the sink.</summary>
    /// <param name="piece">Global index of the piece, 0 ≤ piece &lt; number of pieces of the task.</param>
    /// <param name="output">Takes the result; used by the calling thread only.</param>
    /// <param name="pace">Ends the run within about 50 ms, or has it wait so long; what was written until an end is worthless.</param>
    KernelOutcome Run(int piece, IOutputSink output, RunPace pace);
}

/// <summary>How a run of a kernel ended.</summary>
public enum KernelOutcome
{
    /// <summary>The whole result is in the sink.</summary>
    Finished,

    /// <summary>The token asked for the end; the result is incomplete.</summary>
    Cancelled,

    /// <summary>The sink refused bytes: the result is longer than the task's piece length.</summary>
    TooLong,
}

/// <summary>A kernel whose output file is more than its pieces in a row. Used when the task itself names no merge command.</summary>
public interface IKernelMerge
{
    /// <summary>Writes one output file from the results of its pieces.</summary>
    /// <param name="task">The task that the kernel was made for.</param>
    /// <param name="file">Index into <see cref="TaskInfo.Files"/>.</param>
    /// <param name="openPart">
    /// Opens the result of a part for reading from its start; the argument is the index within the file, 0 ≤ part &lt; pieces of the file.
    /// Each part is opened once, in order; the merge disposes it.
    /// </param>
    /// <param name="output">Takes the file; only written to, never sought, left open.</param>
    /// <param name="cancel">Ends the merge by <see cref="OperationCanceledException"/>.</param>
    /// <returns>Null, or what is wrong with the parts. Failures of the streams themselves pass as the exceptions that they are.</returns>
    Problem? Merge(TaskInfo task, int file, Func<int, Stream> openPart, Stream output, CancellationToken cancel);
}
