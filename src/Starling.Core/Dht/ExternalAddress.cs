using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Dht;

/// <summary>Under which address this node is seen: what the replies of many networks say (BEP 42, bootstrapping). No single node is believed.</summary>
internal sealed class ExternalAddress
{
    /// <summary>Networks that must agree.</summary>
    public const int Quorum = 4;

    /// <summary>The latest votes that count, one a network.</summary>
    public const int MaxVotes = 32;

    private readonly List<(System.UInt128 Voter, PeerAddress Seen)> _votes = [];

    /// <summary>The address; null: not known yet. The port is the one seen last.</summary>
    public PeerAddress? Address { get; private set; }

    /// <summary>Counts what one node says; true when another address is believed now.</summary>
    public bool Vote(PeerAddress voter, PeerAddress seen)
    {
        if (voter.IsV4 != seen.IsV4 || !AddressRange.IsUsable(seen))
        {
            return false;
        }

        // On a local network each address speaks for itself.
        System.UInt128 network = AddressRange.IsLocal(voter) ? voter.Ip : AddressRange.Subnet(voter);
        _votes.RemoveAll(vote => vote.Voter == network);
        _votes.Add((network, seen));
        if (_votes.Count > MaxVotes)
        {
            _votes.RemoveAt(0);
        }

        int agreeing = _votes.FindAll(vote => vote.Seen.Ip == seen.Ip).Count;
        if (agreeing < Quorum || 2 * agreeing <= _votes.Count)
        {
            return false;
        }

        bool changed = Address?.Ip != seen.Ip;
        Address = seen;
        return changed;
    }
}
