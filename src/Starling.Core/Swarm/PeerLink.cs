using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Exchange;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Wire;

namespace Starling.Core.Swarm;

/// <summary>One connection and everything that is remembered about the peer at its other end. Forgotten when the link closes.</summary>
internal sealed class PeerLink(LinkId id, PeerAddress remote, bool outgoing, Hash256 localCertificate, Hash256 remoteCertificate, Instant openedAt)
{
    /// <summary>Results remembered that the peer holds and of which no attestation is known here yet.</summary>
    public const int MaxEarlyHeld = 65_536;

    public LinkId Id { get; } = id;

    /// <summary>The other end of the socket: where to connect to only if the link is outgoing.</summary>
    public PeerAddress Remote { get; } = remote;

    public bool Outgoing { get; } = outgoing;

    public Hash256 LocalCertificate { get; } = localCertificate;

    public Hash256 RemoteCertificate { get; } = remoteCertificate;

    public Instant OpenedAt { get; } = openedAt;

    public LinkStage Stage { get; set; } = LinkStage.AwaitingHandshake;

    /// <summary>The peer's identity, proved; meaningful once established.</summary>
    public PublicKey Key { get; set; }

    public PeerId PeerId { get; set; }

    public int Cores { get; set; }

    /// <summary>Where the peer can be connected to; null when it did not say.</summary>
    public PeerAddress? ListenAddress { get; set; }

    /// <summary>Whether it said that the task names its members.</summary>
    public bool NamesMembers { get; set; }

    /// <summary>What it keeps once it is done.</summary>
    public KeepRule Keep { get; set; }

    /// <summary>Pieces of which it said that it holds no result any more: its attestation does not mean that it does. At most all pieces.</summary>
    public HashSet<int> Released { get; } = [];

    /// <summary>Released pieces that it asked for and that are brought back for it; at most <see cref="Wishes.MaxOfANeighbour"/>.</summary>
    public HashSet<int> Wished { get; } = [];

    /// <summary>Whether anything came after its identity was proved.</summary>
    public bool WasHeard { get; set; }

    /// <summary>Whether it has a node of the DHT and takes the <c>port</c> message (BEP 5).</summary>
    public bool HasDhtNode { get; set; }

    /// <summary>Whether it has told where that node is.</summary>
    public bool ToldNode { get; set; }

    /// <summary>The peer's numbers for extended messages (BEP 10).</summary>
    public Dictionary<string, byte> ExtensionIds { get; } = new(StringComparer.Ordinal);

    /// <summary>Bytes of the task file that the peer offers; 0: it did not say.</summary>
    public int MetadataSize { get; set; }

    /// <summary>It had no task file when it was asked: it is asked again then.</summary>
    public Instant NextMetadataRequest { get; set; } = new(long.MinValue);

    public Instant LastSent { get; set; } = openedAt;

    public Instant LastReceived { get; set; } = openedAt;

    /// <summary>Bytes handed to the driver and not yet known to have left this process: an upper estimate.</summary>
    public int QueuedBytes { get; set; }

    /// <summary>Messages that break a rule without being dangerous; enough of them end the link.</summary>
    public int Offences { get; set; }

    /// <summary>What it may say that is no answer to anything asked of it.</summary>
    public RateAllowance Notices { get; } = new(LinkTable.MaxNotices, TimeSpan.FromSeconds(1.0 / LinkTable.NoticesPerSecond));

    /// <summary>Frames that came before the task file was known; bounded by <see cref="TaskSwarm"/>'s limits.</summary>
    public List<ReadOnlyMemory<byte>> Pending { get; } = [];

    public int PendingBytes { get; set; }

    /// <summary>What the peer holds of pieces for which that result is not known here yet; at most <see cref="MaxEarlyHeld"/>.</summary>
    public Dictionary<int, ResultId> EarlyHeld { get; } = [];

    /// <summary>What gossip has sent and has yet to send.</summary>
    public GossipCursor Gossip { get; } = new();

    /// <summary>What blocks go which way.</summary>
    public ExchangeState Exchange { get; } = new();

    /// <summary>Addresses told by PEX to this peer.</summary>
    public SortedSet<PeerAddress> ToldAddresses { get; } = [];

    public Instant NextPeerExchange { get; set; } = Instant.Never;

    public Instant LastPeerExchangeHeard { get; set; } = new(long.MinValue / 2);

    /// <summary>There was no place for it: it gets addresses of others and is sent away.</summary>
    public bool IsGuest { get; set; }

    public bool IsEstablished => Stage == LinkStage.Established;

    public override string ToString() => $"{Remote}";
}

/// <summary>How far a link is.</summary>
internal enum LinkStage
{
    /// <summary>The 68 bytes of BEP 3 have not come.</summary>
    AwaitingHandshake,

    /// <summary>The BEP 10 handshake with the identity has not come.</summary>
    AwaitingIdentity,

    /// <summary>Both sides know whom they talk to.</summary>
    Established,

    /// <summary>Closing was asked for; what still comes in is dropped.</summary>
    Closing,
}
