using System;
using Starling.Core.Metainfo;

namespace Starling.Core.Wire;

/// <summary>The messages of the BitTorrent peer protocol: BEP 3, BEP 5 (<c>port</c>), BEP 6 (fast extension), BEP 10 (extended), BEP 52 (hashes).</summary>
public abstract record PeerMessage
{
    private PeerMessage()
    {
    }

    /// <summary>An empty frame, sent every two minutes.</summary>
    public sealed record KeepAlive : PeerMessage;

    /// <summary>Id 0: requests will not be served.</summary>
    public sealed record Choke : PeerMessage;

    /// <summary>Id 1: requests will be served.</summary>
    public sealed record Unchoke : PeerMessage;

    /// <summary>Id 2: the sender wants something that the receiver has.</summary>
    public sealed record Interested : PeerMessage;

    /// <summary>Id 3: it does not.</summary>
    public sealed record NotInterested : PeerMessage;

    /// <summary>Id 4: the sender holds this piece now.</summary>
    public sealed record Have(int Piece) : PeerMessage;

    /// <summary>Id 5: the pieces that the sender holds, one bit a piece, the first in the high bit of the first byte.</summary>
    public sealed record Bitfield(ReadOnlyMemory<byte> Bits) : PeerMessage;

    /// <summary>Id 6: asks for a block; lengths are 1 to <see cref="PeerMessageCodec.MaxBlockLength"/>.</summary>
    public sealed record Request(int Piece, int Begin, int Length) : PeerMessage;

    /// <summary>Id 7 (<c>piece</c>): a block.</summary>
    public sealed record Block(int Piece, int Begin, ReadOnlyMemory<byte> Data) : PeerMessage;

    /// <summary>Id 8: takes a request back.</summary>
    public sealed record Cancel(int Piece, int Begin, int Length) : PeerMessage;

    /// <summary>Id 9: the UDP port of the sender's DHT node (BEP 5).</summary>
    public sealed record Port(ushort Number) : PeerMessage;

    /// <summary>Id 13: a hint what to ask for (BEP 6).</summary>
    public sealed record SuggestPiece(int Piece) : PeerMessage;

    /// <summary>Id 14: instead of a full bitfield (BEP 6).</summary>
    public sealed record HaveAll : PeerMessage;

    /// <summary>Id 15: instead of an empty bitfield (BEP 6).</summary>
    public sealed record HaveNone : PeerMessage;

    /// <summary>Id 16: this request will not be served (BEP 6).</summary>
    public sealed record RejectRequest(int Piece, int Begin, int Length) : PeerMessage;

    /// <summary>Id 17: this piece is served even while choked (BEP 6).</summary>
    public sealed record AllowedFast(int Piece) : PeerMessage;

    /// <summary>Id 20: message <paramref name="Id"/> as the receiver's BEP 10 handshake numbered it (0: the handshake itself).</summary>
    public sealed record Extended(byte Id, ReadOnlyMemory<byte> Payload) : PeerMessage;

    /// <summary>Id 21: asks for hashes of a file's Merkle tree (BEP 52).</summary>
    public sealed record HashRequest(HashRange Range) : PeerMessage;

    /// <summary>Id 22: the hashes asked for, then the uncles; 32 bytes each (BEP 52).</summary>
    public sealed record Hashes(HashRange Range, ReadOnlyMemory<byte> Bytes) : PeerMessage;

    /// <summary>Id 23: this request for hashes will not be served (BEP 52).</summary>
    public sealed record HashReject(HashRange Range) : PeerMessage;

    /// <summary>An id that this program does not know; to be ignored.</summary>
    public sealed record Unknown(byte Id) : PeerMessage;
}
