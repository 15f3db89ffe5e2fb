using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Primitives;

namespace Starling.Core.Trackers;

/// <summary>Sorts out which addresses of a tracker's answer are connected to.</summary>
public static class FoundPeers
{
    /// <summary>
    /// The addresses, each once, that a tracker may send this machine to: a tracker on the Internet names no hosts of this machine or its local
    /// network (nobody there could have reached it under such an address, and connecting would let strangers knock on inner doors); one of
    /// the local network does not name this machine.
    /// </summary>
    /// <param name="peers">What the tracker named.</param>
    /// <param name="tracker">The address under which it answered.</param>
    public static IReadOnlyList<PeerAddress> Usable(IReadOnlyList<PeerAddress> peers, PeerAddress tracker)
    {
        System.ArgumentNullException.ThrowIfNull(peers);
        AddressScope least = AddressScopes.Of(tracker) switch
        {
            AddressScope.Loopback => AddressScope.Loopback,
            AddressScope.Private => AddressScope.Private,
            _ => AddressScope.Public,
        };
        var usable = new List<PeerAddress>();
        var seen = new HashSet<PeerAddress>();
        foreach (PeerAddress peer in peers)
        {
            if (peer.Port != 0 && AddressScopes.Of(peer) >= least && seen.Add(peer))
            {
                usable.Add(peer);
            }
        }

        return usable;
    }

    /// <summary>
    /// Whether a swarm connects to an address of this source. In a private torrent (BEP 27) only those of its trackers; who connects to us has
    /// been told of us by the tracker too. The owner of a data swarm asks here before it uses DHT, PEX, local discovery or a link's peers.
    /// </summary>
    public static bool MayUse(PeerSource source, bool isPrivate) => !isPrivate || source is PeerSource.Tracker or PeerSource.Incoming;
}
