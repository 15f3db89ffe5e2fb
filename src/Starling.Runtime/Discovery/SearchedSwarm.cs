using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Runtime.Trackers;

namespace Starling.Runtime.Discovery;

/// <summary>A task or torrent whose peers are wanted: its names, who may know of them, and who wants them.</summary>
public sealed record SearchedSwarm
{
    /// <summary>The 20-byte names of its swarms; a hybrid torrent has two.</summary>
    public required IReadOnlyList<InfoHash> InfoHashes { get; init; }

    /// <summary>Tracker URLs in tiers (BEP 12). Those of a link stand in a tier each (<see cref="TiersOf"/>).</summary>
    public IReadOnlyList<IReadOnlyList<string>> Trackers { get; init; } = [];

    /// <summary>Peers named by the owner, as <c>HOST:PORT</c>.</summary>
    public IReadOnlyList<string> OwnerPeers { get; init; } = [];

    /// <summary>Peers named by the link (<c>x.pe</c>), as <c>HOST:PORT</c>.</summary>
    public IReadOnlyList<string> LinkPeers { get; init; } = [];

    /// <summary>Nodes of the DHT (BEP 5), as <c>HOST:PORT</c>.</summary>
    public IReadOnlyList<string> Nodes { get; init; } = [];

    /// <summary>Whether peers come from trackers alone (BEP 27).</summary>
    public bool IsPrivate { get; init; }

    /// <summary>What trackers are told of transfers; from any thread.</summary>
    public required Func<TransferTotals> Totals { get; init; }

    /// <summary>Gets the peers; from any thread. Any of them may be made up.</summary>
    public required Action<IReadOnlyList<PeerAddress>, PeerSource> Found { get; init; }

    /// <summary>Tiers of several sources one after the other, each tracker once.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Join(params IReadOnlyList<IReadOnlyList<string>>[] sources)
    {
        ArgumentNullException.ThrowIfNull(sources);
        var seen = new HashSet<string>();
        var tiers = new List<IReadOnlyList<string>>();
        foreach (IReadOnlyList<IReadOnlyList<string>> source in sources)
        {
            foreach (IReadOnlyList<string> tier in source)
            {
                string[] fresh = [.. tier.Where(seen.Add)];
                if (fresh.Length > 0)
                {
                    tiers.Add(fresh);
                }
            }
        }

        return tiers;
    }

    /// <summary>The tiers of a link's trackers: it names none, so they are asked in its order, as other programs read it.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> TiersOf(IReadOnlyList<string> urls)
    {
        ArgumentNullException.ThrowIfNull(urls);
        var tiers = new List<IReadOnlyList<string>>(urls.Count);
        foreach (string url in urls)
        {
            tiers.Add([url]);
        }

        return tiers;
    }
}
