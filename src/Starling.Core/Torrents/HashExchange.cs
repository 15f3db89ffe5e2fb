using System;
using System.Collections.Generic;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Wire;

namespace Starling.Core.Torrents;

/// <summary>
/// <c>hash request</c>, <c>hashes</c>, <c>hash reject</c> (BEP 52): fetches the hashes of pieces that a magnet link's metadata does not hold, and tells those
/// that are known. Nothing is taken in that does not lead to a file's root, so a wrong answer is the fault of a known peer. What concerns hashes of blocks goes to
/// <see cref="Server"/> and <see cref="Blocks"/>.
/// </summary>
internal sealed class HashExchange(DataContext context, DataPeerTable peers)
{
    /// <summary>Code of wrong answers.</summary>
    public const string BadHashes = "bad-hashes";

    /// <summary>Requests that a peer has not answered; of 512 hashes each.</summary>
    private const int AskedAtOnce = 4;

    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly List<(HashRange Range, DataPeer Peer, Instant At)> _asked = [];

    /// <summary>Tells hashes of blocks.</summary>
    public BlockHashServer Server { get; } = new(context);

    /// <summary>Asks for hashes of blocks.</summary>
    public BlockHashFetch Blocks { get; } = new(context, peers);

    private PieceLayers? Layers => context.Torrent?.Layers;

    /// <summary>Whether pieces can be checked: their v1 hashes are known, or all v2 ones.</summary>
    public bool CanCheck => context.Torrent is { V1: not null } || Layers is { IsComplete: true };

    /// <summary>Asks for what is missing and not asked for yet.</summary>
    public void Fetch()
    {
        Blocks.Fetch();
        if (Layers is not { IsComplete: false } layers)
        {
            return;
        }

        for (int i = _asked.Count - 1; i >= 0; i--)
        {
            if (context.Now - _asked[i].At > AnswerTimeout)
            {
                _asked[i].Peer.NextHashRequest = context.Now + AskAgainAfter;
                _asked.RemoveAt(i);
            }
        }

        foreach (DataPeer peer in peers.Established)
        {
            if (!peer.IsV2 || peer.NextHashRequest > context.Now)
            {
                continue;
            }

            int outstanding = _asked.FindAll(each => each.Peer == peer).Count;
            for (; outstanding < AskedAtOnce && TryNext(layers, out HashRange range); outstanding++)
            {
                _asked.Add((range, peer, context.Now));
                context.Send(peer, new PeerMessage.HashRequest(range));
            }
        }
    }

    /// <summary>An answer came. True: all hashes are known now.</summary>
    public bool Take(DataPeer peer, PeerMessage.Hashes answer)
    {
        if (Blocks.TryTake(peer, answer))
        {
            return false;
        }

        int found = _asked.FindIndex(each => each.Peer == peer && each.Range == answer.Range);
        if (found < 0 || Layers is not { } layers)
        {
            peers.Offend(peer, "bad-message", "sends hashes that nobody asked for");
            return false;
        }

        _asked.RemoveAt(found);
        if (!layers.TryAdd(answer.Range, answer.Bytes.Span))
        {
            peers.Ban(peer.Remote, BadHashes, "sent hashes that do not lead to the root of the file");
        }

        Fetch();
        return layers.IsComplete;
    }

    /// <summary>A peer does not tell.</summary>
    public void Rejected(DataPeer peer, HashRange range)
    {
        if (!Blocks.TryReject(peer, range) && _asked.RemoveAll(each => each.Peer == peer && each.Range == range) > 0)
        {
            peer.NextHashRequest = context.Now + AskAgainAfter;
            Fetch();
        }
    }

    /// <summary>The peer is gone.</summary>
    public void Forget(DataPeer peer)
    {
        Server.Forget(peer);
        Blocks.Forget(peer);
        if (_asked.RemoveAll(each => each.Peer == peer) > 0)
        {
            Fetch();
        }
    }

    /// <summary>A peer asks.</summary>
    public void Answer(DataPeer peer, HashRange range)
    {
        if (context.Now - peer.HashRequestsSince > Minute)
        {
            (peer.HashRequestsSince, peer.HashRequests, peer.HashedBytes) = (context.Now, 0, 0);
        }

        bool mayAsk = ++peer.HashRequests <= DataLimits.MaxHashRequestsPerMinute;
        if (mayAsk && range.BaseLayer == 0 && Layers is { BaseLayer: > 0 })
        {
            Server.Answer(peer, range);
            return;
        }

        byte[]? hashes = mayAsk ? Layers?.Answer(range) : null;
        context.Send(peer, hashes is null ? new PeerMessage.HashReject(range) : new PeerMessage.Hashes(range, hashes));
    }

    /// <summary>The next range that is missing and of which nobody was asked.</summary>
    private bool TryNext(PieceLayers layers, out HashRange range)
    {
        foreach (HashRange missing in layers.MissingRanges())
        {
            if (!_asked.Exists(each => each.Range == missing))
            {
                range = missing;
                return true;
            }
        }

        range = default;
        return false;
    }
}
