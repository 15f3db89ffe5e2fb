using System.Collections.Generic;
using System.Linq;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Wire;

namespace Starling.Core.Torrents;

/// <summary>The fetching side of a swarm: asks for blocks, takes them, hands whole pieces to the disk, and keeps what came of it.</summary>
internal sealed class Downloads
{
    private readonly DataContext _context;
    private readonly DataPeerTable _peers;
    private readonly PiecePicker _picker;
    private readonly PieceLayout _layout;
    private readonly PieceSuspects _suspects;
    private readonly RateLimit _limit;
    private readonly BlockHashFetch _blockHashes;
    private readonly SortedDictionary<int, PieceProgress> _pieces = [];
    private readonly OpenPieces _open = new();
    private readonly BlockChoice _choice;
    private long _heldBytes;
    private bool _failed;

    public Downloads(DataContext context, DataPeerTable peers, PiecePicker picker, PieceLayout layout, RateLimit limit, BlockHashFetch blockHashes)
    {
        _context = context;
        _peers = peers;
        _picker = picker;
        _layout = layout;
        _limit = limit;
        _suspects = new PieceSuspects(peers);
        _blockHashes = blockHashes;
        _blockHashes.Found = Judge;
        _choice = new BlockChoice(context, picker, _pieces, _open, Begin);
        Web = new WebFetches(context, this, picker, layout, limit);
    }

    /// <summary>What web seeds are asked for.</summary>
    public WebFetches Web { get; }

    /// <summary>Pieces that are being fetched or stored.</summary>
    public int Active => _pieces.Count;

    /// <summary>Bytes of unfinished pieces in memory.</summary>
    public long HeldBytes => _heldBytes;

    public bool IsStarted(int piece) => _pieces.ContainsKey(piece);

    /// <summary>Nothing more can be stored: nothing more is asked for.</summary>
    public void Fail() => _failed = true;

    /// <summary>Goes on with what an earlier process left on the disk.</summary>
    public void Resume(IReadOnlyList<PartialPiece> partial)
    {
        foreach (PartialPiece piece in partial)
        {
            if (piece.Piece >= 0 && piece.Piece < _layout.PieceCount && _picker.TryStart(piece.Piece))
            {
                PieceProgress progress = Begin(piece.Piece);
                for (int block = 0; block < progress.Blocks; block++)
                {
                    if (piece.Has(block))
                    {
                        progress.Restore(block);
                    }
                }

                Restored(progress);
            }
        }
    }

    /// <summary>Blocks that are in memory since before <paramref name="before"/> go to the disk, with the others of their piece.</summary>
    public void Keep(Instant before)
    {
        foreach (PieceProgress progress in _pieces.Values)
        {
            if (progress.HeldBlocks > 0 && progress.HeldSince <= before)
            {
                Write(progress);
            }
        }
    }

    /// <summary>Asks this peer for as much as it should have under way.</summary>
    public void Ask(DataPeer peer)
    {
        if (_failed || !peer.IsEstablished || peer.IsClosing || peer.Bits is null || peer.Useful == 0)
        {
            return;
        }

        int target = peer.Pipeline.Target(peer.Down, _context.Now);
        while (peer.Pipeline.Count < target && _limit.IsOpen(_context.Now))
        {
            if (!_choice.TryChoose(peer, out PieceProgress? progress, out int block))
            {
                return;
            }

            BlockRange range = _layout.RangeOf(progress!.Piece, block);
            if (peer.Pipeline.Count == 0)
            {
                peer.LastBlockAt = _context.Now;
            }

            peer.Pipeline.Sent(progress.Piece, block, _context.Now);
            peer.Out.AddRequest(range);
            _limit.Take(range.Length);
        }
    }

    /// <summary>A block came in; the swarm owns it from here on.</summary>
    public void Take(DataPeer peer, BlockRange range, BlockBuffer data)
    {
        int block = range.Begin / BlockBuffer.Capacity;
        if (!_layout.Contains(range) || _layout.RangeOf(range.Piece, block) != range
            || !peer.Pipeline.Remove(range.Piece, block, out SentRequest request))
        {
            _context.Waste(data);
            if (peer.MayStillCome > 0)
            {
                peer.MayStillCome--;
            }
            else if (++peer.Unasked > DataLimits.MaxUnaskedBlocks)
            {
                _peers.Refuse(peer, "unasked-block", "sends blocks that nobody asked for");
            }

            return;
        }

        peer.Down.Add(range.Length, _context.Now);
        peer.Pipeline.Answered(request, _context.Now);
        peer.LastBlockAt = _context.Now;
        peer.IsSnubbing = false;
        _context.Touch(peer);
        PieceProgress progress = _pieces[range.Piece];
        if (progress.StateOf(block) is BlockState.Held or BlockState.Written)
        {
            progress.Unask(block);
            Settle(progress);
            _context.Waste(data);
            return;
        }

        bool wasOpen = progress.FreeBlocks > 0;
        progress.Arrive(block, peer, data, _context.Now);
        _heldBytes += range.Length;
        if (wasOpen && progress.FreeBlocks == 0)
        {
            _open.Remove(progress);
        }

        if (progress.AskersOf(block) > 0)
        {
            CancelElsewhere(progress, block, range);
        }

        if (progress.MissingBlocks == 0)
        {
            Web.Cancel(progress);
            Store(progress);
        }
        else if (_heldBytes > _context.Options.MaxHeldBytes)
        {
            Spill();
        }
    }

    /// <summary>This peer will not answer a request.</summary>
    public bool Rejected(DataPeer peer, BlockRange range)
    {
        int block = range.Begin / BlockBuffer.Capacity;
        if (!_layout.Contains(range) || !peer.Pipeline.Remove(range.Piece, block, out _))
        {
            return false;
        }

        Unask(range.Piece, block);
        _context.Touch(peer);
        return true;
    }

    /// <summary>This peer will not answer anything: it choked, stopped answering, or is gone.</summary>
    public void GiveUp(DataPeer peer, bool mayStillCome)
    {
        foreach (SentRequest request in peer.Pipeline.TakeAll())
        {
            peer.MayStillCome += mayStillCome ? 1 : 0;
            Unask(request.Piece, request.Block);
        }

        peer.Current = null;
    }

    /// <summary>Asks web seeds for as much as they take.</summary>
    public void AskWeb()
    {
        if (!_failed)
        {
            Web.Begin();
        }
    }

    /// <summary>A piece out of the picker's order, for a web seed.</summary>
    public PieceProgress BeginOnWeb(int piece)
    {
        var progress = new PieceProgress(piece, _layout.BlocksOf(piece));
        _pieces.Add(piece, progress);
        return progress;
    }

    /// <summary>A piece that was begun and of which nobody is asked for anything: whoever was at it is gone; null: none. It is a web seed's from now on.</summary>
    public PieceProgress? TakeStalled()
    {
        foreach (PieceProgress progress in _open)
        {
            if (progress.Only is null && progress.MissingBlocks == progress.FreeBlocks)
            {
                _open.Remove(progress);
                return progress;
            }
        }

        return null;
    }

    /// <summary>A web seed brought a piece: what peers sent of it meanwhile is not needed.</summary>
    public void TakeWhole(int piece, IReadOnlyList<HeldBlock> blocks)
    {
        PieceProgress progress = _pieces[piece];
        CancelAll(progress);
        Drop(progress);
        progress.TakenWhole();
        _context.Effects.Add(new DataEffect.StorePiece(piece, blocks, _suspects.IsSuspect(piece)));
    }

    /// <summary>The web does not have a piece: peers may.</summary>
    public void GiveBack(int piece)
    {
        PieceProgress progress = _pieces[piece];
        progress.WebSince = null;
        Settle(progress);
    }

    /// <summary>The peer is gone: pieces that only it was to send are for all again.</summary>
    public void Forget(DataPeer peer)
    {
        foreach (PieceProgress progress in _pieces.Values)
        {
            if (progress.Only == peer)
            {
                progress.Only = null;
                progress.NeedsOnePeer = true;
                TouchAll();
            }
        }
    }

    /// <summary>The disk's verdict on a piece.</summary>
    public bool Checked(DataInput.PieceChecked verdict)
    {
        if (!_pieces.Remove(verdict.Piece, out PieceProgress? progress))
        {
            return false;
        }

        if (verdict.Good)
        {
            CancelAll(progress);
            _suspects.Good(progress, verdict.BlockHashes);
            _blockHashes.Forget(progress.Piece);
            _context.Have.Add(progress.Piece);
            _picker.Done(progress.Piece);
            return true;
        }

        _context.WastedBytes += _layout.LengthOf(progress.Piece);
        if (IsContradiction(progress.Piece, verdict.BlockHashes))
        {
            _failed = true;
            CancelAll(progress);
            _context.Report(new DataEvent.Failed(new Problem(
                TorrentInfo.ProblemCode,
                $"Piece {progress.Piece} fits the v2 hash of this torrent and not the v1 hash: its two halves disagree",
                "Ask its maker for another one; nobody can complete this one")));
            return false;
        }

        bool findLiar = _suspects.Bad(progress, verdict.BlockHashes);
        progress.Reset();
        if (!_picker.IsMissing(progress.Piece))
        {
            CancelAll(progress);
            Forgive(progress.Piece);
            return false;
        }

        progress.NeedsOnePeer = findLiar;
        _pieces.Add(progress.Piece, progress);
        _open.Add(progress);
        TouchAll();
        if (findLiar)
        {
            _blockHashes.Want(progress.Piece);
        }

        return false;
    }

    /// <summary>A piece is not wanted any more: what was not asked for yet will not be.</summary>
    public void Unwanted(int piece)
    {
        if (_pieces.TryGetValue(piece, out PieceProgress? progress) && !progress.IsStoring)
        {
            Web.Cancel(progress);
            CancelAll(progress);
            Drop(progress);
            _open.Remove(progress);
            _pieces.Remove(piece);
            Forgive(piece);
        }
    }

    /// <summary>Whether a piece that is wrong is right by v2: then no peer is to blame. Padding, which v2 knows nothing of, leaves it open.</summary>
    private bool IsContradiction(int piece, IReadOnlyList<Hash256> blockHashes) =>
        _context.Torrent?.Blocks is { } tree && tree.WholeBlocksOf(piece) == tree.BlocksOf(piece) && tree.IsRight(piece, blockHashes);

    /// <summary>The right hashes of the blocks of a piece that came in wrong: who sent another block is banned, and nobody else has to prove himself.</summary>
    private void Judge(int piece, IReadOnlyList<Hash256> leaves)
    {
        int comparable = _context.Torrent!.Blocks!.WholeBlocksOf(piece);
        if (_suspects.Judge(piece, [.. leaves.Take(comparable)]) && _pieces.TryGetValue(piece, out PieceProgress? progress))
        {
            (progress.NeedsOnePeer, progress.Only) = (false, null);
            TouchAll();
        }
    }

    /// <summary>A piece is not wanted any more: who sent it wrong is not looked for.</summary>
    private void Forgive(int piece)
    {
        _suspects.Forget(piece);
        _blockHashes.Forget(piece);
    }

    private void Drop(PieceProgress progress)
    {
        foreach (HeldBlock held in progress.TakeHeld())
        {
            _heldBytes -= held.Data.Length;
            _context.Waste(held.Data);
        }
    }

    private PieceProgress Begin(int piece)
    {
        var progress = new PieceProgress(piece, _layout.BlocksOf(piece)) { NeedsOnePeer = _suspects.IsSuspect(piece) };
        _pieces.Add(piece, progress);
        _open.Add(progress);
        return progress;
    }

    private void Store(PieceProgress progress)
    {
        progress.IsStoring = true;
        IReadOnlyList<HeldBlock> held = progress.TakeHeld();
        _heldBytes -= LengthOf(held);
        _context.Effects.Add(new DataEffect.StorePiece(progress.Piece, held, _suspects.IsSuspect(progress.Piece)));
    }

    /// <summary>Too much is held in memory: the piece with most of it goes to the disk as it is.</summary>
    private void Spill()
    {
        PieceProgress? most = null;
        foreach (PieceProgress progress in _pieces.Values)
        {
            most = most is null || progress.HeldBlocks > most.HeldBlocks ? progress : most;
        }

        if (most is { HeldBlocks: > 0 })
        {
            Write(most);
        }
    }

    private void Write(PieceProgress progress)
    {
        IReadOnlyList<HeldBlock> held = progress.TakeHeld();
        _heldBytes -= LengthOf(held);
        _context.Effects.Add(new DataEffect.WriteBlocks(progress.Piece, held));
    }

    private void Restored(PieceProgress progress)
    {
        if (progress.MissingBlocks == 0)
        {
            _open.Remove(progress);
            Store(progress);
        }
        else
        {
            Settle(progress);
        }
    }

    private static long LengthOf(IReadOnlyList<HeldBlock> blocks)
    {
        long length = 0;
        for (int i = 0; i < blocks.Count; i++)
        {
            length += blocks[i].Data.Length;
        }

        return length;
    }

    private void Unask(int piece, int block)
    {
        if (_pieces.TryGetValue(piece, out PieceProgress? progress))
        {
            progress.Unask(block);
            Settle(progress);
        }
    }

    /// <summary>A block may have become free: others may be asked for it; a piece of which nothing came begins anew where rarity wants it.</summary>
    private void Settle(PieceProgress progress)
    {
        if (progress.FreeBlocks == 0 || progress.IsStoring || progress.WebSince is not null)
        {
            return;
        }

        if (progress.FreeBlocks == progress.Blocks && !progress.NeedsOnePeer && progress.Only is null)
        {
            _open.Remove(progress);
            _pieces.Remove(progress.Piece);
            _picker.GiveBack(progress.Piece);
            TouchAll();
        }
        else if (progress.OpenPosition < 0)
        {
            _open.Add(progress);
            TouchAll();
        }
    }

    private void CancelElsewhere(PieceProgress progress, int block, BlockRange range)
    {
        foreach (DataPeer other in _peers.Established)
        {
            if (other.Pipeline.Remove(range.Piece, block, out _))
            {
                progress.Unask(block);
                Cancel(other, range);
            }
        }
    }

    private void CancelAll(PieceProgress progress)
    {
        for (int block = 0; block < progress.Blocks; block++)
        {
            if (progress.AskersOf(block) > 0)
            {
                CancelElsewhere(progress, block, _layout.RangeOf(progress.Piece, block));
            }
        }
    }

    private void Cancel(DataPeer peer, BlockRange range)
    {
        peer.MayStillCome++;
        _context.Send(peer, new PeerMessage.Cancel(range.Piece, range.Begin, range.Length));
    }

    private void TouchAll()
    {
        foreach (DataPeer peer in _peers.Established)
        {
            _context.Touch(peer);
        }
    }
}
