using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Wire;

namespace Starling.Core.Torrents;

/// <summary>What happens to a <see cref="DataSwarm"/>. The driver hands in one at a time, with the time.</summary>
public abstract record DataInput
{
    private DataInput()
    {
    }

    /// <summary>
    /// The torrent is known and its storage is open: the first input, or the answer to <see cref="DataEffect.OpenTorrent"/>.
    /// <paramref name="Have"/>: the pieces that are there, checked; the swarm takes it over.
    /// </summary>
    public sealed record Opened(TorrentKnowledge Torrent, PieceBits Have) : DataInput
    {
        /// <summary>Pieces that are not wanted from the start.</summary>
        public IReadOnlyList<int> Skipped { get; init; } = [];

        /// <summary>Unfinished pieces of which an earlier process left blocks.</summary>
        public IReadOnlyList<PartialPiece> Partial { get; init; } = [];
    }

    /// <summary>Addresses of possible peers, from anywhere but PEX (which the swarm reads itself).</summary>
    public sealed record PeersFound(IReadOnlyList<PeerAddress> Addresses, PeerSource Source) : DataInput;

    /// <summary>A connection stands; an incoming one comes with the handshake that named this torrent.</summary>
    public sealed record LinkOpened(LinkId Link, PeerAddress Remote, bool Outgoing, Handshake? Received) : DataInput;

    /// <summary>An attempt asked for by <see cref="DataEffect.Connect"/> failed.</summary>
    public sealed record ConnectFailed(PeerAddress Address, string Reason) : DataInput;

    /// <summary>The answer to the handshake of an outgoing connection.</summary>
    public sealed record HandshakeReceived(LinkId Link, Handshake Handshake) : DataInput;

    /// <summary>Messages came in, in order. The list and the blocks are the swarm's to keep.</summary>
    public sealed record FramesReceived(LinkId Link, IReadOnlyList<DataFrame> Frames) : DataInput;

    /// <summary>So many more bytes of what was handed over for this link have been sent.</summary>
    public sealed record LinkDrained(LinkId Link, int SentBytes) : DataInput;

    /// <summary>A connection ended, from whichever side. The last input that names this link.</summary>
    public sealed record LinkClosed(LinkId Link, string Reason) : DataInput
    {
        /// <summary>The driver ended it because of what the peer sent, or did not take in time.</summary>
        public bool BrokeRules { get; init; }
    }

    /// <summary>
    /// The answer to <see cref="DataEffect.StorePiece"/>: written and right, or wrong and not kept. <paramref name="BlockHashes"/>: of
    /// each block, when they were asked for or the piece is wrong.
    /// </summary>
    public sealed record PieceChecked(int Piece, bool Good, IReadOnlyList<Hash256> BlockHashes) : DataInput;

    /// <summary>The answer to <see cref="DataEffect.HashBlocks"/>: the hash of each block; empty: the piece can't be read.</summary>
    public sealed record BlocksHashed(int Piece, IReadOnlyList<Hash256> Hashes) : DataInput;

    /// <summary>From now on, so many pieces may be fetched from web seeds at once; 0: none can be asked.</summary>
    public sealed record WebSeedsReady(int Fetches) : DataInput;

    /// <summary>The answer to <see cref="DataEffect.FetchFromWeb"/>: all blocks of the piece in order, checked. The swarm owns them.</summary>
    public sealed record WebPieceFetched(int Piece, IReadOnlyList<HeldBlock> Blocks) : DataInput;

    /// <summary>The other answer to <see cref="DataEffect.FetchFromWeb"/>: no web seed delivered the piece.</summary>
    public sealed record WebFetchFailed(int Piece) : DataInput;

    /// <summary>The disk failed: nothing more can be stored.</summary>
    public sealed record StorageFailed(Problem Problem) : DataInput;

    /// <summary>Which pieces are wanted, and how much; pieces that are not named keep their priority.</summary>
    public sealed record PrioritiesChanged(IReadOnlyList<(int Piece, PiecePriority Priority)> Changes) : DataInput;

    /// <summary>New rate limits, bytes a second; 0: none.</summary>
    public sealed record RatesChanged(long Down, long Up) : DataInput;

    /// <summary>The time that <see cref="DataSwarm.NextWake"/> asked for has come.</summary>
    public sealed record Tick : DataInput;

    /// <summary>The owner wants it to end: links are closed; nothing more is asked for.</summary>
    public sealed record StopRequested(string Reason) : DataInput;
}

/// <summary>How much a piece is wanted.</summary>
public enum PiecePriority : byte
{
    /// <summary>Not at all.</summary>
    Skip,

    /// <summary>Like the others.</summary>
    Normal,

    /// <summary>Before all others, in order of their numbers.</summary>
    High,
}

/// <summary>What a swarm knows of its torrent once the metadata is there.</summary>
/// <param name="Layout">How it is cut.</param>
/// <param name="InfoBytes">The <c>info</c> dictionary, served to others (BEP 9).</param>
public sealed record TorrentKnowledge(PieceLayout Layout, ReadOnlyMemory<byte> InfoBytes)
{
    /// <summary>The v2 hashes of pieces, from the .torrent file or to be fetched from peers (BEP 52); null: v1 decides alone.</summary>
    public PieceLayers? Layers { get; init; }

    /// <summary>The hashes of blocks below <see cref="Layers"/>; null where there are no v2 hashes.</summary>
    public BlockTree? Blocks { get; init; }

    /// <summary>Whether peers come from trackers alone (BEP 27).</summary>
    public bool IsPrivate { get; init; }

    /// <summary>The v1 info-hash; null in v2-only torrents.</summary>
    public InfoHash? V1 { get; init; }

    /// <summary>The v2 info-hash; null in v1-only torrents.</summary>
    public Hash256? V2 { get; init; }

    /// <summary>What a torrent's metadata says.</summary>
    public static TorrentKnowledge Of(TorrentInfo info, PieceLayers? layers)
    {
        ArgumentNullException.ThrowIfNull(info);
        return new TorrentKnowledge(PieceLayout.Of(info), info.Bytes)
        {
            Layers = layers,
            Blocks = layers is null ? null : new BlockTree(info, layers),
            IsPrivate = info.IsPrivate,
            V1 = info.InfoHashV1,
            V2 = info.InfoHashV2,
        };
    }
}
