using System;
using System.Collections.Generic;
using Starling.Core.Primitives;
using Starling.Core.Wire;

namespace Starling.Core.Torrents;

/// <summary>The serving side of a swarm: takes requests, answers those it may, in order, and never more than the link takes.</summary>
internal sealed class Uploads(DataContext context, DataPeerTable peers, RateLimit limit)
{
    private const int LeastQueued = 128 * 1024;
    private const int MostQueued = 2 * 1024 * 1024;

    /// <summary>Bytes of blocks that were handed over for sending.</summary>
    public long SentBytes { get; private set; }

    /// <summary>A request came.</summary>
    public void Take(DataPeer peer, BlockRange range)
    {
        if (context.Torrent is not { } torrent || !torrent.Layout.Serves(range) || range.Length > DataLimits.MaxRequestLength)
        {
            Reject(peer, range);
            peers.Offend(peer, "bad-request", $"asks for {range.Length} bytes at {range.Begin} of piece {range.Piece}, which does not exist");
            return;
        }

        if (peer.AmChoking && !Contains(peer.AllowedFast, range.Piece))
        {
            Reject(peer, range);
            if (++peer.RequestsWhileChoked > DataLimits.MaxRequestsWhileChoked)
            {
                peers.Refuse(peer, "request-while-choked", "goes on asking while it is choked");
            }
        }
        else if (!context.Have[range.Piece])
        {
            Reject(peer, range);
            peers.Offend(peer, "bad-request", $"asks for piece {range.Piece}, which was never announced");
        }
        else if (peer.Uploads.Count >= DataLimits.MaxRequestsQueued)
        {
            Reject(peer, range);
            if (++peer.RequestsRejected > DataLimits.MaxRequestsRejected)
            {
                peers.Refuse(peer, "too-many-requests", $"keeps more than {DataLimits.MaxRequestsQueued} requests open");
            }
        }
        else
        {
            peer.Uploads.Enqueue(range);
            context.Touch(peer);
        }
    }

    /// <summary>A request was taken back: it is rejected unless it is on its way (BEP 6).</summary>
    public void Cancel(DataPeer peer, BlockRange range)
    {
        int count = peer.Uploads.Count;
        bool found = false;
        for (int i = 0; i < count; i++)
        {
            BlockRange each = peer.Uploads.Dequeue();
            if (!found && each == range)
            {
                found = true;
                Reject(peer, each);
            }
            else
            {
                peer.Uploads.Enqueue(each);
            }
        }
    }

    /// <summary>Serves the peer, or no longer.</summary>
    public void SetChoked(DataPeer peer, bool choked)
    {
        if (peer.AmChoking == choked || peer.IsClosing)
        {
            return;
        }

        peer.AmChoking = choked;
        if (!choked)
        {
            peer.UnchokedAt = context.Now;
            peer.UpAtUnchoke = peer.Up.Total;
            peer.RequestsWhileChoked = 0;
            context.Send(peer, new PeerMessage.Unchoke());
            return;
        }

        context.Send(peer, new PeerMessage.Choke());
        int count = peer.Uploads.Count;
        for (int i = 0; i < count; i++)
        {
            BlockRange waiting = peer.Uploads.Dequeue();
            if (Contains(peer.AllowedFast, waiting.Piece))
            {
                peer.Uploads.Enqueue(waiting);
            }
            else
            {
                Reject(peer, waiting);
            }
        }
    }

    /// <summary>Sends what waits, as far as the link and the rate limit have room.</summary>
    public void Serve(DataPeer peer)
    {
        if (peer.Uploads.Count == 0 || peer.IsClosing)
        {
            return;
        }

        // About a second's worth in the driver: enough that it never runs dry, little enough that a choke still means something.
        int most = (int)Math.Clamp(peer.Up.Rate(context.Now), LeastQueued, MostQueued);
        List<BlockRange>? blocks = null;
        while (peer.QueuedBytes < most && limit.IsOpen(context.Now) && peer.Uploads.TryDequeue(out BlockRange range))
        {
            (blocks ??= []).Add(range);
            peer.QueuedBytes += PeerMessageCodec.BlockHeaderSize + range.Length;
            limit.Take(range.Length);
            SentBytes += range.Length;
        }

        if (blocks is not null)
        {
            context.Flush(peer);
            context.Effects.Add(new DataEffect.SendBlocks(peer.Link, blocks));
            peer.LastSentAt = context.Now;
        }
    }

    private void Reject(DataPeer peer, BlockRange range)
    {
        if (peer.Fast)
        {
            context.Send(peer, new PeerMessage.RejectRequest(range.Piece, range.Begin, Math.Min(range.Length, PeerMessageCodec.MaxBlockLength)));
        }
    }

    private static bool Contains(IReadOnlyList<int> pieces, int piece)
    {
        for (int i = 0; i < pieces.Count; i++)
        {
            if (pieces[i] == piece)
            {
                return true;
            }
        }

        return false;
    }
}
