using System;
using System.Collections.Generic;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Wire;

namespace Starling.Core.Torrents;

/// <summary>
/// Asks peers for the hashes of the blocks of pieces that came in wrong (BEP 52, base layer 0): with them it is known at once which block is bad, hence who sent it. Each answer is
/// checked against the hash of the piece, so that it does not matter who gives it; a piece is given up when nobody tells.
/// </summary>
internal sealed class BlockHashFetch(DataContext context, DataPeerTable peers)
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);

    private readonly SortedDictionary<int, Search> _searches = [];

    /// <summary>Told when the hashes of all blocks of a piece are known.</summary>
    public Action<int, IReadOnlyList<Hash256>>? Found { get; set; }

    /// <summary>A piece was wrong: its blocks' hashes are wanted.</summary>
    public void Want(int piece)
    {
        if (context.Torrent?.Blocks is { } tree && _searches.Count < DataLimits.MaxFailedPiecesAsked && !_searches.ContainsKey(piece)
            && tree.RequestsFor(piece) is { Count: > 0 } requests)
        {
            _searches.Add(piece, new Search(new Hash256[tree.BlocksOf(piece)], new Queue<HashRange>(requests)));
            Fetch();
        }
    }

    /// <summary>The hashes are of no use any more.</summary>
    public void Forget(int piece) => _searches.Remove(piece);

    /// <summary>The peer is gone.</summary>
    public void Forget(DataPeer peer)
    {
        foreach (Search search in _searches.Values)
        {
            search.Tried.Remove(peer);
            search.Asked = search.Asked == peer ? null : search.Asked;
        }

        Fetch();
    }

    /// <summary>Asks whom nobody waits for; to be called when time has passed or peers have come.</summary>
    public void Fetch()
    {
        foreach ((int piece, Search search) in _searches)
        {
            if (search.Asked is not null && context.Now - search.AskedAt <= AnswerTimeout)
            {
                continue;
            }

            search.Asked = Next(piece, search);
            if (search.Asked is { } peer)
            {
                search.AskedAt = context.Now;
                search.Tried.Add(peer);
                context.Send(peer, new PeerMessage.HashRequest(search.Ranges.Peek()));
            }
        }
    }

    /// <summary>An answer came. False: it is to nothing that was asked here.</summary>
    public bool TryTake(DataPeer peer, PeerMessage.Hashes answer)
    {
        if (Find(peer, answer.Range) is not { } piece)
        {
            return false;
        }

        Search search = _searches[piece];
        search.Asked = null;
        if (!context.Torrent!.Blocks!.TryTake(piece, answer.Range, answer.Bytes.Span, search.Leaves))
        {
            peers.Ban(peer.Remote, HashExchange.BadHashes, "sent hashes that do not lead to the hash of the piece");
        }
        else
        {
            // Whoever told a part tells the next one.
            search.Ranges.Dequeue();
            search.Tried.Remove(peer);
            if (search.Ranges.Count == 0)
            {
                _searches.Remove(piece);
                Found?.Invoke(piece, search.Leaves);
            }
        }

        Fetch();
        return true;
    }

    /// <summary>A peer does not tell. False: it was not asked here.</summary>
    public bool TryReject(DataPeer peer, HashRange range)
    {
        if (Find(peer, range) is not { } piece)
        {
            return false;
        }

        _searches[piece].Asked = null;
        Fetch();
        return true;
    }

    private int? Find(DataPeer peer, HashRange range)
    {
        foreach ((int piece, Search search) in _searches)
        {
            if (search.Asked == peer && search.Ranges.Peek() == range)
            {
                return piece;
            }
        }

        return null;
    }

    /// <summary>A peer that speaks v2, has the piece and was not asked in vain.</summary>
    private DataPeer? Next(int piece, Search search)
    {
        foreach (DataPeer peer in peers.Established)
        {
            if (peer.IsV2 && !peer.IsClosing && peer.Bits is { } bits && bits[piece] && !search.Tried.Contains(peer))
            {
                return peer;
            }
        }

        return null;
    }

    private sealed class Search(Hash256[] leaves, Queue<HashRange> ranges)
    {
        public Hash256[] Leaves { get; } = leaves;

        /// <summary>What is still to be asked, the current question first.</summary>
        public Queue<HashRange> Ranges { get; } = ranges;

        /// <summary>Who was asked for the current range and did not tell.</summary>
        public HashSet<DataPeer> Tried { get; } = [];

        public DataPeer? Asked { get; set; }

        public Instant AskedAt { get; set; }
    }
}
