using System;

namespace Starling.Core.Tasks;

/// <summary>What one run may use; null means "the owner's default".</summary>
public sealed record RunLimits
{
    /// <summary>Wall time of one run.</summary>
    public TimeSpan Wall { get; init; } = TimeSpan.FromHours(1);

    /// <summary>CPU time of one run.</summary>
    public TimeSpan? Cpu { get; init; }

    /// <summary>Fuel of one run of a module in WebAssembly; of other runs it says nothing.</summary>
    public long? Fuel { get; init; }

    /// <summary>Memory in bytes.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Scratch space in bytes.</summary>
    public long? DiskBytes { get; init; }

    /// <summary>Processes and threads at once.</summary>
    public int? Processes { get; init; }

    /// <summary>The value of <see cref="Network"/> that means none.</summary>
    public const string NoNetwork = "none";

    /// <summary><c>none</c> (default) or <c>full</c>, which the owner of the machine must allow.</summary>
    public string Network { get; init; } = NoNetwork;
}

/// <summary>What a machine must have to compute a task; the owner of one that lacks it only downloads.</summary>
public sealed record NeedsSpec
{
    /// <summary>Programs on the path, each with an optional version test such as <c>ffmpeg >= 5</c>.</summary>
    public System.Collections.Generic.IReadOnlyList<string> Programs { get; init; } = [];

    /// <summary>Cores that one run uses.</summary>
    public int Cores { get; init; } = 1;

    /// <summary>Memory in bytes that one run needs.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Disk in bytes that one run needs.</summary>
    public long? DiskBytes { get; init; }

    /// <summary>Operating system (<c>linux</c>, <c>macos</c>, <c>windows</c>); null: any.</summary>
    public string? Os { get; init; }

    /// <summary>Processor (<c>x64</c>, <c>arm64</c>); null: any.</summary>
    public string? Arch { get; init; }
}

/// <summary>Read-only data of a task: an ordinary torrent, made from the author's files or somebody else's.</summary>
/// <param name="Name">Name below <c>INPUTS</c>: the torrent's.</param>
/// <param name="Torrent">Which torrent.</param>
/// <param name="Length">Bytes in all, padding not counted.</param>
public sealed record InputSpec(string Name, Primitives.TorrentId Torrent, long Length);

/// <summary>How inputs become pieces: <paramref name="Size"/> bytes each, or (0) one per file of the input.</summary>
public sealed record ChunkSpec(string Input, long Size);
