using System;
using System.Collections.Generic;
using System.Numerics;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Swarm;
using Starling.Core.Wire;

namespace Starling.Core.Exchange;

/// <summary>
/// Fetches accepted results, and those that are to be looked at before: 16 KiB blocks, pipelined, from several peers at once, each checked against the root before it is stored
/// (DESIGN section 4). Rare pieces first; towards the end, blocks that keep waiting are asked of a second peer.
/// </summary>
internal sealed class Downloader(NodeContext context, PieceMap map, LinkTable links)
{
    /// <summary>Results fetched at the same time.</summary>
    public const int MaxActive = 64;

    /// <summary>Bytes of the results fetched at the same time; one larger result is always allowed.</summary>
    public const long MaxActiveBytes = 256L * 1024 * 1024;

    /// <summary>Requests waiting at one peer.</summary>
    public const int MaxDepth = 250;

    private const int MinDepth = 6;
    private const int Probes = 16;
    private const int ScanLimit = 2_048;
    private const int MaxCopies = 2;
    private const int MaxProofsAwaited = 16;
    private const int RunsInALease = 3;

    /// <summary>Pieces that one peer may announce and not deliver before its link is ended.</summary>
    public const int MaxUndelivered = 16;

    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ProofTimeout = TimeSpan.FromSeconds(30);

    /// <summary>A peer that never sent a block is given this long for its first one: its link may be slow, and many may ask.</summary>
    private static readonly TimeSpan FirstBlockTimeout = TimeSpan.FromSeconds(60);

    /// <summary>A peer that sent blocks before and is quiet for so long will not send those that it owes.</summary>
    private static readonly TimeSpan QuietTimeout = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan ChokePatience = TimeSpan.FromSeconds(30);

    /// <summary>Who lets me wait for so long is asked for nothing more meanwhile, and what it owes is asked of others too.</summary>
    private static readonly TimeSpan EndgameAfter = TimeSpan.FromSeconds(2);

    /// <summary>Who sends nothing for so long, or for as long as a run takes if that is longer, is not counted as a holder until it does.</summary>
    private static readonly TimeSpan MutePatience = TimeSpan.FromSeconds(10);

    private readonly RateLimit _limit = new(0);
    private readonly IndexSet _needed = new(map.Count);
    private readonly SortedDictionary<int, PieceDownload> _active = [];
    private long _activeBytes;

    /// <summary>A peer that owes results sends nothing: what only it holds is to be had otherwise.</summary>
    public Action<PeerLink>? FellSilent { get; set; }

    /// <summary>Bytes a second that are asked of all peers; null: no limit.</summary>
    public void SetRate(long? bytesPerSecond) => _limit.Set(bytesPerSecond ?? 0);

    /// <summary>When more may be asked for; <see cref="Instant.Never"/>: that does not wait for the rate.</summary>
    public Instant NextWake() => _limit.BytesPerSecond > 0 && HasNeeds && !_limit.IsOpen(context.Now) ? _limit.OpensAt(context.Now) : Instant.Never;

    /// <summary>Bytes of the results that are being fetched.</summary>
    public long ActiveBytes => _activeBytes;

    /// <summary>Whether anything accepted is still missing here.</summary>
    public bool HasNeeds => _needed.Count > 0 || _active.Count > 0;

    /// <summary>Up to <paramref name="count"/> of the pieces that are wanted and not being fetched, going round with <paramref name="cursor"/>.</summary>
    public IReadOnlyList<int> NeededSlice(ref int cursor, int count)
    {
        var slice = new List<int>(Math.Min(count, _needed.Count));
        for (int i = 0; i < count && i < _needed.Count; i++)
        {
            cursor = (cursor + 1) % _needed.Count;
            slice.Add(_needed[cursor]);
        }

        return slice;
    }

    /// <summary>Brings the wish for a piece in line with what the map wants of it (<see cref="PieceMap.Wanted"/>).</summary>
    public void Review(int piece)
    {
        ushort wanted = map.Wanted(piece);
        if (_active.TryGetValue(piece, out PieceDownload? active))
        {
            if ((wanted & (1 << active.Candidate)) != 0)
            {
                return;
            }

            Abandon(active);
        }

        if (wanted == 0)
        {
            _needed.Remove(piece);
            return;
        }

        for (int rest = wanted; rest != 0; rest &= rest - 1)
        {
            int candidate = BitOperations.TrailingZeroCount(rest);
            if (map.Candidate(piece, candidate).Length == 0)
            {
                StartEmpty(piece, candidate);
                return;
            }
        }

        if (_needed.Add(piece))
        {
            Wake(piece);
        }
    }

    /// <summary>A peer told what it holds (or, with -1, that it does not).</summary>
    public void Learn(PeerLink link, int piece, int candidate)
    {
        int before = link.Exchange.Holding(piece);
        if (before == candidate || (candidate >= 0 && link.Exchange.Undelivered.Contains(piece)))
        {
            return;
        }

        link.Exchange.SetHolding(piece, candidate, map.Count);
        if (before >= 0)
        {
            for (int i = 0; i < link.Exchange.Outstanding.Count; i++)
            {
                BlockRequest request = link.Exchange.Outstanding[i];
                if (request.Piece == piece)
                {
                    link.Exchange.Outstanding[i] = request with { Stale = true };
                }
            }
        }

        if (candidate >= 0 && (_needed.Contains(piece) || _active.ContainsKey(piece)))
        {
            link.Exchange.Starved = false;
        }
    }

    /// <summary>How many connected peers hold an acceptable result of a piece and do not withhold it.</summary>
    public int Availability(int piece) => HoldersOf(piece, map.Acceptable(piece));

    /// <summary>How many connected peers hold a result of a piece that is wanted here (<see cref="PieceMap.Wanted"/>) and do not withhold it.</summary>
    public int Offers(int piece) => HoldersOf(piece, map.Wanted(piece));

    /// <summary>Whether a connected peer that has delivered before holds an acceptable result of a piece: others may say so and have nothing.</summary>
    public bool IsDeliverable(int piece)
    {
        foreach (PeerLink link in links.Established)
        {
            if (link.Exchange is { HasDelivered: true, Withholds: false } exchange
                && exchange.Holding(piece) is >= 0 and int holding
                && (map.Acceptable(piece) & (1 << holding)) != 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Asks for as much as the peers' pipelines take.</summary>
    public void Pump()
    {
        if (!HasNeeds)
        {
            return;
        }

        foreach (PeerLink link in links.Established)
        {
            ExchangeState exchange = link.Exchange;
            if (exchange.Starved || exchange.HoldingCount == 0)
            {
                continue;
            }

            if (!exchange.AmInterested)
            {
                exchange.AmInterested = true;
                links.Send(link, new PeerMessage.Interested());
            }

            if (exchange.PeerChoking)
            {
                continue;
            }

            int depth = exchange.IsLate ? 0 : exchange.Snubbed || !exchange.HasDelivered ? 1 : DepthOf(exchange);
            while (exchange.Awaited < depth && exchange.Outstanding.Count < MaxDepth)
            {
                if (!_limit.IsOpen(context.Now))
                {
                    return;
                }

                if (!AskNext(link))
                {
                    exchange.Starved = true;
                    break;
                }
            }
        }
    }

    /// <summary>A block came in; a wrong one ends the link and is the peer's fault beyond doubt.</summary>
    public void OnBlock(PeerLink link, PeerMessage.Block message)
    {
        List<BlockRequest> outstanding = link.Exchange.Outstanding;
        int index = IndexOf(outstanding, message.Piece, message.Begin);
        if (index < 0)
        {
            links.Offend(link, "block-not-asked", $"sent a block of piece {message.Piece} that was not asked for");
            return;
        }

        BlockRequest request = outstanding[index];
        outstanding.RemoveAt(index);
        link.Exchange.LastBlockAt = context.Now;
        link.Exchange.AnsweredUpTo = request.AskedAt > link.Exchange.AnsweredUpTo ? request.AskedAt : link.Exchange.AnsweredUpTo;
        link.Exchange.Snubbed = false;
        link.Exchange.Delivered();
        link.Exchange.BytesDown += message.Data.Length;
        link.Exchange.BytesThisSecond += message.Data.Length;
        PieceDownload download = request.Download;
        if (_active.GetValueOrDefault(request.Piece) != download || download.Committing)
        {
            return;
        }

        if (download.IsDone(request.Block))
        {
            Unask(request);
            return;
        }

        bool right = download.Leaves is { } leaves
            && message.Data.Length == download.LengthOf(request.Block)
            && Hash256.Of(message.Data.Span) == leaves[request.Block];
        if (!right)
        {
            Unask(request);
            if (!request.Stale)
            {
                links.Ban(link, "wrong-block", $"sent a wrong block {request.Block} of piece {request.Piece}");
            }

            return;
        }

        download.MarkWritten(request.Block);
        context.Emit(new NodeEffect.WriteBlock(download.Piece, download.Result, request.Block, message.Data, download.Leaves![request.Block]));
        if (download.Asked(request.Block) > 1)
        {
            CancelElsewhere(download, request.Block, link);
        }

        if (download.Remaining == 0)
        {
            Commit(download);
        }
    }

    /// <summary>The block hashes of a result came in.</summary>
    public void OnProof(PeerLink link, TaskMessage.Proof proof)
    {
        link.Exchange.AnsweredProof(context.Now);
        if (proof.Piece >= map.Count
            || !_active.TryGetValue(proof.Piece, out PieceDownload? download)
            || download.Result != proof.Result
            || download.Leaves is not null)
        {
            return;
        }

        if (download.ProofFrom == link.Id)
        {
            download.ProofFrom = null;
            Wake(proof.Piece);
        }

        if (proof.Leaves.Count == 0)
        {
            Refused(link, proof.Piece);
            return;
        }

        if (proof.Leaves.Count != download.BlockCount || MerkleTree.Root(proof.Leaves) != download.Result.Root)
        {
            links.Ban(link, "wrong-proof", $"sent block hashes of piece {proof.Piece} that do not make its root");
            return;
        }

        link.Exchange.Delivered();
        download.ProofFrom = null;
        download.Leaves = proof.Leaves;
        Wake(proof.Piece);
    }

    /// <summary>The peer will not send a block that it was asked for.</summary>
    public void OnReject(PeerLink link, PeerMessage.RejectRequest message)
    {
        int index = IndexOf(link.Exchange.Outstanding, message.Piece, message.Begin);
        if (index < 0)
        {
            return;
        }

        BlockRequest request = link.Exchange.Outstanding[index];
        Unask(request);
        link.Exchange.Outstanding.RemoveAt(index);
        link.Exchange.Starved = false;
        if (!link.Exchange.PeerChoking && !request.Stale)
        {
            Refused(link, message.Piece);
        }
    }

    /// <summary>The peer chokes: what was asked of it is forgotten.</summary>
    public void OnChoke(PeerLink link)
    {
        link.Exchange.PeerChoking = true;
        Forget(link);
    }

    /// <summary>The peer answers requests from now on.</summary>
    public void OnUnchoke(PeerLink link)
    {
        link.Exchange.PeerChoking = false;
        link.Exchange.ChokedSince = Instant.Never;
        link.Exchange.ChokesTooLong = false;
        link.Exchange.Starved = false;
    }

    /// <summary>The link is gone.</summary>
    public void OnLinkClosed(PeerLink link)
    {
        Forget(link);
        foreach (PieceDownload download in _active.Values)
        {
            if (download.ProofFrom == link.Id)
            {
                download.ProofFrom = null;
                Wake(download.Piece);
            }
        }
    }

    /// <summary>The store answered a commit (or a run's output made the download unnecessary). The map is up to date.</summary>
    public void OnStored(int piece)
    {
        if (_active.TryGetValue(piece, out PieceDownload? download) && (map.Held(piece) & (1 << download.Candidate)) != 0)
        {
            if (!download.Committing)
            {
                Abandon(download);
            }
            else
            {
                Forget(download);
            }
        }

        Review(piece);
    }

    /// <summary>The store failed: the result is wanted again, after a pause.</summary>
    public void OnStoreFailed(int piece)
    {
        if (_active.TryGetValue(piece, out PieceDownload? download))
        {
            Forget(download);
        }
    }

    /// <summary>Once a second: times out what waits too long, lets starved links look again.</summary>
    /// <param name="lease">What a run takes, generously: who lets me wait longer for a result is not waited for.</param>
    public void Tidy(TimeSpan lease)
    {
        foreach (PeerLink link in links.Established)
        {
            NoteChoking(link.Exchange, lease > ChokePatience ? lease : ChokePatience);
            NoteSilence(link, lease);
        }

        foreach (PieceDownload download in new List<PieceDownload>(_active.Values))
        {
            if (download.ProofFrom is { } asked && context.Now - download.ProofAskedAt > ProofTimeout)
            {
                download.ProofFrom = null;
                Wake(download.Piece);
                if (links.Find(asked) is { IsEstablished: true } slow)
                {
                    Distrust(slow, download.Piece);
                }
            }
        }

        foreach (PieceDownload download in new List<PieceDownload>(_active.Values))
        {
            if (!download.Committing && !IsHeldByAnyone(download))
            {
                Abandon(download);
                Review(download.Piece);
            }
        }

        foreach (PeerLink link in new List<PeerLink>(links.Established))
        {
            ExchangeState exchange = link.Exchange;
            exchange.BytesLastSecond = exchange.BytesThisSecond;
            exchange.BytesThisSecond = 0;
            exchange.Starved = false;
            GiveUpLateRequests(link);
            if (!HasNeeds && exchange.AmInterested)
            {
                exchange.AmInterested = false;
                links.Send(link, new PeerMessage.NotInterested());
            }
        }
    }

    private void NoteChoking(ExchangeState exchange, TimeSpan patience)
    {
        bool waits = exchange.PeerChoking && exchange.AmInterested && HasNeeds;
        exchange.ChokedSince = waits ? Instant.Min(exchange.ChokedSince, context.Now) : Instant.Never;
        exchange.ChokesTooLong = waits && context.Now - exchange.ChokedSince > patience;
    }

    /// <summary>
    /// Others are asked for what a late peer owes. One that stays silent is no holder any more: a run elsewhere would have ended meanwhile. It may be slow and honest, so
    /// that it is neither blamed nor forgotten.
    /// </summary>
    private void NoteSilence(PeerLink link, TimeSpan lease)
    {
        ExchangeState exchange = link.Exchange;
        TimeSpan patience = lease / RunsInALease > MutePatience ? lease / RunsInALease : MutePatience;
        TimeSpan owes = exchange.OwesFor(context.Now) ?? TimeSpan.Zero;
        if (exchange.ProofsOwed > 0 && context.Now - exchange.ProofOwedSince > FirstBlockTimeout)
        {
            // The answer may have got lost with the result: for ever is too long not to ask again.
            exchange.ForgetProofs();
        }

        bool wasLate = exchange.IsLate;
        exchange.IsLate = owes > EndgameAfter;
        if (exchange.IsLate && !wasLate)
        {
            foreach (PeerLink other in links.Established)
            {
                other.Exchange.Starved = false;
            }
        }

        if (owes > patience && !exchange.IsMute)
        {
            exchange.IsMute = true;
            FellSilent?.Invoke(link);
        }
    }

    /// <summary>
    /// A request is late when the peer sent no block at all for long, or answered younger ones before it: a slow peer that serves in
    /// order is given its time. It stays listed, so that its answer is known when it comes after all.
    /// </summary>
    private void GiveUpLateRequests(PeerLink link)
    {
        ExchangeState exchange = link.Exchange;
        for (int i = exchange.Outstanding.Count - 1; i >= 0 && link.IsEstablished; i--)
        {
            BlockRequest request = exchange.Outstanding[i];
            bool skipped = exchange.AnsweredUpTo > request.AskedAt;
            TimeSpan waited = context.Now - (skipped || exchange.LastBlockAt < request.AskedAt ? request.AskedAt : exchange.LastBlockAt);
            if (waited <= RequestTimeout)
            {
                continue;
            }

            if (!request.GivenUp)
            {
                exchange.Outstanding[i] = request with { GivenUp = true };
                exchange.Snubbed = true;
                Release(request);
            }

            if (!request.Stale && (skipped || waited > (exchange.BytesDown == 0 ? FirstBlockTimeout : QuietTimeout)))
            {
                // What is owed fills its pipeline: nothing else will be asked of it until it answers.
                exchange.IsMute |= !skipped;
                Distrust(link, request.Piece);
            }
        }
    }

    /// <summary>The peer announced a piece and does not have it: it may have lost it, and is not asked for it again.</summary>
    private void Refused(PeerLink link, int piece)
    {
        Learn(link, piece, -1);
        if (link.Released.Contains(piece))
        {
            // It said so; the question crossed its word on the way.
            return;
        }

        link.Exchange.Undelivered.Add(piece);
    }

    /// <summary>The peer announced a piece and does not answer: it is not counted as a holder again, and not borne for long.</summary>
    private void Distrust(PeerLink link, int piece)
    {
        Refused(link, piece);
        link.Exchange.Unanswered += link.Exchange.BytesDown == 0 ? 1 : 0;
        if (link.Exchange.Unanswered >= MaxUndelivered)
        {
            links.Ban(link, "serves-nothing", $"announced {MaxUndelivered} results and did not send them");
        }
    }

    private bool IsHeldByAnyone(PieceDownload download)
    {
        foreach (PeerLink link in links.Established)
        {
            if (link.Exchange.Holding(download.Piece) == download.Candidate && !link.Exchange.Withholds)
            {
                return true;
            }
        }

        return false;
    }

    private int HoldersOf(int piece, ushort candidates)
    {
        int count = 0;
        foreach (PeerLink link in links.Established)
        {
            int holding = link.Exchange.Withholds ? -1 : link.Exchange.Holding(piece);
            count += holding >= 0 && (candidates & (1 << holding)) != 0 ? 1 : 0;
        }

        return count;
    }

    private static int DepthOf(ExchangeState exchange) =>
        Math.Clamp(MinDepth + (Math.Max(exchange.BytesLastSecond, exchange.BytesThisSecond) / MerkleTree.BlockSize), MinDepth, MaxDepth);

    private static int IndexOf(List<BlockRequest> outstanding, int piece, int begin)
    {
        for (int i = 0; i < outstanding.Count; i++)
        {
            if (outstanding[i].Piece == piece && outstanding[i].Block * MerkleTree.BlockSize == begin)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Asks this peer for one thing more; false when there is nothing to ask of it now.</summary>
    private bool AskNext(PeerLink link)
    {
        int proofsAwaited = 0;
        foreach (PieceDownload download in _active.Values)
        {
            proofsAwaited += IsProofAwaited(download) ? 1 : 0;
            if (!download.Committing && link.Exchange.Holding(download.Piece) == download.Candidate && AskFirstMissing(link, download))
            {
                return true;
            }
        }

        if (proofsAwaited >= MaxProofsAwaited)
        {
            return AskAgain(link);
        }

        int piece = _active.Count < MaxActive && (_activeBytes < MaxActiveBytes || _active.Count == 0) ? Choose(link) : -1;
        if (piece >= 0)
        {
            return AskFirstMissing(link, Begin(piece, link.Exchange.Holding(piece)));
        }

        return AskAgain(link);
    }

    /// <summary>Whether somebody was asked for the block hashes a moment ago; after that others may be asked too.</summary>
    private bool IsProofAwaited(PieceDownload download) =>
        download.ProofFrom is not null && context.Now - download.ProofAskedAt <= EndgameAfter;

    /// <summary>Asks for the block hashes if they are missing, else for a block; false when this download has nothing to ask now.</summary>
    private bool AskFirstMissing(PeerLink link, PieceDownload download)
    {
        if (download.Leaves is null)
        {
            if (!IsProofAwaited(download) && download.ProofFrom != link.Id)
            {
                download.ProofFrom = link.Id;
                download.ProofAskedAt = context.Now;
                link.Exchange.OwesProof(context.Now);
                links.Send(link, new TaskMessage.ProofRequest(download.Piece, download.Result));
                return true;
            }

            return false;
        }

        int block = download.NextMissing();
        if (block < 0)
        {
            return false;
        }

        Ask(link, download, block);
        return true;
    }

    private void Ask(PeerLink link, PieceDownload download, int block)
    {
        _limit.Take(download.LengthOf(block));
        download.MarkAsked(block);
        link.Exchange.Outstanding.Add(new BlockRequest(download, block, context.Now));
        links.Send(link, new PeerMessage.Request(download.Piece, block * MerkleTree.BlockSize, download.LengthOf(block)));
    }

    /// <summary>Endgame: a block that waits elsewhere for long is asked of this peer too.</summary>
    private bool AskAgain(PeerLink link)
    {
        foreach (PeerLink other in links.Established)
        {
            if (other == link)
            {
                continue;
            }

            foreach (BlockRequest request in other.Exchange.Outstanding)
            {
                if (context.Now - request.AskedAt > EndgameAfter
                    && !request.GivenUp
                    && request.Download is { } download
                    && _active.GetValueOrDefault(request.Piece) == download
                    && link.Exchange.Holding(request.Piece) == request.Candidate
                    && !download.IsDone(request.Block)
                    && download.Asked(request.Block) < MaxCopies
                    && IndexOf(link.Exchange.Outstanding, request.Piece, request.Block * MerkleTree.BlockSize) < 0)
                {
                    Ask(link, download, request.Block);
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>A needed piece that this peer holds: the rarest of a few random ones; -1 when a bounded search finds none.</summary>
    private int Choose(PeerLink link)
    {
        int best = -1;
        int bestAvailability = int.MaxValue;
        int probes = Math.Min(Probes, _needed.Count);
        for (int i = 0; i < probes; i++)
        {
            int piece = _needed[context.Random.Next(_needed.Count)];
            if (!IsOffered(link, piece))
            {
                continue;
            }

            int availability = Offers(piece);
            if (availability < bestAvailability)
            {
                (best, bestAvailability) = (piece, availability);
            }
        }

        if (best >= 0 || _needed.Count == 0)
        {
            return best;
        }

        int start = context.Random.Next(_needed.Count);
        int scan = Math.Min(ScanLimit, _needed.Count);
        for (int i = 0; i < scan; i++)
        {
            int piece = _needed[(start + i) % _needed.Count];
            if (IsOffered(link, piece))
            {
                return piece;
            }
        }

        return -1;
    }

    private bool IsOffered(PeerLink link, int piece)
    {
        int holding = link.Exchange.Holding(piece);
        return holding >= 0 && (map.Wanted(piece) & (1 << holding)) != 0;
    }

    private PieceDownload Begin(int piece, int candidate)
    {
        var download = new PieceDownload(piece, candidate, map.Candidate(piece, candidate), context.Now);
        _needed.Remove(piece);
        _active.Add(piece, download);
        _activeBytes += download.Result.Length;
        return download;
    }

    private void StartEmpty(int piece, int candidate)
    {
        PieceDownload download = Begin(piece, candidate);
        Commit(download);
    }

    /// <summary>
    /// That a result is accepted is saved with it: what tells so, others' batches, was let go if the disk was full when they came.
    /// </summary>
    private void Commit(PieceDownload download)
    {
        download.Committing = true;
        if ((map.Acceptable(download.Piece) & (1 << download.Candidate)) != 0)
        {
            context.Emit(new NodeEffect.SaveAccepted(download.Piece, download.Result));
        }

        context.Emit(new NodeEffect.CommitDownload(download.Piece, download.Result));
    }

    private void Abandon(PieceDownload download)
    {
        if (!download.Committing)
        {
            context.Emit(new NodeEffect.AbandonDownload(download.Piece, download.Result));
        }

        Forget(download);
    }

    private void Forget(PieceDownload download)
    {
        _active.Remove(download.Piece);
        _activeBytes -= download.Result.Length;
        foreach (PeerLink link in links.Established)
        {
            for (int i = link.Exchange.Outstanding.Count - 1; i >= 0; i--)
            {
                BlockRequest request = link.Exchange.Outstanding[i];
                if (request.Download == download && !request.Stale)
                {
                    links.Send(link, new PeerMessage.Cancel(request.Piece, request.Block * MerkleTree.BlockSize, download.LengthOf(request.Block)));
                    link.Exchange.Outstanding[i] = request with { Stale = true };
                }
            }
        }
    }

    private void Forget(PeerLink link)
    {
        foreach (BlockRequest request in link.Exchange.Outstanding)
        {
            Unask(request);
        }

        link.Exchange.Outstanding.Clear();
    }

    private void Unask(BlockRequest request)
    {
        if (!request.GivenUp)
        {
            Release(request);
        }
    }

    private void Release(BlockRequest request)
    {
        request.Download.MarkUnasked(request.Block);
        if (_active.GetValueOrDefault(request.Piece) == request.Download)
        {
            Wake(request.Piece);
        }
    }

    private void CancelElsewhere(PieceDownload download, int block, PeerLink source)
    {
        foreach (PeerLink link in links.Established)
        {
            int index = link == source ? -1 : IndexOf(link.Exchange.Outstanding, download.Piece, block * MerkleTree.BlockSize);
            if (index >= 0)
            {
                link.Exchange.Outstanding[index] = link.Exchange.Outstanding[index] with { Stale = true };
                links.Send(link, new PeerMessage.Cancel(download.Piece, block * MerkleTree.BlockSize, download.LengthOf(block)));
            }
        }
    }

    private void Wake(int piece)
    {
        foreach (PeerLink link in links.Established)
        {
            if (link.Exchange.Holding(piece) >= 0)
            {
                link.Exchange.Starved = false;
            }
        }
    }
}
