namespace Starling.Sim.Dht;

/// <summary>What one run of the DHT is like.</summary>
internal sealed record DhtScenario
{
    public int Nodes { get; init; } = 1_000;

    /// <summary>Part of the nodes that leave in an hour, each replaced by a new one.</summary>
    public double ChurnPerHour { get; init; } = 0.2;

    /// <summary>Part of the nodes that do not play by the rules.</summary>
    public double Hostile { get; init; } = 0.2;

    /// <summary>Part of the datagrams that get lost.</summary>
    public double Loss { get; init; } = 0.02;

    /// <summary>Longest time that a datagram takes, in seconds; the shortest is a tenth.</summary>
    public double Latency { get; init; } = 0.15;

    /// <summary>Minutes in which the nodes come.</summary>
    public double JoinMinutes { get; init; } = 10;

    /// <summary>Minutes between the last node's coming and the first lookup.</summary>
    public double SettleMinutes { get; init; } = 10;

    /// <summary>Minutes of lookups.</summary>
    public double Minutes { get; init; } = 60;

    /// <summary>Lookups in all.</summary>
    public int Lookups { get; init; } = 2_000;

    /// <summary>Swarms, each announced by <see cref="PeersOfSwarm"/> nodes.</summary>
    public int Swarms { get; init; } = 100;

    public int PeersOfSwarm { get; init; } = 3;

    public ulong Seed { get; init; } = 1;
}
