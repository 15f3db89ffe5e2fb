using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Exchange;

/// <summary>The per-link side of <see cref="Downloader"/> and <see cref="Uploader"/>: who holds, wants, asked and was asked what.</summary>
internal sealed class ExchangeState
{
    private byte[] _holding = [];

    /// <summary>Pieces of which the peer is known to hold some result.</summary>
    public int HoldingCount { get; private set; }

    /// <summary>The peer will not answer requests.</summary>
    public bool PeerChoking { get; set; } = true;

    /// <summary>Since when the peer has let me wait for its unchoke while I want something; Never: I do not wait.</summary>
    public Instant ChokedSince { get; set; } = Instant.Never;

    /// <summary>It let me wait for its unchoke for too long.</summary>
    public bool ChokesTooLong { get; set; }

    /// <summary>It let requests wait for too long and has sent nothing since.</summary>
    public bool IsMute { get; set; }

    /// <summary>Until it unchokes or sends something, what it holds does not count.</summary>
    public bool Withholds => ChokesTooLong || IsMute;

    public bool PeerInterested { get; set; }

    public bool AmChoking { get; set; } = true;

    public bool AmInterested { get; set; }

    /// <summary>Nothing to ask of this peer was found the last time; cleared when something changes.</summary>
    public bool Starved { get; set; }

    /// <summary>It let a request wait for too long; it is asked for one block at a time until one comes.</summary>
    public bool Snubbed { get; set; }

    /// <summary>When a block that was asked for came the last time.</summary>
    public Instant LastBlockAt { get; set; }

    /// <summary>When the newest request that was answered had been asked: peers answer in order, so an older one was skipped.</summary>
    public Instant AnsweredUpTo { get; set; }

    /// <summary>Pieces that the peer announced and did not deliver; what it says about them is not heard again.</summary>
    public HashSet<int> Undelivered { get; } = [];

    /// <summary>Requests for such pieces that it did not answer at all.</summary>
    public int Unanswered { get; set; }

    /// <summary>Blocks asked of the peer, in order.</summary>
    public List<BlockRequest> Outstanding { get; } = [];

    /// <summary>Blocks that the peer asked for and that wait for room in the link's send queue.</summary>
    public Queue<UploadRequest> Uploads { get; } = new();

    public long BytesDown { get; set; }

    public long BytesUp { get; set; }

    /// <summary>Bytes that came in the current second, and in the one before: what the depth of the pipeline goes by.</summary>
    public int BytesThisSecond { get; set; }

    public int BytesLastSecond { get; set; }

    /// <summary>Bytes received when the choker last looked: byte reciprocation.</summary>
    public long BytesDownAtRechoke { get; set; }

    /// <summary>Which candidate of a piece the peer holds, or -1.</summary>
    public int Holding(int piece) => piece < _holding.Length ? _holding[piece] - 1 : -1;

    /// <summary>Notes which candidate the peer holds; -1: none (any more).</summary>
    public void SetHolding(int piece, int candidate, int pieceCount)
    {
        if (_holding.Length == 0)
        {
            if (candidate < 0)
            {
                return;
            }

            _holding = new byte[pieceCount];
        }

        HoldingCount += (candidate >= 0 ? 1 : 0) - (_holding[piece] > 0 ? 1 : 0);
        _holding[piece] = (byte)(candidate + 1);
    }
}

/// <summary>
/// A block asked of a peer for one download. Stale: the data may be of another result or is not needed any more. GivenUp: it waited for too
/// long and may be asked of others; its late answer is no offence.
/// </summary>
internal readonly record struct BlockRequest(PieceDownload Download, int Block, Instant AskedAt, bool Stale = false, bool GivenUp = false)
{
    public int Piece => Download.Piece;

    public int Candidate => Download.Candidate;
}

/// <summary>A block that a peer asked for.</summary>
internal readonly record struct UploadRequest(int Piece, int Begin, int Length);
