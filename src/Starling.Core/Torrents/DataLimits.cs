using System;
using Starling.Core.Metainfo;
using Starling.Core.Pieces;
using Starling.Core.Wire;

namespace Starling.Core.Torrents;

/// <summary>Bounds of data links and the offences that they measure. Each has a test at the bound.</summary>
public static class DataLimits
{
    /// <summary>Requests of a peer that are kept (<c>reqq</c>); further ones are rejected, or dropped without the fast extension.</summary>
    public const int MaxRequestsQueued = 512;

    /// <summary>Requests sent to a peer and not answered, whatever its <c>reqq</c>.</summary>
    public const int MaxRequestsSent = 512;

    /// <summary><c>reqq</c> of a peer that does not say.</summary>
    public const int DefaultRequestQueue = 250;

    /// <summary>Bytes of a requested range at most; programs ask for 16 KiB.</summary>
    public const int MaxRequestLength = PeerMessageCodec.MaxBlockLength;

    /// <summary>Requests rejected for want of room, after which the link ends.</summary>
    public const int MaxRequestsRejected = 2 * MaxRequestsQueued;

    /// <summary>Requests while choked, beyond the allowed-fast set, after which the link ends: those under way when the choke was sent, and some.</summary>
    public const int MaxRequestsWhileChoked = 2 * MaxRequestsQueued;

    /// <summary>Blocks that nobody asked for (and nobody had asked for before a cancel), after which the link ends.</summary>
    public const int MaxUnaskedBlocks = 16;

    /// <summary>Broken rules of any other kind, after which the link ends.</summary>
    public const int MaxOffences = 8;

    /// <summary><c>have</c> messages before the metadata is known that are remembered.</summary>
    public const int MaxEarlyHaves = 4096;

    /// <summary>Parts of metadata that a peer is told a minute: three copies of the largest; further ones are rejected.</summary>
    public const int MaxMetadataAnswersPerMinute = 2048;

    /// <summary>Pieces allowed fast to a peer (BEP 6), and taken from one.</summary>
    public const int AllowedFastPieces = 10;

    /// <summary>Allowed-fast messages of a peer that are remembered.</summary>
    public const int MaxAllowedFastHeard = 64;

    /// <summary>Suggestions of a peer that are remembered.</summary>
    public const int MaxSuggestions = 16;

    /// <summary>Addresses that are banned; the oldest is forgiven.</summary>
    public const int MaxBans = 1024;

    /// <summary>Hash requests of a peer a minute (BEP 52); further ones are rejected.</summary>
    public const int MaxHashRequestsPerMinute = 600;

    /// <summary>Bytes that are read and hashed for the hash requests of a peer a minute (BEP 52, base layer 0): the longest piece twice. Further ones are rejected.</summary>
    public const long MaxBytesHashedPerMinute = 2L * TorrentLimits.MaxPieceLength;

    /// <summary>Hash requests of all peers that wait for the disk; further ones are rejected.</summary>
    public const int MaxBlockHashRequests = 64;

    /// <summary>Hashes of blocks that are kept for further requests: of the longest piece twice, 1 MiB.</summary>
    public const int MaxBlockHashesKept = (int)(MaxBytesHashedPerMinute / MerkleTree.BlockSize);

    /// <summary>Failed pieces whose hashes of blocks are asked for at once; the liars of further ones are found without.</summary>
    public const int MaxFailedPiecesAsked = 16;

    /// <summary>Versions of a failed piece that are compared with the good one.</summary>
    public const int MaxFailedVersions = 8;

    /// <summary>How long a peer may take to answer the handshake.</summary>
    public static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Silence after which a keep-alive is sent (BEP 3).</summary>
    public static readonly TimeSpan KeepAlive = TimeSpan.FromMinutes(2);

    /// <summary>Silence after which a peer counts as gone.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromMinutes(3);

    /// <summary>Time without a block that was asked for, after which a peer counts as snubbing.</summary>
    public static readonly TimeSpan Snub = TimeSpan.FromSeconds(60);

    /// <summary>Time between two looks at who is served.</summary>
    public static readonly TimeSpan Rechoke = TimeSpan.FromSeconds(10);

    /// <summary>Time that the optimistic slot stays with one peer.</summary>
    public static readonly TimeSpan Optimistic = TimeSpan.FromSeconds(30);

    /// <summary>Time between two peer exchange messages to a peer (BEP 11).</summary>
    public static readonly TimeSpan PeerExchangeInterval = TimeSpan.FromMinutes(1);

    /// <summary>Time between two peer exchange messages from a peer, below which they are offences: clocks and queues take their part of the minute.</summary>
    public static readonly TimeSpan LeastPeerExchangeInterval = PeerExchangeInterval - TimeSpan.FromSeconds(15);
}
