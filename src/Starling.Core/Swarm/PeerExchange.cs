using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Wire;

namespace Starling.Core.Swarm;

/// <summary><c>ut_pex</c> (BEP 11): tells each peer who else is here, once a minute and only what changed; takes the same from them.</summary>
internal sealed class PeerExchange(NodeContext context, LinkTable links, AddressBook addresses)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    /// <summary>Below this distance messages are counted as offences: the BEP allows one a minute.</summary>
    private static readonly TimeSpan MinDistance = TimeSpan.FromSeconds(45);

    public void OnEstablished(PeerLink link) => link.NextPeerExchange = context.Now + First;

    /// <summary>Once a second: sends what is due.</summary>
    public void Tidy()
    {
        foreach (PeerLink link in links.Established)
        {
            if (link.NextPeerExchange <= context.Now)
            {
                link.NextPeerExchange = context.Now + Every;
                Tell(link);
            }
        }
    }

    /// <summary>A message came.</summary>
    public void OnMessage(PeerLink link, ReadOnlyMemory<byte> payload)
    {
        if (!UtPex.TryDecode(payload, out UtPex? message))
        {
            links.Offend(link, "bad-message", "sent a broken ut_pex message");
            return;
        }

        if (context.Now - link.LastPeerExchangeHeard < MinDistance)
        {
            links.Offend(link, "pex-flood", "sends peer exchange too often");
            return;
        }

        link.LastPeerExchangeHeard = context.Now;
        foreach (PexPeer peer in message.Added)
        {
            addresses.Add(peer.Address, PeerSource.Exchange, context.Now);
        }
    }

    /// <summary>Tells a peer at once who else is here.</summary>
    public void Tell(PeerLink link)
    {
        var present = new SortedSet<PeerAddress>();
        var added = new List<PexPeer>();
        foreach (PeerLink other in links.Established)
        {
            if (other != link
                && other.ListenAddress is { } address
                && present.Add(address)
                && !link.ToldAddresses.Contains(address)
                && added.Count < UtPex.MaxPeers)
            {
                added.Add(new PexPeer(address, other.Outgoing ? PexFlags.Reachable : PexFlags.None));
            }
        }

        var dropped = new List<PeerAddress>();
        foreach (PeerAddress told in link.ToldAddresses)
        {
            if (!present.Contains(told) && dropped.Count < UtPex.MaxPeers)
            {
                dropped.Add(told);
            }
        }

        if (added.Count == 0 && dropped.Count == 0)
        {
            return;
        }

        foreach (PexPeer peer in added)
        {
            link.ToldAddresses.Add(peer.Address);
        }

        link.ToldAddresses.ExceptWith(dropped);
        links.SendExtended(link, UtPex.Name, new UtPex(added, dropped).Encode());
    }
}
