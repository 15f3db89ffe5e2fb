namespace Starling.Runtime.Containers;

/// <summary>What the owner of this machine grants to images.</summary>
public sealed record ImageOptions
{
    /// <summary>Bytes that one image may unpack to.</summary>
    public const long DefaultMaxImageBytes = 32L << 30;

    /// <summary>Bytes of unpacked images that no process uses; beyond them those go that were not used for longest.</summary>
    public const long DefaultMaxUnusedBytes = 64L << 30;

    /// <summary>Bytes that one image may unpack to: what keeps a small archive from filling the disk.</summary>
    public long MaxImageBytes { get; init; } = DefaultMaxImageBytes;

    /// <summary>Bytes of unpacked images that are kept for later although no process uses them.</summary>
    public long MaxUnusedBytes { get; init; } = DefaultMaxUnusedBytes;
}
