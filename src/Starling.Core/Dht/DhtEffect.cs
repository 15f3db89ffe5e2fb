using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Dht;

/// <summary>What a <see cref="DhtNode"/> wants done or has to tell.</summary>
public abstract record DhtEffect
{
    private DhtEffect()
    {
    }

    /// <summary>Send this datagram.</summary>
    public sealed record Send(PeerAddress To, ReadOnlyMemory<byte> Datagram) : DhtEffect;

    /// <summary>Peers of a swarm that is searched for, each at most once a lookup. Any of them may be made up.</summary>
    /// <param name="Swarm">The swarm.</param>
    /// <param name="Peers">Where they listen.</param>
    /// <param name="Hops">Nodes asked one after the other until these were found; 0: they were announced here.</param>
    public sealed record PeersFound(InfoHash Swarm, IReadOnlyList<PeerAddress> Peers, int Hops) : DhtEffect;

    /// <summary>A lookup of a swarm has ended, and if the swarm is announced, that too.</summary>
    /// <param name="Swarm">The swarm.</param>
    /// <param name="IsV6">In which of the two DHTs.</param>
    /// <param name="Asked">Nodes that were asked.</param>
    /// <param name="Answered">Nodes that answered.</param>
    /// <param name="Announced">Nodes that took the announcement.</param>
    public sealed record SearchEnded(InfoHash Swarm, bool IsV6, int Asked, int Answered, int Announced) : DhtEffect;

    /// <summary>The end of <see cref="DhtNode.Scrape"/>: about how many there are, as the nodes that keep the swarm say; a liar can only add.</summary>
    /// <param name="Swarm">The swarm.</param>
    /// <param name="Seeds">Peers that have everything.</param>
    /// <param name="Peers">Peers that lack something.</param>
    public sealed record Scraped(InfoHash Swarm, double Seeds, double Peers) : DhtEffect;

    /// <summary>The end of <see cref="DhtNode.Get"/>: the newest genuine item, or null.</summary>
    public sealed record ItemGot(NodeId Target, DhtItem? Item) : DhtEffect;

    /// <summary>The end of <see cref="DhtNode.Put"/>.</summary>
    /// <param name="Target">Where the item is kept.</param>
    /// <param name="Stored">Nodes that took it.</param>
    /// <param name="Refusals">Error codes of those that did not, such as 302: a newer version is there.</param>
    public sealed record ItemPut(NodeId Target, int Stored, IReadOnlyList<int> Refusals) : DhtEffect;
}
