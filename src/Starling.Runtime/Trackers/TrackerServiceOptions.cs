using System;
using System.Collections.Generic;
using System.Net;
using System.Threading;
using Starling.Core.Primitives;
using Starling.Core.Trackers;

namespace Starling.Runtime.Trackers;

/// <summary>What a tracker is told of transfers, in bytes of this session.</summary>
public readonly record struct TransferTotals(long Uploaded, long Downloaded, long Left);

/// <summary>One swarm and its trackers.</summary>
public sealed record TrackerServiceOptions
{
    /// <summary>The swarm: the SHA-1 info-hash, or the first 20 bytes of a v2 info-hash or task id.</summary>
    public required InfoHash InfoHash { get; init; }

    /// <summary>URLs in tiers (BEP 12). Those of a link stand in tiers of their own, in the link's order.</summary>
    public required IReadOnlyList<IReadOnlyList<string>> Tiers { get; init; }

    /// <summary>Where this process listens: decides the port told, the families asked over, and the address asked from.</summary>
    public required IPEndPoint Listener { get; init; }

    /// <summary>Asked before each announce; from any thread.</summary>
    public required Func<TransferTotals> Totals { get; init; }

    /// <summary>Gets the peers of each answer and the tracker that named them; from any thread.</summary>
    public required Action<TrackerUrl, IReadOnlyList<PeerAddress>> Found { get; init; }

    /// <summary>Told once a tracker when it fails, and once when it warns; from any thread.</summary>
    public Action<Problem>? Remark { get; init; }

    /// <summary>Everything is here from the start.</summary>
    public bool IsComplete { get; init; }

    /// <summary>One place for each announce under way, shared with other swarms; null: <see cref="TrackerService.MaxParallel"/> of its own.</summary>
    public SemaphoreSlim? Places { get; init; }

    /// <summary>How often, and whether the torrent is private (BEP 27).</summary>
    public AnnounceScheduleOptions Schedule { get; init; } = new();

    /// <summary>The limit of one question to an HTTP tracker.</summary>
    public TimeSpan HttpTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The wait for a UDP tracker's first answer; null: 15 s, as BEP 15 says.</summary>
    public TimeSpan? UdpFirstWait { get; init; }

    /// <summary>How long leaving may take: trackers that do not take the farewell by then go without.</summary>
    public TimeSpan FarewellTime { get; init; } = TimeSpan.FromSeconds(2);
}
