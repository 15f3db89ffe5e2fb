using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Wire;

namespace Starling.Core.Torrents;

/// <summary>All that a swarm knows of one connection.</summary>
internal sealed class DataPeer(LinkId link, PeerAddress remote, bool outgoing, Instant now)
{
    public LinkId Link { get; } = link;

    /// <summary>The other end of the connection.</summary>
    public PeerAddress Remote { get; } = remote;

    public bool Outgoing { get; } = outgoing;

    public Instant OpenedAt { get; } = now;

    /// <summary>Where it listens, as far as known; told to others by PEX.</summary>
    public PeerAddress? ListenAddress { get; set; } = outgoing ? remote : null;

    /// <summary>Whether both handshakes are done.</summary>
    public bool IsEstablished { get; set; }

    /// <summary>Whether the link is being closed: nothing more is taken from it or sent to it.</summary>
    public bool IsClosing { get; set; }

    public PeerId PeerId { get; set; }

    /// <summary>Whether both sides speak the fast extension (BEP 6).</summary>
    public bool Fast { get; set; }

    /// <summary>Whether both sides speak extended messages (BEP 10).</summary>
    public bool Extended { get; set; }

    /// <summary>Whether both sides have a node of the DHT, which the other is told (BEP 5).</summary>
    public bool Dht { get; set; }

    /// <summary>Whether it has told where its node of the DHT is.</summary>
    public bool ToldNode { get; set; }

    /// <summary>Whether the handshake was done under the v2 info-hash (BEP 52).</summary>
    public bool IsV2 { get; set; }

    /// <summary>Its pieces; null while the metadata is not known.</summary>
    public PieceBits? Bits { get; set; }

    /// <summary>Whether a bitfield, have-all or have-none came.</summary>
    public bool SaidPieces { get; set; }

    /// <summary>What it said before the metadata was known.</summary>
    public PeerMessage? EarlyPieces { get; set; }

    public List<int> EarlyHaves { get; } = [];

    public bool AmChoking { get; set; } = true;

    public bool AmInterested { get; set; }

    public bool PeerChoking { get; set; } = true;

    public bool PeerInterested { get; set; }

    /// <summary>Pieces that it has and that are wanted here.</summary>
    public int Useful { get; set; }

    public RequestPipeline Pipeline { get; } = new();

    /// <summary>Cancelled requests that may be answered all the same.</summary>
    public int MayStillCome { get; set; }

    /// <summary>The piece that it was last asked for.</summary>
    public PieceProgress? Current { get; set; }

    /// <summary><see cref="PiecePicker.Version"/> at which nothing could be picked for it; −1: unknown.</summary>
    public long NothingToPickAt { get; set; } = -1;

    public RateMeter Down { get; } = new();

    public RateMeter Up { get; } = new();

    public Instant LastBlockAt { get; set; } = now;

    public bool IsSnubbing { get; set; }

    /// <summary>Ranges that it asked for and that wait here.</summary>
    public Queue<BlockRange> Uploads { get; } = new();

    /// <summary>Bytes handed to the driver and not sent.</summary>
    public int QueuedBytes { get; set; }

    /// <summary>Pieces that it may have while choked.</summary>
    public IReadOnlyList<int> AllowedFast { get; set; } = [];

    /// <summary>Pieces that it gives while it chokes.</summary>
    public List<int> AllowedFastHeard { get; } = [];

    public List<int> Suggested { get; } = [];

    public Instant UnchokedAt { get; set; }

    /// <summary>Bytes sent to it when it was last unchoked.</summary>
    public long UpAtUnchoke { get; set; }

    public ExtendedHandshake? Said { get; set; }

    public bool UploadOnly { get; set; }

    public Instant LastReceivedAt { get; set; } = now;

    public Instant LastSentAt { get; set; } = now;

    public int Offences { get; set; }

    public int Unasked { get; set; }

    public int RequestsWhileChoked { get; set; }

    public int RequestsRejected { get; set; }

    public Instant NextPeerExchange { get; set; } = Instant.Never;

    public Instant? LastPeerExchangeHeard { get; set; }

    public HashSet<PeerAddress> ToldAddresses { get; } = [];

    public Instant NextMetadataRequest { get; set; }

    /// <summary>Parts of metadata that it was told since <see cref="MetadataAnswersSince"/>.</summary>
    public int MetadataAnswers { get; set; }

    public Instant MetadataAnswersSince { get; set; }

    public Instant NextHashRequest { get; set; }

    /// <summary>Hash requests that it made since <see cref="HashRequestsSince"/>.</summary>
    public int HashRequests { get; set; }

    /// <summary>Bytes that were read to answer them.</summary>
    public long HashedBytes { get; set; }

    public Instant HashRequestsSince { get; set; }

    /// <summary>Whether it is in the list of those to be settled.</summary>
    public bool IsDirty { get; set; }

    /// <summary>Small messages of this step, sent in one go.</summary>
    public OutBuffer Out { get; } = new();

    /// <summary>Whether it has everything, or says that it wants nothing (BEP 21).</summary>
    public bool IsSeed => Bits is { IsFull: true } || UploadOnly;
}

/// <summary>Messages that wait for the end of a step.</summary>
internal sealed class OutBuffer
{
    private byte[] _bytes = [];
    private int _count;

    public bool IsEmpty => _count == 0;

    public void Add(ReadOnlySpan<byte> message)
    {
        message.CopyTo(Room(message.Length));
        _count += message.Length;
    }

    public void AddRequest(BlockRange range) => _count += PeerMessageCodec.WriteRequest(
        Room(PeerMessageCodec.RequestSize), range.Piece, range.Begin, range.Length);

    public void AddHave(int piece) => _count += PeerMessageCodec.WriteHave(Room(PeerMessageCodec.HaveSize), piece);

    /// <summary>All of it, in memory of its own.</summary>
    public byte[] Take()
    {
        byte[] all = _bytes.AsSpan(0, _count).ToArray();
        _count = 0;
        if (_bytes.Length > 64 * 1024)
        {
            _bytes = [];
        }

        return all;
    }

    private Span<byte> Room(int size)
    {
        if (_bytes.Length - _count < size)
        {
            Array.Resize(ref _bytes, Math.Max(256, Math.Max(_count + size, _bytes.Length * 2)));
        }

        return _bytes.AsSpan(_count);
    }
}
