using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Core.Swarm;

/// <summary>
/// <c>until: first</c> (DESIGN section 5, rule 7): the first accepted piece with content ends the work; its content travels at once
/// in <c>st_found</c>. A hit that the search kernel confirms by re-hashing is believed whoever found it.
/// </summary>
internal sealed class HitSearch(NodeContext context, TaskInfo task, PieceMap map, LinkTable links)
{
    private readonly SortedDictionary<int, ushort> _proved = [];
    private readonly SortedSet<int> _hits = [];
    private readonly SortedSet<(int Piece, Hash256 Root)> _seen = [];
    private readonly SortedDictionary<int, AttestationBatch> _toTell = [];

    /// <summary>
    /// Whether a piece with content is finished here. That one is accepted is not enough: whoever attested it may be gone with its content.
    /// </summary>
    public bool HasHit => _hits.Count > 0;

    private bool IsSearch => task.Until == Until.First;

    /// <summary>Bits of the candidates of a piece that were confirmed by re-hashing.</summary>
    public ushort Proved(int piece) => _proved.GetValueOrDefault(piece);

    /// <summary>A piece is finished; true when it is the first hit: everything else may stop.</summary>
    public bool OnFinished(int piece, ResultId result) => IsSearch && result.Length > 0 && _hits.Add(piece) && _hits.Count == 1;

    /// <summary>A piece ceased to be finished; true when it was the only hit: the search goes on.</summary>
    public bool OnUnfinished(int piece) => _hits.Remove(piece) && _hits.Count == 0;

    /// <summary>My own batch is durable and published: if it holds a hit, its content is told as well.</summary>
    public void OnPublished(AttestationBatch batch)
    {
        if (!IsSearch)
        {
            return;
        }

        foreach (Attestation entry in batch.Entries)
        {
            if (entry.Result.Length is > 0 and <= TaskMessageCodec.MaxContent && _seen.Add((entry.Piece, entry.Result.Root)))
            {
                _toTell[entry.Piece] = batch;
                context.Emit(new NodeEffect.LoadContent(entry.Piece, entry.Result));
            }
        }
    }

    /// <summary>The content of my hit was read.</summary>
    public void OnContent(int piece, ResultId result, ReadOnlyMemory<byte>? content)
    {
        if (_toTell.Remove(piece, out AttestationBatch? batch) && content is { } bytes)
        {
            foreach (PeerLink link in links.Established)
            {
                links.Send(link, new TaskMessage.Found(batch, piece, bytes));
            }
        }
    }

    /// <summary>
    /// Looks at a hit that a peer sent: false when it is old news, or when it is not what its attestation says (which ends the link).
    /// </summary>
    public bool TryTake(PeerLink link, TaskMessage.Found found, out ResultId result)
    {
        result = MerkleTree.ResultOf(found.Content.Span);
        if (!IsSearch || _seen.Contains((found.Piece, result.Root)))
        {
            return false;
        }

        bool attested = false;
        foreach (Attestation entry in found.Batch.Entries)
        {
            attested |= entry.Piece == found.Piece && entry.Result == result && result.Length > 0;
        }

        if (!attested)
        {
            links.Ban(link, "bad-found", $"sent a hit in piece {found.Piece} that its attestation does not name");
            return false;
        }

        if (context.Options.HitCheck is { } check)
        {
            if (!check.IsHit(found.Piece, found.Content.Span))
            {
                links.Ban(link, "false-hit", $"sent a hit in piece {found.Piece} that is none");
                return false;
            }

            int candidate = map.Add(found.Piece, result);
            if (candidate >= 0)
            {
                _proved[found.Piece] = (ushort)(Proved(found.Piece) | (1 << candidate));
            }
        }

        _seen.Add((found.Piece, result.Root));
        return true;
    }

    /// <summary>Puts the content of an accepted hit into the store, as if its blocks had been fetched.</summary>
    public void Store(int piece, ResultId result, ReadOnlyMemory<byte> content)
    {
        for (int block = 0; block < result.BlockCount; block++)
        {
            int begin = block * MerkleTree.BlockSize;
            int length = Math.Min(MerkleTree.BlockSize, result.Length - begin);
            ReadOnlyMemory<byte> data = content.Slice(begin, length);
            context.Emit(new NodeEffect.WriteBlock(piece, result, block, data, Hash256.Of(data.Span)));
        }

        context.Emit(new NodeEffect.SaveAccepted(piece, result));
        context.Emit(new NodeEffect.CommitDownload(piece, result));
    }

    /// <summary>Passes a believed hit on to everybody else, once.</summary>
    public void Forward(PeerLink source, TaskMessage.Found found)
    {
        foreach (PeerLink link in links.Established)
        {
            if (link != source)
            {
                links.Send(link, found);
            }
        }
    }
}
