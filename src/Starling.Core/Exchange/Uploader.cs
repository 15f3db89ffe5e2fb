using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Swarm;
using Starling.Core.Verification;
using Starling.Core.Wire;

namespace Starling.Core.Exchange;

/// <summary>
/// Serves blocks and decides who is served: peers whose attested results I accept first, then those that send me bytes, then one
/// drawn by lot (DESIGN section 4, serving order).
/// </summary>
/// <param name="context">Of the node.</param>
/// <param name="map">The pieces.</param>
/// <param name="links">The peers.</param>
/// <param name="workers">Who has credit.</param>
/// <param name="offered">The result of a piece that is served; null: none.</param>
internal sealed class Uploader(NodeContext context, PieceMap map, LinkTable links, WorkerTable workers, Func<int, ResultId?> offered)
{
    /// <summary>Peers that are served at the same time.</summary>
    public const int MaxUnchoked = 32;

    /// <summary>Requests of one peer that wait here; further ones are rejected (told as <c>reqq</c>).</summary>
    public const int MaxQueued = 500;

    /// <summary>Bytes that may wait in a link's send queue before requests wait here instead.</summary>
    public const int HighMarkBytes = 1024 * 1024;

    private static readonly TimeSpan RechokeEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan OptimisticEvery = TimeSpan.FromSeconds(30);

    private readonly RateLimit _limit = new(0);
    private Instant _nextRechoke;
    private Instant _nextOptimistic;
    private LinkId? _optimistic;

    /// <summary>Bytes a second that go out to all peers; null: no limit.</summary>
    public void SetRate(long? bytesPerSecond)
    {
        _limit.Set(bytesPerSecond ?? 0);
        foreach (PeerLink link in links.Established)
        {
            OnDrained(link);
        }
    }

    /// <summary>When blocks that wait for the rate may go; <see cref="Instant.Never"/>: none does.</summary>
    public Instant NextWake()
    {
        if (!_limit.IsOpen(context.Now))
        {
            foreach (PeerLink link in links.Established)
            {
                if (link.Exchange.Uploads.Count > 0 && link.QueuedBytes < HighMarkBytes)
                {
                    return _limit.OpensAt(context.Now);
                }
            }
        }

        return Instant.Never;
    }

    /// <summary>Serves what waited for the rate, one block a peer in turn.</summary>
    public void Pump()
    {
        for (bool served = true; served && _limit.BytesPerSecond > 0 && _limit.IsOpen(context.Now);)
        {
            served = false;
            foreach (PeerLink link in links.Established)
            {
                served |= _limit.IsOpen(context.Now) && ServeNext(link);
            }
        }
    }

    /// <summary>A peer wants something; it is served at once while there is room.</summary>
    public void OnInterested(PeerLink link)
    {
        link.Exchange.PeerInterested = true;
        if (link.Exchange.AmChoking && CountUnchoked() < MaxUnchoked)
        {
            SetChoking(link, false);
        }
    }

    /// <summary>A peer wants nothing any more; it keeps its place until another needs it.</summary>
    public void OnNotInterested(PeerLink link) => link.Exchange.PeerInterested = false;

    /// <summary>A block is asked for. What can't be served is rejected at once (BEP 6), so that nobody waits.</summary>
    public void OnRequest(PeerLink link, PeerMessage.Request request)
    {
        bool sane = request.Piece < map.Count && request.Length <= MerkleTree.BlockSize && request.Begin % MerkleTree.BlockSize == 0;
        if (!sane)
        {
            links.Offend(link, "bad-request", $"asked for {request.Length} bytes at {request.Begin} of piece {request.Piece}");
        }

        if (!sane
            || link.Exchange.AmChoking
            || link.Exchange.Uploads.Count >= MaxQueued
            || offered(request.Piece) is not { } result
            || request.Begin >= result.Length
            || request.Length != Math.Min(MerkleTree.BlockSize, result.Length - request.Begin))
        {
            Reject(link, request.Piece, request.Begin, request.Length);
            return;
        }

        if (link.QueuedBytes >= HighMarkBytes || link.Exchange.Uploads.Count > 0 || !_limit.IsOpen(context.Now))
        {
            link.Exchange.Uploads.Enqueue(new UploadRequest(request.Piece, request.Begin, request.Length));
            return;
        }

        Serve(link, result, request.Piece, request.Begin, request.Length);
    }

    /// <summary>A request is taken back; if it still waits here, it is answered by a reject.</summary>
    public void OnCancel(PeerLink link, PeerMessage.Cancel cancel)
    {
        int waiting = link.Exchange.Uploads.Count;
        for (int i = 0; i < waiting; i++)
        {
            UploadRequest upload = link.Exchange.Uploads.Dequeue();
            if (upload.Piece == cancel.Piece && upload.Begin == cancel.Begin)
            {
                Reject(link, upload.Piece, upload.Begin, upload.Length);
            }
            else
            {
                link.Exchange.Uploads.Enqueue(upload);
            }
        }
    }

    /// <summary>The link's send queue has room again.</summary>
    public void OnDrained(PeerLink link)
    {
        while (_limit.IsOpen(context.Now) && ServeNext(link))
        {
        }
    }

    /// <summary>Serves or rejects the request that has waited longest; false: none waits, or the link has no room.</summary>
    private bool ServeNext(PeerLink link)
    {
        if (link.QueuedBytes >= HighMarkBytes || !link.Exchange.Uploads.TryDequeue(out UploadRequest upload))
        {
            return false;
        }

        if (offered(upload.Piece) is { } result && upload.Begin < result.Length)
        {
            Serve(link, result, upload.Piece, upload.Begin, upload.Length);
        }
        else
        {
            Reject(link, upload.Piece, upload.Begin, upload.Length);
        }

        return true;
    }

    /// <summary>Once a second: draws anew who is served, every 10 s.</summary>
    public void Tidy()
    {
        if (context.Now < _nextRechoke)
        {
            return;
        }

        _nextRechoke = context.Now + RechokeEvery;
        var interested = new List<PeerLink>();
        foreach (PeerLink link in links.Established)
        {
            if (link.Exchange.PeerInterested)
            {
                interested.Add(link);
            }
        }

        if (interested.Count > MaxUnchoked || CountUnchoked() >= MaxUnchoked)
        {
            Rechoke(interested);
        }

        foreach (PeerLink link in links.Established)
        {
            link.Exchange.BytesDownAtRechoke = link.Exchange.BytesDown;
        }
    }

    private void Rechoke(List<PeerLink> interested)
    {
        interested.Sort((left, right) =>
        {
            int order = Credit(right).CompareTo(Credit(left));
            order = order != 0 ? order : Recent(right).CompareTo(Recent(left));
            return order != 0 ? order : left.Id.Value.CompareTo(right.Id.Value);
        });
        if (interested.Count <= MaxUnchoked)
        {
            _optimistic = null;
        }
        else if (context.Now >= _nextOptimistic)
        {
            _nextOptimistic = context.Now + OptimisticEvery;
            _optimistic = interested[(MaxUnchoked - 1) + context.Random.Next(interested.Count - MaxUnchoked + 1)].Id;
        }

        int places = interested.Count <= MaxUnchoked ? MaxUnchoked : MaxUnchoked - 1;
        for (int i = 0, served = 0; i < interested.Count; i++)
        {
            bool serve = interested[i].Id == _optimistic || served < places;
            served += serve && interested[i].Id != _optimistic ? 1 : 0;
            SetChoking(interested[i], !serve);
        }

        foreach (PeerLink link in links.Established)
        {
            if (!link.Exchange.PeerInterested)
            {
                SetChoking(link, true);
            }
        }
    }

    private static long Recent(PeerLink link) => link.Exchange.BytesDown - link.Exchange.BytesDownAtRechoke;

    private int Credit(PeerLink link) => workers.TryFind(link.Key) is { } worker ? worker.Counts ? worker.Credit : -1 : 0;

    private int CountUnchoked()
    {
        int count = 0;
        foreach (PeerLink link in links.Established)
        {
            count += link.Exchange.AmChoking ? 0 : 1;
        }

        return count;
    }

    private void SetChoking(PeerLink link, bool choking)
    {
        if (link.Exchange.AmChoking == choking)
        {
            return;
        }

        link.Exchange.AmChoking = choking;
        links.Send(link, choking ? new PeerMessage.Choke() : new PeerMessage.Unchoke());
        while (choking && link.Exchange.Uploads.TryDequeue(out UploadRequest upload))
        {
            Reject(link, upload.Piece, upload.Begin, upload.Length);
        }
    }

    private void Serve(PeerLink link, ResultId result, int piece, int begin, int length)
    {
        _limit.Take(length);
        link.Exchange.BytesUp += length;
        link.QueuedBytes += PeerMessageCodec.BlockHeaderSize + length;
        link.LastSent = context.Now;
        context.Emit(new NodeEffect.SendBlock(link.Id, piece, result, begin, length));
    }

    private void Reject(PeerLink link, int piece, int begin, int length) =>
        links.Send(link, new PeerMessage.RejectRequest(piece, begin, length));
}
