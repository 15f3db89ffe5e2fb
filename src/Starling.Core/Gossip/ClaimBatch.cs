using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Gossip;

/// <summary>
/// A worker's signed statement of everything it runs at this moment (<c>st_claim</c>, DESIGN section 4). It replaces every earlier one of
/// that worker: a piece that is no longer listed is released. So a lost batch costs nothing and one batch a worker is enough to
/// catch up a new neighbour.
/// </summary>
public sealed record ClaimBatch
{
    /// <summary>Claims of one batch at most.</summary>
    public const int MaxClaims = 256;

    /// <summary>Who runs them.</summary>
    public required PublicKey Worker { get; init; }

    /// <summary>Grows with every batch of this worker, across restarts too (it starts at the process's start in Unix milliseconds).</summary>
    public required long Sequence { get; init; }

    /// <summary>All live claims, by ascending piece, each piece once.</summary>
    public required IReadOnlyList<Claim> Claims { get; init; }

    /// <summary>The signed bytes, as they are forwarded.</summary>
    public required ReadOnlyMemory<byte> Raw { get; init; }
}

/// <summary>A batch as it travels: with how long ago the sender heard it, so that a late forward does not look fresh. A hint, only ever ageing.</summary>
public readonly record struct AgedClaimBatch(ClaimBatch Batch, TimeSpan Age);
