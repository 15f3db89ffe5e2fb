using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Primitives;

namespace Starling.Core.Torrents;

/// <summary>What a <see cref="DataSwarm"/> wants done. The driver carries effects out in order; answers come back as <see cref="DataInput"/>.</summary>
public abstract record DataEffect
{
    private DataEffect()
    {
    }

    /// <summary>Connect to this address; answer with LinkOpened or ConnectFailed.</summary>
    public sealed record Connect(PeerAddress Address) : DataEffect;

    /// <summary>Close this link; answer with LinkClosed.</summary>
    public sealed record CloseLink(LinkId Link, string Reason) : DataEffect;

    /// <summary>Send these bytes (length prefixes included), after what was sent before.</summary>
    public sealed record Send(LinkId Link, ReadOnlyMemory<byte> Bytes) : DataEffect;

    /// <summary>Read these ranges from the storage and send them as <c>piece</c> messages, in order, after what was sent before.</summary>
    public sealed record SendBlocks(LinkId Link, IReadOnlyList<BlockRange> Blocks) : DataEffect;

    /// <summary>Put blocks of an unfinished piece in their place, and give their buffers back.</summary>
    public sealed record WriteBlocks(int Piece, IReadOnlyList<HeldBlock> Blocks) : DataEffect;

    /// <summary>
    /// All blocks of a piece are there: <paramref name="Blocks"/> in memory, the others written before. Check it, and write what is not
    /// written unless it is wrong; give the buffers back. Answer with PieceChecked or StorageFailed.
    /// </summary>
    public sealed record StorePiece(int Piece, IReadOnlyList<HeldBlock> Blocks, bool WantBlockHashes) : DataEffect;

    /// <summary>
    /// Read a piece that is here and hash its blocks, as far as they lie in its file (BEP 52). Answer with BlocksHashed. Only one at a time; other work goes first.
    /// </summary>
    public sealed record HashBlocks(int Piece) : DataEffect;

    /// <summary>Fetch a whole piece from a web seed (BEP 19) and check it; answer with WebPieceFetched or WebFetchFailed.</summary>
    public sealed record FetchFromWeb(int Piece) : DataEffect;

    /// <summary>A piece that is being fetched from a web seed is not needed any more; an answer that comes all the same is dropped.</summary>
    public sealed record CancelFetch(int Piece) : DataEffect;

    /// <summary>Blocks that nobody needs: give the buffers back.</summary>
    public sealed record Release(IReadOnlyList<BlockBuffer> Blocks) : DataEffect;

    /// <summary>A magnet link's metadata has come in whole and makes the info-hash: answer with Opened, or stop.</summary>
    public sealed record OpenTorrent(ReadOnlyMemory<byte> InfoBytes) : DataEffect;

    /// <summary>Something a person or a script may want to know.</summary>
    public sealed record Report(DataEvent Event) : DataEffect;
}

/// <summary>What a <see cref="DataSwarm"/> tells its owner.</summary>
public abstract record DataEvent
{
    private DataEvent()
    {
    }

    /// <summary>Peers with a finished handshake, on every change.</summary>
    public sealed record Swarm(int Connected) : DataEvent;

    /// <summary>A piece is there: written and right.</summary>
    public sealed record PieceReady(int Piece) : DataEvent;

    /// <summary>Every wanted piece is there.</summary>
    public sealed record Complete : DataEvent;

    /// <summary>A peer says that its node of the DHT is here (BEP 5, <c>port</c>); nobody has looked yet.</summary>
    public sealed record NodeTold(PeerAddress Address) : DataEvent;

    /// <summary>A peer was refused, and why.</summary>
    public sealed record Refused(PeerAddress Address, Problem Problem) : DataEvent;

    /// <summary>A web seed is not asked any more, and why. From any thread.</summary>
    public sealed record WebSeedGivenUp(Problem Problem) : DataEvent;

    /// <summary>The torrent can't go on.</summary>
    public sealed record Failed(Problem Problem) : DataEvent;
}
