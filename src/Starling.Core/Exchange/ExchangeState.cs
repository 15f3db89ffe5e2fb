using System;
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

    /// <summary>Whether it ever sent a block or block hashes that were asked for: before that it is asked for one thing at a time.</summary>
    public bool HasDelivered { get; private set; }

    /// <summary>It owes an answer for so long that it is asked for nothing more until one comes.</summary>
    public bool IsLate { get; set; }

    /// <summary>Block hashes asked for and not answered.</summary>
    public int ProofsOwed { get; private set; }

    /// <summary>Since when it owes block hashes, or since when it answered the last of several.</summary>
    public Instant ProofOwedSince { get; private set; }

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

    /// <summary>It sent something that was asked for: it is alive.</summary>
    public void Delivered()
    {
        HasDelivered = true;
        IsMute = false;
        IsLate = false;
        Starved = false;
    }

    /// <summary>Block hashes are asked for.</summary>
    public void OwesProof(Instant now)
    {
        ProofOwedSince = ProofsOwed == 0 ? now : ProofOwedSince;
        ProofsOwed++;
    }

    /// <summary>Block hashes came, or the word that they are not there.</summary>
    public void AnsweredProof(Instant now)
    {
        ProofsOwed = Math.Max(0, ProofsOwed - 1);
        ProofOwedSince = now;
        IsLate = false;
    }

    /// <summary>No answer is reckoned with any more.</summary>
    public void ForgetProofs() => ProofsOwed = 0;

    /// <summary>Answers that are waited for; of blocks that are not needed any more none is.</summary>
    public int Awaited
    {
        get
        {
            int awaited = ProofsOwed;
            foreach (BlockRequest request in Outstanding)
            {
                awaited += request.Stale ? 0 : 1;
            }

            return awaited;
        }
    }

    /// <summary>How long it has owed something and sent nothing; null: it owes nothing.</summary>
    public TimeSpan? OwesFor(Instant now)
    {
        Instant since = ProofsOwed > 0 ? ProofOwedSince : Instant.Never;
        foreach (BlockRequest request in Outstanding)
        {
            since = request.Stale ? since : Instant.Min(since, request.AskedAt);
        }

        return since == Instant.Never ? null : now - (since > LastBlockAt ? since : LastBlockAt);
    }

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
