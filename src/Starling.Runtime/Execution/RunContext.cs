using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Engine;
using Starling.Runtime.Kernels;

namespace Starling.Runtime.Execution;

/// <summary>What all slots of one task share; nothing of it changes but the folders' content.</summary>
internal sealed record RunContext
{
    public required TaskInfo Task { get; init; }

    /// <summary>The task's id.</summary>
    public required Hash256 TaskId { get; init; }

    public required int PieceCount { get; init; }

    public required IPieceStore Store { get; init; }

    public required PostInput Post { get; init; }

    public required ProcessLauncher Launcher { get; init; }

    /// <summary>On what its commands run.</summary>
    public required RunSite Site { get; init; }

    /// <summary>Whether its image has what it needs; null: it has no image.</summary>
    public required ImageNeeds? ImageNeeds { get; init; }

    public required RunnerOptions Options { get; init; }

    /// <summary>The task's kernel; null: its runs are commands.</summary>
    public required IKernel? Kernel { get; init; }

    /// <summary>Null when runs are no commands, or can't start.</summary>
    public required StateFolders? States { get; init; }

    public required InputFolder Inputs { get; init; }

    public required StderrFolder Errors { get; init; }

    /// <summary>The working directories of slots lie in it.</summary>
    public required string ScratchFolder { get; init; }

    /// <summary>Checkers and comparisons work in it.</summary>
    public required string TrialFolder { get; init; }

    /// <summary>Why no run can start.</summary>
    public required Problem? Problem { get; init; }
}
