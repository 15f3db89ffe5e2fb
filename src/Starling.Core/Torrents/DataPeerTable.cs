using System;
using System.Collections.Generic;
using System.Net;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Swarm;
using Starling.Core.Wire;

namespace Starling.Core.Torrents;

/// <summary>The connections of a swarm: who is let in, who is sent away, and why. The one owner of the peers.</summary>
internal sealed class DataPeerTable(DataContext context, AddressBook addresses)
{
    /// <summary>Connections younger than this may be one of two that both sides opened at the same moment.</summary>
    private static readonly TimeSpan Simultaneous = TimeSpan.FromSeconds(5);

    private readonly Dictionary<LinkId, DataPeer> _byLink = [];
    private readonly List<DataPeer> _peers = [];
    private readonly Queue<PeerAddress> _banned = new();
    private readonly HashSet<PeerAddress> _isBanned = [];
    private int _told;

    /// <summary>Told when an established peer is gone.</summary>
    public Action<DataPeer>? Gone { get; set; }

    /// <summary>Peers with a finished handshake, in the order of their arrival.</summary>
    public IReadOnlyList<DataPeer> Established => _established;

    private readonly List<DataPeer> _established = [];

    /// <summary>All connections.</summary>
    public int Count => _peers.Count;

    public IReadOnlyList<DataPeer> All => _peers;

    /// <summary>The peer of a link that is not being closed.</summary>
    public DataPeer? Find(LinkId link) => _byLink.TryGetValue(link, out DataPeer? peer) && !peer.IsClosing ? peer : null;

    /// <summary>A connection stands. Null: it is turned away.</summary>
    public DataPeer? Open(LinkId link, PeerAddress remote, bool outgoing)
    {
        var peer = new DataPeer(link, remote, outgoing, context.Now);
        _byLink.Add(link, peer);
        _peers.Add(peer);
        string? refused = IsBanned(remote) ? "it is banned"
            : CountOf(remote) > context.Options.MaxPeersPerAddress && !IsLoopback(remote) ? "too many connections with its address"
            : _peers.Count > context.Options.MaxPeers && !MakeRoomFor(peer) ? "too many connections"
            : null;
        if (refused is null)
        {
            return peer;
        }

        Close(peer, refused);
        return null;
    }

    /// <summary>The handshakes are done. False: the connection is one too many, and is closed.</summary>
    public bool Establish(DataPeer peer, Handshake handshake)
    {
        peer.PeerId = handshake.PeerId;
        if (handshake.PeerId == context.Options.PeerId)
        {
            if (peer.Outgoing)
            {
                addresses.MarkSelf(peer.Remote);
            }

            Close(peer, "it is this very process");
            return false;
        }

        foreach (DataPeer other in _established)
        {
            if (other.PeerId == peer.PeerId)
            {
                DataPeer loser = IsSimultaneous(other, peer) && KeepsOutgoing(peer.PeerId) == peer.Outgoing ? other : peer;
                Close(loser, "another connection with the same peer stands");
                if (loser == peer)
                {
                    return false;
                }

                break;
            }
        }

        peer.IsEstablished = true;
        peer.Fast = handshake.SupportsFast;
        peer.Extended = handshake.SupportsExtensions;
        peer.Dht = handshake.SupportsDht && context.UsesDht;
        _established.Add(peer);
        addresses.Proved(peer.Remote);
        TellCount();
        return true;
    }

    /// <summary>Asks the driver to close a link; the peer counts as gone at once.</summary>
    public void Close(DataPeer peer, string reason)
    {
        if (peer.IsClosing)
        {
            return;
        }

        context.Flush(peer);
        context.Effects.Add(new DataEffect.CloseLink(peer.Link, reason));
        peer.IsClosing = true;
        Leave(peer);
    }

    /// <summary>Closes a link for what the peer did, and says so.</summary>
    public void Refuse(DataPeer peer, string code, string reason)
    {
        if (!peer.IsClosing)
        {
            context.Report(new DataEvent.Refused(peer.Remote, new Problem(code, $"{peer.Remote} {reason}")));
            Close(peer, reason);
        }
    }

    /// <summary>A rule was broken; at the bound the link ends.</summary>
    public void Offend(DataPeer peer, string code, string reason)
    {
        if (++peer.Offences >= DataLimits.MaxOffences)
        {
            Refuse(peer, code, reason);
        }
    }

    /// <summary>Closes every link with this address and takes none again.</summary>
    public void Ban(PeerAddress address, string code, string reason)
    {
        PeerAddress key = BanKey(address);
        if (_isBanned.Add(key))
        {
            _banned.Enqueue(key);
            context.Report(new DataEvent.Refused(address, new Problem(code, $"{address} {reason}; it is banned")));
            if (_banned.Count > DataLimits.MaxBans)
            {
                _isBanned.Remove(_banned.Dequeue());
            }
        }

        foreach (DataPeer peer in _peers.ToArray())
        {
            if (BanKey(peer.Remote) == key)
            {
                Close(peer, reason);
            }
        }
    }

    public bool IsBanned(PeerAddress address) => _isBanned.Contains(BanKey(address));

    /// <summary>The driver says that a link is gone.</summary>
    public DataPeer? Closed(LinkId link)
    {
        if (!_byLink.Remove(link, out DataPeer? peer))
        {
            return null;
        }

        _peers.Remove(peer);
        if (!peer.IsClosing)
        {
            peer.IsClosing = true;
            Leave(peer);
        }

        if (peer.Outgoing)
        {
            addresses.Ended(peer.Remote, context.Now);
        }
        else if (peer.ListenAddress is { } listening)
        {
            addresses.Ended(listening, context.Now);
        }

        return peer;
    }

    private void Leave(DataPeer peer)
    {
        if (_established.Remove(peer))
        {
            Gone?.Invoke(peer);
            TellCount();
        }
    }

    private void TellCount()
    {
        if (_told != _established.Count)
        {
            _told = _established.Count;
            context.Report(new DataEvent.Swarm(_told));
        }
    }

    /// <summary>Too many connections: of the useless and the new one, whom canonical priority (BEP 40) wants least has to go.</summary>
    private bool MakeRoomFor(DataPeer newcomer)
    {
        var self = new PeerAddress(_ownIp, context.Options.ListenPort);
        DataPeer least = newcomer;
        foreach (DataPeer peer in _established)
        {
            bool useless = !peer.AmInterested && !peer.PeerInterested && context.Now - peer.OpenedAt > DataLimits.Snub;
            if (useless && PeerPriority.Of(self, peer.Remote) < PeerPriority.Of(self, least.Remote))
            {
                least = peer;
            }
        }

        if (least != newcomer)
        {
            Close(least, "another peer needs the connection more");
        }

        return least != newcomer;
    }

    private UInt128 _ownIp = PeerAddress.From(IPAddress.Loopback, 0).Ip;

    /// <summary>Another peer told this process's own address (<c>yourip</c>, BEP 10); a hint for priorities, nothing else.</summary>
    public void LearnOwnAddress(PeerAddress address) => _ownIp = address.Ip;

    private int CountOf(PeerAddress address)
    {
        int count = 0;
        foreach (DataPeer peer in _peers)
        {
            count += peer.Remote.Ip == address.Ip ? 1 : 0;
        }

        return count;
    }

    /// <summary>Both sides keep the connection that the lesser peer id opened.</summary>
    private bool KeepsOutgoing(PeerId other)
    {
        Span<byte> mine = stackalloc byte[PeerId.Size];
        Span<byte> theirs = stackalloc byte[PeerId.Size];
        context.Options.PeerId.CopyTo(mine);
        other.CopyTo(theirs);
        return mine.SequenceCompareTo(theirs) < 0;
    }

    private bool IsSimultaneous(DataPeer first, DataPeer second) =>
        first.Outgoing != second.Outgoing && context.Now - first.OpenedAt < Simultaneous;

    // Peers of one machine are told apart by their ports; of another machine any port is the same liar.
    private static PeerAddress BanKey(PeerAddress address) => IsLoopback(address) ? address : address with { Port = 0 };

    private static bool IsLoopback(PeerAddress address) => IPAddress.IsLoopback(address.ToIPAddress());
}
