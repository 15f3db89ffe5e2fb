using System;
using System.Collections.Generic;
using Starling.Core.Gossip;
using Starling.Core.Primitives;

namespace Starling.Core.Swarm;

/// <summary>What one peer has been told, and what waits to be told: the per-link side of <see cref="SwarmGossip"/>.</summary>
internal sealed class GossipCursor
{
    /// <summary>Logs of which the peer told a position and nothing is here; further ones are not noted, and what it has of them may be sent to it once more.</summary>
    public const int MaxUnknownLogs = 16_384;

    /// <summary>Workers unknown here whose claims one neighbour may bring at once; one more every <see cref="IntroductionEvery"/>.</summary>
    public const int MaxIntroductions = 32;

    /// <summary>The same while nobody is known to have delivered anything, as when a large swarm starts.</summary>
    public const int MaxFirstIntroductions = 64;

    private static readonly TimeSpan IntroductionEvery = TimeSpan.FromSeconds(10);

    private readonly List<int> _positions = [];
    private readonly RateAllowance _introductions = new(MaxIntroductions, IntroductionEvery);
    private readonly RateAllowance _firstIntroductions = new(MaxFirstIntroductions, IntroductionEvery);

    /// <summary>Whether the peer told how much it has of each log; before that nothing of the logs is sent.</summary>
    public bool PositionsKnown { get; set; }

    /// <summary>What the peer has of logs that were not here when it said so.</summary>
    public Dictionary<(PublicKey Worker, long Log), int> EarlyPositions { get; } = [];

    /// <summary>Logs of which the peer lacks something, in order of number.</summary>
    public SortedSet<int> DirtyLogs { get; } = [];

    /// <summary>Workers whose newest claims the peer has not got, in order of key.</summary>
    public SortedSet<PublicKey> DirtyWorkers { get; } = [];

    /// <summary>Results that are held here and that the peer has not been told of.</summary>
    public List<Attestation> UntoldHeld { get; } = [];

    /// <summary>Results that were attested here and are held no more, and that the peer has not been told of: before the logs that say so.</summary>
    public List<Attestation> UntoldReleased { get; } = [];

    /// <summary>Logs that grew here since the peer was last told how much of each is here.</summary>
    public LogSet Grown { get; } = new();

    /// <summary>Logs that grew here since the peer last told what it has: it may lack the end of them, or have it from others.</summary>
    public LogSet Unconfirmed { get; } = new();

    /// <summary>When <see cref="Unconfirmed"/> is pushed, should the peer not tell before.</summary>
    public Instant PushAt { get; set; } = Instant.Never;

    /// <summary>When the peer is told again how much of each grown log is here.</summary>
    public Instant NextPositions { get; set; }

    /// <summary>When the next flush is due; <see cref="Instant.Never"/>: there is nothing to send.</summary>
    public Instant DueAt { get; private set; } = Instant.Never;

    public bool HasWork => DirtyLogs.Count > 0 || DirtyWorkers.Count > 0 || UntoldHeld.Count > 0 || UntoldReleased.Count > 0;

    private Instant NotBefore { get; set; }

    /// <summary>Something of my own is to go out: at once when the link was quiet, else when the gathering time is over.</summary>
    public void Hurry(Instant now) => DueAt = Instant.Min(DueAt, now > NotBefore ? now : NotBefore);

    /// <summary>Something that can wait is to go out: it gathers others until <paramref name="at"/>.</summary>
    public void DueBy(Instant at) => DueAt = Instant.Min(DueAt, at);

    /// <summary>Everything that could be sent was sent at <paramref name="now"/>.</summary>
    public void Flushed(Instant now, TimeSpan gathering)
    {
        NotBefore = now + gathering;
        DueAt = HasWork ? NotBefore : Instant.Never;
    }

    /// <summary>Bytes of other workers' claims that may be sent now (a token bucket).</summary>
    public double ClaimBudgetBytes { get; set; }

    public Instant BudgetAt { get; set; }

    /// <summary>Logs for which the peer announced more than is here: until they have come, this side is behind.</summary>
    public Dictionary<(PublicKey Worker, long Log), int> Announced { get; } = [];

    /// <summary>Whether the peer may bring claims of one more worker that is unknown here; counts it.</summary>
    /// <param name="now">The time.</param>
    /// <param name="isStart">Whether nobody is known to have delivered anything.</param>
    public bool MayIntroduce(Instant now, bool isStart) => (isStart ? _firstIntroductions : _introductions).TryTake(now);

    /// <summary>How many batches of a log the peer has, as far as it or we said.</summary>
    public int PositionOf(int log) => log < _positions.Count ? _positions[log] : 0;

    /// <summary>Notes that the peer has at least this many batches of a log.</summary>
    public void Advance(int log, int next)
    {
        while (_positions.Count <= log)
        {
            _positions.Add(0);
        }

        if (next > _positions[log])
        {
            _positions[log] = next;
        }
    }
}
