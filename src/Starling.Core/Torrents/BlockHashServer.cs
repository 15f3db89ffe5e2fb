using System.Collections.Generic;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Wire;

namespace Starling.Core.Torrents;

/// <summary>
/// Tells peers the hashes of blocks (BEP 52, base layer 0), which are read from the files when they are asked for: one piece at a time, within a budget for each
/// peer, and kept for a while, since a peer with a large piece asks for it in parts.
/// </summary>
internal sealed class BlockHashServer(DataContext context)
{
    private readonly List<(DataPeer Peer, HashRange Range)> _waiting = [];
    private readonly Dictionary<int, IReadOnlyList<Hash256>> _known = [];

    /// <summary>Pieces of <see cref="_known"/>, that used longest ago first.</summary>
    private readonly List<int> _byUse = [];

    private int _knownLeaves;
    private int? _hashing;

    /// <summary>A peer asks; it gets an answer or a reject, now or when the disk has read.</summary>
    public void Answer(DataPeer peer, HashRange range)
    {
        if (context.Torrent?.Blocks is not { } tree || !tree.TryPiecesOf(range, out int first, out int count)
            || !IsHere(first, count) || _waiting.Count >= DataLimits.MaxBlockHashRequests)
        {
            Reject(peer, range);
            return;
        }

        _waiting.Add((peer, range));
        Serve();
    }

    /// <summary>The disk has hashed the blocks of a piece; none: it can't be read.</summary>
    public void Hashed(int piece, IReadOnlyList<Hash256> leaves)
    {
        if (_hashing == piece)
        {
            _hashing = null;
        }

        if (context.Torrent!.Blocks!.IsRight(piece, leaves))
        {
            Keep(piece, leaves);
        }
        else
        {
            // The file is not what it was: nobody is told anything of it.
            for (int i = _waiting.Count - 1; i >= 0; i--)
            {
                (DataPeer peer, HashRange range) = _waiting[i];
                if (context.Torrent.Blocks.TryPiecesOf(range, out int first, out int count) && piece >= first && piece < first + count)
                {
                    _waiting.RemoveAt(i);
                    Reject(peer, range);
                }
            }
        }

        Serve();
    }

    /// <summary>The peer is gone.</summary>
    public void Forget(DataPeer peer) => _waiting.RemoveAll(each => each.Peer == peer);

    /// <summary>Answers from the front of the queue; where something must be read first, asks for that.</summary>
    private void Serve()
    {
        while (_hashing is null && _waiting.Count > 0)
        {
            (DataPeer peer, HashRange range) = _waiting[0];
            BlockTree tree = context.Torrent!.Blocks!;
            tree.TryPiecesOf(range, out int first, out int count);
            if (FirstUnknown(first, count) is not { } unknown)
            {
                _waiting.RemoveAt(0);
                context.Send(peer, new PeerMessage.Hashes(range, tree.Answer(range, piece => _known[piece])));
            }
            else if (peer.HashedBytes + tree.ContentSize(unknown) > DataLimits.MaxBytesHashedPerMinute)
            {
                _waiting.RemoveAt(0);
                Reject(peer, range);
            }
            else
            {
                peer.HashedBytes += tree.ContentSize(unknown);
                _hashing = unknown;
                context.Effects.Add(new DataEffect.HashBlocks(unknown));
            }
        }
    }

    private void Keep(int piece, IReadOnlyList<Hash256> leaves)
    {
        if (!_known.TryAdd(piece, leaves))
        {
            return;
        }

        _byUse.Add(piece);
        _knownLeaves += leaves.Count;
        while (_knownLeaves > DataLimits.MaxBlockHashesKept)
        {
            _knownLeaves -= _known[_byUse[0]].Count;
            _known.Remove(_byUse[0]);
            _byUse.RemoveAt(0);
        }
    }

    private int? FirstUnknown(int first, int count)
    {
        int? unknown = null;
        for (int piece = first + count - 1; piece >= first; piece--)
        {
            if (_known.ContainsKey(piece))
            {
                // Used now: what this answer needs stays until the rest of it is read.
                _byUse.Remove(piece);
                _byUse.Add(piece);
            }
            else
            {
                unknown = piece;
            }
        }

        return unknown;
    }

    private bool IsHere(int first, int count)
    {
        for (int piece = first; piece < first + count; piece++)
        {
            if (!context.Have[piece])
            {
                return false;
            }
        }

        return true;
    }

    private void Reject(DataPeer peer, HashRange range) => context.Send(peer, new PeerMessage.HashReject(range));
}
