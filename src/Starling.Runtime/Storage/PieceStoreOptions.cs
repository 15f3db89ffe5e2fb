using System;

namespace Starling.Runtime.Storage;

/// <summary>What a <see cref="PieceStore"/> may use. The defaults are those of the program.</summary>
public sealed record PieceStoreOptions
{
    /// <summary>Results of at most this many bytes live in the journal; one block, so that such a result is its own leaf.</summary>
    public const int InlineThreshold = 16 * 1024;

    /// <summary>
    /// Bytes that wait for the disk at most, besides as many that are being written. Beyond, a block of a download is not taken and its download fails (<c>disk-slow</c>),
    /// another worker's batch is not saved, and loads answer null; outputs of runs are always taken, they are bounded by the slots.
    /// </summary>
    public long MaxQueuedBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Calls that wait at most, with the same consequence.</summary>
    public int MaxQueuedCalls { get; init; } = 65_536;

    /// <summary>Files of results that are kept open for reading.</summary>
    public int MaxOpenFiles { get; init; } = 64;

    /// <summary>Block hashes that are kept in memory, over all results (32 bytes each).</summary>
    public int MaxCachedLeaves { get; init; } = 65_536;

    /// <summary>A journal with less garbage than this is never rewritten, in bytes.</summary>
    public long MinGarbage { get; init; } = 1024 * 1024;

    /// <summary>Where the number of a new log of attestations comes from.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Sees every step; null in the program, set by tests of crashes and of failing disks.</summary>
    public StoreFailPoint? FailPoint { get; init; }
}
