using System.Collections.Generic;
using System.Linq;
using Starling.Core.Primitives;

namespace Starling.Core.Owner;

/// <summary>What the owner's rules give a task now.</summary>
public sealed record Grant
{
    /// <summary>Everything that was asked for.</summary>
    public static Grant Everything { get; } = new() { Slots = int.MaxValue };

    /// <summary>Runs that may go on at once; 0: none.</summary>
    public required int Slots { get; init; }

    /// <summary>What becomes of those that may not.</summary>
    public HaltKind Halt { get; init; }

    /// <summary>Part of all processor cores, 0 to 1; 1: it is not looked at.</summary>
    public double CpuShare { get; init; } = 1;

    /// <summary>Memory in bytes of one run whose task says nothing; null: no limit.</summary>
    public long? MemoryOfRun { get; init; }

    /// <summary>Bytes a second; null: no limit.</summary>
    public long? UploadBytesPerSecond { get; init; }

    /// <summary>Bytes a second; null: no limit.</summary>
    public long? DownloadBytesPerSecond { get; init; }

    /// <summary>Why it is not everything: a code of <see cref="OwnerCode"/>, the reason, and what to do. Those that forbid come first.</summary>
    public IReadOnlyList<Problem> Restrictions { get; init; } = [];

    /// <summary>Whether nothing of the task may run now, its merges and checks included.</summary>
    public bool IsHalted { get; init; }

    /// <inheritdoc/>
    public bool Equals(Grant? other) => other is not null
        && (Slots, IsHalted, Halt, CpuShare, MemoryOfRun, UploadBytesPerSecond, DownloadBytesPerSecond)
            == (other.Slots, other.IsHalted, other.Halt, other.CpuShare, other.MemoryOfRun, other.UploadBytesPerSecond, other.DownloadBytesPerSecond)
        && Restrictions.SequenceEqual(other.Restrictions);

    /// <inheritdoc/>
    public override int GetHashCode() => Slots;
}
