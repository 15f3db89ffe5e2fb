namespace Starling.Sim.Reduced;

/// <summary>One scenario of the reduced model. Times in seconds.</summary>
internal sealed record ReducedOptions
{
    /// <summary>Workers, each with one slot.</summary>
    public int Peers { get; init; } = 100;

    /// <summary>Pieces of the task.</summary>
    public int Pieces { get; init; } = 1000;

    /// <summary>Run time of a piece on a machine of speed 1.</summary>
    public double Seconds { get; init; } = 60;

    /// <summary>Mean time from a worker's statement until a given peer hears it; each pair and statement draws from half to one and a half of it.</summary>
    public double Delay { get; init; } = 1;

    /// <summary>Bytes of claims a second that one peer takes in from all its links together; the own claims of its neighbours always pass.</summary>
    public double Cap { get; init; } = 8192;

    /// <summary>Bytes of one claim on the wire.</summary>
    public double ClaimBytes { get; init; } = 120;

    /// <summary>Neighbours of a peer on average.</summary>
    public int Links { get; init; } = 30;

    /// <summary>Run times vary by up to this part, both ways.</summary>
    public double Jitter { get; init; } = 0.02;

    /// <summary>The slowest machine needs 1 + this times as long as the fastest; speeds are spread evenly between.</summary>
    public double SpeedSpread { get; init; }

    /// <summary>Peers start evenly at random within this time; zero: all at once.</summary>
    public double Stagger { get; init; }

    /// <summary>Time between two runs of a slot that the omniscient schedule does not have.</summary>
    public double Overhead { get; init; }

    /// <summary>Everything random follows from it.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Choose among free pieces uniformly, as rule 1 says without shares.</summary>
    public bool Uniform { get; init; }
}
