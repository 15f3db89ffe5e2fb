using System;

namespace Starling.Core.Engine;

/// <summary>What a run on this machine used, as far as it was counted; for the owner to see, and in parts the measure of credit.</summary>
public sealed record RunUsage
{
    /// <summary>Fuel that a module in WebAssembly used: the same for everybody who runs the piece, so the measure of work that is equal for slow and fast machines. Null: a run of another kind.</summary>
    public long? Fuel { get; init; }

    /// <summary>Processor time of all its processes. Null: not counted.</summary>
    public TimeSpan? CpuTime { get; init; }

    /// <summary>Most bytes of memory that it had at once. Null: not counted.</summary>
    public long? PeakMemoryBytes { get; init; }
}
