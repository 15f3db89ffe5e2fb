namespace Starling.Core.Owner;

/// <summary>A task of this owner that is open on this machine, in whatever process, and what it would take.</summary>
public sealed record TaskDemand
{
    /// <summary>Its id in hexadecimal.</summary>
    public required string Id { get; init; }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Whether its commands are the owner's own.</summary>
    public bool IsOwn { get; init; }

    /// <summary>Runs that it would do at once.</summary>
    public int Slots { get; init; }

    /// <summary>Whether it has anything to run. Who has not leaves its slots to the others, and takes one at most if a result is doubted later.</summary>
    public bool HasWork { get; init; } = true;

    /// <summary>Memory in bytes that the limits of a run allow it; null: they say nothing.</summary>
    public long? MemoryOfRun { get; init; }

    /// <summary>Bytes that its folder takes.</summary>
    public long DiskBytes { get; init; }
}
