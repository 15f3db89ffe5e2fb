using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Dht;

/// <summary>
/// Which id each address answered with lately. A node has one id; it may change it once, when it learns its address (BEP 42). One that answers with an id to suit
/// each question is a liar, and is left alone for a while.
/// </summary>
internal sealed class SeenIds
{
    /// <summary>Addresses remembered; at the bound those go that answered first.</summary>
    public const int MaxAddresses = 2_048;

    /// <summary>Changes of id within <see cref="Memory"/> after which a node is a liar.</summary>
    public const int MaxChanges = 2;

    /// <summary>How long an id, and a lie, is remembered.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromMinutes(15);

    private readonly Dictionary<PeerAddress, Seen> _seen = [];
    private readonly Queue<(PeerAddress Address, Instant First)> _order = new();

    /// <summary>Addresses remembered.</summary>
    public int Count => _seen.Count;

    /// <summary>A node answered; false when it is a liar.</summary>
    public bool Answered(PeerAddress address, NodeId id, Instant now)
    {
        Forget(now);
        if (!_seen.TryGetValue(address, out Seen seen))
        {
            if (_seen.Count == MaxAddresses)
            {
                _seen.Remove(_order.Dequeue().Address);
            }

            _seen.Add(address, new Seen(id, 0));
            _order.Enqueue((address, now));
            return true;
        }

        if (seen.Id != id)
        {
            _seen[address] = seen = new Seen(id, seen.Changes + 1);
        }

        return seen.Changes < MaxChanges;
    }

    /// <summary>Whether what is known of the address speaks against this id being there.</summary>
    public bool Contradicts(DhtContact contact) =>
        _seen.TryGetValue(contact.Address, out Seen seen) && (seen.Id != contact.Id || seen.Changes >= MaxChanges);

    private void Forget(Instant now)
    {
        while (_order.TryPeek(out (PeerAddress Address, Instant First) oldest) && now - oldest.First >= Memory)
        {
            _order.Dequeue();
            _seen.Remove(oldest.Address);
        }
    }

    private readonly record struct Seen(NodeId Id, int Changes);
}
