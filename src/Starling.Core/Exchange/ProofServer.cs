using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Swarm;

namespace Starling.Core.Exchange;

/// <summary>Answers <c>st_proof</c> requests with the block hashes of results that are held here.</summary>
/// <param name="context">Of the node.</param>
/// <param name="map">The pieces.</param>
/// <param name="links">The peers.</param>
/// <param name="isHidden">Whether what is held of a piece is still sealed: an answer would tell whoever guesses a result that it is right.</param>
internal sealed class ProofServer(NodeContext context, PieceMap map, LinkTable links, Func<int, bool> isHidden)
{
    /// <summary>Requests waiting for the disk; further ones are answered "not here".</summary>
    public const int MaxWaiting = 1_024;

    private readonly Dictionary<(int Piece, ResultId Result), List<LinkId>> _waiting = [];
    private int _count;

    /// <summary>Requests that wait.</summary>
    public int Count => _count;

    public void OnRequest(PeerLink link, TaskMessage.ProofRequest request)
    {
        int candidate = request.Piece < map.Count ? map.IndexOf(request.Piece, request.Result) : -1;
        if (candidate < 0 || isHidden(request.Piece) || (map.Held(request.Piece) & (1 << candidate)) == 0 || _count >= MaxWaiting)
        {
            Answer(link.Id, request.Piece, request.Result, null);
            return;
        }

        if (!_waiting.TryGetValue((request.Piece, request.Result), out List<LinkId>? askers))
        {
            _waiting.Add((request.Piece, request.Result), askers = []);
            context.Emit(new NodeEffect.LoadLeaves(request.Piece, request.Result));
        }

        askers.Add(link.Id);
        _count++;
    }

    /// <summary>The block hashes were read; null: the content is gone.</summary>
    public void OnLoaded(int piece, ResultId result, IReadOnlyList<Hash256>? leaves)
    {
        if (!_waiting.Remove((piece, result), out List<LinkId>? askers))
        {
            return;
        }

        _count -= askers.Count;
        foreach (LinkId asker in askers)
        {
            Answer(asker, piece, result, leaves);
        }
    }

    private void Answer(LinkId asker, int piece, ResultId result, IReadOnlyList<Hash256>? leaves)
    {
        if (links.Find(asker) is { IsEstablished: true } link)
        {
            links.Send(link, new TaskMessage.Proof(piece, result, leaves ?? []));
        }
    }
}
