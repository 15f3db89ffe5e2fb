using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Swarm;
using Starling.Core.Wire;

namespace Starling.Core.Torrents;

/// <summary><c>ut_pex</c> (BEP 11) of a data swarm: once a minute to each peer who came and who went; the same is taken from them, not faster.</summary>
internal sealed class DataPeerExchange(DataContext context, DataPeerTable peers, AddressBook addresses)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(5);

    private bool IsOn => context.Options.PeerExchange && context.Torrent is not { IsPrivate: true };

    public void OnEstablished(DataPeer peer) => peer.NextPeerExchange = context.Now + First;

    /// <summary>Once a second: sends what is due.</summary>
    public void Tick()
    {
        foreach (DataPeer peer in peers.Established)
        {
            if (peer.NextPeerExchange <= context.Now && IsOn)
            {
                peer.NextPeerExchange = context.Now + DataLimits.PeerExchangeInterval;
                Tell(peer);
            }
        }
    }

    /// <summary>A message came.</summary>
    public void Take(DataPeer peer, ReadOnlyMemory<byte> payload)
    {
        if (!IsOn)
        {
            return;
        }

        if (!UtPex.TryDecode(payload, out UtPex? message))
        {
            peers.Offend(peer, "bad-message", "sends broken ut_pex messages");
            return;
        }

        if (peer.LastPeerExchangeHeard is { } last && context.Now - last < DataLimits.LeastPeerExchangeInterval)
        {
            peers.Offend(peer, "pex-flood", "sends peer exchange too often");
            return;
        }

        peer.LastPeerExchangeHeard = context.Now;
        foreach (PexPeer added in message.Added)
        {
            if (!peers.IsBanned(added.Address) && !(context.Have.IsFull && (added.Flags & PexFlags.Seed) != 0))
            {
                addresses.Add(added.Address, PeerSource.Exchange, context.Now);
            }
        }
    }

    private void Tell(DataPeer peer)
    {
        var present = new SortedSet<PeerAddress>();
        var added = new List<PexPeer>();
        foreach (DataPeer other in peers.Established)
        {
            if (other != peer && other.ListenAddress is { } address && present.Add(address)
                && added.Count < UtPex.MaxPeers && !peer.ToldAddresses.Contains(address))
            {
                added.Add(new PexPeer(address, (other.Outgoing ? PexFlags.Reachable : PexFlags.None) | (other.IsSeed ? PexFlags.Seed : PexFlags.None)));
            }
        }

        var dropped = new List<PeerAddress>();
        foreach (PeerAddress told in new SortedSet<PeerAddress>(peer.ToldAddresses))
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

        foreach (PexPeer each in added)
        {
            peer.ToldAddresses.Add(each.Address);
        }

        peer.ToldAddresses.ExceptWith(dropped);
        context.SendExtended(peer, UtPex.Name, new UtPex(added, dropped).Encode());
    }
}
