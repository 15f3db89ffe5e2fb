using System;

namespace Starling.Core.Scheduling;

/// <summary>The constants of DESIGN section 5. The defaults were chosen with the reduced model of the simulator (docs/scheduling.md).</summary>
public sealed record SchedulingOptions
{
    /// <summary>Lease of a claim whose worker does not say how long it expects to run.</summary>
    public TimeSpan LeaseUnknown { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>No lease is shorter.</summary>
    public TimeSpan LeaseFloor { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A lease is this many times the expected run.</summary>
    public double LeaseFactor { get; init; } = 3;

    /// <summary>Renewals in the time of one lease.</summary>
    public int RenewalsPerLease { get; init; } = 3;

    /// <summary>A run is overdue when it took this many times the median of the swarm.</summary>
    public double StragglerFactor { get; init; } = 1.5;

    /// <summary>Extra runs of an overdue piece at most.</summary>
    public int MaxStragglerCopies { get; init; } = 2;

    /// <summary>How long a claim needs to reach the swarm: gathering, hops, queues. The scheduler reckons with this at least.</summary>
    public TimeSpan MessageDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>A run gives way while it is younger than this many message delays…</summary>
    public double YieldDelays { get; init; } = 3;

    /// <summary>…or than this part of its expected time. With <see cref="MaxYieldsInARow"/> it bounds what liars can cost: one run for each finished one.</summary>
    public double YieldFraction { get; init; } = 0.2;

    /// <summary>After giving way so often without finishing a run in between, this worker gives way no more.</summary>
    public int MaxYieldsInARow { get; init; } = 5;

    /// <summary>Claims of one worker that count at most, whatever cores it says it has.</summary>
    public int MaxClaimsPerWorker { get; init; } = 256;

    /// <summary>Claims that count of a worker whose cores are not known.</summary>
    public int ClaimsWhenCoresUnknown { get; init; } = 32;

    /// <summary>Workers whose claims are kept; the one not heard for longest gives way.</summary>
    public int MaxWorkers { get; init; } = 16_384;

    /// <summary>Leases that a worker may let run out before each further one halves the number of its claims that count.</summary>
    public int ForgivenLapses { get; init; } = 2;

    /// <summary>Run times that the median is taken from.</summary>
    public int MedianSamples { get; init; } = 63;
}
