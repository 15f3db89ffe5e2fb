using Starling.Core.Engine;
using System.Collections.Generic;
using Starling.Sim.Adversaries;

namespace Starling.Sim.Swarms;

/// <summary>One simulated swarm: who takes part, what they compute, and what goes wrong.</summary>
internal sealed record SimOptions
{
    public ulong Seed { get; init; } = 1;

    /// <summary>Honest hosts.</summary>
    public int Peers { get; init; } = 16;

    public int Pieces { get; init; } = 64;

    /// <summary>Output files that the pieces are divided among.</summary>
    public int Files { get; init; } = 1;

    /// <summary>Seconds of one run on a machine of speed 1.</summary>
    public double PieceSeconds { get; init; } = 1;

    /// <summary>Relative spread of a run's time: uniform in [1 - x, 1 + x].</summary>
    public double Jitter { get; init; } = 0.02;

    /// <summary>Bytes of a result.</summary>
    public int PieceBytes { get; init; } = 1_000;

    /// <summary>Share of pieces whose result is empty; and of the others, results have random lengths when this is not 0.</summary>
    public double EmptyShare { get; init; }

    public int Slots { get; init; } = 1;

    /// <summary>0: <c>own</c> in a member swarm; k: <c>replicas: k</c> in an open one, unless <see cref="Members"/> says otherwise.</summary>
    public int Replicas { get; init; }

    /// <summary>A swarm with a secret, whatever is asked for <see cref="Replicas"/>: two-fold computing among members.</summary>
    public bool Members { get; init; }

    /// <summary>The threshold of <c>trust: t</c> in an open swarm; 0: see <see cref="Replicas"/>.</summary>
    public int Trust { get; init; }

    /// <summary>Seconds that sealed results wait for others; 0: they are open. Beside <see cref="Replicas"/>.</summary>
    public double Sealed { get; init; }

    /// <summary>Hosts whose word counts in mode <c>arbiter</c>: the first is the author, the others its delegates; 0: another mode.</summary>
    public int Arbiters { get; init; }

    /// <summary>Whether the task has a checker, in an open swarm.</summary>
    public bool Checker { get; init; }

    /// <summary>Honest runs give so many results that differ in bytes and mean the same; more than 1: the task compares by a command.</summary>
    public int Variants { get; init; } = 1;

    /// <summary>Share of the results of those who lie or collude that are wrong.</summary>
    public double LieRate { get; init; } = 1;

    /// <summary>Right results that each of them gives before its first wrong one.</summary>
    public int LieAfter { get; init; }

    /// <summary>Results of each other host that every host has confirmed in earlier tasks.</summary>
    public int Known { get; init; }

    /// <summary>Nobody knows anybody who is not a member.</summary>
    public bool IsOpen => !Members && (Replicas > 0 || Trust > 0 || Checker || Arbiters > 0);

    /// <summary><c>until: first</c>: only results of the last piece and of a few random ones have content.</summary>
    public bool Search { get; init; }

    /// <summary><c>--keep</c> of honest hosts.</summary>
    public KeepRule Keep { get; init; }

    /// <summary><c>--exit</c>.</summary>
    public bool ExitWhenDone { get; init; }

    /// <summary>Seconds that a message travels, one way, on average; each takes between half and one and a half of it.</summary>
    public double Latency { get; init; } = 0.02;

    /// <summary>How long news is gathered before it goes out, in seconds; 0: as the program does.</summary>
    public double GossipDelay { get; init; }

    /// <summary>
    /// Seconds on which arrivals are rounded up: what reaches a host within that time is handed to its node in one go. For large swarms, where a
    /// thousand nodes are handed millions of messages; 0: every message at its own time.
    /// </summary>
    public double Quantum { get; init; }

    /// <summary>Seconds that a host needs to look at one frame, its signatures included; 0: nothing, whatever is said to it.</summary>
    public double FrameSeconds { get; init; }

    /// <summary>Share of messages that are lost once and sent again after a retransmission time-out.</summary>
    public double Loss { get; init; }

    /// <summary>Bytes a second that one host sends; 0: no bound.</summary>
    public double UploadRate { get; init; }

    /// <summary>Peers that a host knows of at its start.</summary>
    public int KnownPeers { get; init; } = 8;

    public int MaxLinks { get; init; } = 50;

    /// <summary>Share of hosts that start from a magnet link: without the task file.</summary>
    public double MagnetShare { get; init; }

    /// <summary>Hosts start at a uniformly random time within this many seconds.</summary>
    public double StartSpread { get; init; }

    /// <summary>Share of hosts that are slow, and how many times slower.</summary>
    public double SlowShare { get; init; }

    public double SlowFactor { get; init; } = 4;

    /// <summary>Crashes an hour and host. What is left of the disk is drawn: all, all but what was not flushed, nothing, not even the key.</summary>
    public double CrashesPerHour { get; init; }

    /// <summary>Hosts that are stopped by their owner and started again later, an hour and host.</summary>
    public double LeavesPerHour { get; init; }

    /// <summary>Times that an owner's rules give less for a while, an hour and host: fewer slots or none, runs frozen or stopped, lower rates.</summary>
    public double GrantsPerHour { get; init; }

    /// <summary>Partitions an hour: a random half is cut off for a while.</summary>
    public double PartitionsPerHour { get; init; }

    /// <summary>Disks that are full for a while, an hour and host.</summary>
    public double FullDisksPerHour { get; init; }

    /// <summary>Share of first and second attempts that fail.</summary>
    public double FailureShare { get; init; }

    /// <summary>Share of hosts on which every run fails; at least one host works.</summary>
    public double BrokenShare { get; init; }

    /// <summary>Who else is there beside <see cref="Peers"/>, and does not play by the rules.</summary>
    public IReadOnlyList<AdversaryGroup> Adversaries { get; init; } = [];

    /// <summary>Fresh identities of all sybils together.</summary>
    public int Identities { get; init; } = 10_000;

    /// <summary>Results that each such identity copies before it lies.</summary>
    public int SybilCopies { get; init; }

    /// <summary>Second at which the author's side (the first host) and a random half of the others leave for good, one after the other; 0: nobody does.</summary>
    public double OrphanedAt { get; init; }

    /// <summary>Seconds after which faults end and everything honest must finish.</summary>
    public double FaultSeconds { get; init; }

    /// <summary>Seconds after the faults by which all must be complete.</summary>
    public double LivenessSeconds { get; init; } = 3_600;

    /// <summary>The host whose inputs and effects are printed; -1: none.</summary>
    public int TraceHost { get; init; } = -1;

    /// <summary>Print when each run starts and is stopped.</summary>
    public bool LogRuns { get; init; }

    /// <summary>Whether the invariants are checked after every step (else only at the end), and the effects go into the fingerprint.</summary>
    public bool CheckEveryStep { get; init; } = true;

    public bool HasFaults => FaultSeconds > 0;
}
