using System.Collections.Generic;
using Starling.Core.Gossip;
using Starling.Core.Primitives;

namespace Starling.Core.Scheduling;

/// <summary>What <see cref="ClaimTable"/> keeps of one worker.</summary>
internal sealed class WorkerClaims(PublicKey worker, Instant firstHeard)
{
    internal PublicKey Worker { get; } = worker;

    internal Instant FirstHeard { get; } = firstHeard;

    /// <summary>Believable results that were heard of runs that it had claimed.</summary>
    internal int Delivered { get; set; }

    internal bool HasDelivered => Delivered > 0;

    internal long Sequence { get; set; } = long.MinValue;

    internal ClaimBatch? Batch { get; set; }

    /// <summary>When the batch was signed, on my clock.</summary>
    internal Instant SignedAt { get; set; }

    internal Instant LeaseEnd { get; set; } = Instant.Never;

    /// <summary>Claims that count, by ascending piece.</summary>
    internal List<LiveClaim> Live { get; } = [];

    /// <summary>Runs that were released when they might just have ended: they count until their result had time to arrive.</summary>
    internal List<(LiveClaim Claim, Instant Until)> Ending { get; } = [];

    /// <summary>Leases that ran out, less results that arrived since.</summary>
    internal int Lapses { get; set; }

    /// <summary>Place in the order of use; higher is later.</summary>
    internal long Used { get; set; }
}
