using System;
using Starling.Core.Tasks;

namespace Starling.Runtime.Walls;

/// <summary>The bounds of a walled run of a task that does not say what it needs, and the most that this machine gives to one that does.</summary>
public static class DefaultLimits
{
    /// <summary>Memory of one run.</summary>
    public const long MemoryBytes = 2L * 1024 * 1024 * 1024;

    /// <summary>Disk of one run.</summary>
    public const long DiskBytes = 4L * 1024 * 1024 * 1024;

    /// <summary>Processes and threads of one run.</summary>
    public const int Processes = 256;

    // Some of the memory is left to the machine whatever a task asks for: nine tenths are the most.
    private static readonly long _mostMemoryBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 10 * 9;

    /// <summary>The bounds.</summary>
    public static WallLimits Of(RunLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        return new WallLimits
        {
            Cpu = limits.Cpu,
            MemoryBytes = Math.Min(limits.MemoryBytes ?? MemoryBytes, _mostMemoryBytes),
            DiskBytes = limits.DiskBytes ?? DiskBytes,
            Processes = limits.Processes ?? Processes,
        };
    }
}
